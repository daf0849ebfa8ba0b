/**
 * Distances between the arm, made of capsules, and what it must not touch. Everything is signed: negative means inside.
 * Placed capsules are rows of 7 numbers: a (3), b (3), radius, in metres.
 */
import type { Vec3 } from '../math/vec3.js';
import { CAPSULE_STRIDE, type PlacedArm } from './placed-arm.js';
import type { RobotModel } from './robot-model.js';

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

/**
 * Distance between the segments in row offset `i` of `c` and row offset `j` of `d`. Source: Ericson 2005, "Real-Time Collision
 * Detection", section 5.1.9.
 */
export function segmentDistance(c: ArrayLike<number>, i: number, j: number, d: ArrayLike<number> = c): number {
  const d1x = c[i + 3] - c[i];
  const d1y = c[i + 4] - c[i + 1];
  const d1z = c[i + 5] - c[i + 2];
  const d2x = d[j + 3] - d[j];
  const d2y = d[j + 4] - d[j + 1];
  const d2z = d[j + 5] - d[j + 2];
  const rx = c[i] - d[j];
  const ry = c[i + 1] - d[j + 1];
  const rz = c[i + 2] - d[j + 2];
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
  return Math.sqrt((rx + d1x * s - d2x * t) ** 2 + (ry + d1y * s - d2y * t) ** 2 + (rz + d1z * s - d2z * t) ** 2);
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
    const reach = least + capsuleRadius;
    const nearest = reach > 0 ? nearestPoint(points, arm.capsules, at, reach) : reach;
    if (nearest < reach) least = nearest - capsuleRadius;
  }
  return least;
}

/** Whether the capsules whose frame is at least `fromFrame` keep `limitM` from all points: asks no further than the first that is nearer. */
export function isClearOfPoints(arm: PlacedArm, points: Float64Array, fromFrame: number, limitM: number): boolean {
  if (points.length === 0) return true;
  const [centre, radius] = boundingSphere(points);
  for (let c = 0; c < arm.frames.length; c++) {
    if (arm.frames[c] < fromFrame) continue;
    const at = c * CAPSULE_STRIDE;
    const reach = limitM + arm.capsules[at + 6];
    if (reach <= 0) continue;
    if (pointSegmentDistance(centre[0], centre[1], centre[2], arm.capsules, at) - radius >= reach) continue;
    const squared = reach * reach;
    if (nearestSquared(points, arm.capsules, at, squared, squared) < squared) return false;
  }
  return true;
}

/** Least distance of the points to a capsule's segment, not looked for beyond `cutoffM`. */
const nearestPoint = (points: Float64Array, c: Float64Array, at: number, cutoffM: number): number =>
  Math.sqrt(nearestSquared(points, c, at, cutoffM * cutoffM, 0));

/** The least squared distance of the points to a capsule's segment that is below `most` (else `most`), or the first below `enough`. */
function nearestSquared(points: Float64Array, c: Float64Array, at: number, most: number, enough: number): number {
  const ax = c[at];
  const ay = c[at + 1];
  const az = c[at + 2];
  const dx = c[at + 3] - ax;
  const dy = c[at + 4] - ay;
  const dz = c[at + 5] - az;
  const length2 = dx * dx + dy * dy + dz * dz;
  const perLength2 = length2 > 0 ? 1 / length2 : 0;
  let least = most;
  for (let k = 0; k < points.length; k += 3) {
    const px = points[k] - ax;
    const py = points[k + 1] - ay;
    const pz = points[k + 2] - az;
    const t = clamp01((px * dx + py * dy + pz * dz) * perLength2);
    const ex = px - t * dx;
    const ey = py - t * dy;
    const ez = pz - t * dz;
    const squared = ex * ex + ey * ey + ez * ez;
    if (!(squared < least)) continue;
    least = squared;
    if (least < enough) break;
  }
  return least;
}

const spheres = new WeakMap<Float64Array, [Vec3, number]>();

/** Worked out once per cloud: clouds are never changed in place. */
function boundingSphere(points: Float64Array): [Vec3, number] {
  const known = spheres.get(points);
  if (known) return known;
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
  const sphere: [Vec3, number] = [centre, Math.sqrt(squared)];
  spheres.set(points, sphere);
  return sphere;
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

/** Least distance between the parts of the arm that can meet (`selfPairs`), not looked for beyond `cutoffM`. */
export function selfClearance(robot: RobotModel, arm: PlacedArm, cutoffM = Number.POSITIVE_INFINITY): number {
  const { capsules: c } = arm;
  const { offsets, reachesM } = capsulePairs(robot, arm);
  let least = cutoffM;
  for (let k = 0; k < reachesM.length; k++) {
    const a = offsets[2 * k];
    const b = offsets[2 * k + 1];
    const x = c[a] + c[a + 3] - c[b] - c[b + 3];
    const y = c[a + 1] + c[a + 4] - c[b + 1] - c[b + 4];
    const z = c[a + 2] + c[a + 5] - c[b + 2] - c[b + 5];
    // Middles so far apart (this is twice their distance) that no other points can be nearer than what was found.
    const far = 2 * (least + reachesM[k]);
    if (far > 0 && x * x + y * y + z * z > far * far) continue;
    least = Math.min(least, segmentDistance(c, a, b) - c[a + 6] - c[b + 6]);
  }
  return least;
}

interface CapsulePairs {
  /** [P, 2] rows of the capsules that can meet. */
  readonly offsets: Int32Array;
  /** [P] how far both together reach from their middles, metres. */
  readonly reachesM: Float64Array;
}

const knownPairs = new WeakMap<RobotModel, CapsulePairs>();
const ROUNDING_M = 1e-6;

function capsulePairs(robot: RobotModel, { frames, capsules }: PlacedArm): CapsulePairs {
  const known = knownPairs.get(robot);
  if (known) return known;
  const handFrame = robot.joints.length + 1;
  const mayMeet = mayMeetTable(robot);
  const offsets: number[] = [];
  const reachesM: number[] = [];
  const reachOf = (at: number): number => {
    const [ax, ay, az, bx, by, bz, radiusM] = capsules.subarray(at, at + CAPSULE_STRIDE);
    return Math.hypot(bx - ax, by - ay, bz - az) / 2 + radiusM;
  };
  for (let i = 0; i < frames.length; i++) {
    for (let j = i + 1; j < frames.length; j++) {
      if (!mayMeet[Math.min(frames[i], handFrame) * (handFrame + 1) + Math.min(frames[j], handFrame)]) continue;
      const [a, b] = [i * CAPSULE_STRIDE, j * CAPSULE_STRIDE];
      offsets.push(a, b);
      reachesM.push(reachOf(a) + reachOf(b) + ROUNDING_M);
    }
  }
  const pairs = { offsets: Int32Array.from(offsets), reachesM: Float64Array.from(reachesM) };
  knownPairs.set(robot, pairs);
  return pairs;
}

/** [F, F] 1 where the pair of frames is in `selfPairs`, in either order. */
function mayMeetTable(robot: RobotModel): Uint8Array {
  const size = robot.joints.length + 2;
  const table = new Uint8Array(size * size);
  for (const [a, b] of robot.selfPairs) {
    table[a * size + b] = 1;
    table[b * size + a] = 1;
  }
  return table;
}
