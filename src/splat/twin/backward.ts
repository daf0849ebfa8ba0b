/** Analytic gradients of what `blend` drew: per splat on the screen, then to the pose of an instance or to its Gaussians. */
import type { Intrinsics } from '../../math/camera.js';
import type { Mat4 } from '../../math/se3.js';
import { rotationOf } from '../covariance.js';
import type { GaussianSet } from '../gaussians.js';
import type { FrameGradient, GaussianGradient, PoseGradient } from '../renderer.js';
import { type Accumulated, forEachPixel } from './blend.js';
import { createCameraSplat, jacobianLimits, type ScreenSplat, toCamera } from './project.js';

/**
 * Values of one splat's gradient, in this order. With G = dL/d(power) per pixel and d = pixel centre - mean:
 * sums of G, G dx, G dy, G dx^2, G dx dy, G dy^2, then of w dL/drgb (3) and w dL/ddepthSum.
 */
export const SCREEN_GRADIENT_STRIDE = 10;

/**
 * Second front-to-back pass: with q = rgb . dL/drgb + dL/dalpha + z dL/ddepthSum of each splat, Q their weighted sum in the
 * pixel and P its running part, dL/dalpha_i = T_i q_i - (Q - P_i) / (1 - alpha_i). Returns [S, 10].
 */
export function screenGradients(
  camera: Intrinsics,
  splats: readonly ScreenSplat[],
  drawn: Accumulated,
  gradient: FrameGradient,
  layerDepthM?: Float32Array,
): Float64Array {
  const numPixels = camera.widthPx * camera.heightPx;
  const out = new Float64Array(splats.length * SCREEN_GRADIENT_STRIDE);
  const transmittance = new Float64Array(numPixels).fill(1);
  const remaining = new Float64Array(numPixels);
  for (let i = 0; i < numPixels; i++) {
    for (let c = 0; c < 3; c++) remaining[i] += drawn.rgb[3 * i + c] * gradient.rgb[3 * i + c];
    remaining[i] += (1 - drawn.transmittance[i]) * gradient.alpha[i];
    if (gradient.depthSum) remaining[i] += drawn.depthSum[i] * gradient.depthSum[i];
  }
  splats.forEach((splat, k) => {
    const at = k * SCREEN_GRADIENT_STRIDE;
    forEachPixel(splat, camera.widthPx, transmittance, layerDepthM, (pixel, dx, dy, alpha, isClamped) => {
      const before = transmittance[pixel];
      const weight = before * alpha;
      const byDepth = gradient.depthSum ? gradient.depthSum[pixel] : 0;
      const red = gradient.rgb[3 * pixel];
      const green = gradient.rgb[3 * pixel + 1];
      const blue = gradient.rgb[3 * pixel + 2];
      const value =
        splat.red * red + splat.green * green + splat.blue * blue + gradient.alpha[pixel] + splat.depthM * byDepth;
      remaining[pixel] -= weight * value;
      transmittance[pixel] = before * (1 - alpha);
      out[at + 6] += weight * red;
      out[at + 7] += weight * green;
      out[at + 8] += weight * blue;
      out[at + 9] += weight * byDepth;
      if (isClamped) return;
      const g = alpha * (before * value - remaining[pixel] / (1 - alpha));
      out[at] += g;
      out[at + 1] += g * dx;
      out[at + 2] += g * dy;
      out[at + 3] += g * dx * dx;
      out[at + 4] += g * dx * dy;
      out[at + 5] += g * dy * dy;
    });
  });
  return out;
}

/** Gradient of the loss by the camera-frame mean (3) and by the camera-frame covariance (symmetric 3x3, as a full matrix). */
interface CameraGradient {
  mean: Float64Array;
  covariance: Float64Array;
}

/** The part of a screen splat that the chain to its Gaussian needs. */
export type ChainSplat = Pick<ScreenSplat, 'instanceIdx' | 'gaussianIdx' | 'a' | 'b' | 'c'>;

/** What the chain from the screen to the camera frame needs of one instance. */
export interface ChainInput {
  set: GaussianSet;
  covariance: Float64Array;
  pose: Mat4;
  scale: number;
  antialias: boolean;
}

/** Visits the splats of one instance with their camera-frame gradients. */
function forEachCameraGradient(
  camera: Intrinsics,
  splats: readonly ChainSplat[],
  sums: Float64Array,
  instanceIdx: number,
  input: ChainInput,
  visit: (splat: ChainSplat, at: number, camera: ReturnType<typeof createCameraSplat>, out: CameraGradient) => void,
): void {
  const limits = jacobianLimits(camera);
  const p = createCameraSplat();
  const out: CameraGradient = { mean: new Float64Array(3), covariance: new Float64Array(9) };
  splats.forEach((splat, k) => {
    if (splat.instanceIdx !== instanceIdx) return;
    const at = k * SCREEN_GRADIENT_STRIDE;
    toCamera(camera, limits, input.pose, input.scale, input.set.position, input.covariance, splat.gaussianIdx, p);
    const { a, b, c } = splat;
    const [sum, sx, sy, sxx, sxy, syy] = [
      sums[at],
      sums[at + 1],
      sums[at + 2],
      sums[at + 3],
      sums[at + 4],
      sums[at + 5],
    ];
    // dL/dV = K (1/2 sum G d d^T) K with K the inverse 2D covariance.
    let hxx = 0.5 * (a * a * sxx + 2 * a * b * sxy + b * b * syy);
    let hxy = 0.5 * (a * b * sxx + (a * c + b * b) * sxy + b * c * syy);
    let hyy = 0.5 * (b * b * sxx + 2 * b * c * sxy + c * c * syy);
    if (input.antialias) {
      // opacity carries sqrt(det V0 / det V): d ln det V = tr(V^-1 dV).
      const det = p.xx * p.yy - p.xy * p.xy;
      hxx += 0.5 * sum * (p.yy / det - a);
      hxy += 0.5 * sum * (-p.xy / det - b);
      hyy += 0.5 * sum * (p.xx / det - c);
    }
    chainProjection(camera, limits, p, a * sx + b * sy, b * sx + c * sy, hxx, hxy, hyy, out);
    out.mean[2] += sums[at + 9];
    visit(splat, at, p, out);
  });
}

/** From the 2D mean (gu, gv) and 2D covariance (h) to the camera frame. */
function chainProjection(
  camera: Intrinsics,
  limits: ReturnType<typeof jacobianLimits>,
  p: ReturnType<typeof createCameraSplat>,
  gu: number,
  gv: number,
  hxx: number,
  hxy: number,
  hyy: number,
  out: CameraGradient,
): void {
  const { x, y, z, jacobian: j, covariance: s } = p;
  const { fx, fy } = camera;
  // B = J^T H J.
  const [j0, j2, j4, j5] = [j[0], j[2], j[4], j[5]];
  const b = out.covariance;
  b[0] = j0 * hxx * j0;
  b[1] = b[3] = j0 * hxy * j4;
  b[2] = b[6] = j0 * (hxx * j2 + hxy * j5);
  b[4] = j4 * hyy * j4;
  b[5] = b[7] = j4 * (hxy * j2 + hyy * j5);
  b[8] = j2 * (hxx * j2 + hxy * j5) + j5 * (hxy * j2 + hyy * j5);
  // dL/dJ = 2 H J S; only its entries 00, 02, 11, 12 depend on the mean.
  const d00 = 2 * (hxx * (j0 * s[0] + j2 * s[6]) + hxy * (j4 * s[3] + j5 * s[6]));
  const d02 = 2 * (hxx * (j0 * s[2] + j2 * s[8]) + hxy * (j4 * s[5] + j5 * s[8]));
  const d11 = 2 * (hxy * (j0 * s[1] + j2 * s[7]) + hyy * (j4 * s[4] + j5 * s[7]));
  const d12 = 2 * (hxy * (j0 * s[2] + j2 * s[8]) + hyy * (j4 * s[5] + j5 * s[8]));
  const freeX = x / z > limits.xMin && x / z < limits.xMax;
  const freeY = y / z > limits.yMin && y / z < limits.yMax;
  out.mean[0] = (gu * fx) / z - (freeX ? (d02 * fx) / (z * z) : 0);
  out.mean[1] = (gv * fy) / z - (freeY ? (d12 * fy) / (z * z) : 0);
  // J02 = -fx (x/z) / z falls with 1/z^2 where free and with 1/z where x/z is clamped.
  out.mean[2] =
    -(gu * fx * x + gv * fy * y) / (z * z) -
    (d00 * fx + d11 * fy) / (z * z) -
    (d02 * j2 * (freeX ? 2 : 1) + d12 * j5 * (freeY ? 2 : 1)) / z;
}

/** Sums the chain over all splats of the instance: left perturbation of the pose and log of the scale. */
export function toPose(
  camera: Intrinsics,
  splats: readonly ChainSplat[],
  sums: Float64Array,
  instanceIdx: number,
  input: ChainInput,
): PoseGradient {
  const twist: PoseGradient['twist'] = [0, 0, 0, 0, 0, 0];
  let logScale = 0;
  const { pose } = input;
  forEachCameraGradient(camera, splats, sums, instanceIdx, input, (_splat, _at, p, gradient) => {
    const [gx, gy, gz] = gradient.mean;
    const b = gradient.covariance;
    const s = p.covariance;
    // (S B)_rc - (B S)_rc, antisymmetric: the turning of the covariance.
    const turn = (r: number, c: number): number => {
      let sum = 0;
      for (let k = 0; k < 3; k++) sum += s[3 * r + k] * b[3 * k + c] - b[3 * r + k] * s[3 * k + c];
      return 2 * sum;
    };
    twist[0] += gx;
    twist[1] += gy;
    twist[2] += gz;
    twist[3] += p.y * gz - p.z * gy + turn(1, 2);
    twist[4] += p.z * gx - p.x * gz - turn(0, 2);
    twist[5] += p.x * gy - p.y * gx + turn(0, 1);
    let trace = 0;
    for (let k = 0; k < 9; k++) trace += b[k] * s[k];
    logScale += gx * (p.x - pose[3]) + gy * (p.y - pose[7]) + gz * (p.z - pose[11]) + 2 * trace;
  });
  return { twist, logScale };
}

/**
 * Gradients by the parameters of each Gaussian of the instance; view-dependent colour is not followed into the position. Without
 * `withShape` those of extents and rotations are left 0, which is most of the work.
 */
export function toGaussians(
  camera: Intrinsics,
  splats: readonly ChainSplat[],
  sums: Float64Array,
  instanceIdx: number,
  input: ChainInput,
  opacity: Float64Array,
  withShape: boolean,
): GaussianGradient {
  const { set, pose, scale } = input;
  const out: GaussianGradient = {
    position: new Float64Array(set.count * 3),
    logScale: new Float64Array(set.count * 3),
    rotation: new Float64Array(set.count * 4),
    opacityLogit: new Float64Array(set.count),
    colour: new Float64Array(set.count * 3),
  };
  const inSet = new Float64Array(9);
  forEachCameraGradient(camera, splats, sums, instanceIdx, input, (splat, at, _p, gradient) => {
    const i = splat.gaussianIdx;
    const g = gradient.mean;
    for (let c = 0; c < 3; c++) {
      out.position[3 * i + c] = scale * (pose[c] * g[0] + pose[4 + c] * g[1] + pose[8 + c] * g[2]);
      out.colour[3 * i + c] = sums[at + 6 + c];
    }
    out.opacityLogit[i] = sums[at] * (1 - opacity[i]);
    if (!withShape) return;
    congruence(pose, gradient.covariance, scale * scale, inSet);
    toShape(set, i, inSet, out);
  });
  return out;
}

/** out = factor R^T B R with R the rotation of a 4x4 pose. */
function congruence(pose: Mat4, b: Float64Array, factor: number, out: Float64Array): void {
  for (let r = 0; r < 3; r++) {
    for (let c = 0; c < 3; c++) {
      let sum = 0;
      for (let i = 0; i < 3; i++) for (let k = 0; k < 3; k++) sum += pose[4 * i + r] * b[3 * i + k] * pose[4 * k + c];
      out[3 * r + c] = factor * sum;
    }
  }
}

/** From dL/d(covariance in the set's frame) to log scales and to the quaternion, through its normalisation. */
function toShape(set: GaussianSet, i: number, byCovariance: Float64Array, out: GaussianGradient): void {
  const q = Array.from(set.rotation.subarray(4 * i, 4 * i + 4));
  const length = Math.hypot(q[0], q[1], q[2], q[3]);
  const [w, x, y, z] = q.map((value) => value / length);
  const r = new Float64Array(9);
  rotationOf(w, x, y, z, r);
  // dL/dR = 2 B R diag(variance); dL/dlogScale_k = column_k(R) . column_k(dL/dR).
  const d = new Float64Array(9);
  for (let k = 0; k < 3; k++) {
    const variance = Math.exp(2 * set.logScale[3 * i + k]);
    let sum = 0;
    for (let a = 0; a < 3; a++) {
      let value = 0;
      for (let b = 0; b < 3; b++) value += byCovariance[3 * a + b] * r[3 * b + k];
      d[3 * a + k] = 2 * value * variance;
      sum += d[3 * a + k] * r[3 * a + k];
    }
    out.logScale[3 * i + k] = sum;
  }
  const byQuat = [
    2 * (x * (d[7] - d[5]) + y * (d[2] - d[6]) + z * (d[3] - d[1])),
    2 * (y * (d[1] + d[3]) + z * (d[2] + d[6]) + w * (d[7] - d[5])) - 4 * x * (d[4] + d[8]),
    2 * (x * (d[1] + d[3]) + z * (d[5] + d[7]) + w * (d[2] - d[6])) - 4 * y * (d[0] + d[8]),
    2 * (x * (d[2] + d[6]) + y * (d[5] + d[7]) + w * (d[3] - d[1])) - 4 * z * (d[0] + d[4]),
  ];
  const along = byQuat[0] * w + byQuat[1] * x + byQuat[2] * y + byQuat[3] * z;
  [w, x, y, z].forEach((value, k) => {
    out.rotation[4 * i + k] = (byQuat[k] - along * value) / length;
  });
}
