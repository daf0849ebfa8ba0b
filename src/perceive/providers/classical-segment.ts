/** Segmentation without a network: first and last stable colours, events, movers, targets, then exact masks per frame. */
import type { StageContext } from '../../base/context.js';
import { countSet, dilate, maskIou } from '../../image/morphology.js';
import { analyseChange } from '../change-analysis.js';
import type { Clip } from '../clip.js';
import type { Mover } from '../movers.js';
import { findTarget, learnTableColours, offTableMask, type Target } from '../target.js';
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

function findTargets(clip: Clip, plateLab: Uint8Array, movers: readonly Mover[]): Target[] {
  const targets: Target[] = [];
  movers.forEach((mover, m) => {
    if (!mover.to) return;
    const onOther = movers.some((other) => {
      if (other === mover || !other.to || other.downFrame > mover.liftFrame) return false;
      return maskIou(dilate(mover.to!.mask, clip.widthPx, clip.heightPx, 3), other.to.mask) > 0.25;
    });
    if (onOther) return;
    const around = [mover.from ?? mover.to, ...movers.filter((other) => other !== mover).map((other) => other.from)];
    const places = around.flatMap((end, k) => (end && (k === 0 || m === 0) ? [end.mask] : []));
    const table = learnTableColours(clip, plateLab, places);
    const finding = findTarget(clip, plateLab, offTableMask(clip, plateLab, table), mover.to.mask);
    if (!finding.mask || countSet(finding.mask) < 60) return;
    if (targets.some((target) => maskIou(target.mask, finding.mask!) > 0.4)) return;
    targets.push({ id: movers.length + targets.length + 1, mask: finding.mask, finding });
  });
  return targets;
}
