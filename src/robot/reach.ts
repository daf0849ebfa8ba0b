/** First configurations for a pose, where no earlier one shows the way: several starts, the best solution kept. */
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  fromYaw,
  identity,
  inverse,
  type Mat4,
  translationOf,
} from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { IkOptions } from './ik.js';
import { solveIk } from './ik.js';
import { limitMargin } from './kinematics.js';
import type { RobotModel } from './robot-model.js';

export interface Configuration {
  readonly q: number[];
  /** Smallest distance to a joint limit as a share of the half range, 0..1. */
  readonly limitMargin: number;
}

/** Turns of the last joint and leans of the elbow (joints 3 and 5) that the starts combine, radians from home. */
const LAST_JOINT_TURNS = [0, -1.2, 1.2, -2.2, 2.2];
const ELBOW_LEANS = [0, -0.8, 0.8];

/** Solutions after which no more are looked for: the starts come in order of how natural they are. */
const ENOUGH = 2;

/** Starting points: home turned towards the target, with different wrists and elbows. The most natural ones come first. */
export function ikSeeds(robot: RobotModel, baseFromTool: Mat4): number[][] {
  const [x, y] = translationOf(baseFromTool);
  const turn1 = Math.atan2(y, x) - robot.mount.forwardRad;
  // Only a first joint that stands upright turns the arm towards the target.
  const upright = robot.joints[0].parentFromJoint[10];
  const azimuth = Math.abs(upright) > 0.9 ? Math.sign(upright) * Math.atan2(Math.sin(turn1), Math.cos(turn1)) : 0;
  const n = robot.joints.length;
  const seeds: number[][] = [];
  for (const lean of ELBOW_LEANS) {
    for (const turn of LAST_JOINT_TURNS) {
      const q = [...robot.home];
      q[0] += azimuth;
      if (n > 6) q[2] += lean;
      q[n - 1] += turn;
      seeds.push(q.map((value, i) => Math.min(robot.joints[i].upperRad, Math.max(robot.joints[i].lowerRad, value))));
    }
  }
  return seeds;
}

/**
 * Different solutions for a tool pose that the starts lead to, best first: far from limits and near home.
 * Two solutions are the same when no joint differs by more than 0.05 rad.
 */
export function findConfigurations(robot: RobotModel, baseFromTool: Mat4, options: IkOptions = {}): Configuration[] {
  const found: (Configuration & { score: number })[] = [];
  for (const seed of ikSeeds(robot, baseFromTool)) {
    const result = solveIk(robot, baseFromTool, seed, { maxIterations: 25, ...options });
    if (!result.ok) continue;
    const known = found.some((other) => other.q.every((value, i) => Math.abs(value - result.q[i]) < 0.05));
    if (known) continue;
    const margin = limitMargin(robot, result.q);
    const away = Math.hypot(...result.q.map((value, i) => (i === 0 ? 0.3 : 1) * (value - robot.home[i])));
    found.push({ q: result.q, limitMargin: margin, score: Math.min(margin, 0.3) - 0.1 * away });
    if (found.length >= ENOUGH) break;
  }
  found.sort((a, b) => b.score - a.score);
  return found.map(({ q, limitMargin }) => ({ q, limitMargin }));
}

/** Quick check of one pose: the first configuration that reaches it, or null. */
export function reachable(robot: RobotModel, worldFromBase: Mat4, worldFromTool: Mat4): number[] | null {
  const baseFromTool = compose(inverse(worldFromBase), worldFromTool);
  for (const seed of ikSeeds(robot, baseFromTool).slice(0, LAST_JOINT_TURNS.length)) {
    const result = solveIk(robot, baseFromTool, seed, { maxIterations: 30 });
    if (result.ok) return result.q;
  }
  return null;
}

/** Heights of the tool above the table between which things are grasped, metres. */
const GRASP_HEIGHT_M = 0.03;
const REACH_STEP_M = 0.01;
const FARTHEST_M = 2;

const reaches = new WeakMap<RobotModel, readonly [number, number]>();

/**
 * Shell of reach: least and greatest distance, metres, from the base's axis to where the hand, pointing straight down, grasps a small
 * thing on the table ahead. [0, 0] when it never does. Worked out once per robot.
 */
export function downwardReach(robot: RobotModel): readonly [number, number] {
  const known = reaches.get(robot);
  if (known) return known;
  let near = 0;
  let far = 0;
  for (let d = REACH_STEP_M; d <= FARTHEST_M; d += REACH_STEP_M) {
    const { forwardRad, heightM } = robot.mount;
    const at: Vec3 = [d * Math.cos(forwardRad), d * Math.sin(forwardRad), GRASP_HEIGHT_M - heightM];
    const baseFromTool = compose(fromTranslation(at), fromYaw(forwardRad), fromAxisAngle([1, 0, 0], Math.PI));
    if (!reachable(robot, identity(), baseFromTool)) {
      if (far > 0) break;
      continue;
    }
    if (far === 0) near = d;
    far = d;
  }
  const shell = [near, far] as const;
  reaches.set(robot, shell);
  return shell;
}

/** Reach of the arm that the lengths of motions (approach, retreat, arches) were chosen for, metres. */
const USUAL_REACH_M = 0.8;

/** What lengths of motions are multiplied with for this arm: a small one cannot lift its hand as high. At most 1. */
export const motionScale = (robot: RobotModel): number => Math.min(1, downwardReach(robot)[1] / USUAL_REACH_M);
