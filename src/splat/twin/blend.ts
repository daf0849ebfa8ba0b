/** Front-to-back alpha blending of sorted screen splats, one splat after the other, in f64. */
import type { Intrinsics } from '../../math/camera.js';
import { ALPHA_CUT, ALPHA_MAX, COVERED, TRANSMITTANCE_STOP } from '../constants.js';
import type { ScreenSplat } from './project.js';

/** Sums over the Gaussians of each pixel, all [H, W] row-major. */
export interface Accumulated {
  /** Product of (1 - alpha). */
  transmittance: Float64Array;
  /** [H, W, 3] sum of w * colour. */
  rgb: Float64Array;
  /** Sum of w * z. */
  depthSum: Float64Array;
  /** Index into the splats of the one at which coverage passes one half, -1 if it never does. */
  median: Int32Array;
}

/** Is the pixel's opaque layer nearer than the splat? 0 and Infinity mean infinitely far. */
const hiddenByLayer = (layerDepthM: Float32Array | undefined, pixel: number, depthM: number): boolean =>
  layerDepthM !== undefined && layerDepthM[pixel] > 0 && depthM >= layerDepthM[pixel];

/** Calls `visit(pixel, dx, dy, alpha, isClamped)` for every pixel in which the splat counts and that still takes splats. */
export function forEachPixel(
  splat: ScreenSplat,
  widthPx: number,
  transmittance: Float64Array,
  layerDepthM: Float32Array | undefined,
  visit: (pixel: number, dx: number, dy: number, alpha: number, isClamped: boolean) => void,
): void {
  const { u, v, a, b, c, opacity, depthM } = splat;
  const lowestPower = Math.log(ALPHA_CUT / opacity);
  for (let y = splat.y0; y < splat.y1; y++) {
    const dy = y + 0.5 - v;
    for (let x = splat.x0, pixel = y * widthPx + x; x < splat.x1; x++, pixel++) {
      if (transmittance[pixel] < TRANSMITTANCE_STOP) continue;
      const dx = x + 0.5 - u;
      const power = -0.5 * (a * dx * dx + c * dy * dy) - b * dx * dy;
      if (power < lowestPower || hiddenByLayer(layerDepthM, pixel, depthM)) continue;
      const raw = opacity * Math.exp(power);
      visit(pixel, dx, dy, Math.min(raw, ALPHA_MAX), raw > ALPHA_MAX);
    }
  }
}

export function blend(camera: Intrinsics, splats: readonly ScreenSplat[], layerDepthM?: Float32Array): Accumulated {
  const numPixels = camera.widthPx * camera.heightPx;
  const transmittance = new Float64Array(numPixels).fill(1);
  const rgb = new Float64Array(numPixels * 3);
  const depthSum = new Float64Array(numPixels);
  const median = new Int32Array(numPixels).fill(-1);
  splats.forEach((splat, k) => {
    const { red, green, blue, depthM } = splat;
    forEachPixel(splat, camera.widthPx, transmittance, layerDepthM, (pixel, _dx, _dy, alpha) => {
      const before = transmittance[pixel];
      const weight = before * alpha;
      const after = before * (1 - alpha);
      transmittance[pixel] = after;
      rgb[3 * pixel] += weight * red;
      rgb[3 * pixel + 1] += weight * green;
      rgb[3 * pixel + 2] += weight * blue;
      depthSum[pixel] += weight * depthM;
      if (before > 1 - COVERED && after <= 1 - COVERED) median[pixel] = k;
    });
  });
  return { transmittance, rgb, depthSum, median };
}
