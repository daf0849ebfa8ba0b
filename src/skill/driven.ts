/** Objects that move without being held: pushed by a tool (sweep) or carried along on a held one. */
import { compose, inverse, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import { type Actor, gapInFrame } from './actor.js';
import { type Journey, journeyConfidence, type Task } from './journey.js';
import type { SkillOptions } from './options.js';
import { median } from './pose-statistics.js';
import { betterRelation, relate } from './relation.js';
import { restingPose } from './tasks.js';

/** The driver is on its way during at least this share of the driven object's journey. */
const MIN_OVERLAP = 0.7;
/** A thing carried along keeps its place on its carrier to within this, metres (or 4 standard deviations). */
const CARRIED_SLIP_M = 0.02;

export interface Drive {
  readonly driver: Journey;
  readonly driven: Journey;
  readonly kind: 'pushed' | 'carried';
}

/** For every journey that another one causes: by which. A journey that drives is never driven itself. */
export function findDrives(journeys: readonly Journey[], options: SkillOptions): Drive[] {
  const drives: Drive[] = [];
  for (const driven of journeys) {
    for (const driver of journeys) {
      const alreadyDriven = drives.some((d) => d.driven === driver || (d.driver === driven && d.driven === driver));
      if (driver.actor.id === driven.actor.id || alreadyDriven) continue;
      const kind = driveKind(driver, driven, options);
      if (kind === null) continue;
      drives.push({ driver, driven, kind });
      break;
    }
  }
  return drives;
}

/** How one journey causes another; null when it does not. */
export function driveKind(driver: Journey, driven: Journey, options: SkillOptions): Drive['kind'] | null {
  const { fromFrame, toFrame } = driven.carry;
  const begin = Math.max(fromFrame, driver.carry.fromFrame);
  const end = Math.min(toFrame, driver.carry.toFrame);
  if (end - begin + 1 < MIN_OVERLAP * (toFrame - fromFrame + 1)) return null;
  const gaps: number[] = [];
  for (let t = begin; t <= end; t++) gaps.push(gapInFrame(driver.actor, driven.actor, t));
  if (median(gaps) > options.contactDistance) return null;
  const startsFirst = driver.carry.fromFrame < fromFrame;
  const goesFarther = driver.carry.travelM > driven.carry.travelM || driver.liftFrame !== null;
  if (driven.liftFrame === null) return startsFirst && goesFarther ? 'pushed' : null;
  const isBelow =
    median(driver.actor.bottomM.slice(begin, end + 1)) <= median(driven.actor.bottomM.slice(begin, end + 1));
  return isBelow && slip(driver.actor, driven.actor, begin, end) < slipLimit(driver, driven) ? 'carried' : null;
}

const slipLimit = (a: Journey, b: Journey): number =>
  Math.max(CARRIED_SLIP_M, 4 * Math.max(a.actor.track.sdM, b.actor.track.sdM));

/** Largest change of the driven object's place in the driver's frame, metres. */
function slip(driver: Actor, driven: Actor, begin: number, end: number): number {
  const placeAt = (t: number) =>
    translationOf(compose(inverse(driver.track.worldFromObject[t]), driven.track.worldFromObject[t]));
  const first = placeAt(begin);
  let most = 0;
  for (let t = begin; t <= end; t++) most = Math.max(most, distance(placeAt(t), first));
  return most;
}

/**
 * The sweep of a tool that pushes things: from its approach to the first of them until it leaves them. Its target is what
 * the things end at, or else the first pushed thing where it lay at the start.
 */
export function sweepTask(
  driver: Journey,
  pushed: readonly Journey[],
  others: readonly Actor[],
  options: SkillOptions,
): Task {
  const byTime = [...pushed].sort((a, b) => a.carry.fromFrame - b.carry.fromFrame);
  const first = byTime[0];
  const lastMove = Math.max(...byTime.map((p) => p.carry.toFrame));
  const gap = (t: number): number => Math.min(...byTime.map((p) => gapInFrame(driver.actor, p.actor, t)));
  const begin = driver.liftFrame ?? driver.carry.fromFrame;
  let fromFrame = Math.max(begin, first.carry.fromFrame);
  while (fromFrame > begin && gap(fromFrame) < options.approachDistance) fromFrame--;
  let toFrame = Math.min(lastMove, driver.carry.toFrame);
  while (toFrame < driver.carry.toFrame && gap(toFrame) < options.approachDistance) toFrame++;
  const last = driver.actor.track.observed.length - 1;
  const bystanders = others.filter((o) => !pushed.some((p) => p.actor.id === o.id));
  const goal = bystanders
    .flatMap((target) => {
      const rest = restingPose(target, lastMove, Math.min(last, lastMove + 10));
      const end = first.carry.restAfter ?? first.actor.track.worldFromObject[lastMove];
      const relation = relate(first.actor, end, target, rest, options.contactDistance);
      const before = gapInFrame(first.actor, target, first.carry.fromFrame);
      return relation && before > relation.gapM + options.contactDistance ? [{ target, relation }] : [];
    })
    .sort((a, b) => betterRelation(a.relation, b.relation) || a.target.id - b.target.id)[0];
  const names = byTime.map((p) => p.actor.name).join(' and ');
  const ending = goal ? ` until it ends ${goal.relation.preposition} ${goal.target.name}` : '';
  return {
    word: 'sweep',
    target: goal?.target ?? first.actor,
    relation: goal?.relation ?? null,
    fromFrame,
    toFrame,
    contactFrame: first.carry.fromFrame,
    confidence: journeyConfidence(driver) * Math.min(...byTime.map(journeyConfidence)) ** 0.5,
    evidence: `${driver.actor.name} stays within ${Math.round(options.contactDistance * 1000)} mm of ${names} while that slides from frame ${first.carry.fromFrame} to ${lastMove}${ending}`,
    endsAtRest: false,
    targetFrozen: goal === undefined,
    driven: byTime.map((p) => p.actor),
  };
}
