/** Pouring: known by the manner of the motion rather than by where it ends. */
import { translationOf } from '../math/se3.js';
import { type Actor, canReceive, gapInFrame } from './actor.js';
import { type Journey, journeyConfidence, type Task } from './journey.js';
import type { SkillOptions } from './options.js';
import { tiltBetween } from './trajectory.js';

/** Poured from: tilted at least this far, and back below the second angle when done. */
const POUR_TILT_RAD = 0.8;
const POUR_DONE_RAD = 0.35;
/** While pouring the mouth is over the target or at most this far beside it, and not higher above it than this, metres. */
const POUR_BESIDE_M = 0.05;
const POUR_ABOVE_M = 0.25;
const MIN_POUR_SEC = 0.15;

/** Tilted over a target for a while and upright again at the end (or still tilted when the video ends). */
export function pourTask(journey: Journey, others: readonly Actor[], fps: number, options: SkillOptions): Task | null {
  const { actor, carry } = journey;
  const poses = actor.track.worldFromObject;
  const reference = carry.restBefore ?? poses[carry.fromFrame];
  const tilt = (t: number): number => tiltBetween(reference, poses[t]);
  for (const target of others.filter(canReceive)) {
    const over: number[] = [];
    for (let t = carry.fromFrame; t <= carry.toFrame; t++) {
      if (actor.track.observed[t] && tilt(t) > POUR_TILT_RAD && mouthOver(actor, target, t)) over.push(t);
    }
    if (over.length < Math.max(3, MIN_POUR_SEC * fps)) continue;
    if (carry.restAfter && tiltBetween(reference, carry.restAfter) > POUR_TILT_RAD) continue;
    let from = over[0];
    const first = journey.liftFrame ?? carry.fromFrame;
    while (
      from > first &&
      (tilt(from) > POUR_DONE_RAD / 2 || gapInFrame(actor, target, from) < options.approachDistance)
    )
      from--;
    let to = over.at(-1)!;
    while (to < carry.toFrame && (tilt(to) > POUR_DONE_RAD || gapInFrame(actor, target, to) < options.approachDistance))
      to++;
    const degrees = Math.round((Math.max(...over.map(tilt)) * 180) / Math.PI);
    return {
      word: 'pour',
      target,
      fromFrame: from,
      toFrame: to,
      contactFrame: over[0],
      relation: null,
      endsAtRest: false,
      targetFrozen: false,
      driven: [],
      confidence: journeyConfidence(journey) * Math.min(1, over.length / (0.4 * fps)),
      evidence: `${actor.name} is tilted by up to ${degrees} degrees over ${target.name} in frames ${over[0]} to ${over.at(-1)}${carry.restAfter ? ' and set down upright afterwards' : ''}`,
    };
  }
  return null;
}

/** Is the lowest end of a tilted source over the target, or just beside it, and above its middle? */
export function mouthOver(source: Actor, target: Actor, frame: number): boolean {
  const { probes } = source.field;
  const pose = source.track.worldFromObject[frame];
  let lowest = [0, 0, Number.POSITIVE_INFINITY];
  for (let i = 0; i < probes.length; i += 3) {
    const at = (r: number): number =>
      pose[r * 4] * probes[i] + pose[r * 4 + 1] * probes[i + 1] + pose[r * 4 + 2] * probes[i + 2] + pose[r * 4 + 3];
    const z = at(2);
    if (z < lowest[2]) lowest = [at(0), at(1), z];
  }
  const centre = translationOf(target.track.worldFromObject[frame]);
  const [width, depth] = target.model.sizeM;
  const reach = Math.max(width, depth) / 2 + POUR_BESIDE_M;
  const aside = Math.hypot(lowest[0] - centre[0], lowest[1] - centre[1]);
  return aside < reach && lowest[2] > centre[2] && lowest[2] < centre[2] + POUR_ABOVE_M;
}
