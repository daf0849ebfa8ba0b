/** Point tracks without a network: the points that carried the movers' outlines, and corners of what stands still. */
import type { StageContext } from '../../base/context.js';
import { createBytes } from '../../image/image.js';
import type { Clip } from '../clip.js';
import { TrackCollector } from '../tracks/track-store.js';
import type { Segmentation, TrackProvider } from './provider.js';

export const classicalTrack: TrackProvider = { start: collectTracks };

export async function collectTracks(
  clip: Clip,
  { movers, targets, plate }: Segmentation,
  ctx: StageContext,
): Promise<TrackCollector> {
  const collector = new TrackCollector(clip, ctx.random('rigid-tracks'));
  await collector.addMovers(movers);
  const plateGrey = createBytes(clip.widthPx, clip.heightPx);
  for (let i = 0; i < plateGrey.data.length; i++) plateGrey.data[i] = plate.lab[3 * i];
  for (const target of targets) collector.addStatic(target.id, target.mask, plateGrey);
  return collector;
}
