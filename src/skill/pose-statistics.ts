/** Means, smoothing and noise levels of pose sequences. */
import {
  compose,
  expRotation,
  fromQuaternion,
  inverse,
  logRotation,
  type Mat4,
  type QuatWxyz,
  quaternionOf,
} from '../math/se3.js';
import { norm, type Vec3 } from '../math/vec3.js';

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Middle pose: median per coordinate, mean rotation of the half that agrees best. Needs at least one pose. */
export function robustMeanPose(poses: readonly Mat4[]): Mat4 {
  const t: Vec3 = [median(poses.map((m) => m[3])), median(poses.map((m) => m[7])), median(poses.map((m) => m[11]))];
  const quaternions = poses.map(quaternionOf);
  let mean = meanQuaternion(quaternions);
  const angles = quaternions.map((q) => quaternionAngle(q, mean));
  const limit = 2 * median(angles) + 1e-9;
  mean = meanQuaternion(quaternions.filter((_, i) => angles[i] <= limit));
  return fromQuaternion(mean, t);
}

function quaternionAngle(a: QuatWxyz, b: QuatWxyz): number {
  const cos = Math.abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]);
  return 2 * Math.acos(Math.min(1, cos));
}

/** Normalised sum after bringing all to one hemisphere: the chordal mean for rotations that lie close together. */
function meanQuaternion(quaternions: readonly QuatWxyz[], weights?: readonly number[]): QuatWxyz {
  const first = quaternions[0];
  const sum: QuatWxyz = [0, 0, 0, 0];
  quaternions.forEach((q, i) => {
    const sign = q[0] * first[0] + q[1] * first[1] + q[2] * first[2] + q[3] * first[3] < 0 ? -1 : 1;
    const w = sign * (weights?.[i] ?? 1);
    for (let k = 0; k < 4; k++) sum[k] += w * q[k];
  });
  const length = Math.hypot(...sum);
  return length < 1e-9 ? first : [sum[0] / length, sum[1] / length, sum[2] / length, sum[3] / length];
}

/**
 * Gaussian smoothing of a pose sequence that keeps the first and the last pose exactly: beyond the ends the sequence
 * goes on mirrored through the end pose (odd reflection), so the weighted mean at an end is the end itself.
 */
export function smoothPoses(poses: readonly Mat4[], sigmaFrames: number): Mat4[] {
  const last = poses.length - 1;
  if (last < 2 || sigmaFrames <= 0) return [...poses];
  const reach = Math.min(Math.ceil(2.5 * sigmaFrames), last);
  const weights = Array.from({ length: reach + 1 }, (_, k) => Math.exp(-0.5 * (k / sigmaFrames) ** 2));
  const at = (i: number): Mat4 => {
    if (i < 0) return reflect(poses[0], poses[-i]);
    if (i > last) return reflect(poses[last], poses[2 * last - i]);
    return poses[i];
  };
  return poses.map((pose, i) => {
    if (i === 0 || i === last) return pose;
    const near: Mat4[] = [];
    const w: number[] = [];
    for (let k = -reach; k <= reach; k++) {
      near.push(at(i + k));
      w.push(weights[Math.abs(k)]);
    }
    const total = w.reduce((a, b) => a + b, 0);
    const mean = (c: number): number => near.reduce((sum, m, k) => sum + w[k] * m[c], 0) / total;
    return fromQuaternion(meanQuaternion(near.map(quaternionOf), w), [mean(3), mean(7), mean(11)]);
  });
}

/** The pose as far on the other side of `centre` as `pose` is on this side. */
function reflect(centre: Mat4, pose: Mat4): Mat4 {
  const turn = logRotation(compose(centre, inverse(pose)));
  const out = compose(expRotation(turn), centre);
  out[3] = 2 * centre[3] - pose[3];
  out[7] = 2 * centre[7] - pose[7];
  out[11] = 2 * centre[11] - pose[11];
  return out;
}

/**
 * Frame-to-frame noise of a sequence of 3-vectors, as a standard deviation per axis: from second differences, which
 * smooth motion hardly touches (their variance is 6 sigma^2), by the median, which the few moving frames do not move.
 */
export function noiseLevel(values: readonly Vec3[]): number {
  const lengths: number[] = [];
  for (let i = 1; i + 1 < values.length; i++) {
    const [a, b, c] = [values[i - 1], values[i], values[i + 1]];
    lengths.push(norm([a[0] - 2 * b[0] + c[0], a[1] - 2 * b[1] + c[1], a[2] - 2 * b[2] + c[2]]));
  }
  if (lengths.length === 0) return 0;
  // 1.538 is the median length of a standard normal 3-vector.
  return median(lengths) / (1.538 * Math.sqrt(6));
}
