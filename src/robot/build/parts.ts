/** Divides a description into rigid parts: the base, one per arm joint, and the moving parts of the gripper. */
import { UserError } from '../../base/errors.js';
import { compose, identity, inverse, type Mat4 } from '../../math/se3.js';
import {
  type Geometry,
  type JointDescription,
  jointMotion,
  type RobotDescription,
} from '../description/description.js';

/** Links that never move against one another. */
export interface RigidPart {
  /** The link whose frame is the part's frame. */
  readonly link: string;
  readonly visual: readonly Geometry[];
  readonly collision: readonly Geometry[];
  /** partFromLink of every link in it. */
  readonly frames: ReadonlyMap<string, Mat4>;
}

export interface RobotParts {
  readonly base: RigidPart;
  /** Turning joints from the base to the hand, each with what it moves. */
  readonly arm: readonly { readonly joint: JointDescription; readonly part: RigidPart }[];
  /** What carries the fingers, in the frame of `hand.link`; a part of the last arm link, whose shapes are not repeated here. */
  readonly hand: RigidPart;
  /** Moving parts beyond the hand, parents first. */
  readonly fingers: readonly RigidPart[];
}

const GRIPPER_NAME = /grip|jaw|finger|claw|hand|pinch/i;
const FEWEST_ARM_JOINTS = 3;

export function divide(robot: RobotDescription): RobotParts {
  const moves = (joint: JointDescription): boolean => joint.kind !== 'fixed' && !isBranch.has(joint);
  const isBranch = new Set<JointDescription>();
  const arm = armChain(robot, isBranch);
  if (arm.length < FEWEST_ARM_JOINTS) {
    throw new UserError(
      `${robot.name}: found ${arm.length} turning joints in a row; an arm needs at least ${FEWEST_ARM_JOINTS}`,
      'only serial arms with turning joints can be used',
    );
  }
  const base = rigidPart(robot, robot.root, moves);
  const parts = arm.map((joint) => ({ joint, part: rigidPart(robot, joint.child, moves) }));
  const last = parts[parts.length - 1].part;
  const fingerJoints = robot.joints.filter(
    (joint) => moves(joint) && !arm.includes(joint) && isBeyond(robot, joint, last),
  );
  const carrier = fingerJoints.find((joint) => last.frames.has(joint.parent))?.parent ?? last.link;
  const [rest, hand] = splitHand(robot, last, carrier);
  parts[parts.length - 1] = { ...parts[parts.length - 1], part: rest };
  return { base, arm: parts, hand, fingers: fingerJoints.map((joint) => rigidPart(robot, joint.child, moves)) };
}

/** Moving joints outward from the root; where it branches, the branch with the longest row of turning joints is the arm. */
function armChain(robot: RobotDescription, isBranch: Set<JointDescription>): JointDescription[] {
  const next = (link: string): JointDescription[] =>
    robot.joints
      .filter(({ parent }) => parent === link)
      .flatMap((joint) => (joint.kind === 'fixed' ? next(joint.child) : [joint]));
  const isArmJoint = (joint: JointDescription): boolean =>
    joint.kind === 'turn' && joint.mimic === null && !GRIPPER_NAME.test(joint.name) && !isJaw(joint);
  // A single turning part at the very end whose name speaks of a gripper.
  const isJaw = (joint: JointDescription): boolean => next(joint.child).length === 0 && GRIPPER_NAME.test(joint.child);
  const longest = (link: string): JointDescription[] =>
    next(link)
      .filter(isArmJoint)
      .map((joint) => [joint, ...longest(joint.child)])
      .reduce((best, chain) => (chain.length > best.length ? chain : best), []);
  const arm = longest(robot.root);
  const carried = new Set(arm.map(({ child }) => child));
  // Other arms and wheels stay where they are.
  for (const joint of robot.joints) {
    const onArm = arm.includes(joint) || isUnder(robot, joint.parent, arm.at(-1)?.child ?? robot.root);
    if (joint.kind !== 'fixed' && !onArm && !carried.has(joint.child)) isBranch.add(joint);
  }
  return arm;
}

function isUnder(robot: RobotDescription, link: string, ancestor: string): boolean {
  for (let at: string | undefined = link; at !== undefined; ) {
    if (at === ancestor) return true;
    const here: string = at;
    at = robot.joints.find(({ child }) => child === here)?.parent;
  }
  return false;
}

const isBeyond = (robot: RobotDescription, joint: JointDescription, last: RigidPart): boolean =>
  isUnder(robot, joint.parent, last.link);

/** All links that hang on `link` without a moving joint between; joints of left-out branches stand at 0. */
function rigidPart(robot: RobotDescription, link: string, moves: (joint: JointDescription) => boolean): RigidPart {
  const frames = new Map<string, Mat4>([[link, identity()]]);
  for (const joint of robot.joints) {
    const parent = frames.get(joint.parent);
    if (!parent || moves(joint)) continue;
    frames.set(joint.child, compose(parent, joint.parentFromJoint, jointMotion(joint, 0), joint.jointFromChild));
  }
  return partOf(robot, link, frames);
}

function partOf(robot: RobotDescription, link: string, frames: ReadonlyMap<string, Mat4>): RigidPart {
  const gather = (kind: 'visual' | 'collision'): Geometry[] =>
    [...frames].flatMap(([name, partFromLink]) =>
      robot.links
        .get(name)!
        [kind].map((geometry) => ({ ...geometry, linkFromShape: compose(partFromLink, geometry.linkFromShape) })),
    );
  return { link, frames, visual: gather('visual'), collision: gather('collision') };
}

/** The last arm link without its hand, and the hand (`carrier` and what hangs on it) in its own frame. */
function splitHand(robot: RobotDescription, last: RigidPart, carrier: string): [RigidPart, RigidPart] {
  const lastFromHand = last.frames.get(carrier)!;
  const inHand = [...last.frames].filter(([link]) => isUnder(robot, link, carrier));
  const handFrames = new Map(inHand.map(([link, frame]) => [link, compose(inverse(lastFromHand), frame)]));
  const restFrames = new Map([...last.frames].filter(([link]) => !handFrames.has(link)));
  return [{ ...partOf(robot, last.link, restFrames), frames: last.frames }, partOf(robot, carrier, handFrames)];
}
