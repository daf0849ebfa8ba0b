/** Pose from points and their pixels, near a known pose: robust Gauss-Newton on the reprojection error. */
import { Matrix, solve } from 'ml-matrix';
import type { Intrinsics } from '../math/camera.js';
import { compose, expTwist, type Mat4, orthonormalize } from '../math/se3.js';
import type { PointTargets } from './point-loss.js';

/** Fewer points leave the pose open to single slipped tracks (geometry study: at least 7 inliers). */
const MIN_INLIERS = 7;
const INLIER_PX = 2.5;
const ROUNDS = 12;
/** Residuals beyond this weigh less and less (Geman-McClure, pixels); shrinks from round to round. */
const FIRST_SCALE_PX = 12;
const LAST_SCALE_PX = 2;
const DAMPING = 1e-4;

/** Null when too few points agree. */
export function solvePnp(targets: PointTargets, camera: Intrinsics, start: Mat4): Mat4 | null {
  const count = targets.xyPx.length / 2;
  if (count < MIN_INLIERS) return null;
  let pose = start;
  for (let round = 0; round < ROUNDS; round++) {
    const scalePx = FIRST_SCALE_PX * (LAST_SCALE_PX / FIRST_SCALE_PX) ** (round / (ROUNDS - 1));
    const normal = Matrix.zeros(6, 6);
    const right = Matrix.zeros(6, 1);
    for (let k = 0; k < count; k++) {
      const r = residual(targets, k, pose, camera);
      if (r === null) continue;
      const weight = (scalePx ** 2 / (r.dx * r.dx + r.dy * r.dy + scalePx ** 2)) ** 2;
      for (const [row, error] of [
        [r.jx, r.dx],
        [r.jy, r.dy],
      ] as const) {
        for (let i = 0; i < 6; i++) {
          right.set(i, 0, right.get(i, 0) - weight * row[i] * error);
          for (let j = 0; j < 6; j++) normal.set(i, j, normal.get(i, j) + weight * row[i] * row[j]);
        }
      }
    }
    for (let i = 0; i < 6; i++) normal.set(i, i, normal.get(i, i) * (1 + DAMPING) + 1e-9);
    const step = solve(normal, right, true).to1DArray();
    if (!step.every(Number.isFinite)) return null;
    pose = orthonormalize(compose(expTwist([step[0], step[1], step[2], step[3], step[4], step[5]]), pose));
  }
  let inliers = 0;
  for (let k = 0; k < count; k++) {
    const r = residual(targets, k, pose, camera);
    if (r !== null && Math.hypot(r.dx, r.dy) < INLIER_PX) inliers++;
  }
  return inliers >= Math.max(MIN_INLIERS, count / 3) ? pose : null;
}

function residual(
  targets: PointTargets,
  k: number,
  m: Mat4,
  camera: Intrinsics,
): { dx: number; dy: number; jx: number[]; jy: number[] } | null {
  const [px, py, pz] = targets.points.subarray(3 * k, 3 * k + 3);
  const x = m[0] * px + m[1] * py + m[2] * pz + m[3];
  const y = m[4] * px + m[5] * py + m[6] * pz + m[7];
  const z = m[8] * px + m[9] * py + m[10] * pz + m[11];
  if (!(z > 1e-3)) return null;
  const [fx, fy] = [camera.fx / z, camera.fy / z];
  const [u, v] = [x / z, y / z];
  return {
    dx: camera.fx * u + camera.cx - targets.xyPx[2 * k],
    dy: camera.fy * v + camera.cy - targets.xyPx[2 * k + 1],
    // Rows of d(pixel)/d(twist) for p -> p + v + w x p.
    jx: [fx, 0, -fx * u, -fx * u * y, fx * (z + u * x), -fx * y],
    jy: [0, fy, -fy * v, -fy * (z + v * y), fy * v * x, fy * x],
  };
}
