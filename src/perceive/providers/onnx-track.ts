/**
 * Tracks that outlive the hand: besides the points followed from frame to frame, features of the first resting place found
 * again at the last one. In between they are not seen.
 */
import type { StageContext } from '../../base/context.js';
import { matchFeatures, type XFeat } from '../../models/networks/xfeat.js';
import type { Clip } from '../clip.js';
import type { Mover } from '../movers/movers.js';
import { ransacSimilarity } from '../tracks/motion-models.js';
import { collectTracks } from './classical-track.js';
import type { TrackProvider } from './provider.js';

const MAX_POINTS = 400;
/** A turn in space is only roughly a similarity in the picture. */
const TOLERANCE_PX = 5;
const MIN_MATCHES = 6;

export const onnxTrack = (features: XFeat): TrackProvider => ({
  start: async (clip, segmentation, ctx) => {
    const collector = await collectTracks(clip, segmentation, ctx);
    for (const [m, mover] of segmentation.movers.entries()) {
      if (!mover.from || !mover.to) continue;
      const [xyFrom, xyTo] = await foundAgain(clip, mover, features, ctx);
      collector.addRests(m + 1, xyFrom, mover.liftFrame, xyTo, mover.downFrame);
    }
    return collector;
  },
});

/** [N, 2] work-size pixels of the same points at both resting places. */
async function foundAgain(
  clip: Clip,
  mover: Mover,
  features: XFeat,
  ctx: StageContext,
): Promise<[Float32Array, Float32Array]> {
  const [from, to] = [mover.from!, mover.to!];
  const before = await clip.readWork(from.track.startFrame);
  const after = await clip.readWork(to.track.startFrame);
  const a = await features.extract(before, MAX_POINTS, from.mask);
  const b = await features.extract(after, MAX_POINTS, to.mask);
  const pairs = matchFeatures(a, b);
  const xyFrom = Float32Array.from(pairs.flatMap(([i]) => [a.xyPx[2 * i], a.xyPx[2 * i + 1]]));
  const xyTo = Float32Array.from(pairs.flatMap(([, j]) => [b.xyPx[2 * j], b.xyPx[2 * j + 1]]));
  const fit = ransacSimilarity(xyFrom, xyTo, TOLERANCE_PX, ctx.random(`found-again-${mover.liftFrame}`), 300);
  if (!fit || fit.numInliers < MIN_MATCHES) return [new Float32Array(0), new Float32Array(0)];
  const kept = [...pairs.keys()].filter((n) => fit.inliers[n] !== 0);
  const pick = (xy: Float32Array): Float32Array => Float32Array.from(kept.flatMap((n) => [xy[2 * n], xy[2 * n + 1]]));
  return [pick(xyFrom), pick(xyTo)];
}
