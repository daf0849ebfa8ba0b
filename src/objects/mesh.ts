/** Closed triangle meshes of the shape families, and what is measured on them. Metres; z up; the base stands on z = 0. */
import type { Mat4 } from '../math/se3.js';
import { norm, type Vec3, vec3 } from '../math/vec3.js';
import type { TriangleMesh } from './object-model.js';

export function makeMesh(vertices: readonly number[], triangles: readonly number[]): TriangleMesh {
  return { vertices: Float64Array.from(vertices), triangles: Uint32Array.from(triangles) };
}

/** Box standing on z = 0, centred on the z axis. */
export function boxMesh(sizeX: number, sizeY: number, height: number): TriangleMesh {
  const [x, y] = [sizeX / 2, sizeY / 2];
  return prismMesh(
    [
      [-x, -y],
      [x, -y],
      [x, y],
      [-x, y],
    ],
    height,
  );
}

/** Facets per rounded edge. */
const ROUND_STEPS = 3;

/**
 * Box standing on z = 0, centred on the z axis, its edges and corners rounded with this radius (0: sharp): the grid of a cube,
 * each corner eighth pushed onto a sphere.
 */
export function roundedBoxMesh(sizeX: number, sizeY: number, height: number, radiusM: number): TriangleMesh {
  const radius = Math.min(radiusM, 0.499 * Math.min(sizeX, sizeY, height));
  if (!(radius > 0)) return boxMesh(sizeX, sizeY, height);
  const inner: Vec3 = [sizeX / 2 - radius, sizeY / 2 - radius, height / 2 - radius];
  // Directions -1..1 along each axis: ROUND_STEPS facets round each edge, one flat face between.
  const half = Array.from({ length: ROUND_STEPS }, (_, k) => Math.tan(((k + 1) / ROUND_STEPS) * (Math.PI / 4)));
  const ticks = [...half.map((t) => -t).reverse(), -0, 0, ...half];
  const n = ticks.length;
  const isUpper = (i: number): boolean => i >= n / 2;
  const vertices: number[] = [];
  const index = new Map<string, number>();
  const corner = (ijk: Vec3): number => {
    const key = ijk.join();
    const known = index.get(key);
    if (known !== undefined) return known;
    const direction = vec3((axis) => ticks[ijk[axis]]);
    const length = norm(direction);
    for (let c = 0; c < 3; c++) {
      const side = isUpper(ijk[c]) ? 1 : -1;
      vertices.push(side * inner[c] + (radius * direction[c]) / length + (c === 2 ? height / 2 : 0));
    }
    index.set(key, vertices.length / 3 - 1);
    return vertices.length / 3 - 1;
  };
  const triangles: number[] = [];
  for (const axis of [0, 1, 2]) {
    for (const end of [0, n - 1]) {
      for (let i = 0; i + 1 < n; i++) {
        for (let j = 0; j + 1 < n; j++) {
          const at = (u: number, v: number): number => {
            const ijk: Vec3 = [0, 0, 0];
            ijk[axis] = end;
            ijk[(axis + 1) % 3] = u;
            ijk[(axis + 2) % 3] = v;
            return corner(ijk);
          };
          const [a, b, c, d] = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
          if (end > 0) triangles.push(a, b, c, a, c, d);
          else triangles.push(a, c, b, a, d, c);
        }
      }
    }
  }
  return makeMesh(vertices, triangles);
}

/** Upright prism over a star-shaped polygon (counter-clockwise from above, its kernel holding the vertex mean). */
export function prismMesh(polygon: readonly (readonly [number, number])[], height: number): TriangleMesh {
  const n = polygon.length;
  const mx = polygon.reduce((sum, p) => sum + p[0], 0) / n;
  const my = polygon.reduce((sum, p) => sum + p[1], 0) / n;
  const vertices: number[] = [];
  for (const z of [0, height]) for (const [x, y] of polygon) vertices.push(x, y, z);
  vertices.push(mx, my, 0, mx, my, height);
  const triangles: number[] = [];
  for (let i = 0; i < n; i++) {
    const j = (i + 1) % n;
    triangles.push(i, j, n + j, i, n + j, n + i);
    triangles.push(2 * n, j, i, 2 * n + 1, n + i, n + j);
  }
  return makeMesh(vertices, triangles);
}

/** Profile of a solid of revolution about z: radius at height, from the base up (metres). */
export interface ProfilePoint {
  readonly radiusM: number;
  readonly heightM: number;
}

/**
 * Solid of revolution of a profile; flat ends close it. With `wallM` it is open at the top: the inside follows the outside at
 * that distance down to a floor of the same thickness, which keeps the mesh closed (a thick cup, not a sheet).
 */
export function revolutionMesh(profile: readonly ProfilePoint[], segments: number, wallM = 0): TriangleMesh {
  const path = wallM > 0 ? [...profile, ...insideOf(profile, wallM)] : [...profile];
  const vertices: number[] = [0, 0, path[0].heightM];
  for (const { radiusM, heightM } of path) {
    for (let s = 0; s < segments; s++) {
      const angle = (2 * Math.PI * s) / segments;
      vertices.push(radiusM * Math.cos(angle), radiusM * Math.sin(angle), heightM);
    }
  }
  const last = 1 + path.length * segments;
  vertices.push(0, 0, path[path.length - 1].heightM);
  const triangles: number[] = [];
  for (let s = 0; s < segments; s++) {
    const t = (s + 1) % segments;
    triangles.push(0, 1 + t, 1 + s);
    for (let r = 0; r + 1 < path.length; r++) {
      const a = 1 + r * segments;
      const b = a + segments;
      triangles.push(a + s, a + t, b + t, a + s, b + t, b + s);
    }
    const top = 1 + (path.length - 1) * segments;
    triangles.push(last, top + s, top + t);
  }
  return makeMesh(vertices, triangles);
}

/**
 * A wall about z from `fromRad` to `toRad` (counter-clockwise) under and over whose outside, from the bottom up, lies `profile`: `wallM`
 * thick, closed at both ends.
 */
export function wallMesh(
  profile: readonly ProfilePoint[],
  wallM: number,
  [fromRad, toRad]: readonly [number, number],
  segments: number,
): TriangleMesh {
  const inside = profile.map(({ radiusM, heightM }) => ({
    radiusM: Math.max(radiusM - wallM, radiusM * 0.2),
    heightM,
  }));
  // Round the cross-section: up outside, down inside.
  const section = [...profile, ...inside.reverse()];
  const size = section.length;
  const vertices: number[] = [];
  for (let s = 0; s <= segments; s++) {
    const angle = fromRad + ((toRad - fromRad) * s) / segments;
    for (const { radiusM, heightM } of section) {
      vertices.push(radiusM * Math.cos(angle), radiusM * Math.sin(angle), heightM);
    }
  }
  const triangles: number[] = [];
  for (let s = 0; s < segments; s++) {
    for (let p = 0; p < size; p++) {
      const q = (p + 1) % size;
      const [a, b, c, d] = [s * size + p, s * size + q, (s + 1) * size + q, (s + 1) * size + p];
      triangles.push(a, d, c, a, c, b);
    }
  }
  // Ends: strips between outside and inside at the same height.
  const end = segments * size;
  for (let p = 0; p + 1 < profile.length; p++) {
    const [a, b, c, d] = [p, p + 1, size - 2 - p, size - 1 - p];
    triangles.push(a, b, c, a, c, d, end + a, end + c, end + b, end + a, end + d, end + c);
  }
  return makeMesh(vertices, triangles);
}

/** Inner wall from the rim down, ending in the floor's edge. */
function insideOf(profile: readonly ProfilePoint[], wallM: number): ProfilePoint[] {
  const base = profile[0].heightM;
  const rim = profile[profile.length - 1];
  const floor = Math.min(base + wallM, base + (rim.heightM - base) / 2);
  const inside = [...profile]
    .reverse()
    .map(({ radiusM, heightM }) => ({ radiusM: Math.max(radiusM - wallM, radiusM * 0.2), heightM }));
  const above = inside.filter((p) => p.heightM > floor);
  const floorRadius = Math.max(radiusAt(profile, floor) - wallM, radiusAt(profile, floor) * 0.2);
  return [...above, { radiusM: floorRadius, heightM: floor }];
}

/** Radius of a profile at a height, linear between its points. */
export function radiusAt(profile: readonly ProfilePoint[], heightM: number): number {
  for (let i = 0; i + 1 < profile.length; i++) {
    const [a, b] = [profile[i], profile[i + 1]];
    if (heightM <= b.heightM) {
      const t = b.heightM > a.heightM ? (heightM - a.heightM) / (b.heightM - a.heightM) : 1;
      return a.radiusM + Math.min(1, Math.max(0, t)) * (b.radiusM - a.radiusM);
    }
  }
  return profile[profile.length - 1].radiusM;
}

/** Several meshes as one (each part stays closed). */
export function joinMeshes(...meshes: readonly TriangleMesh[]): TriangleMesh {
  const vertices: number[] = [];
  const triangles: number[] = [];
  for (const mesh of meshes) {
    const first = vertices.length / 3;
    for (const v of mesh.vertices) vertices.push(v);
    for (const t of mesh.triangles) triangles.push(t + first);
  }
  return makeMesh(vertices, triangles);
}

export function transformMesh(mesh: TriangleMesh, aFromMesh: Mat4): TriangleMesh {
  const v = mesh.vertices;
  const out = new Float64Array(v.length);
  for (let i = 0; i < v.length; i += 3) {
    for (let r = 0; r < 3; r++) {
      out[i + r] =
        aFromMesh[4 * r] * v[i] +
        aFromMesh[4 * r + 1] * v[i + 1] +
        aFromMesh[4 * r + 2] * v[i + 2] +
        aFromMesh[4 * r + 3];
    }
  }
  return { vertices: out, triangles: mesh.triangles };
}

/** Bounding box; an empty mesh gives zeros. */
export function meshBounds(mesh: TriangleMesh): { min: Vec3; max: Vec3 } {
  if (mesh.vertices.length === 0) return { min: [0, 0, 0], max: [0, 0, 0] };
  const min: Vec3 = [Infinity, Infinity, Infinity];
  const max: Vec3 = [-Infinity, -Infinity, -Infinity];
  mesh.vertices.forEach((value, i) => {
    min[i % 3] = Math.min(min[i % 3], value);
    max[i % 3] = Math.max(max[i % 3], value);
  });
  return { min, max };
}

/** Signed volume by the divergence theorem: positive when triangles are counter-clockwise seen from outside. m^3. */
export function meshVolume(mesh: TriangleMesh): number {
  const { vertices: v, triangles: t } = mesh;
  let volume = 0;
  for (let f = 0; f < t.length; f += 3) {
    const [a, b, c] = [3 * t[f], 3 * t[f + 1], 3 * t[f + 2]];
    volume +=
      (v[a] * (v[b + 1] * v[c + 2] - v[b + 2] * v[c + 1]) +
        v[a + 1] * (v[b + 2] * v[c] - v[b] * v[c + 2]) +
        v[a + 2] * (v[b] * v[c + 1] - v[b + 1] * v[c])) /
      6;
  }
  return volume;
}

/** Surface area, m^2. */
export function meshArea(mesh: TriangleMesh): number {
  const { vertices: v, triangles: t } = mesh;
  let area = 0;
  for (let f = 0; f < t.length; f += 3) {
    const [a, b, c] = [3 * t[f], 3 * t[f + 1], 3 * t[f + 2]];
    const [ux, uy, uz] = [v[b] - v[a], v[b + 1] - v[a + 1], v[b + 2] - v[a + 2]];
    const [wx, wy, wz] = [v[c] - v[a], v[c + 1] - v[a + 1], v[c + 2] - v[a + 2]];
    area += Math.hypot(uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx) / 2;
  }
  return area;
}

/** True when every edge is used once in each direction: a closed, consistently oriented surface. */
export function isClosed(mesh: TriangleMesh): boolean {
  const edges = new Map<string, number>();
  const t = mesh.triangles;
  for (let f = 0; f < t.length; f += 3) {
    for (let k = 0; k < 3; k++) {
      const [a, b] = [t[f + k], t[f + ((k + 1) % 3)]];
      const [key, sign] = a < b ? [`${a},${b}`, 1] : [`${b},${a}`, -1];
      edges.set(key, (edges.get(key) ?? 0) + sign);
    }
  }
  return t.length > 0 && [...edges.values()].every((count) => count === 0);
}
