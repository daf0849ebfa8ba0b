/** Pose and relative pose errors of matched objects. */

import {
  axisAngle,
  constantOffset,
  type Pose,
  type PosePair,
  poseError,
  type Symmetry,
  scaledPose,
  turnedNearest,
} from '../../src/bop/score/align.js';
import { compose, fromAxisAngle, fromTranslation, inverse, type Mat4, translationOf } from '../../src/math/se3.js';
import { distance } from '../../src/math/vec3.js';
import { DEG, meanOf } from './stats.js';

export interface PoseScores {
  /** After the best constant offset between the object frames, the symmetry respected; means over frames. */
  errorCm: number | null;
  errorDeg: number | null;
  /** The same over the frames in which the object truly moves. */
  movingCm: number | null;
  movingDeg: number | null;
  /** Of the object's z axis only: tilt, whatever its turn. */
  tiltDeg: number | null;
  /** Between the box centres, without any offset: where the object is. */
  centreCm: number | null;
  /** Share of the frames with a pose, of those in which the object is seen. */
  coverage: number;
  foundFromTrue: Mat4;
}

/** Motion per frame from which an object counts as moving: 1 mm or half a degree. */
const MOVING_M = 1e-3;
const MOVING_RAD = 0.5 / DEG;

/** Poses per frame in the camera frame; `visible` is the share of the object that is truly seen. */
export function scorePoses(
  found: readonly Pose[],
  truth: readonly Mat4[],
  visible: readonly number[],
  symmetry: Symmetry,
  factor = 1,
): PoseScores {
  const seen = truth.map((_, k) => k).filter((k) => visible[k] > 0);
  const pairs: PosePair[] = seen.flatMap((frame) => {
    const pose = found[frame];
    return pose ? [{ frame, found: scaledPose(pose, factor), truth: truth[frame] }] : [];
  });
  const foundFromTrue = constantOffset(pairs, symmetry);
  const errors = pairs.map((pair) => {
    const pose = compose(pair.found, foundFromTrue);
    const before = truth[Math.max(0, pair.frame - 1)];
    const step = poseError(before, pair.truth, { kind: 'none' });
    return {
      ...poseError(pose, pair.truth, symmetry),
      tiltRad: axisAngle(pose, pair.truth, symmetry.kind === 'none' ? [0, 0, 1] : symmetry.axis),
      centreM: distance(translationOf(pair.found), translationOf(pair.truth)),
      moving: step.distanceM > MOVING_M || step.angleRad > MOVING_RAD,
    };
  });
  const moving = errors.filter((error) => error.moving);
  const mean = (list: readonly number[], unit: number): number | null => meanOf(list.map((value) => value * unit));
  return {
    errorCm: mean(
      errors.map((e) => e.distanceM),
      100,
    ),
    errorDeg: mean(
      errors.map((e) => e.angleRad),
      DEG,
    ),
    movingCm: mean(
      moving.map((e) => e.distanceM),
      100,
    ),
    movingDeg: mean(
      moving.map((e) => e.angleRad),
      DEG,
    ),
    tiltDeg: mean(
      errors.map((e) => e.tiltRad),
      DEG,
    ),
    centreCm: mean(
      errors.map((e) => e.centreM),
      100,
    ),
    coverage: seen.length > 0 ? pairs.length / seen.length : 0,
    foundFromTrue,
  };
}

/** One object of a relative motion: true poses, its symmetry, and how its true frame lies in the found one. */
export interface Side {
  truth: readonly Mat4[];
  symmetry: Symmetry;
  foundFromTrue: Mat4;
}

export interface RelScores {
  errorCm: number | null;
  errorDeg: number | null;
  /** Where the task ends. */
  endCm: number | null;
  /** Tilt of the source only. */
  tiltDeg: number | null;
  frames: number;
}

/** Steps of the search for the target's free turn. */
const NUM_TURNS = 360;

/**
 * Error of T_rel along a task. The origins of both frames come from the poses (`foundFromTrue`); free is only what cannot be
 * told apart: one turn of the target about its axis of symmetry, and one constant orientation of the source's own frame.
 * `targetFromSource` [n] begins at `fromFrame`; positions are multiplied by `factor`.
 */
export function scoreRelative(
  targetFromSource: readonly Mat4[],
  fromFrame: number,
  source: Side,
  target: Side,
  factor = 1,
): RelScores {
  const origin = fromTranslation(translationOf(source.foundFromTrue));
  const found = targetFromSource.map((pose) =>
    compose(inverse(target.foundFromTrue), scaledPose(pose, factor), origin),
  );
  const truth = found.map((_, i) => {
    const k = Math.min(source.truth.length - 1, fromFrame + i);
    return compose(inverse(target.truth[k]), source.truth[k]);
  });
  const cost = (turn: Mat4): number =>
    found.reduce((sum, pose, i) => sum + distance(translationOf(compose(turn, pose)), translationOf(truth[i])), 0);
  const turn = freeTurns(target.symmetry).reduce((best, next) => (cost(next) < cost(best) ? next : best));
  const pairs: PosePair[] = found.map((pose, i) => ({ frame: i, found: compose(turn, pose), truth: truth[i] }));
  const orientation = constantOffset(pairs, source.symmetry);
  [orientation[3], orientation[7], orientation[11]] = [0, 0, 0];
  const errors = pairs.map((pair) => {
    const pose = turnedNearest(compose(pair.found, orientation), pair.truth, source.symmetry);
    const axis = source.symmetry.kind === 'none' ? ([0, 0, 1] as const) : source.symmetry.axis;
    return {
      ...poseError(pose, pair.truth, { kind: 'none' }),
      tiltRad: axisAngle(pose, pair.truth, [axis[0], axis[1], axis[2]]),
    };
  });
  const last = errors.at(-1);
  return {
    errorCm: meanOf(errors.map((e) => 100 * e.distanceM)),
    errorDeg: meanOf(errors.map((e) => DEG * e.angleRad)),
    endCm: last ? 100 * last.distanceM : null,
    tiltDeg: meanOf(errors.map((e) => DEG * e.tiltRad)),
    frames: errors.length,
  };
}

function freeTurns(symmetry: Symmetry): Mat4[] {
  if (symmetry.kind === 'none') return [fromTranslation([0, 0, 0])];
  const count = symmetry.kind === 'cyclic' ? symmetry.count : NUM_TURNS;
  return Array.from({ length: count }, (_, i) => fromAxisAngle(symmetry.axis, (2 * Math.PI * i) / count));
}
