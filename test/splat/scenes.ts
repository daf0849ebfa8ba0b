/** Small seeded scenes for the splat tests. */
import { Random } from '../../src/base/random.js';
import type { Intrinsics } from '../../src/math/camera.js';
import { createGaussians, type GaussianSet, SH_C0 } from '../../src/splat/gaussians.js';
import { createFrame, type Frame, type FrameGradient } from '../../src/splat/renderer.js';

/** fx != fy and a principal point off the centre, so that neither can be mixed up. */
export const CAMERA: Intrinsics = { widthPx: 48, heightPx: 40, fx: 60, fy: 52, cx: 21.3, cy: 22.1 };

/** `count` Gaussians in a ball of `radiusM` about the set's origin. */
export function randomSet(seed: number, count: number, radiusM = 0.1, sdM = 0.02, shDegree = 0): GaussianSet {
  const rng = new Random(seed);
  const set = createGaussians(count, shDegree);
  for (let i = 0; i < count * 3; i++) {
    set.position[i] = rng.uniform(-radiusM, radiusM);
    set.logScale[i] = Math.log(sdM) + rng.uniform(-0.7, 0.7);
  }
  for (let i = 0; i < set.sh.length; i++) set.sh[i] = (rng.uniform01() - 0.5) / SH_C0;
  for (let i = 0; i < count * 4; i++) set.rotation[i] = rng.normal();
  for (let i = 0; i < count; i++) set.opacityLogit[i] = rng.uniform(-1, 2);
  return set;
}

/** One round Gaussian at the origin. */
export function singleSet(sdM: number, opacity: number, rgb: [number, number, number]): GaussianSet {
  const set = createGaussians(1);
  set.logScale.fill(Math.log(sdM));
  set.rotation[0] = 1;
  set.opacityLogit[0] = Math.log(opacity / (1 - opacity));
  set.sh.set(rgb.map((value) => (value - 0.5) / SH_C0));
  return set;
}

/** A random linear loss: its gradient is the weights themselves. */
export function randomLoss(seed: number, camera: Intrinsics): FrameGradient & { depthSum: Float32Array } {
  const rng = new Random(seed);
  const { rgb, alpha, depthM } = createFrame(camera.widthPx, camera.heightPx);
  // Smooth over the image, so that finite differences are not drowned by single pixels.
  const wave = (): ((i: number) => number) => {
    const [a, b, c] = [rng.uniform(0.05, 0.2), rng.uniform(0.05, 0.2), rng.uniform(0, 6)];
    return (i) => Math.sin(a * (i % camera.widthPx) + b * Math.floor(i / camera.widthPx) + c);
  };
  const waves = [wave(), wave(), wave(), wave(), wave()];
  for (let i = 0; i < alpha.length; i++) {
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = waves[c](i);
    alpha[i] = waves[3](i);
    depthM[i] = waves[4](i);
  }
  return { rgb, alpha, depthSum: depthM };
}

/** Value of the linear loss; the depth sum is recovered from the expected depth and the coverage. */
export function lossOf(frame: Frame, weights: FrameGradient): number {
  let loss = 0;
  for (let i = 0; i < frame.alpha.length; i++) {
    for (let c = 0; c < 3; c++) loss += frame.rgb[3 * i + c] * weights.rgb[3 * i + c];
    loss += frame.alpha[i] * weights.alpha[i];
    if (weights.depthSum) loss += frame.depthM[i] * frame.alpha[i] * weights.depthSum[i];
  }
  return loss;
}

export function psnr(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (Math.min(a[i], 1) - Math.min(b[i], 1)) ** 2;
  return sum === 0 ? Number.POSITIVE_INFINITY : -10 * Math.log10(sum / a.length);
}
