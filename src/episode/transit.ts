/** Free ways of the empty (or holding) hand through joint space. */
import { compose, type Mat4, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import { solveIk } from '../robot/ik.js';
import { toolAt } from '../robot/kinematics.js';
import type { RobotModel } from '../robot/robot-model.js';
import { planJointPath } from '../robot/rrt-connect.js';
import type { JointPath } from '../robot/timing.js';
import type { CollisionWorld } from './collision-world.js';

export interface Transit extends JointPath {
  /** Way of the tool, metres. */
  readonly lengthM: number;
}

/** Heights by which the middle of the way is raised when the straight one is not free, metres. */
const DETOURS_M = [0, 0.12, 0.25];
const POINTS = 25;
const CHECK_EVERY = 2;
/** Configurations that the planner may look at before the way counts as blocked: some tens of milliseconds. */
const MAX_CHECKS = 1500;

/**
 * A smooth joint path from `from` to `to` that stays clear of everything standing, or null: straight, else over an arch, else
 * around by a sampling planner.
 */
export function freeTransit(
  robot: RobotModel,
  world: CollisionWorld,
  worldFromBase: Mat4,
  clouds: ReadonlyMap<number, Float64Array>,
  from: readonly number[],
  to: readonly number[],
  widthM: number,
  clearanceM: number,
): Transit | null {
  const nothing = new Set<number>();
  const limits = { tableM: clearanceM, objectsM: clearanceM, contactsM: clearanceM, selfM: clearanceM };
  const isClear = (row: readonly number[]): boolean => world.isFree(row, widthM, clouds, nothing, limits);
  if (!isClear(from) || !isClear(to)) return null;
  for (const rise of DETOURS_M) {
    const middle = from.map((value, i) => (value + to[i]) / 2);
    const via = rise === 0 ? middle : raised(robot, middle, rise);
    if (!via) continue;
    const q = Array.from({ length: POINTS }, (_, k) => {
      const t = k / (POINTS - 1);
      // A parabola through `via` at the middle.
      return from.map((a, i) => a + (to[i] - a) * t + 4 * t * (1 - t) * (via[i] - middle[i]));
    });
    const withinLimits = q.every((row) => row.every((value, i) => inLimits(robot, value, i)));
    const clear = withinLimits && q.every((row, k) => k % CHECK_EVERY !== 0 || isClear(row));
    if (clear) return { q, lengthM: toolWay(robot, worldFromBase, q) };
  }
  const q = planJointPath(robot, from, to, { isFree: isClear, maxChecks: MAX_CHECKS });
  return q && { q, lengthM: toolWay(robot, worldFromBase, q) };
}

const inLimits = (robot: RobotModel, value: number, i: number): boolean =>
  value >= robot.joints[i].lowerRad && value <= robot.joints[i].upperRad;

/** The same hand pose `riseM` higher, near `q`. */
function raised(robot: RobotModel, q: readonly number[], riseM: number): number[] | null {
  const pose = toolAt(robot, q);
  const higher: Mat4 = [...pose];
  higher[11] += riseM;
  const result = solveIk(robot, higher, q);
  return result.ok ? result.q : null;
}

function toolWay(robot: RobotModel, worldFromBase: Mat4, q: readonly (readonly number[])[]): number {
  const points = q.map((row) => translationOf(compose(worldFromBase, toolAt(robot, row))));
  return points.reduce((sum, point, k) => (k === 0 ? 0 : sum + distance(point, points[k - 1])), 0);
}
