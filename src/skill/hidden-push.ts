/**
 * What is pushed often hides behind what pushes it. A straight bridge over the time in which it was not seen has it lag behind or run
 * ahead, so that the pusher would pass through it: while hidden it goes as far as the pusher pushes it.
 */
import { interpolate, type Mat4, translationOf } from '../math/se3.js';
import { dot, norm, scale, sub } from '../math/vec3.js';
import { type Actor, createActor } from './actor.js';
import type { Journey } from './journey.js';

/** A way shorter than this needs no explanation, metres. */
const LEAST_WAY_M = 0.01;
/** The pusher must go along at least this share of the way. */
const LEAST_SHARE = 0.5;

/** The actor of `driven` with its hidden ways led by `driver`; null where it was seen all along or the driver does not explain them. */
export function followPusher(driver: Journey, { actor, carry }: Journey): Actor | null {
  const { track } = actor;
  const poses = [...track.worldFromObject];
  let led: [number, number] | null = null;
  for (let t = Math.max(1, carry.fromFrame); t <= carry.toFrame; t++) {
    if (track.observed[t]) continue;
    const from = t - 1;
    while (t < poses.length && !track.observed[t]) t++;
    if (t === poses.length) break;
    const way = pushedWay(driver.actor.track.worldFromObject, poses, from, t);
    if (!way) continue;
    led = [led?.[0] ?? from, t];
    way.forEach((pose, k) => {
      poses[from + k] = pose;
    });
  }
  if (!led) return null;
  // Its place is as sure as that of the pusher.
  const noiseM = Math.max(track.noiseM, driver.actor.track.noiseM);
  const own = { ...track, worldFromObject: poses, noiseM, led };
  return createActor(actor.model, actor.name, own, actor.field, actor.isSeenToMove);
}

/**
 * Poses of frames `from` to `to`, both seen, led by how far the driver has gone in the direction of the way. What the driver goes more
 * than the way is long it went before it touched; null when it does not explain the way.
 */
function pushedWay(driver: readonly Mat4[], driven: readonly Mat4[], from: number, to: number): Mat4[] | null {
  const way = sub(translationOf(driven[to]), translationOf(driven[from]));
  const lengthM = norm(way);
  if (lengthM < LEAST_WAY_M) return null;
  const along = scale(way, 1 / lengthM);
  const start = translationOf(driver[from]);
  const pushedM: number[] = [];
  for (let t = from; t <= to; t++) {
    pushedM.push(Math.max(pushedM.at(-1) ?? 0, dot(sub(translationOf(driver[t]), start), along)));
  }
  const total = pushedM[pushedM.length - 1];
  if (total < LEAST_SHARE * lengthM) return null;
  const before = Math.max(0, total - lengthM);
  return pushedM.map((gone) =>
    interpolate(driven[from], driven[to], Math.max(0, gone - before) / Math.min(total, lengthM)),
  );
}
