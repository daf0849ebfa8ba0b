/** A robot as its file describes it: a tree of links and joints with shapes. URDF and MJCF are both read into this. */
import { compose, fromAxisAngle, fromTranslation, identity, type Mat4 } from '../../math/se3.js';
import { scale, type Vec3 } from '../../math/vec3.js';

/** What a link is made of. Lengths in metres; boxes by full size; cylinders and capsules along z, capsules without their caps. */
export type Shape =
  | { readonly kind: 'mesh'; readonly file: string; readonly scale: Vec3 }
  | { readonly kind: 'box'; readonly size: Vec3 }
  | { readonly kind: 'cylinder' | 'capsule'; readonly radiusM: number; readonly lengthM: number }
  | { readonly kind: 'ellipsoid'; readonly radii: Vec3 };

export interface Geometry {
  readonly shape: Shape;
  readonly linkFromShape: Mat4;
  /** sRGB 0..1, or null: the mesh's own colours. */
  readonly rgb: Vec3 | null;
}

export interface LinkDescription {
  readonly name: string;
  readonly visual: readonly Geometry[];
  readonly collision: readonly Geometry[];
}

/** parentFromChild(q) = parentFromJoint motion(q about or along `axis`) jointFromChild. */
export interface JointDescription {
  readonly name: string;
  readonly kind: 'fixed' | 'turn' | 'slide';
  readonly parent: string;
  readonly child: string;
  readonly parentFromJoint: Mat4;
  readonly jointFromChild: Mat4;
  /** Unit vector in the joint frame. */
  readonly axis: Vec3;
  /** Radians or metres; infinite where the file gives no limit. */
  readonly lower: number;
  readonly upper: number;
  /** rad/s or m/s, null where the file gives none. */
  readonly maxVelocity: number | null;
  /** value = offset + multiplier * value of `joint`. */
  readonly mimic: { readonly joint: string; readonly multiplier: number; readonly offset: number } | null;
}

export interface RobotDescription {
  readonly name: string;
  /** The link that nothing carries. */
  readonly root: string;
  readonly links: ReadonlyMap<string, LinkDescription>;
  /** Parents before children. */
  readonly joints: readonly JointDescription[];
  /** Joint values of a resting pose that the file names, if any. */
  readonly home: ReadonlyMap<string, number>;
}

/** Motion of a joint at `value`: a turn about, or a way along, its axis. */
export function jointMotion(joint: JointDescription, value: number): Mat4 {
  if (joint.kind === 'turn') return fromAxisAngle(joint.axis, value);
  return joint.kind === 'slide' ? fromTranslation(scale(joint.axis, value)) : identity();
}

/** rootFromLink of every link. `values`: radians or metres by joint name, 0 where missing; joints that mimic follow theirs. */
export function linkFrames(robot: RobotDescription, values: ReadonlyMap<string, number>): Map<string, Mat4> {
  const frames = new Map<string, Mat4>([[robot.root, identity()]]);
  for (const joint of robot.joints) {
    const value = joint.mimic
      ? joint.mimic.offset + joint.mimic.multiplier * (values.get(joint.mimic.joint) ?? 0)
      : (values.get(joint.name) ?? 0);
    const parent = frames.get(joint.parent)!;
    frames.set(joint.child, compose(parent, joint.parentFromJoint, jointMotion(joint, value), joint.jointFromChild));
  }
  return frames;
}

/** Joints from the root to `link`, in order. */
export function chainTo(robot: RobotDescription, link: string): JointDescription[] {
  const chain: JointDescription[] = [];
  for (let at = link; at !== robot.root; ) {
    const joint = robot.joints.find(({ child }) => child === at)!;
    chain.unshift(joint);
    at = joint.parent;
  }
  return chain;
}
