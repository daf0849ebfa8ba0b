/**
 * Rigid transforms. `Mat4` is 4x4 row-major f64 as a plain array of 16, named `aFromB`: it maps points of frame b into
 * frame a. Quaternions are `wxyz`, unit length. Twists are [v, w]: translation part first, rotation vector second.
 */
import { add, cross, dot, norm, scale, type Vec3 } from './vec3.js';

export type Mat4 = number[];
export type QuatWxyz = [number, number, number, number];
/** [vx, vy, vz, wx, wy, wz] in metres and radians. */
export type Twist = [number, number, number, number, number, number];

export const identity = (): Mat4 => [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** aFromC = compose(aFromB, bFromC), for any number of factors. */
export function compose(first: Mat4, second: Mat4, ...more: Mat4[]): Mat4 {
  let product = multiply(first, second);
  for (let k = 0; k < more.length; k++) product = multiply(product, more[k]);
  return product;
}

/** Written out, into an array made with its values in it: engines keep those as plain numbers. The last row of both is (0, 0, 0, 1). */
function multiply(a: Mat4, b: Mat4): Mat4 {
  const b0 = b[0];
  const b1 = b[1];
  const b2 = b[2];
  const b3 = b[3];
  const b4 = b[4];
  const b5 = b[5];
  const b6 = b[6];
  const b7 = b[7];
  const b8 = b[8];
  const b9 = b[9];
  const b10 = b[10];
  const b11 = b[11];
  return [
    a[0] * b0 + a[1] * b4 + a[2] * b8,
    a[0] * b1 + a[1] * b5 + a[2] * b9,
    a[0] * b2 + a[1] * b6 + a[2] * b10,
    a[0] * b3 + a[1] * b7 + a[2] * b11 + a[3],
    a[4] * b0 + a[5] * b4 + a[6] * b8,
    a[4] * b1 + a[5] * b5 + a[6] * b9,
    a[4] * b2 + a[5] * b6 + a[6] * b10,
    a[4] * b3 + a[5] * b7 + a[6] * b11 + a[7],
    a[8] * b0 + a[9] * b4 + a[10] * b8,
    a[8] * b1 + a[9] * b5 + a[10] * b9,
    a[8] * b2 + a[9] * b6 + a[10] * b10,
    a[8] * b3 + a[9] * b7 + a[10] * b11 + a[11],
    0,
    0,
    0,
    1,
  ];
}

/** Inverse of a rigid transform (rotation + translation, no scale). */
export function inverse(m: Mat4): Mat4 {
  const [a, b, c, x, d, e, f, y, g, h, i, z] = m;
  return [
    a,
    d,
    g,
    -(a * x + d * y + g * z),
    b,
    e,
    h,
    -(b * x + e * y + h * z),
    c,
    f,
    i,
    -(c * x + f * y + i * z),
    0,
    0,
    0,
    1,
  ];
}

export const transformPoint = (m: Mat4, p: Vec3): Vec3 => [
  m[0] * p[0] + m[1] * p[1] + m[2] * p[2] + m[3],
  m[4] * p[0] + m[5] * p[1] + m[6] * p[2] + m[7],
  m[8] * p[0] + m[9] * p[1] + m[10] * p[2] + m[11],
];

export const transformDirection = (m: Mat4, d: Vec3): Vec3 => [
  m[0] * d[0] + m[1] * d[1] + m[2] * d[2],
  m[4] * d[0] + m[5] * d[1] + m[6] * d[2],
  m[8] * d[0] + m[9] * d[1] + m[10] * d[2],
];

export const translationOf = (m: Mat4): Vec3 => [m[3], m[7], m[11]];

/** Transform from the columns of its rotation (axes of b seen in a) and its translation (origin of b in a). */
export const fromAxes = (x: Vec3, y: Vec3, z: Vec3, origin: Vec3): Mat4 => [
  x[0],
  y[0],
  z[0],
  origin[0],
  x[1],
  y[1],
  z[1],
  origin[1],
  x[2],
  y[2],
  z[2],
  origin[2],
  0,
  0,
  0,
  1,
];

export const fromTranslation = (t: Vec3): Mat4 => fromAxes([1, 0, 0], [0, 1, 0], [0, 0, 1], t);

/** Column `i` (0 = x, 1 = y, 2 = z) of the rotation. */
export const axisOf = (m: Mat4, i: 0 | 1 | 2): Vec3 => [m[i], m[4 + i], m[8 + i]];

export function fromQuaternion(q: QuatWxyz, t: Vec3 = [0, 0, 0]): Mat4 {
  const [w, x, y, z] = q;
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    t[0],
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    t[1],
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
    t[2],
    0,
    0,
    0,
    1,
  ];
}

/** Unit quaternion of the rotation part, w >= 0 (Shepperd's method: divides by the largest component). */
export function quaternionOf(m: Mat4): QuatWxyz {
  const trace = m[0] + m[5] + m[10];
  let q: QuatWxyz;
  if (trace > 0) {
    const s = 2 * Math.sqrt(1 + trace);
    q = [s / 4, (m[9] - m[6]) / s, (m[2] - m[8]) / s, (m[4] - m[1]) / s];
  } else if (m[0] > m[5] && m[0] > m[10]) {
    const s = 2 * Math.sqrt(1 + m[0] - m[5] - m[10]);
    q = [(m[9] - m[6]) / s, s / 4, (m[1] + m[4]) / s, (m[2] + m[8]) / s];
  } else if (m[5] > m[10]) {
    const s = 2 * Math.sqrt(1 + m[5] - m[0] - m[10]);
    q = [(m[2] - m[8]) / s, (m[1] + m[4]) / s, s / 4, (m[6] + m[9]) / s];
  } else {
    const s = 2 * Math.sqrt(1 + m[10] - m[0] - m[5]);
    q = [(m[4] - m[1]) / s, (m[2] + m[8]) / s, (m[6] + m[9]) / s, s / 4];
  }
  const length = Math.hypot(...q) * (q[0] < 0 ? -1 : 1);
  return [q[0] / length, q[1] / length, q[2] / length, q[3] / length];
}

export function multiplyQuaternions(a: QuatWxyz, b: QuatWxyz): QuatWxyz {
  return [
    a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
    a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
    a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
    a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
  ];
}

/** Spherical interpolation along the shorter arc. */
export function slerp(a: QuatWxyz, b: QuatWxyz, t: number): QuatWxyz {
  let cos = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const sign = cos < 0 ? -1 : 1;
  cos *= sign;
  const angle = Math.acos(Math.min(1, cos));
  const nearlyEqual = angle < 1e-6;
  const wa = nearlyEqual ? 1 - t : Math.sin((1 - t) * angle) / Math.sin(angle);
  const wb = sign * (nearlyEqual ? t : Math.sin(t * angle) / Math.sin(angle));
  const q: QuatWxyz = [wa * a[0] + wb * b[0], wa * a[1] + wb * b[1], wa * a[2] + wb * b[2], wa * a[3] + wb * b[3]];
  const length = Math.hypot(...q);
  return [q[0] / length, q[1] / length, q[2] / length, q[3] / length];
}

/** Interpolates rotation by slerp and translation linearly. */
export function interpolate(a: Mat4, b: Mat4, t: number): Mat4 {
  const ta = translationOf(a);
  const tb = translationOf(b);
  return fromQuaternion(slerp(quaternionOf(a), quaternionOf(b), t), add(scale(ta, 1 - t), scale(tb, t)));
}

/** Rotation about a unit axis (right-hand rule). */
export function fromAxisAngle(axis: Vec3, angleRad: number, t: Vec3 = [0, 0, 0]): Mat4 {
  const s = Math.sin(angleRad / 2);
  return fromQuaternion([Math.cos(angleRad / 2), axis[0] * s, axis[1] * s, axis[2] * s], t);
}

/** Rotation about z, then translation: poses of things standing on the table. */
export const fromYaw = (yawRad: number, t: Vec3 = [0, 0, 0]): Mat4 => fromAxisAngle([0, 0, 1], yawRad, t);

/** Rotation vector (axis times angle, angle in [0, pi]) of the rotation part. */
export function logRotation(m: Mat4): Vec3 {
  const [w, x, y, z] = quaternionOf(m);
  const sine = Math.hypot(x, y, z);
  if (sine < 1e-9) return [2 * x, 2 * y, 2 * z];
  const factor = (2 * Math.atan2(sine, w)) / sine;
  return [x * factor, y * factor, z * factor];
}

/** Rotation matrix of a rotation vector. */
export function expRotation(w: Vec3): Mat4 {
  const angle = norm(w);
  return angle < 1e-12
    ? fromQuaternion(normalizeQuat([1, w[0] / 2, w[1] / 2, w[2] / 2]))
    : fromAxisAngle(scale(w, 1 / angle), angle);
}

function normalizeQuat(q: QuatWxyz): QuatWxyz {
  const length = Math.hypot(...q);
  return [q[0] / length, q[1] / length, q[2] / length, q[3] / length];
}

/** Exponential map of se(3). Source: Sola et al. 2018, "A micro Lie theory", eqs. 172-174. */
export function expTwist(twist: Twist): Mat4 {
  const v: Vec3 = [twist[0], twist[1], twist[2]];
  const w: Vec3 = [twist[3], twist[4], twist[5]];
  const angle = norm(w);
  const out = expRotation(w);
  const a = angle < 1e-5 ? 0.5 - (angle * angle) / 24 : (1 - Math.cos(angle)) / (angle * angle);
  const b = angle < 1e-5 ? 1 / 6 - (angle * angle) / 120 : (angle - Math.sin(angle)) / (angle * angle * angle);
  const wv = cross(w, v);
  const t = add(v, add(scale(wv, a), scale(cross(w, wv), b)));
  out[3] = t[0];
  out[7] = t[1];
  out[11] = t[2];
  return out;
}

/** Angle in radians between the rotations of two transforms. */
export const rotationAngleBetween = (a: Mat4, b: Mat4): number => norm(logRotation(compose(inverse(a), b)));

/** The rigid transform's rotation made exactly orthonormal again (Gram-Schmidt), after many products. */
export function orthonormalize(m: Mat4): Mat4 {
  return fromQuaternion(quaternionOf(m), translationOf(m));
}

/** Rotation that takes unit vector `from` onto unit vector `to` by the shortest way (Rodrigues). */
export function rotationBetween(from: Vec3, to: Vec3): Mat4 {
  const axis = cross(from, to);
  const sine = norm(axis);
  const cosine = dot(from, to);
  if (sine < 1e-12) {
    if (cosine > 0) return identity();
    const helper: Vec3 = Math.abs(from[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0];
    const perpendicularAxis = cross(from, helper);
    return fromAxisAngle(scale(perpendicularAxis, 1 / norm(perpendicularAxis)), Math.PI);
  }
  return fromAxisAngle(scale(axis, 1 / sine), Math.atan2(sine, cosine));
}

/** [V, 3] moved by a transform. */
export function transformVertices(m: Mat4, vertices: Float64Array): Float64Array {
  const out = new Float64Array(vertices.length);
  for (let i = 0; i < vertices.length; i += 3) {
    const [x, y, z] = [vertices[i], vertices[i + 1], vertices[i + 2]];
    out[i] = m[0] * x + m[1] * y + m[2] * z + m[3];
    out[i + 1] = m[4] * x + m[5] * y + m[6] * z + m[7];
    out[i + 2] = m[8] * x + m[9] * y + m[10] * z + m[11];
  }
  return out;
}
