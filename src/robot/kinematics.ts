/** Forward kinematics and the geometric Jacobian of a serial chain. */
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { compose, fromAxisAngle, fromTranslation, identity, type Mat4 } from '../math/se3.js';
import type { Finger, RobotModel } from './robot-model.js';

/** Every frame of the arm seen from its base. */
export interface ArmFrames {
  /** [0] base (identity), [i] link of joint i, [n + 1] hand. The indices of `Capsule.frame`. */
  readonly links: Mat4[];
  readonly tool: Mat4;
}

/** baseFromX for all links, the hand and the tool. `q`: n joint angles, radians. */
export function armFrames(robot: RobotModel, q: ArrayLike<number>): ArmFrames {
  const links: Mat4[] = [identity()];
  let baseFromJoint = identity();
  robot.joints.forEach((joint, i) => {
    baseFromJoint = compose(baseFromJoint, joint.parentFromJoint, fromAxisAngle([0, 0, 1], q[i]));
    links.push(compose(baseFromJoint, joint.jointFromLink));
  });
  const tool = compose(baseFromJoint, robot.lastFromTool);
  links.push(compose(tool, robot.gripper.toolFromHand));
  return { links, tool };
}

/** baseFromTool alone. */
export function toolAt(robot: RobotModel, q: ArrayLike<number>): Mat4 {
  let baseFromJoint = identity();
  robot.joints.forEach((joint, i) => {
    baseFromJoint = compose(baseFromJoint, joint.parentFromJoint, fromAxisAngle([0, 0, 1], q[i]));
  });
  return compose(baseFromJoint, robot.lastFromTool);
}

/** baseFromFinger for the fingers of a gripper opened to `widthM`. */
export function fingerFrames(robot: RobotModel, baseFromTool: Mat4, widthM: number): Mat4[] {
  const baseFromHand = compose(baseFromTool, robot.gripper.toolFromHand);
  return handFromFingers(robot, widthM).map((handFromFinger) => compose(baseFromHand, handFromFinger));
}

export function handFromFingers(robot: RobotModel, widthM: number): Mat4[] {
  const { fingers, maxWidthM } = robot.gripper;
  return fingers.map((finger) => {
    const value = valueAtWidth(finger, maxWidthM > 0 ? widthM / maxWidthM : 0);
    const moved = finger.motion === 'slide' ? fromTranslation([0, 0, value]) : fromAxisAngle([0, 0, 1], value);
    return compose(finger.handFromJoint, moved, finger.jointFromFinger);
  });
}

/** Joint value of a finger at a share of the largest opening, continued straight beyond 0..1. */
function valueAtWidth({ valueAtWidth: values }: Finger, share: number): number {
  const last = values.length - 1;
  if (last < 1) return values[0] ?? 0;
  const x = share * last;
  const k = Math.min(last - 1, Math.max(0, Math.floor(x)));
  return values[k] + (x - k) * (values[k + 1] - values[k]);
}

const chainTables = new WeakMap<RobotModel, Float64Array>();

/** [n + 1, 12] f64, row-major 3x4: `parentFromJoint` of every joint, then `lastFromTool`, in one row for solvers. */
function chainTable(robot: RobotModel): Float64Array {
  const known = chainTables.get(robot);
  if (known) return known;
  const steps = [...robot.joints.map(({ parentFromJoint }) => parentFromJoint), robot.lastFromTool];
  const table = new Float64Array(steps.flatMap((step) => step.slice(0, 12)));
  chainTables.set(robot, table);
  return table;
}

const BASE: Mat4 = identity();

/**
 * Fast forward kinematics for solvers: joint frames and the tool's in one flat array, no allocation.
 * `out`: [n + 1, 12] f64, row-major 3x4 per frame; frame n is the tool. Seen from the base, or from where `frameFromBase` leads.
 */
export function chainFramesInto(
  robot: RobotModel,
  q: ArrayLike<number>,
  out: Float64Array,
  frameFromBase: Mat4 = BASE,
): void {
  const n = robot.joints.length;
  const m = chainTable(robot);
  for (let e = 0; e < 12; e++) out[e] = frameFromBase[e];
  for (let i = 0; i <= n; i++) {
    const at = i * 12;
    const from = i === 0 ? 0 : at - 12;
    // The tool is fixed to the last joint.
    const c = i < n ? Math.cos(q[i]) : 1;
    const s = i < n ? Math.sin(q[i]) : 0;
    const m0 = m[at];
    const m1 = m[at + 1];
    const m2 = m[at + 2];
    const m3 = m[at + 3];
    const m4 = m[at + 4];
    const m5 = m[at + 5];
    const m6 = m[at + 6];
    const m7 = m[at + 7];
    const m8 = m[at + 8];
    const m9 = m[at + 9];
    const m10 = m[at + 10];
    const m11 = m[at + 11];
    for (let r = 0; r < 12; r += 4) {
      const a = out[from + r];
      const b = out[from + r + 1];
      const d = out[from + r + 2];
      const x = a * m0 + b * m4 + d * m8;
      const y = a * m1 + b * m5 + d * m9;
      out[at + r + 3] = a * m3 + b * m7 + d * m11 + out[from + r + 3];
      out[at + r + 2] = a * m2 + b * m6 + d * m10;
      out[at + r] = x * c + y * s;
      out[at + r + 1] = y * c - x * s;
    }
  }
}

/**
 * Geometric Jacobian of the tool from `frames` (as `chainFramesInto` fills it): twist of the tool origin in the base frame,
 * linear rows first. `out`: [6, n] f64 row-major. Column i is [z_i x (p - p_i), z_i].
 */
export function jacobianInto(numJoints: number, frames: Float64Array, out: Float64Array): void {
  const t = numJoints * 12;
  for (let i = 0; i < numJoints; i++) {
    const f = i * 12;
    const zx = frames[f + 2];
    const zy = frames[f + 6];
    const zz = frames[f + 10];
    const dx = frames[t + 3] - frames[f + 3];
    const dy = frames[t + 7] - frames[f + 7];
    const dz = frames[t + 11] - frames[f + 11];
    out[i] = zy * dz - zz * dy;
    out[numJoints + i] = zz * dx - zx * dz;
    out[2 * numJoints + i] = zx * dy - zy * dx;
    out[3 * numJoints + i] = zx;
    out[4 * numJoints + i] = zy;
    out[5 * numJoints + i] = zz;
  }
}

/**
 * How far the arm is from losing a direction of motion: the smallest singular value of the tool's Jacobian over the largest, with
 * rotations weighed by `rotationWeightM` (metres per radian). 0 at a singular configuration. For arms of fewer than six joints the
 * smallest of as many values as there are joints.
 */
export function singularityMargin(robot: RobotModel, q: ArrayLike<number>, rotationWeightM = 0.3): number {
  const n = robot.joints.length;
  const frames = new Float64Array((n + 1) * 12);
  const jacobian = new Float64Array(6 * n);
  chainFramesInto(robot, q, frames);
  jacobianInto(n, frames, jacobian);
  for (let k = 3 * n; k < 6 * n; k++) jacobian[k] *= rotationWeightM;
  const rows = Array.from({ length: 6 }, (_, r) => [...jacobian.subarray(r * n, (r + 1) * n)]);
  const values = new SingularValueDecomposition(new Matrix(rows), { autoTranspose: true }).diagonal;
  const counted = values.slice(0, Math.min(6, n));
  return Math.min(...counted) / Math.max(...counted);
}

/** Smallest distance of any joint to its limit, as a share of its half range: 1 in the middle, 0 at a limit, negative beyond. */
export function limitMargin(robot: RobotModel, q: ArrayLike<number>): number {
  let least = 1;
  robot.joints.forEach((joint, i) => {
    const half = (joint.upperRad - joint.lowerRad) / 2;
    least = Math.min(least, (q[i] - joint.lowerRad) / half, (joint.upperRad - q[i]) / half);
  });
  return least;
}
