/** Agreement of a mesh's silhouette with an observed mask, inside the pixels that say something. */
import type { Mat4 } from '../math/se3.js';
import type { Crop, MaskSample } from './crop.js';
import type { TriangleMesh } from './object-model.js';
import { createDepthBuffer, type DepthBuffer, rasterizeMesh } from './rasterize.js';

export interface SilhouetteTarget {
  readonly crop: Crop;
  readonly mask: MaskSample;
  readonly cameraFromWorld: Mat4;
  readonly buffer: DepthBuffer;
  /** What a silhouette of hard pixels reaches at best. */
  readonly bestIou: number;
}

export function createSilhouetteTarget(crop: Crop, mask: MaskSample, cameraFromWorld: Mat4): SilhouetteTarget {
  const buffer = createDepthBuffer(crop.camera.widthPx, crop.camera.heightPx);
  return { crop, mask, cameraFromWorld, buffer, bestIou: iouOf(mask, (i) => mask.inside[i] >= 0.5) };
}

/**
 * Intersection over union of the mesh (given in the world frame) and the mask, as a share of the best that hard pixels can
 * reach against the mask's soft edges. A mask without pixels gives 0.
 */
export function silhouetteIou(mesh: TriangleMesh, target: SilhouetteTarget): number {
  rasterizeMesh(mesh, target.cameraFromWorld, target.crop.camera, target.buffer);
  const depth = target.buffer.depthM;
  return target.bestIou > 0 ? Math.min(1, iouOf(target.mask, (i) => depth[i] > 0) / target.bestIou) : 0;
}

function iouOf({ inside, care }: MaskSample, drawn: (i: number) => boolean): number {
  let intersection = 0;
  let union = 0;
  for (let i = 0; i < inside.length; i++) {
    if (care[i] === 0) continue;
    if (drawn(i)) {
      intersection += inside[i];
      union += 1;
    } else union += inside[i];
  }
  return union > 0 ? intersection / union : 0;
}
