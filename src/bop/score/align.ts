/** Poses that are compared: constant object-frame offsets, symmetry and global scale taken out (what cannot be told apart is no error). */
import {
  compose,
  fromAxisAngle,
  identity,
  inverse,
  type Mat4,
  quaternionOf,
  rotationAngleBetween,
  transformDirection,
  translationOf,
} from '../../math/se3.js';
import { add, cross, distance, dot, norm, scale, type Vec3 } from '../../math/vec3.js';
import { averageRotation } from './average-rotation.js';

export type Symmetry = { kind: 'none' } | { kind: 'axial'; axis: Vec3 } | { kind: 'cyclic'; axis: Vec3; count: number };
export type Pose = Mat4 | null;

/** A pose as found and as it truly was, of one object in one frame. */
export interface PosePair {
  frame: number;
  found: Mat4;
  truth: Mat4;
}

/** The object's own turn that brings `pose` nearest to `truth`, out of those its symmetry allows; both map from the true object frame. */
export function turnedNearest(pose: Mat4, truth: Mat4, symmetry: Symmetry): Mat4 {
  if (symmetry.kind === 'none') return pose;
  const { axis } = symmetry;
  if (symmetry.kind === 'cyclic') {
    const turns = Array.from({ length: symmetry.count }, (_, i) =>
      compose(pose, fromAxisAngle(axis, (2 * Math.PI * i) / symmetry.count)),
    );
    return turns.reduce((best, turn) =>
      rotationAngleBetween(turn, truth) < rotationAngleBetween(best, truth) ? turn : best,
    );
  }
  // Swing-twist: the twist of truthFromPose about the axis is the nearest free turn.
  const [w, x, y, z] = quaternionOf(compose(inverse(pose), truth));
  const along = dot([x, y, z], axis);
  return compose(pose, fromAxisAngle(axis, 2 * Math.atan2(along, w)));
}

/** Iterations of the reweighting; the offset moves by less than a micrometre well before. */
const ROUNDS = 40;
/** Distances below these count as equal, so that weights stay finite: 10 micrometres, 0.006 degrees. */
const MIN_DISTANCE_M = 1e-5;
const MIN_ANGLE_RAD = 1e-4;

/**
 * foundFromTrue: the constant offset between the object frames that makes the sum of the remaining distances least (L1 by
 * reweighting, Weiszfeld 1937; rotations by quaternion averages, Markley 2007), so that a few wild frames do not pull it.
 */
export function constantOffset(pairs: readonly PosePair[], symmetry: Symmetry): Mat4 {
  if (pairs.length === 0) return identity();
  let offset = startOffset(pairs, symmetry);
  for (let round = 0; round < ROUNDS; round++) {
    const wanted = pairs.map(({ found, truth }) => {
      const pose = turnedNearest(compose(found, offset), truth, symmetry);
      const spin = compose(inverse(compose(found, offset)), pose);
      return compose(inverse(found), truth, inverse(spin));
    });
    const weightsM = wanted.map((w) => 1 / Math.max(MIN_DISTANCE_M, distance(translationOf(w), translationOf(offset))));
    const weightsRad = wanted.map((w) => 1 / Math.max(MIN_ANGLE_RAD, rotationAngleBetween(w, offset)));
    const total = weightsM.reduce((a, b) => a + b, 0);
    const centre = wanted.reduce<Vec3>(
      (sum, w, i) => add(sum, scale(translationOf(w), weightsM[i] / total)),
      [0, 0, 0],
    );
    const next = averageRotation(wanted, weightsRad);
    [next[3], next[7], next[11]] = centre;
    offset = next;
  }
  return offset;
}

/** The frame whose own offset serves the others best; for turning bodies only where it puts the axis counts. */
function startOffset(pairs: readonly PosePair[], symmetry: Symmetry): Mat4 {
  const step = Math.max(1, Math.floor(pairs.length / 24));
  const sample = pairs.filter((_, i) => i % step === 0);
  const candidates = sample.map(({ found, truth }) => compose(inverse(found), truth));
  const cost = (offset: Mat4): number =>
    sample.reduce((sum, pair) => sum + poseError(compose(pair.found, offset), pair.truth, symmetry).angleRad, 0);
  const costs = candidates.map(cost);
  return candidates[costs.indexOf(Math.min(...costs))];
}

/** What is left between two poses of the true object frame. */
export function poseError(pose: Mat4, truth: Mat4, symmetry: Symmetry): { distanceM: number; angleRad: number } {
  const nearest = turnedNearest(pose, truth, symmetry);
  return {
    distanceM: distance(translationOf(nearest), translationOf(truth)),
    angleRad: rotationAngleBetween(nearest, truth),
  };
}

/** The pose with its translation times `factor`: the same picture of a world that much larger. */
export function scaledPose(pose: Mat4, factor: number): Mat4 {
  const out = [...pose];
  for (const i of [3, 7, 11]) out[i] *= factor;
  return out;
}

/** The global factor on found positions that fits the true ones best (least squares over all frames and objects). */
export function globalScale(pairs: readonly PosePair[]): number {
  let along = 0;
  let square = 0;
  for (const { found, truth } of pairs) {
    along += dot(translationOf(found), translationOf(truth));
    square += dot(translationOf(found), translationOf(found));
  }
  return square > 0 ? along / square : 1;
}

/** Angle between the directions that two poses give to one axis of the object, radians: a tilt, whatever the turn about it. */
export function axisAngle(a: Mat4, b: Mat4, axis: Vec3): number {
  const inA = transformDirection(a, axis);
  const inB = transformDirection(b, axis);
  return Math.atan2(norm(cross(inA, inB)), dot(inA, inB));
}
