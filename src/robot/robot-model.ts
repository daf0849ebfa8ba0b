/** What the program knows about an arm: a serial chain of turning joints with a gripper at its end. Written by hand or imported. */
import type { Mat4 } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';

/** A turning joint about the z of its own frame: parentJointFromLink = parentFromJoint RotZ(q) jointFromLink. */
export interface Joint {
  readonly name: string;
  readonly link: string;
  /** Joint frame at q = 0 seen from the joint frame before it (the base for the first). */
  readonly parentFromJoint: Mat4;
  /** The link's own frame (its shapes are given in it) seen from the joint frame; turns with the joint. */
  readonly jointFromLink: Mat4;
  readonly lowerRad: number;
  readonly upperRad: number;
  /** rad/s */
  readonly maxVelocity: number;
  /** rad/s^2 */
  readonly maxAcceleration: number;
  /** rad/s^3 */
  readonly maxJerk: number;
}

/** A moving part of the gripper: slides along, or turns about, the z of its joint frame. */
export interface Finger {
  readonly name: string;
  readonly motion: 'slide' | 'turn';
  readonly handFromJoint: Mat4;
  readonly jointFromFinger: Mat4;
  /** Joint value (metres or radians) at openings evenly spread over 0..maxWidthM, both ends included; straight lines between. */
  readonly valueAtWidth: readonly number[];
  /** In the finger frame. */
  readonly capsules: readonly { readonly a: Vec3; readonly b: Vec3; readonly radiusM: number }[];
}

/**
 * Two pads that close along the tool's y while the hand approaches along the tool's +z. With `oneSided` one pad is fixed to the hand
 * and the other moves: the fixed pad lies on the tool's y = 0, the moving one at y = width. Otherwise both move, to y = +-width / 2.
 */
export interface Gripper {
  /** Largest opening between the pads, metres. 0: nothing can be gripped. */
  readonly maxWidthM: number;
  /** Speed of the opening, m/s. */
  readonly widthSpeed: number;
  readonly oneSided: boolean;
  /** Hand frame (palm) seen from the tool frame. */
  readonly toolFromHand: Mat4;
  readonly fingers: readonly Finger[];
  /** How far the finger tips reach beyond the tool point, metres. */
  readonly tipBeyondToolM: number;
  /** Width of a finger across the closing direction (tool x), metres. */
  readonly fingerWidthM: number;
  /** Thickness of a finger along the closing direction (tool y), metres. */
  readonly fingerThicknessM: number;
  /** Free length of the fingers from the palm's face to the tool point, metres: nothing thicker fits in between. */
  readonly fingerReachM: number;
  /** Half extents of the palm along the tool's x and y, metres. */
  readonly palmHalfM: readonly [number, number];
}

/** A capsule fixed to a link: all points within `radiusM` of the segment a-b, in the link's frame. */
export interface Capsule {
  /** 0 = base, i = link of joint i, `joints.length + 1` = hand. */
  readonly frame: number;
  readonly a: Vec3;
  readonly b: Vec3;
  readonly radiusM: number;
}

/** How the arm stands on a table. */
export interface Mount {
  /** Direction in which the arm works at its home configuration, about the base's z from its x, radians. */
  readonly forwardRad: number;
  /** Height of the base frame's origin above the table, metres. */
  readonly heightM: number;
  /** The foot and a little room around it, metres from the base's z axis. */
  readonly footRadiusM: number;
}

/** What inverse kinematics may compromise on. Arms with fewer than six joints cannot take every orientation. */
export interface PoseTolerance {
  /** What a radian of orientation error weighs against metres of position error. */
  readonly rotationWeightM: number;
  readonly positionM: number;
  readonly rotationRad: number;
}

export interface RobotModel {
  readonly name: string;
  readonly joints: readonly Joint[];
  /** Tool frame (between the finger tips) seen from the last joint frame. */
  readonly lastFromTool: Mat4;
  /** A comfortable configuration to start and end at. */
  readonly home: readonly number[];
  readonly gripper: Gripper;
  readonly capsules: readonly Capsule[];
  /** Pairs of frames (as in `Capsule.frame`; fingers count as the hand) that can meet when the arm folds onto itself. */
  readonly selfPairs: readonly (readonly [number, number])[];
  readonly mount: Mount;
  readonly tolerance: PoseTolerance;
}

/** Six joints or more reach any pose; fewer hold the position to a tenth of a millimetre and give way in orientation. */
export function toleranceFor(numJoints: number): PoseTolerance {
  return numJoints >= 6
    ? { rotationWeightM: 1, positionM: 1e-6, rotationRad: 1e-6 }
    : { rotationWeightM: 0.01, positionM: 3e-4, rotationRad: 0.2 };
}
