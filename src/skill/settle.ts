/** Corrects the last pose of a task so that the source really rests: neither sunk in, nor floating, nor leaning on nothing. */
import {
  compose,
  fromTranslation,
  identity,
  inverse,
  type Mat4,
  rotationAngleBetween,
  rotationBetween,
  transformDirection,
} from '../math/se3.js';
import { add, norm, scale, type Vec3 } from '../math/vec3.js';
import type { Actor } from './actor.js';
import { deepestPoint, heightRange } from './shape-field.js';
import { tiltBetween } from './trajectory.js';

export interface Settled {
  /** World axes, metres; zero when it rested already or no rest was found within reach. */
  readonly offsetM: Vec3;
  /** Turn about the source's own origin in world axes that sets it upright; identity when it stood (or lay) already. */
  readonly turn: Mat4;
  readonly turnRad: number;
  readonly outcome: 'rests' | 'settled' | 'unresolved';
}

export interface Placed {
  readonly actor: Actor;
  readonly worldFromObject: Mat4;
  /** The source lies in the open top of this one. */
  readonly holdsInside: boolean;
}

/** Overlap or gap that is left alone: below the accuracy of the distance fields. */
const TOLERANCE_M = 0.0015;
const STEP_M = 0.001;
/** While sinking, this much overlap is contact. */
const CONTACT_M = 0.0005;
const MAX_PUSHES = 40;
/** A thing that stood at the start and leans by no more than this at the end stands: poses in a hand's shade tilt easily. */
const UPRIGHT_RAD = 0.45;
/** Inside of a container, sliding towards its middle by this much is worth a metre less of height: things roll down. */
const SLIDE_COST = 0.3;
const SLIDE_STEP_M = 0.004;

/**
 * Sets a leaning source upright; in a container looks for the lowest free place on the way to its middle, elsewhere pushes
 * the source out of target and table along the shortest way; then lets it sink until something holds it. Offsets longer
 * than `maxM` are not believed: the pose or a shape must be wrong, and nothing is changed.
 */
export function settle(
  source: Actor,
  worldFromSource: Mat4,
  restBefore: Mat4 | null,
  target: Placed | null,
  maxM: number,
): Settled {
  const turn = uprightTurn(worldFromSource, restBefore);
  const turnRad = rotationAngleBetween(identity(), turn);
  const upright = turnInPlace(turn, worldFromSource);
  const offset = target?.holdsInside
    ? slideInside(source, upright, target, maxM)
    : pushOut(source, upright, target, maxM);
  const rested = offset && sink(source, upright, target, offset, maxM);
  if (!rested) {
    return { offsetM: [0, 0, 0], turn: identity(), turnRad: 0, outcome: 'unresolved' };
  }
  const small = norm(rested) <= TOLERANCE_M && turnRad < 0.02;
  return { offsetM: rested, turn, turnRad, outcome: small ? 'rests' : 'settled' };
}

/** Applies a rotation in world axes about the pose's own origin. */
export function turnInPlace(turn: Mat4, pose: Mat4): Mat4 {
  const out = compose(turn, pose);
  out[3] = pose[3];
  out[7] = pose[7];
  out[11] = pose[11];
  return out;
}

function uprightTurn(pose: Mat4, restBefore: Mat4 | null): Mat4 {
  if (!restBefore || tiltBetween(restBefore, pose) > UPRIGHT_RAD) return identity();
  const upInObject = transformDirection(inverse(restBefore), [0, 0, 1]);
  return rotationBetween(transformDirection(pose, upInObject), [0, 0, 1]);
}

function pushOut(source: Actor, pose: Mat4, target: Placed | null, maxM: number): Vec3 | null {
  let offset: Vec3 = [0, 0, 0];
  for (let i = 0; i < MAX_PUSHES; i++) {
    const { depthM, direction } = deepestOverlap(source, compose(fromTranslation(offset), pose), target);
    if (depthM <= TOLERANCE_M) return offset;
    offset = add(offset, scale(direction, depthM));
    if (norm(offset) > maxM) return null;
  }
  return null;
}

/** The cheapest of the lowest free places on the straight way to the container's axis; null if none is near enough. */
function slideInside(source: Actor, pose: Mat4, target: Placed, maxM: number): Vec3 | null {
  const toAxis: Vec3 = [target.worldFromObject[3] - pose[3], target.worldFromObject[7] - pose[7], 0];
  const way = norm(toAxis);
  let best: Vec3 | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let slide = 0; slide <= Math.min(way, maxM); slide += SLIDE_STEP_M) {
    const aside = way > 0 ? scale(toAxis, slide / way) : toAxis;
    for (let z = -maxM; z <= maxM; z += STEP_M) {
      if (z + SLIDE_COST * slide >= bestCost) break;
      const offset: Vec3 = [aside[0], aside[1], z];
      if (norm(offset) > maxM) continue;
      if (deepestOverlap(source, compose(fromTranslation(offset), pose), target).depthM > TOLERANCE_M) continue;
      best = offset;
      bestCost = z + SLIDE_COST * slide;
      break;
    }
  }
  return best;
}

/** Lowers the source step by step until it touches; null when nothing holds it within `maxM`. */
function sink(source: Actor, pose: Mat4, target: Placed | null, from: Vec3, maxM: number): Vec3 | null {
  for (let offset = from; ; ) {
    const lower: Vec3 = [offset[0], offset[1], offset[2] - STEP_M];
    if (deepestOverlap(source, compose(fromTranslation(lower), pose), target).depthM > CONTACT_M) return offset;
    if (norm(lower) > maxM) return null;
    offset = lower;
  }
}

/** How deep the source is in the table or the target (negative: clearance), and the way out in world axes. */
function deepestOverlap(
  source: Actor,
  worldFromSource: Mat4,
  target: Placed | null,
): { depthM: number; direction: Vec3 } {
  const table = { depthM: -heightRange(source.field, worldFromSource)[0], direction: [0, 0, 1] as Vec3 };
  if (!target) return table;
  const targetFromSource = compose(inverse(target.worldFromObject), worldFromSource);
  const inTarget = deepestPoint(source.field, target.actor.field, targetFromSource);
  const inSource = deepestPoint(target.actor.field, source.field, inverse(targetFromSource));
  const candidates = [
    table,
    {
      depthM: -inTarget.distanceM,
      direction: unit(transformDirection(target.worldFromObject, target.actor.field.gradientAt(inTarget.point))),
    },
    {
      depthM: -inSource.distanceM,
      direction: scale(unit(transformDirection(worldFromSource, source.field.gradientAt(inSource.point))), -1),
    },
  ];
  return candidates.reduce((a, b) => (b.depthM > a.depthM ? b : a));
}

/** Upwards where the gradient vanishes (the middle of a body): up is the way that things are taken off one another. */
function unit(v: Vec3): Vec3 {
  const length = norm(v);
  return length < 1e-3 ? [0, 0, 1] : scale(v, 1 / length);
}
