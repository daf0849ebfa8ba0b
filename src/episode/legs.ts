/** An episode is a row of legs: ways of the arm from rest to rest, each with its course, duration and gripper opening. */
import { compose, interpolate, type Mat4 } from '../math/se3.js';
import { toolAt } from '../robot/kinematics.js';
import type { RobotModel } from '../robot/robot-model.js';
import { type Course, durationOf, type JointPath, minimumJerk, sampleJointPath } from '../robot/timing.js';
import type { EpisodePlan, Phase, PhaseName } from './episode.js';
import { type Cargo, heldPose, type PushedMotion } from './motion.js';

export interface HeldObject {
  readonly id: number;
  readonly objectFromTool: Mat4;
  /** What lies on it and goes with it. */
  readonly cargo: readonly Cargo[];
}

export interface Leg {
  readonly phase: PhaseName;
  readonly path: JointPath;
  readonly course: Course;
  readonly durationSec: number;
  /** Opening at start and end, metres; changes evenly. */
  readonly widthM: readonly [number, number];
  /** Object in the hand during this leg and how it is held. */
  readonly held: HeldObject | null;
  /** Objects pushed along: worldFromObject evenly spread over the path. */
  readonly pushed?: readonly PushedMotion[];
  /** Objects that this leg brings the hand or the held object to on purpose. */
  readonly contacts: readonly number[];
}

/** Greatest speed of a course over its mean speed: that of `minimumJerk`, the livelier one, is 1.875. */
const FASTEST = 1.9;

/** A leg of the arm along `path`, as slow as limits and `leastSec` ask for. */
export function movingLeg(
  robot: RobotModel,
  path: JointPath,
  leg: Pick<Leg, 'phase' | 'widthM' | 'held' | 'contacts' | 'pushed'>,
  timing: { limitShare: number; leastSec: number; course?: Course },
): Leg {
  const course = timing.course ?? minimumJerk;
  const fingersSec = (FASTEST * Math.abs(leg.widthM[1] - leg.widthM[0])) / robot.gripper.widthSpeed;
  const durationSec = durationOf(robot, path, {
    limitShare: timing.limitShare,
    minDurationSec: Math.max(timing.leastSec, fingersSec),
    course,
  });
  return { ...leg, path, course, durationSec };
}

/** A leg in which only the fingers move. */
export function fingerLeg(
  robot: RobotModel,
  q: readonly number[],
  leg: Pick<Leg, 'phase' | 'widthM' | 'held' | 'contacts'>,
): Leg {
  const travel = Math.abs(leg.widthM[1] - leg.widthM[0]);
  const durationSec = travel / robot.gripper.widthSpeed + SETTLE_SEC;
  return { ...leg, path: { q: [q] }, course: minimumJerk, durationSec };
}

/** The hand stays still for this long around every grasp and release, seconds. */
export const SETTLE_SEC = 0.2;

/** The first part of a carrying arch goes nearly straight up: its frames are called `lift`. */
const LIFT_SHARE = 0.15;

/** Everything of a plan that follows from the legs alone. */
export type SampledLegs = Pick<
  EpisodePlan,
  'numFrames' | 'jointPositions' | 'gripperWidth' | 'objectPoses' | 'phases'
> & {
  /** Leg of every frame. */
  readonly legOfFrame: readonly number[];
};

/**
 * Frames at k / fps seconds of the legs one after the other. Held objects follow the hand as the sampled joint positions put it;
 * all others stay where they were left.
 */
export function sampleLegs(
  robot: RobotModel,
  worldFromBase: Mat4,
  legs: readonly Leg[],
  fps: number,
  start: ReadonlyMap<number, Mat4>,
): SampledLegs {
  const n = robot.joints.length;
  const total = legs.reduce((sum, leg) => sum + leg.durationSec, 0);
  const numFrames = Math.ceil(total * fps) + 1;
  const jointPositions = new Float32Array(numFrames * n);
  const gripperWidth = new Float32Array(numFrames);
  const current = new Map(start);
  const tracks = [...start.keys()].map((id) => ({ id, worldFromObject: new Float64Array(numFrames * 16) }));
  const phases: Phase[] = [];
  const legOfFrame: number[] = [];
  let legIdx = 0;
  let legStart = 0;
  for (let frame = 0; frame < numFrames; frame++) {
    const time = frame / fps;
    while (legIdx < legs.length - 1 && time >= legStart + legs[legIdx].durationSec) {
      // What the leg carried is left exactly where the leg ends, even between two frames.
      const leg = legs[legIdx];
      if (leg.held) carry(current, robot, worldFromBase, leg.path.q.at(-1)!, leg.held);
      for (const { id, poses } of leg.pushed ?? []) current.set(id, poses[poses.length - 1]);
      legStart += leg.durationSec;
      legIdx++;
    }
    const leg = legs[legIdx];
    const u = leg.durationSec > 0 ? Math.min(1, (time - legStart) / leg.durationSec) : 1;
    jointPositions.set(sampleJointPath(leg.path, leg.course(u)[0]), frame * n);
    gripperWidth[frame] = leg.widthM[0] + (leg.widthM[1] - leg.widthM[0]) * fingerCourse(leg, u);
    if (leg.held) {
      const q = jointPositions.subarray(frame * n, (frame + 1) * n);
      carry(current, robot, worldFromBase, q, leg.held);
    }
    for (const { id, poses } of leg.pushed ?? []) current.set(id, poseAlong(poses, leg.course(u)[0]));
    for (const track of tracks) track.worldFromObject.set(current.get(track.id)!, frame * 16);
    legOfFrame.push(legIdx);
    const isArch = leg.phase === 'transfer' && legs[legIdx - 1]?.phase !== 'lift';
    const name = isArch && leg.course(u)[0] < LIFT_SHARE ? 'lift' : leg.phase;
    const open = phases.at(-1);
    if (open && open.name === name && legOfFrame[frame - 1] === legIdx) {
      phases[phases.length - 1] = { ...open, toFrame: frame + 1 };
    } else {
      const contactIds = [...leg.contacts, ...(leg.held?.cargo ?? []).map(({ id }) => id)];
      phases.push({ name, fromFrame: frame, toFrame: frame + 1, heldId: leg.held?.id ?? null, contactIds });
    }
  }
  return { numFrames, jointPositions, gripperWidth, objectPoses: tracks, phases, legOfFrame };
}

/** Moves the held object and what lies on it to where the hand is at `q`. */
function carry(
  current: Map<number, Mat4>,
  robot: RobotModel,
  worldFromBase: Mat4,
  q: ArrayLike<number>,
  held: HeldObject,
): void {
  const pose = heldPose(compose(worldFromBase, toolAt(robot, q)), held.objectFromTool);
  current.set(held.id, pose);
  for (const { id, sourceFromCargo } of held.cargo) current.set(id, compose(pose, sourceFromCargo));
}

/** The pose at share `s` of evenly spread poses. */
function poseAlong(poses: readonly Mat4[], s: number): Mat4 {
  const x = Math.min(1, Math.max(0, s)) * (poses.length - 1);
  const k = Math.min(poses.length - 2, Math.floor(x));
  return k < 0 ? poses[0] : interpolate(poses[k], poses[k + 1], x - k);
}

/** Fingers move in the first part of a still leg and then rest for `SETTLE_SEC`; on moving legs they move all along. */
function fingerCourse(leg: Leg, u: number): number {
  if (leg.path.q.length > 1) return leg.course(u)[0];
  const moving = Math.max(leg.durationSec - SETTLE_SEC, 1e-9);
  return Math.min(1, (u * leg.durationSec) / moving);
}
