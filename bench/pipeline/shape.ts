/** Shapes: how large a found mesh is against the true one, and how far its surface lies from it. */
import { Random } from '../../src/base/random.js';
import { inverse, type Mat4, transformPoint } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { meshBounds } from '../../src/objects/mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import { sampleMesh } from '../../src/splat/sample-mesh.js';

/** Samples lie this share of the true diagonal apart: some thousand points, chamfer exact to about 1 % of the diagonal. */
const SPACING = 0.03;

export interface ShapeScores {
  /** Found size over true size: ratio of the root mean square distances of the surface from its centre. */
  scaleRatio: number;
  /** Mean distance between the surfaces, both ways, over the true diagonal; size and place taken out, orientation not. */
  chamferShare: number;
}

/** `foundFromTrue`: how the true object frame lies in the found one (only its rotation counts). */
export function compareShapes(found: TriangleMesh, truth: TriangleMesh, foundFromTrue: Mat4): ShapeScores {
  const { min, max } = meshBounds(truth);
  const diagonalM = Math.hypot(max[0] - min[0], max[1] - min[1], max[2] - min[2]);
  const real = centred(surface(truth, SPACING * diagonalM), null);
  const bounds = meshBounds(found);
  const foundDiagonalM = Math.hypot(...[0, 1, 2].map((i) => bounds.max[i] - bounds.min[i]));
  const seen = centred(surface(found, SPACING * foundDiagonalM), inverse(foundFromTrue));
  const scaleRatio = spread(seen) / spread(real);
  for (let i = 0; i < seen.length; i++) seen[i] /= scaleRatio;
  const chamferM = (meanNearest(seen, real) + meanNearest(real, seen)) / 2;
  return { scaleRatio, chamferShare: chamferM / diagonalM };
}

const surface = (mesh: TriangleMesh, spacingM: number): Float64Array =>
  sampleMesh(mesh.vertices, mesh.triangles, spacingM, new Random(1)).points;

/** Points turned and moved so that their mean is the origin. */
function centred(points: Float64Array, turn: Mat4 | null): Float64Array {
  const out = Float64Array.from(points);
  if (turn) {
    for (let i = 0; i < out.length; i += 3) {
      out.set(transformPoint(turn, [points[i], points[i + 1], points[i + 2]]), i);
    }
  }
  const mean: Vec3 = [0, 0, 0];
  for (let i = 0; i < out.length; i++) mean[i % 3] += out[i] / (out.length / 3);
  for (let i = 0; i < out.length; i++) out[i] -= mean[i % 3];
  return out;
}

function spread(points: Float64Array): number {
  let sum = 0;
  for (const x of points) sum += x * x;
  return Math.sqrt(sum / (points.length / 3));
}

function meanNearest(from: Float64Array, to: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < from.length; i += 3) {
    let best = Number.POSITIVE_INFINITY;
    for (let j = 0; j < to.length; j += 3) {
      const dx = from[i] - to[j];
      const dy = from[i + 1] - to[j + 1];
      const dz = from[i + 2] - to[j + 2];
      best = Math.min(best, dx * dx + dy * dy + dz * dz);
    }
    sum += Math.sqrt(best);
  }
  return sum / (from.length / 3);
}
