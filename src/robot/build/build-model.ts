/** From a description to the model that everything else uses: chain, gripper, capsules, home, how it stands. */
import { UserError } from '../../base/errors.js';
import { compose, identity, inverse, type Mat4, rotationBetween } from '../../math/se3.js';
import type { Vec3 } from '../../math/vec3.js';
import type { JointDescription, RobotDescription } from '../description/description.js';
import { armFrames, limitMargin } from '../kinematics.js';
import { type Capsule, type Gripper, type Joint, type Mount, type RobotModel, toleranceFor } from '../robot-model.js';
import { fitCapsules } from './capsule-fit.js';
import { buildGripper } from './gripper.js';
import { azimuthOf, findHome, findSelfPairs } from './home.js';
import { meshesOf, surfacePointsOf } from './link-surface.js';
import type { MeshLibrary } from './mesh-library.js';
import { divide, type RigidPart, type RobotParts } from './parts.js';

export interface BuiltRobot {
  readonly model: RobotModel;
  /** Parts by `Capsule.frame`; the fingers follow. */
  readonly parts: RobotParts;
  /** What had to be assumed, in sentences. */
  readonly notes: readonly string[];
}

/** Limits that descriptions do not carry: full speed after 0.2 s, full acceleration after 0.05 s. */
const ACCELERATION_PER_VELOCITY = 5;
const JERK_PER_ACCELERATION = 20;
/** For joints without a speed limit, rad/s. */
const USUAL_VELOCITY = 1.5;
const CAPSULE_SPACING_M = 0.008;
/** A hand with a pad of its own has to be known as finely as a finger. */
const FIXED_PAD_FIT = { tooFatM: 0.008, outsideM: 0.004 };
/** The foot is what of the base lies lower than this above the table, and needs this much room around it, metres. */
const FOOT_HEIGHT_M = 0.12;
const FOOT_ROOM_M = 0.02;

export async function buildModel(description: RobotDescription, library: MeshLibrary): Promise<BuiltRobot> {
  const notes: string[] = [];
  const parts = divide(description);
  const found = await buildGripper(description, parts, library);
  if (!found) notes.push('no gripper was found: the arm can be shown and moved, but grips nothing');
  const gripper = found ?? NO_GRIPPER;
  const joints = jointsOf(parts, notes);
  const lastJoint = parts.arm[parts.arm.length - 1];
  const lastFromHand = compose(
    joints[joints.length - 1].jointFromLink,
    lastJoint.part.frames.get(parts.hand.link) ?? identity(),
  );
  const start: RobotModel = {
    name: description.name,
    joints,
    lastFromTool: compose(lastFromHand, inverse(gripper.toolFromHand)),
    home: joints.map(({ lowerRad, upperRad }) => (lowerRad + upperRad) / 2),
    gripper,
    capsules: await capsulesOf(parts, gripper, library),
    selfPairs: [],
    mount: { forwardRad: 0, heightM: 0, footRadiusM: 0.1 },
    tolerance: toleranceFor(joints.length),
  };
  const paired = { ...start, selfPairs: findSelfPairs(start) };
  const home = homeOf(paired, description, parts);
  const mount = await mountOf(parts.base, library, home.forwardRad);
  return { model: { ...paired, home: home.q, mount }, parts, notes };
}

const NO_GRIPPER: Gripper = {
  maxWidthM: 0,
  widthSpeed: 0.1,
  oneSided: false,
  toolFromHand: identity(),
  fingers: [],
  tipBeyondToolM: 0,
  fingerWidthM: 0,
  fingerThicknessM: 0,
  fingerReachM: 0,
  palmHalfM: [0, 0],
};

/** Joints with their z along the axis; whatever is fixed between two of them is part of the later one's placing. */
function jointsOf({ base, arm }: RobotParts, notes: string[]): Joint[] {
  let before: RigidPart = base;
  let jointFromBefore: Mat4 = identity();
  return arm.map(({ joint, part }) => {
    const partFromJoint = compose(before.frames.get(joint.parent)!, joint.parentFromJoint);
    const originFromTurned = rotationBetween([0, 0, 1], joint.axis);
    const jointFromLink = compose(inverse(originFromTurned), joint.jointFromChild);
    const result = {
      name: joint.name,
      link: joint.child,
      parentFromJoint: compose(jointFromBefore, partFromJoint, originFromTurned),
      jointFromLink,
      ...limitsOf(joint, notes),
    };
    before = part;
    jointFromBefore = jointFromLink;
    return result;
  });
}

function limitsOf(
  joint: JointDescription,
  notes: string[],
): Omit<Joint, 'name' | 'link' | 'parentFromJoint' | 'jointFromLink'> {
  const { lower, upper } = joint;
  if (lower >= upper)
    throw new UserError(`joint ${joint.name}: its lower limit ${lower} is not below its upper ${upper}`);
  if (joint.maxVelocity === null) notes.push(`${joint.name} has no speed limit: ${USUAL_VELOCITY} rad/s is assumed`);
  const maxVelocity = joint.maxVelocity ?? USUAL_VELOCITY;
  const maxAcceleration = ACCELERATION_PER_VELOCITY * maxVelocity;
  return {
    lowerRad: Math.max(lower, -Math.PI * 2),
    upperRad: Math.min(upper, Math.PI * 2),
    maxVelocity,
    maxAcceleration,
    maxJerk: JERK_PER_ACCELERATION * maxAcceleration,
  };
}

async function capsulesOf({ base, arm, hand }: RobotParts, gripper: Gripper, library: MeshLibrary): Promise<Capsule[]> {
  const capsules: Capsule[] = [];
  for (const [frame, part] of [base, ...arm.map(({ part }) => part), hand].entries()) {
    const shapes = part.collision.length > 0 ? part.collision : part.visual;
    const points = surfacePointsOf(await meshesOf(shapes, library), CAPSULE_SPACING_M);
    const options = part === hand && gripper.oneSided ? FIXED_PAD_FIT : undefined;
    for (const capsule of fitCapsules(points, options)) capsules.push({ frame, ...capsule });
  }
  return capsules;
}

/** The description's own resting pose where it has one inside the limits, else one that is found. */
function homeOf(
  robot: RobotModel,
  description: RobotDescription,
  parts: RobotParts,
): { q: number[]; forwardRad: number } {
  const named = parts.arm.map(({ joint }) => description.home.get(joint.name));
  if (named.every((value): value is number => value !== undefined) && limitMargin(robot, named) > 0.01) {
    const pointsDown = armFrames(robot, named).tool[10] < -0.5;
    if (pointsDown) return { q: named, forwardRad: azimuthOf(robot, named) };
  }
  const found = findHome(robot);
  return found ?? { q: [...robot.home], forwardRad: azimuthOf(robot, robot.home) };
}

async function mountOf(base: RigidPart, library: MeshLibrary, forwardRad: number): Promise<Mount> {
  const points = surfacePointsOf(await meshesOf(base.visual, library), CAPSULE_SPACING_M);
  if (points.length === 0) return { forwardRad, heightM: 0, footRadiusM: 0.1 };
  const lowest = Math.min(...points.map(([, , z]) => z));
  const foot = points.filter(([, , z]) => z < lowest + FOOT_HEIGHT_M);
  const radius = Math.max(...foot.map(([x, y]: Vec3) => Math.hypot(x, y)));
  return { forwardRad, heightM: -lowest, footRadiusM: radius + FOOT_ROOM_M };
}
