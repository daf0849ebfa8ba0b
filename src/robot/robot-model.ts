/** What the program knows about an arm: a serial chain of turning joints with a two-finger gripper at its end. */
import type { Mat4 } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';

/** A turning joint. Its link's frame sits on the joint and turns with it: parentFromLink = parentFromJoint RotZ(q). */
export interface Joint {
  readonly name: string;
  readonly link: string;
  /** Fixed part of the transform, at q = 0. */
  readonly parentFromJoint: Mat4;
  readonly lowerRad: number;
  readonly upperRad: number;
  /** rad/s */
  readonly maxVelocity: number;
  /** rad/s^2 */
  readonly maxAcceleration: number;
  /** rad/s^3 */
  readonly maxJerk: number;
}

/** Parallel gripper: fingers close along the tool's y, the hand approaches along the tool's +z. */
export interface Gripper {
  /** Largest opening between the pads, metres. */
  readonly maxWidthM: number;
  /** Speed of the opening (both fingers together), m/s. */
  readonly widthSpeed: number;
  /** Hand frame (palm) seen from the tool frame. */
  readonly toolFromHand: Mat4;
  /** Along the hand's z from the palm's frame to the finger frames, metres. */
  readonly fingerFrameZM: number;
  /** How far the finger tips reach beyond the tool point, metres. */
  readonly tipBeyondToolM: number;
  /** Width of a finger across the closing direction (tool x), metres. */
  readonly fingerWidthM: number;
  /** Thickness of a finger along the closing direction (tool y), metres. */
  readonly fingerThicknessM: number;
  /** Free length of the fingers from the palm's face to the tool point, metres: nothing thicker fits in between. */
  readonly fingerReachM: number;
}

/** A capsule fixed to a link: all points within `radiusM` of the segment a-b. */
export interface Capsule {
  /** 0 = base, i = link of joint i, `joints.length + 1` = hand. */
  readonly frame: number;
  readonly a: Vec3;
  readonly b: Vec3;
  readonly radiusM: number;
}

export interface RobotModel {
  readonly name: string;
  readonly joints: readonly Joint[];
  /** Tool frame (between the finger tips) seen from the last link. */
  readonly lastFromTool: Mat4;
  /** A comfortable configuration to start and end at. */
  readonly home: readonly number[];
  readonly gripper: Gripper;
  readonly capsules: readonly Capsule[];
}
