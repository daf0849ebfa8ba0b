import { createFloats, type FloatImage } from '../image/image.js';
import type { Intrinsics } from '../math/camera.js';
import type { Mat4 } from '../math/se3.js';

/**
 * z-depth of the table plane (world z = 0) at every pixel centre, metres; 0 above the horizon and beyond `maxDepthM`.
 * A ray z * r meets the plane n . p = n . o (o: world origin, n: world z axis, both in the camera) at z = n.o / n.r.
 */
export function tableDepth(camera: Intrinsics, cameraFromWorld: Mat4, maxDepthM: number): FloatImage {
  const { widthPx, heightPx } = camera;
  const depth = createFloats(widthPx, heightPx);
  const m = cameraFromWorld;
  const [nx, ny, nz] = [m[2], m[6], m[10]];
  const offset = nx * m[3] + ny * m[7] + nz * m[11];
  for (let y = 0, i = 0; y < heightPx; y++) {
    const ry = (y + 0.5 - camera.cy) / camera.fy;
    for (let x = 0; x < widthPx; x++, i++) {
      const rx = (x + 0.5 - camera.cx) / camera.fx;
      const z = offset / (nx * rx + ny * ry + nz);
      if (z > 0 && z <= maxDepthM) depth.data[i] = z;
    }
  }
  return depth;
}
