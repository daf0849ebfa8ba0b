/**
 * Visible surface discrepancy (Hodan et al., "On evaluation of 6D object pose estimation", 2016; BOP'19 variant): where at least
 * one of the two rendered surfaces is visible in the scene's depth image, the share of pixels in which they differ.
 */
import type { Mat4 } from '../../math/se3.js';
import type { Pinhole } from '../dataset/scene-files.js';

/** Tolerance of the visibility test, metres. 15 mm for every data set of the benchmark but ITODD (5 mm). */
export const VSD_DELTA_M = 0.015;

export interface VsdInputs {
  /** [H, W] z-depth in metres, 0 = none, of the scene and of the object in both poses. */
  readonly sceneM: ArrayLike<number>;
  readonly estimateM: ArrayLike<number>;
  readonly truthM: ArrayLike<number>;
  readonly widthPx: number;
  readonly camera: Pinhole;
  readonly diameterM: number;
  readonly deltaM: number;
}

/** One error in 0..1 per tolerance; `taus` are shares of the object's diameter. */
export function vsd(inputs: VsdInputs, taus: readonly number[]): number[] {
  const { sceneM, estimateM, truthM, widthPx, camera, diameterM, deltaM } = inputs;
  if (sceneM.length !== estimateM.length || sceneM.length !== truthM.length) {
    throw new Error(`vsd: depth images of ${sceneM.length}, ${estimateM.length} and ${truthM.length} pixels`);
  }
  const costs = new Array<number>(taus.length).fill(0);
  let union = 0;
  let both = 0;
  for (let i = 0; i < sceneM.length; i++) {
    const hasEstimate = estimateM[i] > 0;
    const hasTruth = truthM[i] > 0;
    if (!hasEstimate && !hasTruth) continue;
    // Depth to distance from the camera. The toolkit takes the pixel's corner here although it renders its centre.
    const x = ((i % widthPx) - camera.cx) / camera.fx;
    const y = (Math.floor(i / widthPx) - camera.cy) / camera.fy;
    const stretch = Math.sqrt(x * x + y * y + 1);
    const scene = sceneM[i] * stretch;
    const estimate = estimateM[i] * stretch;
    const truth = truthM[i] * stretch;
    const truthSeen = hasTruth && isVisible(truth, scene, deltaM);
    const estimateSeen = hasEstimate && (truthSeen || isVisible(estimate, scene, deltaM));
    if (!truthSeen && !estimateSeen) continue;
    union++;
    if (!truthSeen || !estimateSeen) continue;
    both++;
    const difference = Math.abs(truth - estimate) / diameterM;
    for (let k = 0; k < taus.length; k++) if (difference >= taus[k]) costs[k]++;
  }
  return costs.map((cost) => (union === 0 ? 1 : (cost + union - both) / union));
}

/** Not farther than the scene by more than delta; unknown scene depth hides nothing. Single precision, as in the toolkit. */
const isVisible = (surface: number, scene: number, deltaM: number): boolean =>
  scene === 0 || Math.fround(Math.fround(surface) - Math.fround(scene)) <= deltaM;

/**
 * Whether the bounding spheres' projections overlap. Where they do not, the evaluation takes VSD as 1 without rendering; a
 * negative depth shrinks the right-hand side, so most poses behind the camera end here.
 */
export function sphereProjectionsOverlap(estimate: Mat4, truth: Mat4, diameterM: number): boolean {
  const [z1, z2] = [estimate[11], truth[11]];
  if (z1 === 0 || z2 === 0) return false;
  const apart = Math.hypot(estimate[3] / z1 - truth[3] / z2, estimate[7] / z1 - truth[7] / z2);
  return apart < (diameterM / 2) * (1 / z1 + 1 / z2);
}
