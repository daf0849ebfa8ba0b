/** How much blending a picture needs, counted by the plain renderer's own loops. */
import type { Intrinsics } from '../../src/math/camera.js';
import type { Mat4 } from '../../src/math/se3.js';
import { evaluateColours } from '../../src/splat/colour.js';
import { buildShapes } from '../../src/splat/covariance.js';
import type { GaussianSet } from '../../src/splat/gaussians.js';
import { forEachPixel } from '../../src/splat/twin/blend.js';
import { projectInstance, type ScreenSplat } from '../../src/splat/twin/project.js';

/** Splat-pixel pairs that must be blended before transmittance 1e-4, and all that lie inside the ellipses. */
export function countBlends(camera: Intrinsics, set: GaussianSet, pose: Mat4): { useful: number; inEllipses: number } {
  const { covariance, opacity } = buildShapes(set, new Float64Array(set.count * 6), new Float64Array(set.count));
  const colour = evaluateColours(set, pose, 1, new Float64Array(set.count * 3));
  const splats: ScreenSplat[] = [];
  const input = {
    position: set.position,
    covariance,
    opacity,
    colour,
    normals: undefined,
    pose,
    scale: 1,
    label: 1,
    instanceIdx: 0,
  };
  projectInstance(camera, input, false, splats);
  splats.sort((a, b) => a.depthM - b.depthM);
  const transmittance = new Float64Array(camera.widthPx * camera.heightPx).fill(1);
  const clear = transmittance.slice();
  let useful = 0;
  let inEllipses = 0;
  for (const splat of splats) {
    forEachPixel(splat, camera.widthPx, clear, undefined, () => inEllipses++);
    forEachPixel(splat, camera.widthPx, transmittance, undefined, (pixel, _dx, _dy, alpha) => {
      transmittance[pixel] *= 1 - alpha;
      useful++;
    });
  }
  return { useful, inEllipses };
}
