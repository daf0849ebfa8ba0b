/** Moves the last pose of a task by millimetres so that the source really rests: neither sunk in nor floating. */
import { compose, fromTranslation, inverse, type Mat4, transformDirection } from '../math/se3.js';
import { add, norm, scale, type Vec3 } from '../math/vec3.js';
import type { Actor } from './actor.js';
import { deepestPoint, heightRange } from './shape-field.js';

export interface Settled {
  /** World axes, metres; zero when it rested already or no rest was found within reach. */
  readonly offsetM: Vec3;
  readonly outcome: 'rests' | 'settled' | 'unresolved';
}

/** Overlap or gap that is left alone: below the accuracy of the distance fields. */
const TOLERANCE_M = 0.0015;
const DROP_STEP_M = 0.001;
/** While sinking, this much overlap is contact. */
const CONTACT_M = 0.0005;
const MAX_PUSHES = 40;

/**
 * First pushes the source out of target and table along the shortest way, then lets it sink until something holds it.
 * Offsets longer than `maxM` are not believed: the pose or the shape must be wrong, and nothing is changed.
 */
export function settle(source: Actor, worldFromSource: Mat4, target: Placed | null, maxM: number): Settled {
  let offset: Vec3 = [0, 0, 0];
  for (let i = 0; i < MAX_PUSHES; i++) {
    const { depthM, direction } = deepestOverlap(source, compose(fromTranslation(offset), worldFromSource), target);
    if (depthM <= TOLERANCE_M) break;
    offset = add(offset, scale(direction, depthM));
    if (norm(offset) > maxM || i === MAX_PUSHES - 1) return { offsetM: [0, 0, 0], outcome: 'unresolved' };
  }
  for (let down = 0; ; down += DROP_STEP_M) {
    const lower: Vec3 = [offset[0], offset[1], offset[2] - DROP_STEP_M];
    if (norm(lower) > maxM && down > 0) return { offsetM: [0, 0, 0], outcome: 'unresolved' };
    if (deepestOverlap(source, compose(fromTranslation(lower), worldFromSource), target).depthM > CONTACT_M) break;
    offset = lower;
  }
  return { offsetM: offset, outcome: norm(offset) <= TOLERANCE_M ? 'rests' : 'settled' };
}

export interface Placed {
  readonly actor: Actor;
  readonly worldFromObject: Mat4;
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
