import { fromQuaternion, type Mat4, type QuatWxyz, quaternionOf } from '../../math/se3.js';

/** Power iterations; the ratio of the two largest eigenvalues is large unless the rotations are spread all around. */
const ROUNDS = 60;

/** The weighted mean rotation: largest eigenvector of sum w q q^T (Markley et al. 2007), so signs of quaternions do not matter. */
export function averageRotation(rotations: readonly Mat4[], weights: readonly number[]): Mat4 {
  const quaternions = rotations.map(quaternionOf);
  const heaviest = weights.indexOf(Math.max(...weights));
  let mean: QuatWxyz = quaternions[heaviest];
  for (let round = 0; round < ROUNDS; round++) {
    const next: QuatWxyz = [0, 0, 0, 0];
    quaternions.forEach((q, i) => {
      const along = weights[i] * (q[0] * mean[0] + q[1] * mean[1] + q[2] * mean[2] + q[3] * mean[3]);
      for (let k = 0; k < 4; k++) next[k] += along * q[k];
    });
    const length = Math.hypot(...next);
    mean = [next[0] / length, next[1] / length, next[2] / length, next[3] / length];
  }
  return fromQuaternion(mean);
}
