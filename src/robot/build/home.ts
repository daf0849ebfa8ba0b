/** Comfortable configurations and self-collision pairs of arms that are only known by their description. */
import { Random } from '../../base/random.js';
import { compose, fromAxisAngle, fromTranslation, fromYaw, type Mat4, translationOf } from '../../math/se3.js';
import { segmentDistance, selfClearance } from '../collision.js';
import { solveIk } from '../ik.js';
import { armFrames, singularityMargin } from '../kinematics.js';
import { CAPSULE_STRIDE, FINGER_FRAME, placeArm } from '../placed-arm.js';
import type { RobotModel } from '../robot-model.js';

const PAIR_SAMPLES = 400;
/** Parts that overlap in more than this share of random configurations touch by construction. */
const ALWAYS_SHARE = 0.4;

/** Pairs of frames that can meet: not neighbours, and not overlapping most of the time because capsules are round. */
export function findSelfPairs(robot: RobotModel): [number, number][] {
  const random = new Random(21);
  const numFrames = robot.joints.length + 2;
  const met = new Map<string, number>();
  for (let k = 0; k < PAIR_SAMPLES; k++) {
    const q = robot.joints.map(({ lowerRad, upperRad }) => random.uniform(lowerRad, upperRad));
    const arm = placeArm(robot, q, robot.gripper.maxWidthM, IDENTITY);
    const overlapping = new Set<string>();
    for (let i = 0; i < arm.frames.length; i++) {
      for (let j = i + 1; j < arm.frames.length; j++) {
        const [a, b] = [i, j].map((c) => (arm.frames[c] === FINGER_FRAME ? numFrames - 1 : arm.frames[c]));
        const [at, to] = [i * CAPSULE_STRIDE, j * CAPSULE_STRIDE];
        const gap = segmentDistance(arm.capsules, at, to) - arm.capsules[at + 6] - arm.capsules[to + 6];
        if (gap < 0) overlapping.add(`${Math.min(a, b)}-${Math.max(a, b)}`);
      }
    }
    for (const key of overlapping) met.set(key, (met.get(key) ?? 0) + 1);
  }
  const pairs: [number, number][] = [];
  for (let a = 0; a < numFrames; a++) {
    for (let b = a + 2; b < numFrames; b++) {
      if ((met.get(`${a}-${b}`) ?? 0) / PAIR_SAMPLES <= ALWAYS_SHARE) pairs.push([a, b]);
    }
  }
  return pairs;
}

const IDENTITY: Mat4 = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
const STARTS = 60;
/** Tool poses tried: distance from the base's axis and height over the mounting plane, as shares of the arm's length. */
const DISTANCE_SHARES = [0.35, 0.45, 0.55];
const HEIGHT_SHARES = [0.25, 0.4];
const AZIMUTHS = 8;

/**
 * A configuration with the hand pointing down, far from singularities and itself and near the middle of the joints' ranges, the
 * first joint's above all: that tells which direction around the base is ahead.
 */
export function findHome(robot: RobotModel): { q: number[]; forwardRad: number } | null {
  const random = new Random(22);
  const length = robot.joints.slice(1).reduce((sum, { parentFromJoint: m }) => sum + Math.hypot(m[3], m[7], m[11]), 0);
  const { lastFromTool: t } = robot;
  const reach = length + Math.hypot(t[3], t[7], t[11]);
  const middle = robot.joints.map(({ lowerRad, upperRad }) => (lowerRad + upperRad) / 2);
  let best: { q: number[]; forwardRad: number; score: number } | null = null;
  for (let a = 0; a < AZIMUTHS; a++) {
    const azimuth = (2 * Math.PI * a) / AZIMUTHS;
    for (let k = 0; k < STARTS; k++) {
      const d = reach * DISTANCE_SHARES[k % DISTANCE_SHARES.length];
      const height = reach * HEIGHT_SHARES[k % HEIGHT_SHARES.length];
      const target = compose(
        fromTranslation([d * Math.cos(azimuth), d * Math.sin(azimuth), height]),
        fromYaw(azimuth),
        fromAxisAngle([1, 0, 0], Math.PI),
      );
      const seed = robot.joints.map(({ lowerRad, upperRad }, i) =>
        i === 0 ? middle[0] + random.normal(0, 0.3) : random.uniform(lowerRad, upperRad),
      );
      const { ok, q } = solveIk(robot, target, seed, { maxIterations: 40 });
      if (!ok || selfClearance(robot, placeArm(robot, q, robot.gripper.maxWidthM, IDENTITY)) < 0) continue;
      const away = q.map((value, i) => Math.abs(value - middle[i]) / (robot.joints[i].upperRad - middle[i]));
      const low = armFrames(robot, q)
        .links.slice(2)
        .some((frame) => frame[11] < 0);
      const meanAway = away.reduce((sum, value) => sum + value, 0) / away.length;
      const score = 2 * singularityMargin(robot, q) - away[0] - 2 * meanAway - Math.max(...away) - (low ? 1 : 0);
      if (!best || score > best.score) best = { q, forwardRad: azimuthOf(robot, q), score };
    }
  }
  return best;
}

/** Direction of the tool from the base's axis, radians. */
export function azimuthOf(robot: RobotModel, q: readonly number[]): number {
  const [x, y] = translationOf(armFrames(robot, q).tool);
  return Math.atan2(y, x);
}
