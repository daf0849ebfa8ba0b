/**
 * Arms with fewer than six joints cannot hold the hand just as a grasp has it. What a grasp leaves open is used up so that they can: the
 * grasp is turned to where the hand really gets, and round things are turned until the hand gets to the end of each motion exactly.
 */
import { compose, fromYaw, inverse, type Mat4 } from '../math/se3.js';
import { solveIk } from '../robot/ik.js';
import { toolAt } from '../robot/kinematics.js';
import { findConfigurations } from '../robot/reach.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { Grasp } from './grasps.js';
import { holdsEveryOrientation, type PlacedManipulation, type PlacedMotion, type Trial } from './trial.js';

/** Rounds of turning a round thing by what is missing, and what is near enough, radians. */
const ROUNDS = 8;
const ALIGNED_RAD = 0.002;

/** The grasp and the task as this arm can do them; null when the hand does not get to the grasp at all. */
export function fitToArm(trial: Trial, grasp: Grasp): { grasp: Grasp; task: PlacedManipulation } | null {
  const { robot, scene } = trial.inputs;
  const { task } = trial;
  if (holdsEveryOrientation(robot)) return { grasp, task };
  const baseFromWorld = inverse(scene.worldFromBase);
  const wanted = compose(baseFromWorld, task.worldFromSource, grasp.objectFromTool);
  const [found] = findConfigurations(robot, wanted);
  if (!found) return null;
  const sourceFromBase = compose(inverse(task.worldFromSource), scene.worldFromBase);
  const fitted: Grasp = { ...grasp, objectFromTool: compose(sourceFromBase, toolAt(robot, found.q)) };
  let q: readonly number[] = found.q;
  const motions = task.motions.map((motion) => {
    const turned = turnedToReach(trial, motion, fitted, baseFromWorld, q);
    q = turned.q;
    return turned.motion;
  });
  return { grasp: fitted, task: { ...task, motions } };
}

/** The motion turned about the axis of a round target, or with the source about its own, so that its end is in the hand's reach. */
function turnedToReach(
  { inputs, state }: Trial,
  motion: PlacedMotion,
  { objectFromTool }: Grasp,
  baseFromWorld: Mat4,
  seed: readonly number[],
): { motion: PlacedMotion; q: readonly number[] } {
  const { robot, objects } = inputs;
  const target = objects.find(({ id }) => id === motion.targetId);
  const worldFromTarget = motion.targetId === null ? undefined : state.standing.get(motion.targetId);
  const isFree = motion.pushed.length === 0 && target?.symmetry === 'z' && worldFromTarget !== undefined;
  const turn = (pose: Mat4, angleRad: number): Mat4 =>
    isFree ? compose(worldFromTarget, fromYaw(angleRad), inverse(worldFromTarget), pose) : pose;
  let angleRad = 0;
  let q = seed;
  for (let round = 0; round < ROUNDS; round++) {
    const wanted = compose(baseFromWorld, turn(motion.poses[motion.poses.length - 1], angleRad), objectFromTool);
    q = solveIk(robot, wanted, q).q;
    const missingRad = yawBetween(robot, wanted, q);
    if (!isFree || Math.abs(missingRad) < ALIGNED_RAD) break;
    angleRad += missingRad;
  }
  return { motion: { ...motion, poses: motion.poses.map((pose) => turn(pose, angleRad)) }, q };
}

/** Turn about the vertical from the wanted tool pose to the one at `q`, radians. The base stands upright. */
function yawBetween(robot: RobotModel, wanted: Mat4, q: readonly number[]): number {
  const tool = toolAt(robot, q);
  const turn = compose(tool, inverse(wanted));
  return Math.atan2(turn[4] - turn[1], turn[0] + turn[5]);
}
