/** Joint paths along tool poses, and free ways between configurations. */
import { compose, inverse, type Mat4 } from '../math/se3.js';
import { type IkOptions, solveIk } from './ik.js';
import type { RobotModel } from './robot-model.js';

/** Largest turn of a joint between neighbouring poses of a path, radians: more is a jump to another branch. */
const LARGEST_STEP_RAD = 0.35;
/** Share of the way to the preferred configuration taken per pose in the null space. */
const PULL = 0.03;

/**
 * Joint positions that lead the tool through `worldFromTool` poses, starting near `seed`, without jumps. Stops at the first pose
 * that cannot be reached: the result is then shorter than the input.
 */
export function followPoses(
  robot: RobotModel,
  worldFromBase: Mat4,
  worldFromTool: readonly Mat4[],
  seed: readonly number[],
  options: IkOptions = {},
): number[][] {
  const baseFromWorld = inverse(worldFromBase);
  const path: number[][] = [];
  let q: readonly number[] = seed;
  for (const pose of worldFromTool) {
    const result = solveIk(robot, compose(baseFromWorld, pose), q, {
      preferred: robot.home.with(0, q[0]),
      pull: path.length === 0 ? 0 : PULL,
      ...options,
    });
    const jumps = path.length > 0 && result.q.some((value, i) => Math.abs(value - q[i]) > LARGEST_STEP_RAD);
    if (!result.ok || jumps) break;
    path.push(result.q);
    q = result.q;
  }
  return path;
}
