/** How one object lies to another at the end of a task, and the word for it. */
import { compose, fromTranslation, inverse, type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { type Actor, gapAt } from './actor.js';
import { deepestPoint, heightRange } from './shape-field.js';
import type { TaskWord } from './skill.js';

export type RelationKind = 'into' | 'onto' | 'inserted' | 'touching' | 'near';

export interface Relation {
  readonly kind: RelationKind;
  readonly gapM: number;
  readonly word: TaskWord;
  /** Preposition for sentences: "put the red can into the bowl". */
  readonly preposition: string;
}

/** Better relations win when an object ends near several others. */
const RANK: Record<RelationKind, number> = { into: 0, onto: 1, inserted: 2, touching: 3, near: 4 };
/** A contact: two surfaces nearer than the poses are known. */
const TOUCH_M = 0.008;
const LIFT_STEP_M = 0.002;
/** Overlap beyond pose noise: one object is inside of the other, metres. */
const INSERTED_M = 0.008;
/** A target lower than this share of its width is a plate, a mat, a coaster: things are placed on it, not stacked. */
const FLAT_RATIO = 0.35;

/** Null when the surfaces are farther apart than `contactM`. */
export function relate(
  source: Actor,
  worldFromSource: Mat4,
  target: Actor,
  worldFromTarget: Mat4,
  contactM: number,
): Relation | null {
  const gapM = gapAt(source, worldFromSource, target, worldFromTarget);
  if (gapM > contactM) return null;
  const targetFromSource = compose(inverse(worldFromTarget), worldFromSource);
  const [sourceLow, sourceHigh] = heightRange(source.field, worldFromSource);
  const [targetLow, targetHigh] = heightRange(target.field, worldFromTarget);
  const targetHeight = targetHigh - targetLow;
  const over = isOver(target, transformPoint(targetFromSource, [0, 0, 0]));
  const sd = Math.max(source.track.sdM, target.track.sdM);
  const make = (kind: RelationKind, word: TaskWord, preposition: string): Relation => ({
    kind,
    gapM,
    word,
    preposition,
  });
  if (over && target.model.hollow && sourceLow < targetHigh - 0.003) return make('into', 'place', 'into');
  // Sunk in by noise still counts as on top, as long as most of the source is above the place it stands on.
  const sink = Math.max(0.015, 2 * sd, 0.4 * (sourceHigh - sourceLow));
  if (over && liftToClear(source, targetFromSource, target, sink) <= sink) {
    // Well below the target's highest point: in a hollow of it (a saddle, a recess), not on top.
    if (sourceLow < targetHigh - Math.max(sink, 0.3 * targetHeight)) return make('into', 'place', 'into');
    const [width, depth] = target.model.sizeM;
    const flat = targetHeight < FLAT_RATIO * Math.min(width, depth);
    return flat ? make('onto', 'place', 'onto') : make('onto', 'stack', 'on top of');
  }
  const overlap = -Math.min(
    deepestPoint(source.field, target.field, targetFromSource).distanceM,
    deepestPoint(target.field, source.field, inverse(targetFromSource)).distanceM,
  );
  if (over || overlap > Math.max(INSERTED_M, 2 * sd)) return make('inserted', 'attach', 'into');
  if (gapM < Math.max(TOUCH_M, sd)) return make('touching', 'attach', 'to');
  return make('near', 'place', 'next to');
}

/** How far the source has to go up (along the target's z) until it overlaps the target no more; Infinity beyond `maxM`. */
function liftToClear(source: Actor, targetFromSource: Mat4, target: Actor, maxM: number): number {
  for (let up = 0; up <= maxM + LIFT_STEP_M; up += LIFT_STEP_M) {
    const raised = compose(fromTranslation([0, 0, up]), targetFromSource);
    const overlap = -Math.min(
      deepestPoint(source.field, target.field, raised).distanceM,
      deepestPoint(target.field, source.field, inverse(raised)).distanceM,
    );
    if (overlap < LIFT_STEP_M) return up;
  }
  return Number.POSITIVE_INFINITY;
}

export const betterRelation = (a: Relation, b: Relation): number => RANK[a.kind] - RANK[b.kind] || a.gapM - b.gapM;

/** Is a point (target frame) within the target's footprint? */
function isOver(target: Actor, point: Vec3): boolean {
  const { low, high } = target.field;
  return [0, 1].every((i) => point[i] >= low[i] && point[i] <= high[i]);
}
