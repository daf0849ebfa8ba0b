/** Whether a pointed-at thing moves, read from where its outline is carried. */
import { countSet } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import type { Mover } from '../movers/movers.js';
import { madeEnd, madeMover, type OutlineAt } from '../providers/made-movers.js';
import type { MaskTrack } from '../tracks/mask-track.js';
import type { Hints, ObjectHint } from './hints.js';

/** Centre further than this share of its size from where it began, with a track that can be trusted: it moves. */
const MIN_TRAVEL_SHARE = 0.35;
const MIN_TRUST = 0.25;
const STILL_PX = 1.5;

/** A mover when the outline's track leads away from its place (or the user says it is the source), else null. */
export function moverFrom(
  clip: Clip,
  outline: OutlineAt,
  track: MaskTrack,
  { name }: ObjectHint,
  hints: Hints,
): Mover | null {
  const isSource = hints.source === name;
  if (hints.target === name) return null;
  const box = centreOf(outline.mask, clip.widthPx);
  const size = Math.sqrt(countSet(outline.mask));
  let travel = 0;
  const away: number[] = [];
  for (let k = 0; k < clip.numFrames; k++) {
    const step = track.steps.get(k);
    if (!step || step.trust < MIN_TRUST) continue;
    const { a, b, tx, ty } = step.fromStart;
    const moved = Math.hypot(a * box[0] - b * box[1] + tx - box[0], b * box[0] + a * box[1] + ty - box[1]);
    travel = Math.max(travel, moved);
    if (moved > STILL_PX) away.push(k);
  }
  if (!isSource && travel < MIN_TRAVEL_SHARE * size) return null;
  if (away.length === 0) return null;
  const liftFrame = Math.max(0, away[0] - 1);
  const downFrame = Math.max(liftFrame + 1, lastMoving(track, away, box));
  const end = madeEnd(clip, 'left', outline, liftFrame, track);
  return madeMover(end, null, { liftFrame, downFrame }, 0.7, 'pointed at by the user');
}

/** Last frame in which the track still moves from frame to frame. */
function lastMoving(track: MaskTrack, away: readonly number[], [cx, cy]: [number, number]): number {
  let last = away[0];
  for (const k of away) {
    const [now, before] = [track.steps.get(k), track.steps.get(k - 3)];
    if (!now || !before) continue;
    const place = ({ a, b, tx, ty }: typeof now.fromStart): [number, number] => [
      a * cx - b * cy + tx,
      b * cx + a * cy + ty,
    ];
    const [x, y] = place(now.fromStart);
    const [u, v] = place(before.fromStart);
    if (Math.hypot(x - u, y - v) > STILL_PX) last = k;
  }
  return last;
}

function centreOf(mask: Uint8Array, w: number): [number, number] {
  let [n, x, y] = [0, 0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    n++;
    x += (i % w) + 0.5;
    y += Math.floor(i / w) + 0.5;
  }
  return [x / n, y / n];
}
