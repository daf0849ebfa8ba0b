/**
 * A pusher must meet what it pushes with the middle of its front. The side of a tool that the camera does not see is often too short, so that
 * the replay would brush past the thing: then the pusher's way is moved aside.
 */
import { type Mat4, transformPoint, translationOf } from '../math/se3.js';
import { dot, norm, scale, sub, type Vec3 } from '../math/vec3.js';
import type { Actor } from './actor.js';
import type { Journey } from './journey.js';
import { heightRange } from './shape-field.js';

/** The pusher's front: what of it is within this of its foremost point, metres. */
const FRONT_M = 0.015;
/** The middle of the pushed thing may be off the middle of the front by this share of the front's width. */
const SAFE_SHARE = 0.2;
/** Shorter pushes have no direction, metres. */
const LEAST_PUSH_M = 0.02;

/** By how much a pusher's way should be moved, world axes, metres; null when it meets the thing well or cannot be helped within `mostM`. */
export function pushOffset(driver: Actor, driven: Journey, mostM: number): Vec3 | null {
  const { fromFrame, toFrame } = driven.carry;
  const poses = driven.actor.track.worldFromObject;
  const [dx, dy] = sub(translationOf(poses[toFrame]), translationOf(poses[fromFrame]));
  const lengthM = Math.hypot(dx, dy);
  if (lengthM < LEAST_PUSH_M) return null;
  const along: Vec3 = [dx / lengthM, dy / lengthM, 0];
  const aside: Vec3 = [-along[1], along[0], 0];
  const middle = firstBeyond(poses, fromFrame, toFrame, along, lengthM / 2);
  const [, top] = heightRange(driven.actor.field, poses[middle]);
  const front = frontOf(driver, driver.track.worldFromObject[middle], along, top);
  if (front.length === 0) return null;
  const places = front.map((p) => dot(p, aside));
  const [low, high] = [Math.min(...places), Math.max(...places)];
  const off = dot(translationOf(poses[middle]), aside) - (low + high) / 2;
  if (Math.abs(off) <= SAFE_SHARE * (high - low) || Math.abs(off) > mostM) return null;
  return scale(aside, off);
}

function firstBeyond(poses: readonly Mat4[], from: number, to: number, along: Vec3, wayM: number): number {
  const start = translationOf(poses[from]);
  for (let t = from; t < to; t++) if (dot(sub(translationOf(poses[t]), start), along) >= wayM) return t;
  return to;
}

/** Surface points of the pusher, world, that are foremost among those not higher than `topM`. */
function frontOf({ field }: Actor, pose: Mat4, along: Vec3, topM: number): Vec3[] {
  const { probes } = field;
  const low: Vec3[] = [];
  for (let i = 0; i < probes.length; i += 3) {
    const p = transformPoint(pose, [probes[i], probes[i + 1], probes[i + 2]]);
    if (p[2] <= topM) low.push(p);
  }
  const foremost = Math.max(...low.map((p) => dot(p, along)));
  return low.filter((p) => dot(p, along) > foremost - FRONT_M);
}

/**
 * Moves poses `offset` aside: growing from nothing at the first one to all of it at `from`, and from `to` on back to nothing at the
 * last one.
 */
export function movedAside(poses: readonly Mat4[], offset: Vec3, from: number, to: number): Mat4[] {
  const last = poses.length - 1;
  const smooth = (x: number): number => x * x * (3 - 2 * x);
  return poses.map((pose, k) => {
    const share = k < from ? smooth(k / from) : k > to ? smooth((last - k) / (last - to)) : 1;
    const out = [...pose];
    for (let c = 0; c < 3; c++) out[4 * c + 3] += share * offset[c];
    return out;
  });
}

export const lengthMm = (offset: Vec3): number => Math.round(norm(offset) * 1000);
