/** Average distances of model points (Hinterstoisser et al. 2012) and the plain differences of two poses. */
import { type Mat4, transformVertices, translationOf } from '../../math/se3.js';
import { distance } from '../../math/vec3.js';
import { buildKdTree, nearestDistance } from './kd-tree.js';

/** ADD: mean distance between corresponding vertices, metres. */
export function add(estimate: Mat4, truth: Mat4, vertices: Float64Array): number {
  const a = transformVertices(estimate, vertices);
  const b = transformVertices(truth, vertices);
  let sum = 0;
  for (let i = 0; i < a.length; i += 3) sum += Math.hypot(a[i] - b[i], a[i + 1] - b[i + 1], a[i + 2] - b[i + 2]);
  return sum / (a.length / 3);
}

/** ADD-S (ADI): mean distance from each vertex in the true pose to the nearest one in the estimated pose, metres. */
export function adi(estimate: Mat4, truth: Mat4, vertices: Float64Array): number {
  const tree = buildKdTree(transformVertices(estimate, vertices));
  const points = transformVertices(truth, vertices);
  let sum = 0;
  for (let i = 0; i < points.length; i += 3) sum += nearestDistance(tree, points[i], points[i + 1], points[i + 2]);
  return sum / (points.length / 3);
}

/**
 * Angle of R_estimate R_truth^-1, degrees, from its trace. A true inverse (cofactors over determinant) as in the toolkit:
 * published rotations are not always orthonormal, and a pose against itself gives zero.
 */
export function rotationErrorDeg(estimate: Mat4, truth: Mat4): number {
  const at = (r: number, c: number): number => truth[4 * (r % 3) + (c % 3)];
  let sum = 0;
  let determinant = 0;
  for (let r = 0; r < 3; r++) {
    for (let c = 0; c < 3; c++) {
      const cofactor = at(r + 1, c + 1) * at(r + 2, c + 2) - at(r + 1, c + 2) * at(r + 2, c + 1);
      sum += estimate[4 * r + c] * cofactor;
      determinant += (at(r, c) * cofactor) / 3;
    }
  }
  return (180 / Math.PI) * Math.acos(Math.min(1, Math.max(-1, (sum / determinant - 1) / 2)));
}

/** Metres. */
export const translationError = (estimate: Mat4, truth: Mat4): number =>
  distance(translationOf(estimate), translationOf(truth));
