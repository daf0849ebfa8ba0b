/** How one object lies to another at the end of a task, and the word for it. */
import { compose, inverse, type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { type Actor, gapAt, isOpen } from './actor.js';
import { deepestPoint, heightRange } from './shape-field.js';
import type { TaskWord } from './skill.js';

/** capping: a lid on an open target. inserted: much of one is inside of the other. */
export type RelationKind = 'into' | 'onto' | 'capping' | 'inserted' | 'touching' | 'near';

export interface Relation {
  readonly kind: RelationKind;
  readonly gapM: number;
  readonly word: TaskWord;
  /** Preposition for sentences: "put the red can into the bowl". */
  readonly preposition: string;
}

/** Better relations win when an object ends near several others. */
const RANK: Record<RelationKind, number> = { into: 0, onto: 1, capping: 1, inserted: 2, touching: 3, near: 4 };
/** A contact: two surfaces nearer than the poses are known. */
const TOUCH_M = 0.008;
const FIELD_ACCURACY_M = 0.002;
/** One object is plugged into (or put over) the other when more than this share of either surface is inside of the other. */
const INSERTED_SHARE = 0.5;
/** A lid is flat, about as wide as what it closes, and reaches below the top by no more than a share of the height. */
const LID_FLATNESS = 0.6;
const LID_WIDTH_SHARE = 0.7;
const LID_DEPTH_SHARE = 0.4;
/** Bottoms this share of the target's height below its top lie in a recess of it. */
const RECESS_SHARE = 0.4;
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
  const [sourceLow] = heightRange(source.field, worldFromSource);
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
  if (over && isOpen(target) && sourceLow < targetHigh - 0.003) {
    const width = footprintWidth(source);
    const wide = width > LID_WIDTH_SHARE * footprintWidth(target) && source.model.sizeM[2] < LID_FLATNESS * width;
    const high = sourceLow > targetHigh - LID_DEPTH_SHARE * targetHeight;
    return wide && high ? make('capping', 'attach', 'to') : make('into', 'place', 'into');
  }
  const overlap = -Math.min(
    deepestPoint(source.field, target.field, targetFromSource).distanceM,
    deepestPoint(target.field, source.field, inverse(targetFromSource)).distanceM,
  );
  const deep = overlap > Math.max(INSERTED_M, 2 * sd);
  const shared = Math.max(
    shareInside(source, target, targetFromSource),
    shareInside(target, source, inverse(targetFromSource)),
  );
  if (deep && shared > INSERTED_SHARE) return make('inserted', 'attach', 'into');
  const [width, depth] = target.model.sizeM;
  if (over) {
    // Sunk in by noise still counts as on top; well below the highest point it lies in a saddle or a recess.
    const sunk = targetHigh - sourceLow;
    if (sunk > Math.max(0.015, 2 * sd, RECESS_SHARE * targetHeight)) return make('into', 'place', 'into');
    const flat = targetHeight < FLAT_RATIO * Math.min(width, depth);
    return flat ? make('onto', 'place', 'onto') : make('onto', 'stack', 'on top of');
  }
  if (deep) return make('inserted', 'attach', 'into');
  if (gapM < Math.max(TOUCH_M, sd)) return make('touching', 'attach', 'to');
  return make('near', 'place', 'next to');
}

/** Share of a's surface points that lie inside of b by more than the accuracy of the fields. */
function shareInside(a: Actor, b: Actor, bFromA: Mat4): number {
  const { probes } = a.field;
  let inside = 0;
  for (let i = 0; i < probes.length; i += 3) {
    const p = transformPoint(bFromA, [probes[i], probes[i + 1], probes[i + 2]]);
    if (b.field.distanceAt(p) < -FIELD_ACCURACY_M) inside++;
  }
  return inside / (probes.length / 3);
}

export const betterRelation = (a: Relation, b: Relation): number => RANK[a.kind] - RANK[b.kind] || a.gapM - b.gapM;

/** Smaller side of the footprint as the object stands at rest, metres. */
const footprintWidth = ({ model }: Actor): number => Math.min(model.sizeM[0], model.sizeM[1]);

/** Is a point (target frame) within the target's footprint? */
function isOver(target: Actor, point: Vec3): boolean {
  const { low, high } = target.field;
  return [0, 1].every((i) => point[i] >= low[i] && point[i] <= high[i]);
}
