/** Segmentation without a network: first and last stable colours, events, movers, targets, then exact masks per frame. */
import type { StageContext } from '../../base/context.js';
import { analyseChange } from '../change/change-analysis.js';
import type { Clip } from '../clip.js';
import { findTargets } from '../movers/find-targets.js';
import { assemble } from './assemble.js';
import type { Segmentation, SegmentProvider } from './provider.js';

export const classicalSegment: SegmentProvider = { segment: segmentByChange };

async function segmentByChange(clip: Clip, ctx: StageContext): Promise<Segmentation> {
  const analysis = await analyseChange(clip, ctx);
  const { movers, plates, plate } = analysis;
  const targets = findTargets(clip, plate.lab, movers);
  const rests = { firstLab: plates.firstLab, lastLab: plates.lastLab };
  return assemble(clip, { movers, targets, rests, plate, change: analysis });
}
