/** What a journey of one object was for: a manner (pour, drum), then putting it somewhere. */
import type { Mat4 } from '../math/se3.js';
import { type Actor, gapInFrame, isOpen } from './actor.js';
import { drumTask } from './drum.js';
import { bottomNear, type Journey, journeyConfidence, type Task } from './journey.js';
import type { SkillOptions } from './options.js';
import { robustMeanPose } from './pose-statistics.js';
import { pourTask } from './pour.js';
import { betterRelation, type Relation, relate } from './relation.js';

/** The tasks of one journey in order: at most one with a special manner (pour, drum), then where the source ends. */
export function findTasks(journey: Journey, others: readonly Actor[], fps: number, options: SkillOptions): Task[] {
  const ending = endTask(journey, others, options);
  const special = pourTask(journey, others, fps, options) ?? drumTask(journey, others, options);
  if (!special) return [ending];
  if (!ending.endsAtRest) return [special];
  if (ending.target?.id === special.target?.id) {
    return [{ ...special, toFrame: ending.toFrame, endsAtRest: true, relation: ending.relation }];
  }
  return [special, { ...ending, fromFrame: Math.max(ending.fromFrame, special.toFrame) }];
}

/** Where it was put down: the best related object within contact distance, else the table. */
function endTask(journey: Journey, others: readonly Actor[], options: SkillOptions): Task {
  const { actor, carry } = journey;
  const last = actor.track.observed.length - 1;
  const endPose = carry.restAfter ?? actor.track.worldFromObject[carry.toFrame];
  const related = others
    .flatMap((target) => {
      const rest = restingPose(target, carry.toFrame, Math.min(last, carry.toFrame + 10));
      const relation = relate(actor, endPose, target, rest, options.contactDistance);
      return relation && !stayedBeside(journey, target, relation, options) ? [{ target, relation }] : [];
    })
    .sort((a, b) => betterRelation(a.relation, b.relation) || a.target.id - b.target.id);
  const best = related[0];
  const trust = journeyConfidence(journey);
  const common = { toFrame: carry.toFrame, endsAtRest: carry.restAfter !== null, targetFrozen: false, driven: [] };
  if (!best) {
    if (!carry.restAfter) return heldInAir(journey);
    const fromFrame = tableApproach(journey, options.approachDistance);
    const manner = journey.liftFrame === null ? 'slides over the table' : 'is put down on the table';
    return {
      ...common,
      word: 'move',
      target: null,
      relation: null,
      contactFrame: null,
      fromFrame,
      confidence: trust,
      evidence: `${actor.name} ${manner} and rests from frame ${carry.toFrame}, away from every other object`,
    };
  }
  const { target, relation } = best;
  const { fromFrame, contactFrame } = approach(journey, target, options);
  const second = related[1];
  const ambiguous = second !== undefined && second.relation.kind === relation.kind;
  const grade = { into: 1, onto: 1, capping: 0.95, inserted: 0.9, touching: 0.8, near: 0.65 }[relation.kind];
  return {
    ...common,
    word: relation.word,
    target,
    relation,
    fromFrame,
    contactFrame,
    confidence: trust * grade * (ambiguous ? 0.7 : 1),
    evidence: `${actor.name} comes within ${mm(options.contactDistance)} of ${target.name} in frame ${contactFrame} and ends ${describe(relation, target)}${ambiguous ? `; ${second.target.name} is about as near` : ''}`,
  };
}

/** Still in the hand when the video ends: what was seen of the motion can be replayed, but it ends nowhere. */
function heldInAir(journey: Journey): Task {
  return {
    word: 'move',
    target: null,
    relation: null,
    contactFrame: null,
    fromFrame: journey.liftFrame ?? journey.carry.fromFrame,
    toFrame: journey.carry.toFrame,
    confidence: 0.4 * journeyConfidence(journey),
    evidence: `${journey.actor.name} is still held when the video ends`,
    endsAtRest: false,
    targetFrozen: false,
    driven: [],
  };
}

/** Beside the same object before and after (within noise): it was moved past it, not to it. */
function stayedBeside(journey: Journey, target: Actor, relation: Relation, options: SkillOptions): boolean {
  if (relation.kind !== 'near' && relation.kind !== 'touching') return false;
  const gapBefore = gapInFrame(journey.actor, target, journey.carry.fromFrame);
  return gapBefore < options.contactDistance && gapBefore < relation.gapM + 2 * journey.actor.track.sdM;
}

/** Pose of a thing over some frames, robust mean of those in which it was seen (all if it was seen in none). */
export function restingPose(actor: Actor, fromFrame: number, toFrame: number): Mat4 {
  const poses: Mat4[] = [];
  for (let t = fromFrame; t <= toFrame; t++) if (actor.track.observed[t]) poses.push(actor.track.worldFromObject[t]);
  return robustMeanPose(poses.length > 0 ? poses : actor.track.worldFromObject.slice(fromFrame, toFrame + 1));
}

/**
 * The relative motion begins where the source was last farther from the target than the approach distance, so that the
 * robot's own transfer ends in free space; if it never was, where it was farthest. Not before it was lifted.
 */
function approach(journey: Journey, target: Actor, options: SkillOptions): { fromFrame: number; contactFrame: number } {
  const { actor, carry } = journey;
  const first = journey.liftFrame ?? carry.fromFrame;
  let farthest = carry.toFrame;
  let farthestM = -1;
  let contactFrame = carry.toFrame;
  for (let t = carry.toFrame; t >= first; t--) {
    const gap = gapInFrame(actor, target, t);
    if (gap < options.contactDistance && farthestM < options.contactDistance) contactFrame = t;
    if (gap > farthestM) {
      farthestM = gap;
      farthest = t;
    }
    if (gap >= options.approachDistance) return { fromFrame: t, contactFrame };
  }
  return { fromFrame: farthest, contactFrame };
}

function tableApproach(journey: Journey, approachM: number): number {
  const { actor, carry } = journey;
  if (journey.liftFrame === null) return carry.fromFrame;
  const level = bottomNear(actor, carry.toFrame, 1);
  let highest = carry.toFrame;
  for (let t = carry.toFrame; t >= journey.liftFrame; t--) {
    if (actor.bottomM[t] > actor.bottomM[highest]) highest = t;
    if (actor.bottomM[t] - level >= approachM) return t;
  }
  return highest;
}

const mm = (metres: number): string => `${Math.round(metres * 1000)} mm`;

function describe(relation: Relation, target: Actor): string {
  switch (relation.kind) {
    case 'into':
      return isOpen(target) ? 'inside of its rim' : 'in a recess of it';
    case 'onto':
      return `on top of it (gap ${mm(relation.gapM)})`;
    case 'capping':
      return 'on its opening like a lid';
    case 'inserted':
      return 'inserted in it';
    default:
      return `${mm(relation.gapM)} beside it`;
  }
}
