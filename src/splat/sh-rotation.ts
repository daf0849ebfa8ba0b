/** Rotation of view-dependent colour: spherical harmonics coefficients of a set that is turned. */
import { Matrix, solve } from 'ml-matrix';
import type { Mat4 } from '../math/se3.js';
import { shBasis } from './colour.js';

/** Well spread unit directions (Fibonacci sphere), more than the 7 unknowns of degree 3. */
const NUM_DIRECTIONS = 24;

/**
 * For each band l = 1..degree the (2l + 1) x (2l + 1) matrix that takes coefficients of a set into those of the set turned
 * by the rotation of `newFromOld`: the colour seen along d afterwards is the one seen along R^T d before. Solved by least
 * squares over directions, which needs no recurrences and is exact to rounding.
 */
export function shRotations(newFromOld: Mat4, degree: number): Matrix[] {
  const m = newFromOld;
  const before: number[][] = [];
  const after: number[][] = [];
  for (let k = 0; k < NUM_DIRECTIONS; k++) {
    const z = 1 - (2 * k + 1) / NUM_DIRECTIONS;
    const radius = Math.sqrt(1 - z * z);
    const angle = k * Math.PI * (3 - Math.sqrt(5));
    const d = [radius * Math.cos(angle), radius * Math.sin(angle), z];
    const turned = [0, 1, 2].map((c) => m[c] * d[0] + m[4 + c] * d[1] + m[8 + c] * d[2]);
    after.push(Array.from(shBasis(degree, d[0], d[1], d[2])));
    before.push(Array.from(shBasis(degree, turned[0], turned[1], turned[2])));
  }
  return Array.from({ length: degree }, (_, band) => {
    const l = band + 1;
    const columns = (rows: number[][]): Matrix => new Matrix(rows.map((row) => row.slice(l * l, (l + 1) * (l + 1))));
    return solve(columns(after), columns(before), true);
  });
}
