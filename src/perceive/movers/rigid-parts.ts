/** Parts of one thing (a drawer's front and its box) leave and arrive as separate regions, but move as one. */
import { dilate, maskWhere } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import type { MoverEnd } from './end-outline.js';
import { bestEnd, type Mover, trackedMask } from './movers.js';
import { boxOf } from './object-cut.js';

/** Largest wobble of the offset between two parts, as share of the larger part's size. */
const RIGID_WOBBLE = 0.12;
/** Parts must travel this many of their sizes together to be told from things that just lie side by side. */
const MIN_COMMON_TRAVEL = 0.3;
const SAMPLES = 7;
/** Parts lie at most this far apart, work-size px. */
const NEAR_PX = 8;

/** Merges movers that touch at the start and keep their offset while both move. */
export function mergeRigidParts(clip: Clip, movers: readonly Mover[]): Mover[] {
  const rest = [...movers];
  for (let a = 0; a < rest.length; a++) {
    for (let b = rest.length - 1; b > a; b--) {
      if (!moveAsOne(clip, rest[a], rest[b])) continue;
      rest[a] = merged(clip, rest[a], rest[b]);
      rest.splice(b, 1);
    }
  }
  return rest;
}

function moveAsOne(clip: Clip, a: Mover, b: Mover): boolean {
  const from = Math.max(a.liftFrame, b.liftFrame);
  const to = Math.min(a.downFrame, b.downFrame);
  const either = Math.max(a.downFrame, b.downFrame) - Math.min(a.liftFrame, b.liftFrame);
  if (to - from < 0.5 * either) return false;
  const { widthPx: w, heightPx: h } = clip;
  const near = dilate(trackedMask(clip, a, 0).mask, w, h, NEAR_PX);
  if (!trackedMask(clip, b, 0).mask.some((value, i) => value !== 0 && near[i] !== 0)) return false;
  const size = Math.sqrt(Math.max(bestEnd(a).area, bestEnd(b).area));
  const offsets: [number, number][] = [];
  let travel = 0;
  let start: [number, number] | null = null;
  for (let s = 0; s < SAMPLES; s++) {
    const k = Math.round(from + (s * (to - from)) / (SAMPLES - 1));
    const p = centreOf(trackedMask(clip, a, k).mask, w, h);
    const q = centreOf(trackedMask(clip, b, k).mask, w, h);
    if (!p || !q) return false;
    start ??= p;
    travel = Math.max(travel, Math.hypot(p[0] - start[0], p[1] - start[1]));
    offsets.push([q[0] - p[0], q[1] - p[1]]);
  }
  const mx = offsets.reduce((sum, o) => sum + o[0], 0) / offsets.length;
  const my = offsets.reduce((sum, o) => sum + o[1], 0) / offsets.length;
  const wobble = Math.max(...offsets.map((o) => Math.hypot(o[0] - mx, o[1] - my)));
  return travel > MIN_COMMON_TRAVEL * size && wobble < RIGID_WOBBLE * size;
}

/** Middle of the box: unlike the centroid it does not shift when a mask is cut by the picture's border only a little. */
function centreOf(mask: Uint8Array, w: number, h: number): [number, number] | null {
  const box = boxOf(mask, w, h);
  return box && [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
}

/** The larger part's track carries both; the smaller one adds its outline and, if the larger has none, its last place. */
function merged(clip: Clip, a: Mover, b: Mover): Mover {
  const [large, small] = bestEnd(a).area >= bestEnd(b).area ? [a, b] : [b, a];
  const base = bestEnd(large);
  const isFrom = base === large.from;
  const extra = trackedMask(clip, small, base.track.startFrame).mask;
  const mask = maskWhere(base.mask, (value, i) => value !== 0 || extra[i] !== 0);
  const whole: MoverEnd = { ...base, mask, area: mask.reduce((sum, value) => sum + value, 0) };
  return {
    from: isFrom ? whole : (large.from ?? small.from),
    to: isFrom ? (large.to ?? small.to) : whole,
    carried: isFrom ? 'from' : 'to',
    liftFrame: Math.min(a.liftFrame, b.liftFrame),
    downFrame: Math.max(a.downFrame, b.downFrame),
    confidence: Math.max(a.confidence, b.confidence),
    evidence: `${large.evidence}; a part of it that moves with it ${small.evidence}`,
  };
}
