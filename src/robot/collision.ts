/**
 * Distances between the arm, made of capsules, and what it must not touch. Everything is signed: negative means inside.
 * Placed capsules are rows of 7 numbers: a (3), b (3), radius, in metres.
 */
import { compose, type Mat4 } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { armFrames, fingerFrames } from './kinematics.js';
import type { RobotModel } from './robot-model.js';

export const CAPSULE_STRIDE = 7;

/** The arm's capsules at one configuration, in the frame that `frameFromBase` leads to. */
export interface PlacedArm {
  /** [C, 7] f64 */
  readonly capsules: Float64Array;
  /** [C] frame index of each capsule as in `Capsule.frame`; fingers have `FINGER_FRAME`. */
  readonly frames: readonly number[];
}

/** Stands for both fingers in `PlacedArm.frames`: beyond any link. */
export const FINGER_FRAME = 1000;
export function placeArm(robot: RobotModel, q: ArrayLike<number>, widthM: number, frameFromBase: Mat4): PlacedArm {
  const { links, tool } = armFrames(robot, q);
  const fingers = fingerFrames(robot, tool, widthM);
  const numFinger = robot.gripper.fingers.reduce((sum, finger) => sum + finger.capsules.length, 0);
  const capsules = new Float64Array((robot.capsules.length + numFinger) * CAPSULE_STRIDE);
  const frames: number[] = [];
  const put = (frameFromPart: Mat4, a: Vec3, b: Vec3, radiusM: number, frame: number): void => {
    const at = frames.length * CAPSULE_STRIDE;
    const m = frameFromPart;
    for (let r = 0; r < 3; r++) {
      capsules[at + r] = m[r * 4] * a[0] + m[r * 4 + 1] * a[1] + m[r * 4 + 2] * a[2] + m[r * 4 + 3];
      capsules[at + 3 + r] = m[r * 4] * b[0] + m[r * 4 + 1] * b[1] + m[r * 4 + 2] * b[2] + m[r * 4 + 3];
    }
    capsules[at + 6] = radiusM;
    frames.push(frame);
  };
  const placed = links.map((baseFromLink) => compose(frameFromBase, baseFromLink));
  for (const part of robot.capsules) put(placed[part.frame], part.a, part.b, part.radiusM, part.frame);
  fingers.forEach((baseFromFinger, k) => {
    const frameFromFinger = compose(frameFromBase, baseFromFinger);
    for (const { a, b, radiusM } of robot.gripper.fingers[k].capsules)
      put(frameFromFinger, a, b, radiusM, FINGER_FRAME);
  });
  return { capsules, frames };
}

/** Distance from a point to the segment a-b. All coordinates in one frame. */
export function pointSegmentDistance(
  px: number,
  py: number,
  pz: number,
  capsules: ArrayLike<number>,
  at: number,
): number {
  const ax = capsules[at];
  const ay = capsules[at + 1];
  const az = capsules[at + 2];
  const dx = capsules[at + 3] - ax;
  const dy = capsules[at + 4] - ay;
  const dz = capsules[at + 5] - az;
  const squared = dx * dx + dy * dy + dz * dz;
  const along = squared > 0 ? ((px - ax) * dx + (py - ay) * dy + (pz - az) * dz) / squared : 0;
  const t = Math.min(1, Math.max(0, along));
  return Math.sqrt((px - ax - t * dx) ** 2 + (py - ay - t * dy) ** 2 + (pz - az - t * dz) ** 2);
}

const clamp01 = (x: number): number => Math.min(1, Math.max(0, x));

/** Distance between two segments. Source: Ericson 2005, "Real-Time Collision Detection", section 5.1.9. */
export function segmentDistance(c: ArrayLike<number>, i: number, j: number): number {
  const d1x = c[i + 3] - c[i];
  const d1y = c[i + 4] - c[i + 1];
  const d1z = c[i + 5] - c[i + 2];
  const d2x = c[j + 3] - c[j];
  const d2y = c[j + 4] - c[j + 1];
  const d2z = c[j + 5] - c[j + 2];
  const rx = c[i] - c[j];
  const ry = c[i + 1] - c[j + 1];
  const rz = c[i + 2] - c[j + 2];
  const a = d1x * d1x + d1y * d1y + d1z * d1z;
  const e = d2x * d2x + d2y * d2y + d2z * d2z;
  const f = d2x * rx + d2y * ry + d2z * rz;
  const g = d1x * rx + d1y * ry + d1z * rz;
  const b = d1x * d2x + d1y * d2y + d1z * d2z;
  const tiny = 1e-12;
  let s = 0;
  let t = 0;
  if (a > tiny && e > tiny) {
    const denominator = a * e - b * b;
    s = denominator > tiny ? clamp01((b * f - g * e) / denominator) : 0;
    t = (b * s + f) / e;
    if (t < 0 || t > 1) {
      t = clamp01(t);
      s = clamp01((b * t - g) / a);
    }
  } else if (a > tiny) {
    s = clamp01(-g / a);
  } else if (e > tiny) {
    t = clamp01(f / e);
  }
  return Math.hypot(rx + d1x * s - d2x * t, ry + d1y * s - d2y * t, rz + d1z * s - d2z * t);
}

/**
 * Least distance of the capsules whose frame is at least `fromFrame` to a cloud of points ([M, 3] f64, same frame as the arm),
 * not looked for beyond `cutoffM`.
 */
export function clearanceToPoints(arm: PlacedArm, points: Float64Array, fromFrame = 2, cutoffM = 0.2): number {
  const numPoints = points.length / 3;
  if (numPoints === 0) return cutoffM;
  const [centre, radius] = boundingSphere(points);
  let least = cutoffM;
  for (let c = 0; c < arm.frames.length; c++) {
    if (arm.frames[c] < fromFrame) continue;
    const at = c * CAPSULE_STRIDE;
    const capsuleRadius = arm.capsules[at + 6];
    const toSphere = pointSegmentDistance(centre[0], centre[1], centre[2], arm.capsules, at) - radius - capsuleRadius;
    if (toSphere >= least) continue;
    for (let k = 0; k < points.length; k += 3) {
      const d = pointSegmentDistance(points[k], points[k + 1], points[k + 2], arm.capsules, at) - capsuleRadius;
      if (d < least) least = d;
    }
  }
  return least;
}

function boundingSphere(points: Float64Array): [Vec3, number] {
  const centre: Vec3 = [0, 0, 0];
  const n = points.length / 3;
  for (let k = 0; k < points.length; k++) centre[k % 3] += points[k] / n;
  let squared = 0;
  for (let k = 0; k < points.length; k += 3) {
    squared = Math.max(
      squared,
      (points[k] - centre[0]) ** 2 + (points[k + 1] - centre[1]) ** 2 + (points[k + 2] - centre[2]) ** 2,
    );
  }
  return [centre, Math.sqrt(squared)];
}

/** Least height above the plane z = 0 of the capsules whose frame is at least `fromFrame` (the base stands on the table). */
export function clearanceToTable(arm: PlacedArm, fromFrame = 2): number {
  let least = Number.POSITIVE_INFINITY;
  for (let c = 0; c < arm.frames.length; c++) {
    if (arm.frames[c] < fromFrame) continue;
    const at = c * CAPSULE_STRIDE;
    least = Math.min(least, Math.min(arm.capsules[at + 2], arm.capsules[at + 5]) - arm.capsules[at + 6]);
  }
  return least;
}

/** Least distance between the parts of the arm that can meet (`selfPairs`). */
export function selfClearance(robot: RobotModel, arm: PlacedArm): number {
  const handFrame = robot.joints.length + 1;
  const mayMeet = mayMeetTable(robot);
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < arm.frames.length; i++) {
    for (let j = i + 1; j < arm.frames.length; j++) {
      if (!mayMeet[Math.min(arm.frames[i], handFrame) * (handFrame + 1) + Math.min(arm.frames[j], handFrame)]) continue;
      const a = i * CAPSULE_STRIDE;
      const b = j * CAPSULE_STRIDE;
      least = Math.min(least, segmentDistance(arm.capsules, a, b) - arm.capsules[a + 6] - arm.capsules[b + 6]);
    }
  }
  return least;
}

const tables = new WeakMap<RobotModel, Uint8Array>();

/** [F, F] 1 where the pair of frames is in `selfPairs`, in either order. */
function mayMeetTable(robot: RobotModel): Uint8Array {
  const known = tables.get(robot);
  if (known) return known;
  const size = robot.joints.length + 2;
  const table = new Uint8Array(size * size);
  for (const [a, b] of robot.selfPairs) {
    table[a * size + b] = 1;
    table[b * size + a] = 1;
  }
  tables.set(robot, table);
  return table;
}
