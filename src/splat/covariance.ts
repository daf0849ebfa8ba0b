/** Covariances and opacities of a set, built once when it is prepared. */
import type { GaussianSet } from './gaussians.js';

export interface ShapeArrays<T extends Float32Array | Float64Array> {
  /** [N, 6] xx, xy, xz, yy, yz, zz in square metres, set frame. */
  readonly covariance: T;
  /** [N] 0..1; 0 for Gaussians with a value that is not finite or with a zero quaternion: they are never drawn. */
  readonly opacity: T;
  readonly numDropped: number;
}

/** Row-major 3x3 rotation of a quaternion of any length > 0, written at `out`. */
export function rotationOf(w: number, x: number, y: number, z: number, out: Float64Array): void {
  const s = 2 / (w * w + x * x + y * y + z * z);
  out[0] = 1 - s * (y * y + z * z);
  out[1] = s * (x * y - w * z);
  out[2] = s * (x * z + w * y);
  out[3] = s * (x * y + w * z);
  out[4] = 1 - s * (x * x + z * z);
  out[5] = s * (y * z - w * x);
  out[6] = s * (x * z - w * y);
  out[7] = s * (y * z + w * x);
  out[8] = 1 - s * (x * x + y * y);
}

/** Third axis of every Gaussian, unit vectors [N, 3] in the set's frame. */
export function thirdAxes<T extends Float32Array | Float64Array>(set: GaussianSet, out: T): T {
  const r = new Float64Array(9);
  const { rotation } = set;
  for (let i = 0; i < set.count; i++) {
    rotationOf(rotation[4 * i], rotation[4 * i + 1], rotation[4 * i + 2], rotation[4 * i + 3], r);
    for (let c = 0; c < 3; c++) out[3 * i + c] = r[3 * c + 2];
  }
  return out;
}

/** Fills `covariance` and `opacity` of every Gaussian; a Gaussian that cannot be drawn gets opacity 0 and is counted. */
export function buildShapes<T extends Float32Array | Float64Array>(
  set: GaussianSet,
  covariance: T,
  opacity: T,
): ShapeArrays<T> {
  const { count, position, logScale, rotation, opacityLogit, sh } = set;
  const perColour = count === 0 ? 0 : sh.length / count;
  const r = new Float64Array(9);
  let numDropped = 0;
  for (let i = 0; i < count; i++) {
    rotationOf(rotation[4 * i], rotation[4 * i + 1], rotation[4 * i + 2], rotation[4 * i + 3], r);
    const vx = Math.exp(2 * logScale[3 * i]);
    const vy = Math.exp(2 * logScale[3 * i + 1]);
    const vz = Math.exp(2 * logScale[3 * i + 2]);
    let k = 6 * i;
    let checksum = position[3 * i] + position[3 * i + 1] + position[3 * i + 2];
    for (let a = 0; a < 3; a++) {
      for (let b = a; b < 3; b++, k++) {
        covariance[k] = r[3 * a] * r[3 * b] * vx + r[3 * a + 1] * r[3 * b + 1] * vy + r[3 * a + 2] * r[3 * b + 2] * vz;
        checksum += covariance[k];
      }
    }
    for (let j = 0; j < perColour; j++) checksum += sh[i * perColour + j];
    opacity[i] = 1 / (1 + Math.exp(-opacityLogit[i]));
    // One finite sum means that every term is finite.
    if (Number.isFinite(checksum) && !Number.isNaN(opacity[i])) continue;
    numDropped++;
    opacity[i] = 0;
    covariance.fill(0, 6 * i, 6 * i + 6);
  }
  return { covariance, opacity, numDropped };
}
