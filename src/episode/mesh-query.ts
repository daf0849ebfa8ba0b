/** Questions to a triangle mesh: rays, evenly spread surface points, extents. All in the mesh's own frame, metres. */
import type { Random } from '../base/random.js';
import { cross, dot, scale, type Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { sampleSurface, triangleCorners, triangleNormal } from '../skill/surface.js';

export interface SurfacePoint {
  readonly point: Vec3;
  /** Unit, outward. */
  readonly normal: Vec3;
}

export const vertexOf = (mesh: TriangleMesh, i: number): Vec3 => [
  mesh.vertices[3 * i],
  mesh.vertices[3 * i + 1],
  mesh.vertices[3 * i + 2],
];

/** `count` points spread over the surface in proportion to area, in random order, with their normals. */
export function surfacePoints(mesh: TriangleMesh, count: number, random: Random): SurfacePoint[] {
  const { points, triangleIdx } = sampleSurface(mesh, count, random);
  return Array.from(triangleIdx, (f, k) => ({
    point: [points[3 * k], points[3 * k + 1], points[3 * k + 2]],
    normal: triangleNormal(mesh, f),
  }));
}

export interface RayHit {
  readonly distanceM: number;
  /** Unit, outward. */
  readonly normal: Vec3;
}

/** Nearest hit of a ray beyond `fromM`, or null. `direction` is a unit vector. Source: Moeller & Trumbore 1997. */
export function castRay(mesh: TriangleMesh, origin: Vec3, direction: Vec3, fromM: number): RayHit | null {
  const { vertices: v, triangles: t } = mesh;
  const [ox, oy, oz] = origin;
  const [dx, dy, dz] = direction;
  let nearest = Number.POSITIVE_INFINITY;
  let hit = -1;
  for (let f = 0; f < t.length; f += 3) {
    const a = 3 * t[f];
    const b = 3 * t[f + 1];
    const c = 3 * t[f + 2];
    const e1x = v[b] - v[a];
    const e1y = v[b + 1] - v[a + 1];
    const e1z = v[b + 2] - v[a + 2];
    const e2x = v[c] - v[a];
    const e2y = v[c + 1] - v[a + 1];
    const e2z = v[c + 2] - v[a + 2];
    const px = dy * e2z - dz * e2y;
    const py = dz * e2x - dx * e2z;
    const pz = dx * e2y - dy * e2x;
    const determinant = e1x * px + e1y * py + e1z * pz;
    if (Math.abs(determinant) < 1e-16) continue;
    const sx = ox - v[a];
    const sy = oy - v[a + 1];
    const sz = oz - v[a + 2];
    const u = (sx * px + sy * py + sz * pz) / determinant;
    if (u < 0 || u > 1) continue;
    const qx = sy * e1z - sz * e1y;
    const qy = sz * e1x - sx * e1z;
    const qz = sx * e1y - sy * e1x;
    const w = (dx * qx + dy * qy + dz * qz) / determinant;
    if (w < 0 || u + w > 1) continue;
    const distance = (e2x * qx + e2y * qy + e2z * qz) / determinant;
    if (distance > fromM && distance < nearest) {
      nearest = distance;
      hit = f / 3;
    }
  }
  if (hit < 0) return null;
  return { distanceM: nearest, normal: triangleNormal(mesh, hit) };
}

/** Volume centroid of a closed mesh (signed tetrahedra); the centre of the vertices if the mesh encloses nothing. */
export function centroidOf(mesh: TriangleMesh): Vec3 {
  let volume = 0;
  const sum: Vec3 = [0, 0, 0];
  for (let f = 0; f < mesh.triangles.length / 3; f++) {
    const [a, b, c] = triangleCorners(mesh, f);
    const six = dot(a, cross(b, c));
    volume += six;
    for (let i = 0; i < 3; i++) sum[i] += (six * (a[i] + b[i] + c[i])) / 4;
  }
  if (Math.abs(volume) > 1e-12) return scale(sum, 1 / volume);
  const n = mesh.vertices.length / 3;
  const mean: Vec3 = [0, 0, 0];
  for (let k = 0; k < mesh.vertices.length; k++) mean[k % 3] += mesh.vertices[k] / n;
  return mean;
}

export interface Extents {
  readonly low: Vec3;
  readonly high: Vec3;
  /** Largest distance of a vertex from the z axis: the radius that the object may sweep when turned about it. */
  readonly radiusM: number;
}

export function extentsOf(mesh: TriangleMesh): Extents {
  const low: Vec3 = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high: Vec3 = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let radiusM = 0;
  for (let k = 0; k < mesh.vertices.length; k += 3) {
    for (let i = 0; i < 3; i++) {
      low[i] = Math.min(low[i], mesh.vertices[k + i]);
      high[i] = Math.max(high[i], mesh.vertices[k + i]);
    }
    radiusM = Math.max(radiusM, Math.hypot(mesh.vertices[k], mesh.vertices[k + 1]));
  }
  return { low, high, radiusM };
}
