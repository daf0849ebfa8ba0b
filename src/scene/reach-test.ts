/** Can the arm bring its hand, pointing down, to places on and above the table? */
import { compose, fromAxisAngle, fromTranslation, fromYaw, inverse, type Mat4 } from '../math/se3.js';
import { limitMargin } from '../robot/kinematics.js';
import { downwardReach, reachable } from '../robot/reach.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { Point2 } from './polygon.js';

/** Height of the tool above the table when it grasps something small, metres. */
const GRASP_HEIGHT_M = 0.03;
/** Height at which it carries things over others, as a share of how far out it grasps: 0.22 m for the Franka. */
const CARRY_HEIGHT_SHARE = 0.275;
/** Both heights that a place must be reached at. */
export const workHeights = (robot: RobotModel): [number, number] => [
  GRASP_HEIGHT_M,
  Math.max(2 * GRASP_HEIGHT_M, CARRY_HEIGHT_SHARE * downwardReach(robot)[1]),
];
/** Least distance to any joint limit that counts as reaching, as a share of the joint's half range. */
const MIN_LIMIT_MARGIN = 0.03;
/** The fingers may close along any direction: these turns from the radial one are tried as separate wishes, radians. */
export const HAND_TURNS = [0, Math.PI / 3, -Math.PI / 3];

/** Tool pose above a place: approach straight down, fingers turned by `turn` from the base's direction to the place. */
export function downwardTool(worldFromBase: Mat4, [x, y]: Point2, heightM: number, turn: number): Mat4 {
  const radial = Math.atan2(y - worldFromBase[7], x - worldFromBase[3]);
  // Half a turn about x points the tool's z down.
  return compose(fromTranslation([x, y, heightM]), fromYaw(radial + turn), fromAxisAngle([1, 0, 0], Math.PI));
}

export function reaches(robot: RobotModel, worldFromBase: Mat4, worldFromTool: Mat4): boolean {
  const baseFromTool = compose(inverse(worldFromBase), worldFromTool);
  // Quick refusal: farther from the first joint than the arm is long.
  if (
    Math.hypot(baseFromTool[3], baseFromTool[7], baseFromTool[11] - robot.joints[0].parentFromJoint[11]) >
    armLength(robot)
  )
    return false;
  const q = reachable(robot, worldFromBase, worldFromTool);
  return q !== null && limitMargin(robot, q) >= MIN_LIMIT_MARGIN;
}

/** Upper bound of the reach: the sum of all link offsets and the tool. */
function armLength(robot: RobotModel): number {
  const offsets = [...robot.joints.map((j) => j.parentFromJoint), robot.lastFromTool];
  return offsets.reduce((sum, m) => sum + Math.hypot(m[3], m[7], m[11]), 0);
}

/** Share of places x heights x hand turns that the arm reaches, 0..1. */
export function reachShareOf(robot: RobotModel, worldFromBase: Mat4, places: readonly Point2[]): number {
  let tried = 0;
  let good = 0;
  for (const place of places) {
    for (const height of workHeights(robot)) {
      for (const turn of HAND_TURNS) {
        tried++;
        if (reaches(robot, worldFromBase, downwardTool(worldFromBase, place, height, turn))) good++;
      }
    }
  }
  return tried === 0 ? 0 : good / tried;
}
