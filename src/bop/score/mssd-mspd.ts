/**
 * Maximum symmetry-aware surface and projection distance (Hodan et al., "BOP challenge 2020", section 2.2), as the BOP toolkit
 * computes them: the smallest over all symmetries of the largest over all vertices.
 */
import { compose, type Mat4 } from '../../math/se3.js';
import type { Pinhole } from '../dataset/scene-files.js';

/** Metres. `vertices` [V, 3] metres in the model frame; `symmetries` as `symmetrySet` gives them. */
export function mssd(estimate: Mat4, truth: Mat4, vertices: Float64Array, symmetries: readonly Mat4[]): number {
  const squared = smallestMaximum(vertices.length / 3, symmetries, (symmetry) => {
    const other = compose(truth, symmetry);
    // The difference of two affine maps is one: a single product per vertex.
    const d = estimate.map((value, k) => value - other[k]);
    return (v) => {
      const [x, y, z] = [vertices[3 * v], vertices[3 * v + 1], vertices[3 * v + 2]];
      const dx = d[0] * x + d[1] * y + d[2] * z + d[3];
      const dy = d[4] * x + d[5] * y + d[6] * z + d[7];
      const dz = d[8] * x + d[9] * y + d[10] * z + d[11];
      return dx * dx + dy * dy + dz * dz;
    };
  });
  return Math.sqrt(squared);
}

/**
 * Pixels of the image at hand. Points behind the camera are projected like any other (the toolkit does, and so a pose mirrored
 * through the camera scores); a vertex in the camera plane makes the error infinite.
 */
export function mspd(
  estimate: Mat4,
  truth: Mat4,
  camera: Pinhole,
  vertices: Float64Array,
  symmetries: readonly Mat4[],
): number {
  const numVertices = vertices.length / 3;
  const found = projectAll(estimate, camera, vertices);
  const squared = smallestMaximum(numVertices, symmetries, (symmetry) => {
    const m = compose(truth, symmetry);
    return (v) => {
      const [x, y, z] = [vertices[3 * v], vertices[3 * v + 1], vertices[3 * v + 2]];
      const depth = m[8] * x + m[9] * y + m[10] * z + m[11];
      const dx = (camera.fx * (m[0] * x + m[1] * y + m[2] * z + m[3])) / depth + camera.cx - found[2 * v];
      const dy = (camera.fy * (m[4] * x + m[5] * y + m[6] * z + m[7])) / depth + camera.cy - found[2 * v + 1];
      return dx * dx + dy * dy;
    };
  });
  return Math.sqrt(squared);
}

/** [V, 2] pixels. */
function projectAll(m: Mat4, camera: Pinhole, vertices: Float64Array): Float64Array {
  const out = new Float64Array((vertices.length / 3) * 2);
  for (let i = 0, k = 0; i < vertices.length; i += 3, k += 2) {
    const [x, y, z] = [vertices[i], vertices[i + 1], vertices[i + 2]];
    const depth = m[8] * x + m[9] * y + m[10] * z + m[11];
    out[k] = (camera.fx * (m[0] * x + m[1] * y + m[2] * z + m[3])) / depth + camera.cx;
    out[k + 1] = (camera.fy * (m[4] * x + m[5] * y + m[6] * z + m[7])) / depth + camera.cy;
  }
  return out;
}

/**
 * min over symmetries of max over vertices. A symmetry is given up at the first vertex that exceeds the best maximum so far,
 * and the vertex that was worst for the last one is tried first: exact, and most symmetries cost one vertex.
 */
function smallestMaximum(
  numVertices: number,
  symmetries: readonly Mat4[],
  errorFor: (symmetry: Mat4) => (vertexIdx: number) => number,
): number {
  let best = Number.POSITIVE_INFINITY;
  let worstVertex = 0;
  for (const symmetry of symmetries) {
    const errorOf = errorFor(symmetry);
    if (!(errorOf(worstVertex) < best)) continue;
    let largest = 0;
    for (let v = 0; v < numVertices; v++) {
      const error = errorOf(v);
      // Not `error > largest`: NaN has to end the symmetry as well.
      if (error <= largest) continue;
      worstVertex = v;
      largest = error;
      if (!(error < best)) break;
    }
    if (largest < best) best = largest;
  }
  return best;
}
