/** First configurations for a pose, where no earlier one shows the way: several starts, the best solution kept. */
import { compose, inverse, type Mat4, translationOf } from '../math/se3.js';
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
const ENOUGH = 4;

/** Starting points: home turned towards the target, with different wrists and elbows. The most natural ones come first. */
export function ikSeeds(robot: RobotModel, baseFromTool: Mat4): number[][] {
  const [x, y] = translationOf(baseFromTool);
  const azimuth = Math.atan2(y, x);
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
