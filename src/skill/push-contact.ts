/**
 * A pusher must touch what it pushes: not higher than that is, and with the middle of its front. A tool in a hand is half hidden, so its
 * way is read too high or too far aside, and the replay would brush past the thing. That it pushed the thing is the surer fact: where it
 * would miss it, its way is moved until it meets it.
 */
import { type Mat4, transformPoint, translationOf } from '../math/se3.js';
import { dot, norm, scale, sub, type Vec3 } from '../math/vec3.js';
import type { Actor } from './actor.js';
import type { Journey } from './journey.js';
import { median } from './pose-statistics.js';
import { heightRange } from './shape-field.js';

/** The pusher's front: what of it is within this of its foremost point, metres. */
const FRONT_M = 0.015;
/** The middle of the pushed thing may be off the middle of the front by this share of the front's width. */
const SAFE_SHARE = 0.2;
/** A pusher whose lower edge is above this share of the thing's height tips it over or slides over it; it is brought down to half of that. */
const HIGHEST_SHARE = 0.5;
/** Shorter pushes have no direction, metres. */
const LEAST_PUSH_M = 0.02;

/**
 * By how much the pusher's poses in `path` (from frame `fromFrame` on) should be moved while it pushes, world axes, metres: one for every
 * frame of the push that is in the path. Null when it meets the thing well.
 */
export function pushOffsets(
  { field }: Actor,
  path: readonly Mat4[],
  fromFrame: number,
  driven: Journey,
): Vec3[] | null {
  const { carry, actor } = driven;
  const things = actor.track.worldFromObject;
  const [dx, dy] = sub(translationOf(things[carry.toFrame]), translationOf(things[carry.fromFrame]));
  const lengthM = Math.hypot(dx, dy);
  if (lengthM < LEAST_PUSH_M) return null;
  const along: Vec3 = [dx / lengthM, dy / lengthM, 0];
  const aside: Vec3 = [-along[1], along[0], 0];
  const misses: { downM: number; isHigh: boolean; asideM: number; isBeside: boolean }[] = [];
  const last = Math.min(carry.toFrame, fromFrame + path.length - 1);
  for (let t = carry.fromFrame; t <= last; t++) {
    const pose = path[t - fromFrame];
    const [bottom, top] = heightRange(actor.field, things[t]);
    const [low] = heightRange(field, pose);
    const heightM = top - bottom;
    const downM = Math.max(0, low - bottom - (HIGHEST_SHARE / 2) * heightM);
    const places = frontOf(field.probes, pose, along, top + downM).map((p) => dot(p, aside));
    const [left, right] = [Math.min(...places), Math.max(...places)];
    const asideM = dot(translationOf(things[t]), aside) - (left + right) / 2;
    misses.push({
      downM,
      isHigh: low - bottom > HIGHEST_SHARE * heightM,
      asideM,
      isBeside: Math.abs(asideM) > SAFE_SHARE * (right - left),
    });
  }
  const mostly = (flags: readonly boolean[]): boolean => median(flags.map(Number)) > 0.5;
  const isHigh = mostly(misses.map((miss) => miss.isHigh));
  const isBeside = mostly(misses.map((miss) => miss.isBeside));
  if (!isHigh && !isBeside) return null;
  return misses.map(({ downM, asideM }) => {
    const [x, y] = scale(aside, isBeside ? asideM : 0);
    return [x, y, isHigh ? -downM : 0];
  });
}

/** Surface points of the pusher, world, that are foremost among those not higher than `topM`. */
function frontOf(probes: Float64Array, pose: Mat4, along: Vec3, topM: number): Vec3[] {
  const low: Vec3[] = [];
  for (let i = 0; i < probes.length; i += 3) {
    const p = transformPoint(pose, [probes[i], probes[i + 1], probes[i + 2]]);
    if (p[2] <= topM) low.push(p);
  }
  const foremost = Math.max(...low.map((p) => dot(p, along)));
  return low.filter((p) => dot(p, along) > foremost - FRONT_M);
}

/**
 * Poses moved by `offsets` from index `from` on, by the last of them up to index `to`: growing from nothing at the first pose, and back to
 * nothing at the last one.
 */
export function movedBy(poses: readonly Mat4[], offsets: readonly Vec3[], from: number, to: number): Mat4[] {
  const last = poses.length - 1;
  const smooth = (x: number): number => x * x * (3 - 2 * x);
  return poses.map((pose, k) => {
    const share = k < from ? smooth(k / from) : k > to ? smooth((last - k) / (last - to)) : 1;
    const offset = offsets[Math.min(offsets.length - 1, Math.max(0, Math.min(k, to) - from))];
    const out = [...pose];
    for (let c = 0; c < 3; c++) out[4 * c + 3] += share * offset[c];
    return out;
  });
}

/** The mean of what `offsets` move aside and down, millimetres. */
export function meanMm(offsets: readonly Vec3[]): { asideMm: number; downMm: number } {
  const mean = (of: (offset: Vec3) => number): number =>
    Math.round((1000 * offsets.reduce((sum, offset) => sum + of(offset), 0)) / offsets.length);
  return { asideMm: mean(([x, y]) => norm([x, y, 0])), downMm: mean(([, , z]) => -z) };
}
