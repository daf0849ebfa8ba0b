/** Tasks known by the manner of the motion rather than by where it ends: pouring and drumming. */
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
/** A stroke: the gap closes below the first figure (or what noise allows) and opens beyond the second between strokes. */
const STROKE_CLOSED_M = 0.01;
const STROKE_OPEN_M = 0.025;
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

/** Touches the same target twice or more and leaves it in between. */
export function drumTask(journey: Journey, others: readonly Actor[], options: SkillOptions): Task | null {
  const { actor, carry } = journey;
  let best: Task | null = null;
  let bestStrokes = 1;
  for (const target of others) {
    const gaps: number[] = [];
    for (let t = carry.fromFrame; t <= carry.toFrame; t++) gaps.push(gapInFrame(actor, target, t));
    const strokes = findStrokes(gaps, Math.max(STROKE_CLOSED_M, 1.5 * actor.track.sdM));
    // Resting on it at the end is putting it there, not one more stroke.
    const hits = carry.restAfter && gaps.at(-1)! < STROKE_CLOSED_M ? strokes.slice(0, -1) : strokes;
    if (hits.length <= bestStrokes) continue;
    bestStrokes = hits.length;
    let from = hits[0];
    while (from > 0 && gaps[from] < options.approachDistance) from--;
    let to = hits.at(-1)!;
    while (to < gaps.length - 1 && gaps[to] < options.approachDistance) to++;
    const frames = hits.map((k) => k + carry.fromFrame);
    best = {
      word: 'drum',
      target,
      fromFrame: Math.max(from + carry.fromFrame, journey.liftFrame ?? 0),
      toFrame: to + carry.fromFrame,
      contactFrame: frames[0],
      hitFrames: frames,
      relation: null,
      endsAtRest: false,
      targetFrozen: false,
      driven: [],
      confidence: journeyConfidence(journey) * Math.min(1, 0.5 + 0.2 * hits.length),
      evidence: `${actor.name} touches ${target.name} ${hits.length} times and leaves it in between (frames ${frames.join(', ')})`,
    };
  }
  return best;
}

/** Indices of the nearest frame of every visit: below `closed`, with the gap opening well beyond in between. */
function findStrokes(gaps: readonly number[], closed: number): number[] {
  const open = Math.max(STROKE_OPEN_M, 2.5 * closed);
  const out: number[] = [];
  let away = false;
  let nearest = -1;
  gaps.forEach((gap, i) => {
    if (gap > open) {
      if (nearest >= 0) out.push(nearest);
      nearest = -1;
      away = true;
    } else if (away && gap < closed && (nearest < 0 || gap < gaps[nearest])) nearest = i;
  });
  if (nearest >= 0) out.push(nearest);
  return out;
}
