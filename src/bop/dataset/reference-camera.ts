/** Hand-held films: perception works in the pixels of frame 0, a data set's poses are in the camera of each image. */
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import type { Intrinsics } from '../../math/camera.js';
import type { Mat4 } from '../../math/se3.js';
import type { Perception } from '../../perceive/perception.js';

/**
 * Rotation of camera k from camera 0: K^-1 H K of the homography between their pixels, made orthonormal (nearest rotation, by
 * SVD). null for a camera that stands still.
 */
export function rotationFromReference(
  { frameFromReference }: Pick<Perception, 'frameFromReference'>,
  camera: Intrinsics,
  frameIdx: number,
): Mat4 | null {
  if (!frameFromReference) return null;
  const k = new Matrix([
    [camera.fx, 0, camera.cx],
    [0, camera.fy, camera.cy],
    [0, 0, 1],
  ]);
  const kInverse = new Matrix([
    [1 / camera.fx, 0, -camera.cx / camera.fx],
    [0, 1 / camera.fy, -camera.cy / camera.fy],
    [0, 0, 1],
  ]);
  const h = frameFromReference[frameIdx];
  const homography = new Matrix([h.slice(0, 3), h.slice(3, 6), h.slice(6, 9)]);
  const svd = new SingularValueDecomposition(kInverse.mmul(homography).mmul(k));
  const [u, v] = [svd.leftSingularVectors, svd.rightSingularVectors];
  const r = u.mmul(v.transpose());
  const row = (i: number): number[] => [...r.getRow(i), 0];
  return [...row(0), ...row(1), ...row(2), 0, 0, 0, 1];
}
