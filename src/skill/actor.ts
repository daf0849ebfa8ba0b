/** An object together with its path and its shape: what the parser reasons about. */
import { compose, inverse, type Mat4 } from '../math/se3.js';
import type { ObjectModel } from '../objects/object-model.js';
import { heightRange, type ShapeField, surfaceDistance } from './shape-field.js';
import { type Trajectory, tiltBetween } from './trajectory.js';

export interface Actor {
  readonly id: number;
  readonly name: string;
  readonly model: ObjectModel;
  readonly track: Trajectory;
  readonly field: ShapeField;
  /** Per frame: lowest z of the object, metres. */
  readonly bottomM: readonly number[];
  /** Perception saw it leave one place and arrive at another. */
  readonly isSeenToMove: boolean;
}

/** The table may be known only to this much: an object this near to it stands on it, metres. */
const TABLE_TOLERANCE_M = 0.02;
/** Two objects this near can carry one another, metres. */
const TOUCH_M = 0.012;
/** Tilted more than this against its stance at the start an object may be being poured from. */
const UNSTABLE_TILT_RAD = 0.6;

export function createActor(
  model: ObjectModel,
  name: string,
  track: Trajectory,
  field: ShapeField,
  isSeenToMove: boolean,
): Actor {
  const bottomM = track.worldFromObject.map((pose) => heightRange(field, pose)[0]);
  return { id: model.id, name, model, track, field, bottomM, isSeenToMove };
}

/** Share of the height by which the top's middle must be sunk to make a container. */
const CAVITY_SHARE = 0.25;

/** Open at the top: known to be hollow, or with a cavity in the middle of its mesh. */
export function isOpen({ model, field }: Actor): boolean {
  if (model.hollow) return true;
  const [, , top] = field.high;
  const depth = CAVITY_SHARE * (top - field.low[2]);
  return field.distanceAt([0, 0, top - depth]) > 0;
}

/** Surface-to-surface distance at given poses, metres, 0 when touching or overlapping. */
export const gapAt = (a: Actor, worldFromA: Mat4, b: Actor, worldFromB: Mat4): number =>
  Math.max(0, signedGapAt(a, worldFromA, b, worldFromB));

/** The same, negative when overlapping. */
function signedGapAt(a: Actor, worldFromA: Mat4, b: Actor, worldFromB: Mat4): number {
  const bFromA = compose(inverse(worldFromB), worldFromA);
  return surfaceDistance(a.field, b.field, bFromA, inverse(bFromA));
}

export function gapInFrame(a: Actor, b: Actor, frame: number): number {
  return gapAt(a, a.track.worldFromObject[frame], b, b.track.worldFromObject[frame]);
}

export const signedGapInFrame = (a: Actor, b: Actor, frame: number): number =>
  signedGapAt(a, a.track.worldFromObject[frame], b, b.track.worldFromObject[frame]);

/** Height at which the object's bottom is when it stands on the table: near 0, off by the errors of pose and plane. */
export function tableLevel(actor: Actor): number {
  const sorted = [...actor.bottomM].sort((a, b) => a - b);
  const low = sorted[Math.floor(sorted.length / 10)];
  return Math.abs(low) < 0.05 ? low : 0;
}

/** Can something be poured into it? Open things, and round ones: bowls and cups whose inside was not made out. */
export const canReceive = (actor: Actor): boolean => isOpen(actor) || actor.model.symmetry === 'z';

/**
 * Can the object stay where it is in this frame without a hand? On the table, or touching another object; not when it is held
 * tilted over something that can be poured into.
 */
export function isSupported(actor: Actor, others: readonly Actor[], frame: number): boolean {
  const tolerance = Math.max(TABLE_TOLERANCE_M, 3 * actor.track.sdM);
  if (actor.bottomM[frame] < tableLevel(actor) + tolerance) return true;
  const poses = actor.track.worldFromObject;
  const tilted = tiltBetween(poses[0], poses[frame]) > UNSTABLE_TILT_RAD;
  const touch = Math.max(TOUCH_M, 2 * actor.track.sdM);
  return others.some((other) => {
    if (other.id === actor.id || gapInFrame(actor, other, frame) >= touch) return false;
    const top = heightRange(other.field, other.track.worldFromObject[frame])[1];
    return !tilted || !canReceive(other) || poses[frame][11] < top;
  });
}
