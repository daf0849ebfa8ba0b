/** Projection of Gaussians to screen ellipses in f64 (EWA splatting: Zwicker et al. 2001; 3DGS eq. 5). */
import type { Intrinsics } from '../../math/camera.js';
import type { Mat4 } from '../../math/se3.js';
import { ALPHA_CUT, FACING_AWAY, JACOBIAN_MARGIN, LOW_PASS_PX2, NEAR_M } from '../constants.js';

/** One visible Gaussian on the screen. */
export interface ScreenSplat {
  instanceIdx: number;
  gaussianIdx: number;
  label: number;
  /** Mean in pixels (centres at +0.5) and z-depth in metres. */
  u: number;
  v: number;
  depthM: number;
  /** Inverse of the 2D covariance: [a, b; b, c] in 1/px^2. */
  a: number;
  b: number;
  c: number;
  /** Opacity after the anti-aliasing compensation. */
  opacity: number;
  red: number;
  green: number;
  blue: number;
  /** Half-open pixel box in which alpha can reach 1/255. */
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Range of x/z and y/z at which the Jacobian is evaluated (the image plus a margin, off-centre principal point included). */
export interface JacobianLimits {
  xMin: number;
  xMax: number;
  yMin: number;
  yMax: number;
}

export function jacobianLimits(camera: Intrinsics): JacobianLimits {
  const { widthPx, heightPx, fx, fy, cx, cy } = camera;
  const marginX = (JACOBIAN_MARGIN * widthPx) / (2 * fx);
  const marginY = (JACOBIAN_MARGIN * heightPx) / (2 * fy);
  return {
    xMin: -cx / fx - marginX,
    xMax: (widthPx - cx) / fx + marginX,
    yMin: -cy / fy - marginY,
    yMax: (heightPx - cy) / fy + marginY,
  };
}

export const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** Camera-frame quantities of one Gaussian that both passes need. */
export interface CameraSplat {
  /** Mean in the camera frame, metres. */
  x: number;
  y: number;
  z: number;
  /** Covariance in the camera frame, row-major 3x3, square metres. */
  covariance: Float64Array;
  /** Jacobian of the projection, row-major 2x3, px per metre. */
  jacobian: Float64Array;
  /** 2D covariance before the low-pass: xx, xy, yy in px^2. */
  xx: number;
  xy: number;
  yy: number;
}

export const createCameraSplat = (): CameraSplat => ({
  x: 0,
  y: 0,
  z: 0,
  covariance: new Float64Array(9),
  jacobian: new Float64Array(6),
  xx: 0,
  xy: 0,
  yy: 0,
});

/** Fills `out` for Gaussian `i`; false when it lies in front of the near plane (out is then undefined). */
export function toCamera(
  camera: Intrinsics,
  limits: JacobianLimits,
  pose: Mat4,
  scale: number,
  position: Float32Array,
  covariance: Float64Array,
  i: number,
  out: CameraSplat,
): boolean {
  const px = position[3 * i] * scale;
  const py = position[3 * i + 1] * scale;
  const pz = position[3 * i + 2] * scale;
  const z = pose[8] * px + pose[9] * py + pose[10] * pz + pose[11];
  if (!(z >= NEAR_M)) return false;
  out.x = pose[0] * px + pose[1] * py + pose[2] * pz + pose[3];
  out.y = pose[4] * px + pose[5] * py + pose[6] * pz + pose[7];
  out.z = z;
  rotateCovariance(pose, scale * scale, covariance, 6 * i, out.covariance);
  const j = out.jacobian;
  j[0] = camera.fx / z;
  j[1] = 0;
  j[2] = (-camera.fx * clamp(out.x / z, limits.xMin, limits.xMax)) / z;
  j[3] = 0;
  j[4] = camera.fy / z;
  j[5] = (-camera.fy * clamp(out.y / z, limits.yMin, limits.yMax)) / z;
  const s = out.covariance;
  const r0 = j[0] * s[0] + j[2] * s[6];
  const r1 = j[0] * s[1] + j[2] * s[7];
  const r2 = j[0] * s[2] + j[2] * s[8];
  out.xx = r0 * j[0] + r2 * j[2];
  out.xy = r1 * j[4] + r2 * j[5];
  out.yy = j[4] * (s[4] * j[4] + s[5] * j[5]) + j[5] * (s[7] * j[4] + s[8] * j[5]);
  return true;
}

/** out = factor * R C R^T for the packed covariance at `offset`. */
function rotateCovariance(pose: Mat4, factor: number, packed: Float64Array, offset: number, out: Float64Array): void {
  const xx = packed[offset] * factor;
  const xy = packed[offset + 1] * factor;
  const xz = packed[offset + 2] * factor;
  const yy = packed[offset + 3] * factor;
  const yz = packed[offset + 4] * factor;
  const zz = packed[offset + 5] * factor;
  for (let r = 0; r < 3; r++) {
    const a = pose[4 * r];
    const b = pose[4 * r + 1];
    const c = pose[4 * r + 2];
    const p = a * xx + b * xy + c * xz;
    const q = a * xy + b * yy + c * yz;
    const t = a * xz + b * yz + c * zz;
    for (let k = 0; k < 3; k++) out[3 * r + k] = p * pose[4 * k] + q * pose[4 * k + 1] + t * pose[4 * k + 2];
  }
}

/** What the projection needs to know of an instance. */
export interface ProjectInput {
  position: Float32Array;
  covariance: Float64Array;
  opacity: Float64Array;
  /** [N, 3]. */
  colour: Float64Array;
  /** [N, 3] of a closed set, set frame. */
  normals: Float64Array | undefined;
  pose: Mat4;
  scale: number;
  label: number;
  instanceIdx: number;
}

/** Does the outward normal point away from the camera, beyond the rim? */
function facesAway(pose: Mat4, normals: Float64Array, i: number, { x, y, z }: CameraSplat): boolean {
  const [a, b, c] = normals.subarray(3 * i, 3 * i + 3);
  const along =
    (pose[0] * a + pose[1] * b + pose[2] * c) * x +
    (pose[4] * a + pose[5] * b + pose[6] * c) * y +
    (pose[8] * a + pose[9] * b + pose[10] * c) * z;
  return along > FACING_AWAY * Math.hypot(x, y, z);
}

/** Appends the visible Gaussians of one instance to `out`. */
export function projectInstance(camera: Intrinsics, input: ProjectInput, antialias: boolean, out: ScreenSplat[]): void {
  const { position, covariance, colour, pose, scale, label, instanceIdx } = input;
  const limits = jacobianLimits(camera);
  const splat = createCameraSplat();
  for (let i = 0; i < input.opacity.length; i++) {
    if (input.opacity[i] < ALPHA_CUT) continue;
    if (!toCamera(camera, limits, pose, scale, position, covariance, i, splat)) continue;
    if (input.normals && facesAway(pose, input.normals, i, splat)) continue;
    const xx = splat.xx + LOW_PASS_PX2;
    const yy = splat.yy + LOW_PASS_PX2;
    const xy = splat.xy;
    const det = xx * yy - xy * xy;
    let opacity = input.opacity[i];
    if (antialias) opacity *= Math.sqrt(Math.max(splat.xx * splat.yy - xy * xy, 0) / det);
    if (!(opacity >= ALPHA_CUT)) continue;
    // alpha = opacity exp(-d^2 / 2) reaches 1/255 where d^2 = reach: the exact box of that ellipse.
    const reach = 2 * Math.log(opacity / ALPHA_CUT);
    const rx = Math.sqrt(reach * xx);
    const ry = Math.sqrt(reach * yy);
    const u = (camera.fx * splat.x) / splat.z + camera.cx;
    const v = (camera.fy * splat.y) / splat.z + camera.cy;
    const x0 = Math.max(0, Math.ceil(u - rx - 0.5));
    const x1 = Math.min(camera.widthPx, Math.floor(u + rx - 0.5) + 1);
    const y0 = Math.max(0, Math.ceil(v - ry - 0.5));
    const y1 = Math.min(camera.heightPx, Math.floor(v + ry - 0.5) + 1);
    if (!(x0 < x1 && y0 < y1)) continue;
    out.push({
      instanceIdx,
      gaussianIdx: i,
      label,
      u,
      v,
      depthM: splat.z,
      a: yy / det,
      b: -xy / det,
      c: xx / det,
      opacity,
      red: colour[3 * i],
      green: colour[3 * i + 1],
      blue: colour[3 * i + 2],
      x0,
      y0,
      x1,
      y1,
    });
  }
}
