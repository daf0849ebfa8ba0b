/**
 * Drumming: a tool comes to the same target again and again and turns back each time. What counts is not how wide the gap opens
 * but how far every low of it stands out from what is around it, as light strokes stay near the skin.
 */
import { compose, inverse, transformPoint } from '../math/se3.js';
import { distance, type Vec3 } from '../math/vec3.js';
import { type Actor, signedGapInFrame } from './actor.js';
import { type Journey, journeyConfidence, type Task } from './journey.js';
import type { SkillOptions } from './options.js';
import { deepestPoint } from './shape-field.js';

/** At a stroke the gap is below this, metres (or as many standard deviations of the pose there, within the contact distance). */
const CLOSED_M = 0.01;
const CLOSED_SDS = 2.5;
/** A light stroke stands out by this on both sides, metres (or as many times the frame-to-frame noise). */
const LIGHT_M = 0.008;
const LIGHT_NOISES = 6;
/** Between full strokes the gap opens by this, metres: two of them are enough. */
const FULL_M = 0.025;
const FEWEST_FULL = 2;
/** Light strokes must be more, and in rhythm: the longest interval is at most this many times the shortest. */
const FEWEST_LIGHT = 3;
const RHYTHM = 2.5;
/** What stays that near to the target while it goes farther than this along it wipes or slides, metres. */
const DRIFT_M = 0.05;

/** Strikes the same target several times and leaves it in between. */
export function drumTask(journey: Journey, others: readonly Actor[], options: SkillOptions): Task | null {
  const { actor, carry } = journey;
  let best: Task | null = null;
  let most = 0;
  for (const target of others) {
    const gaps: number[] = [];
    for (let t = carry.fromFrame; t <= carry.toFrame; t++) gaps.push(signedGapInFrame(actor, target, t));
    const hits = strokesOf(journey, target, gaps, options);
    if (hits.length <= most) continue;
    most = hits.length;
    let from = hits[0];
    while (from > 0 && gaps[from] < options.approachDistance) from--;
    let to = hits[hits.length - 1];
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

/** Full strokes, or light ones where there are more of those; indices into `gaps`, empty when it is no drumming. */
function strokesOf(journey: Journey, target: Actor, gaps: readonly number[], options: SkillOptions): number[] {
  const { actor, carry } = journey;
  const closedBy = (sdM: number): number =>
    Math.max(CLOSED_M, CLOSED_SDS * actor.track.sdM, Math.min(options.contactDistance, CLOSED_SDS * sdM));
  const isRest = carry.restAfter !== null && gaps[gaps.length - 1] < options.contactDistance;
  const lightM = Math.max(LIGHT_M, LIGHT_NOISES * actor.track.noiseM);
  const hitsAt = (prominence: number): number[] =>
    prominentLows(gaps, prominence, carry.restAfter === null).filter(
      (k) =>
        gaps[k] < closedBy(actor.track.frameSdM[carry.fromFrame + k]) &&
        driftAround(journey, target, gaps, k, lightM) < DRIFT_M,
    );
  const full = hitsAt(Math.max(FULL_M, 1.5 * closedBy(0)));
  if (!isRest) {
    const light = hitsAt(lightM);
    if (light.length > full.length && light.length >= FEWEST_LIGHT && isRhythm(light)) return light;
  }
  return full.length >= FEWEST_FULL ? full : [];
}

/**
 * Indices of the lows that the values fall to and rise from by `prominence` or more. A last low from which they have not risen yet
 * counts when `endsLow`.
 */
export function prominentLows(values: readonly number[], prominence: number, endsLow: boolean): number[] {
  const lows: number[] = [];
  let high = values[0];
  let low: number | null = null;
  values.forEach((value, i) => {
    if (low === null) {
      high = Math.max(high, value);
      if (high - value >= prominence) low = i;
    } else if (value < values[low]) low = i;
    else if (value - values[low] >= prominence) {
      lows.push(low);
      low = null;
      high = value;
    }
  });
  if (low !== null && endsLow) lows.push(low);
  return lows;
}

function isRhythm(hits: readonly number[]): boolean {
  const intervals = hits.slice(1).map((hit, i) => hit - hits[i]);
  return Math.max(...intervals) <= RHYTHM * Math.min(...intervals);
}

/** How far the striking point of the tool goes from where it strikes, seen from the target, while the gap stays within `nearM` of its low; metres. */
function driftAround(
  { actor, carry }: Journey,
  target: Actor,
  gaps: readonly number[],
  hit: number,
  nearM: number,
): number {
  const targetFromTool = (k: number) => {
    const t = carry.fromFrame + k;
    return compose(inverse(target.track.worldFromObject[t]), actor.track.worldFromObject[t]);
  };
  const atHit = targetFromTool(hit);
  const { point } = deepestPoint(actor.field, target.field, atHit);
  const tip: Vec3 = transformPoint(inverse(atHit), point);
  let drift = 0;
  for (const step of [-1, 1]) {
    for (let k = hit; k >= 0 && k < gaps.length && gaps[k] < gaps[hit] + nearM; k += step) {
      drift = Math.max(drift, distance(transformPoint(targetFromTool(k), tip), point));
    }
  }
  return drift;
}
