/** A mesh's triangles one by one, and points spread evenly over them. In the mesh's own frame, metres. */
import type { Random } from '../base/random.js';
import { cross, norm, scale, sub, type Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';

export function triangleCorners({ vertices, triangles }: TriangleMesh, triangleIdx: number): [Vec3, Vec3, Vec3] {
  const at = (i: number): Vec3 => [vertices[i * 3], vertices[i * 3 + 1], vertices[i * 3 + 2]];
  const t = triangleIdx * 3;
  return [at(triangles[t]), at(triangles[t + 1]), at(triangles[t + 2])];
}

export function forEachTriangle(mesh: TriangleMesh, visit: (a: Vec3, b: Vec3, c: Vec3) => void): void {
  for (let t = 0; t < mesh.triangles.length / 3; t++) visit(...triangleCorners(mesh, t));
}

/** Unit, outward; of a triangle that has an area. */
export function triangleNormal(mesh: TriangleMesh, triangleIdx: number): Vec3 {
  const [a, b, c] = triangleCorners(mesh, triangleIdx);
  const n = cross(sub(b, a), sub(c, a));
  return scale(n, 1 / norm(n));
}

export interface SurfaceSamples {
  /** [N, 3] f64. */
  readonly points: Float64Array;
  /** [N] triangle each point lies on; never one without an area. */
  readonly triangleIdx: Uint32Array;
}

/** Points spread over the surface in proportion to area, in random order. */
export function sampleSurface(mesh: TriangleMesh, count: number, random: Random): SurfaceSamples {
  const cumulative: number[] = [];
  let total = 0;
  forEachTriangle(mesh, (a, b, c) => {
    total += norm(cross(sub(b, a), sub(c, a))) / 2;
    cumulative.push(total);
  });
  const points = new Float64Array(count * 3);
  const triangleIdx = new Uint32Array(count);
  // Stratified over the area: every slice of area gets one point, in a shuffled order so that any prefix covers all.
  const order = random.shuffle(Array.from({ length: count }, (_, i) => i));
  for (let i = 0; i < count; i++) {
    const wanted = ((order[i] + random.uniform01()) / count) * total;
    triangleIdx[i] = firstAtLeast(cumulative, wanted);
    const [a, b, c] = triangleCorners(mesh, triangleIdx[i]);
    let u = random.uniform01();
    let v = random.uniform01();
    if (u + v > 1) {
      u = 1 - u;
      v = 1 - v;
    }
    for (let k = 0; k < 3; k++) points[i * 3 + k] = a[k] + u * (b[k] - a[k]) + v * (c[k] - a[k]);
  }
  return { points, triangleIdx };
}

function firstAtLeast(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
