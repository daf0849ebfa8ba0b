/** Shapes: how large a found mesh is against the true one, and how far its surface lies from it. */
import { BufferAttribute, BufferGeometry, Vector3 } from 'three';
import { MeshBVH } from 'three-mesh-bvh';
import { Random } from '../../src/base/random.js';
import { inverse, type Mat4 } from '../../src/math/se3.js';
import { add, cross, dot, norm, scale, sub, type Vec3 } from '../../src/math/vec3.js';
import { meshBounds, transformMesh } from '../../src/objects/mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import { sampleSurface } from '../../src/skill/surface.js';

/** Points whose distance is taken, evenly random over the surface. */
const NUM_POINTS = 10_000;

export interface ShapeScores {
  /** Found size over true size: ratio of the root mean square distances of the surface from its centre. */
  scaleRatio: number;
  /** Mean distance from points on one surface to the other surface, both ways, over the true diagonal; size and place taken out, orientation not. */
  chamferShare: number;
}

/** `foundFromTrue`: how the true object frame lies in the found one (only its rotation counts). */
export function compareShapes(found: TriangleMesh, truth: TriangleMesh, foundFromTrue: Mat4): ShapeScores {
  const turned = transformMesh(found, inverse(foundFromTrue));
  const [seen, real] = [spread(turned), spread(truth)];
  const scaleRatio = seen.radiusM / real.radiusM;
  const a = centred(turned, seen.centre, 1 / scaleRatio);
  const b = centred(truth, real.centre, 1);
  const { min, max } = meshBounds(truth);
  const diagonalM = Math.hypot(...sub(max, min));
  const chamferM = (meanDistance(a, b) + meanDistance(b, a)) / 2;
  return { scaleRatio, chamferShare: chamferM / diagonalM };
}

const centred = (mesh: TriangleMesh, centre: Vec3, factor: number): TriangleMesh => ({
  ...mesh,
  vertices: mesh.vertices.map((x, i) => factor * (x - centre[i % 3])),
});

/** Mean of the surface, and the root mean square distance of the surface from it. */
function spread(mesh: TriangleMesh): { centre: Vec3; radiusM: number } {
  let area = 0;
  let first: Vec3 = [0, 0, 0];
  let second = 0;
  for (let i = 0; i < mesh.triangles.length; i += 3) {
    const [a, b, c] = [0, 1, 2].map((j) => vertex(mesh, mesh.triangles[i + j]));
    const weight = norm(cross(sub(b, a), sub(c, a))) / 2;
    area += weight;
    first = add(first, scale(add(a, add(b, c)), weight / 3));
    second += (weight * (dot(a, a) + dot(b, b) + dot(c, c) + dot(a, b) + dot(b, c) + dot(c, a))) / 6;
  }
  const centre = scale(first, 1 / area);
  return { centre, radiusM: Math.sqrt(Math.max(0, second / area - dot(centre, centre))) };
}

const vertex = ({ vertices }: TriangleMesh, i: number): Vec3 => [
  vertices[3 * i],
  vertices[3 * i + 1],
  vertices[3 * i + 2],
];

/** From points on the one mesh to the surface of the other. */
function meanDistance(from: TriangleMesh, to: TriangleMesh): number {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(Float32Array.from(to.vertices), 3));
  geometry.setIndex(new BufferAttribute(Uint32Array.from(to.triangles), 1));
  const tree = new MeshBVH(geometry);
  const { points } = sampleSurface(from, NUM_POINTS, new Random(1));
  const point = new Vector3();
  let sum = 0;
  for (let i = 0; i < points.length; i += 3) {
    point.set(points[i], points[i + 1], points[i + 2]);
    sum += tree.closestPointToPoint(point)?.distance ?? Number.NaN;
  }
  return sum / (points.length / 3);
}
