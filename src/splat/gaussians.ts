/** Gaussian sets as structure of arrays: the one layout that the whole program uses. */

/** N Gaussians in the set's own frame. Conventions of the reference 3DGS code (Kerbl et al. 2023). */
export interface GaussianSet {
  readonly count: number;
  /** [N, 3] f32, metres. */
  readonly position: Float32Array;
  /** [N, 3] f32, natural log of the standard deviations in metres. */
  readonly logScale: Float32Array;
  /** [N, 4] f32, wxyz; normalised when used. */
  readonly rotation: Float32Array;
  /** [N] f32, opacity = 1 / (1 + exp(-x)). */
  readonly opacityLogit: Float32Array;
  /** 0 to 3. */
  readonly shDegree: number;
  /** [N, K, 3] f32 spherical-harmonics coefficients, K = (shDegree + 1)^2; rgb = 0.5 + 0.28209479 * dc for degree 0. */
  readonly sh: Float32Array;
}

/** Spherical harmonics constant of degree 0: rgb01 = 0.5 + SH_C0 * dc. */
export const SH_C0 = 0.28209479177387814;

export function createGaussians(count: number, shDegree = 0): GaussianSet {
  return {
    count,
    position: new Float32Array(count * 3),
    logScale: new Float32Array(count * 3),
    rotation: new Float32Array(count * 4),
    opacityLogit: new Float32Array(count),
    shDegree,
    sh: new Float32Array(count * (shDegree + 1) ** 2 * 3),
  };
}

/** The Gaussians with the given indices, in that order, as a new set. */
export function pickGaussians(set: GaussianSet, indices: ArrayLike<number>): GaussianSet {
  const out = createGaussians(indices.length, set.shDegree);
  const numSh = (set.shDegree + 1) ** 2 * 3;
  const copy = (from: Float32Array, to: Float32Array, stride: number): void => {
    for (let k = 0; k < indices.length; k++) {
      for (let c = 0; c < stride; c++) to[k * stride + c] = from[indices[k] * stride + c];
    }
  };
  copy(set.position, out.position, 3);
  copy(set.logScale, out.logScale, 3);
  copy(set.rotation, out.rotation, 4);
  copy(set.opacityLogit, out.opacityLogit, 1);
  copy(set.sh, out.sh, numSh);
  return out;
}
