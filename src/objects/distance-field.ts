/** A solid as distances to its surface on a grid: what the free shape is while it is fitted, whatever its holes and branches. */
import { sub, type Vec3 } from '../math/vec3.js';
import { meshBounds } from './mesh.js';
import type { TriangleMesh } from './object-model.js';

/** Distances are kept up to this, in cells: farther away only the side matters. */
export const BAND_CELLS = 8;
/** Next to a mesh they are taken from its triangles, farther away from grid point to grid point. */
const EXACT_CELLS = 1.8;
/** Squares of cells on the box round the shape: about twice as many triangles follow. */
const SURFACE_CELLS = 3600;
/** Room on all sides, share of the longest extent, and never less than so many cells. */
const ROOM = 0.3;
const LEAST_ROOM_CELLS = 3;

export interface DistanceField {
  /** Position of the first grid point, metres, and the spacing. */
  readonly origin: Vec3;
  readonly cellM: number;
  /** Grid points along x, y, z. */
  readonly size: readonly [number, number, number];
  /** [z, y, x] distance to the surface in cells, positive inside, within `BAND_CELLS`. */
  readonly values: Float64Array;
}

/** An empty grid with room for the mesh to grow. Nothing grows below z = 0: two cells there close what stands on the table. */
export function gridAround(mesh: TriangleMesh): Omit<DistanceField, 'values'> {
  const { min, max } = meshBounds(mesh);
  const extent = sub(max, min);
  const area = 2 * (extent[0] * extent[1] + extent[1] * extent[2] + extent[2] * extent[0]);
  const cellM = Math.sqrt(area / SURFACE_CELLS);
  const room = Math.max(ROOM * Math.max(...extent), LEAST_ROOM_CELLS * cellM);
  const below = 2.5 * cellM;
  const count = (length: number): number => Math.ceil(length / cellM) + 1;
  return {
    origin: [min[0] - room, min[1] - room, min[2] - below],
    cellM,
    size: [count(extent[0] + 2 * room), count(extent[1] + 2 * room), count(extent[2] + room + below)],
  };
}

/** Distances to a closed mesh (of several closed parts, if they are), in its own frame. */
export function fieldOfMesh(mesh: TriangleMesh, grid: Omit<DistanceField, 'values'>): DistanceField {
  const { origin, cellM, size } = grid;
  const [nx, ny, nz] = size;
  const points = mesh.vertices.map((v, i) => (v - origin[i % 3]) / cellM);
  const known = new Float64Array(nx * ny * nz).fill(Number.POSITIVE_INFINITY);
  const { triangles } = mesh;
  for (let f = 0; f < triangles.length; f += 3) {
    const corners = [0, 1, 2].map((k) => pointAt(points, triangles[f + k]));
    const [x, y, z] = [0, 1, 2].map((axis): [number, number] => {
      const own = corners.map((corner) => corner[axis]);
      const low = Math.max(0, Math.ceil(Math.min(...own) - EXACT_CELLS));
      return [low, Math.min(size[axis] - 1, Math.floor(Math.max(...own) + EXACT_CELLS))];
    });
    for (let k = z[0]; k <= z[1]; k++) {
      for (let j = y[0]; j <= y[1]; j++) {
        for (let i = x[0], at = (k * ny + j) * nx + x[0]; i <= x[1]; i++, at++) {
          const d = distanceToTriangle(i, j, k, corners);
          if (d < known[at] && d <= EXACT_CELLS) known[at] = d;
        }
      }
    }
  }
  const inside = insideOf(points, triangles, size);
  const distance = spreadOut(known, size);
  return { ...grid, values: distance.map((d, at) => (inside[at] ? d : -d)) };
}

const pointAt = (points: Float64Array, i: number): Vec3 => [points[3 * i], points[3 * i + 1], points[3 * i + 2]];

/** Columns are looked up a little beside the grid points, so that none runs along an edge of the mesh. */
const BESIDE = [1.7e-4, 2.9e-4] as const;

/** 1 for grid points that more surfaces above face up than down. */
function insideOf(points: Float64Array, triangles: Uint32Array, [nx, ny, nz]: DistanceField['size']): Uint8Array {
  const crossings = new Map<number, { z: number; side: number }[]>();
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => pointAt(points, triangles[f + k]));
    const double = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if (double === 0) continue;
    const [x0, x1] = [Math.min(a[0], b[0], c[0]), Math.max(a[0], b[0], c[0])];
    const [y0, y1] = [Math.min(a[1], b[1], c[1]), Math.max(a[1], b[1], c[1])];
    for (let j = Math.max(0, Math.floor(y0)); j <= Math.min(ny - 1, y1); j++) {
      for (let i = Math.max(0, Math.floor(x0)); i <= Math.min(nx - 1, x1); i++) {
        const [x, y] = [i + BESIDE[0], j + BESIDE[1]];
        const u = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / double;
        const v = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / double;
        if (u < 0 || v < 0 || u + v > 1) continue;
        const column = j * nx + i;
        const found = crossings.get(column) ?? [];
        found.push({ z: a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2]), side: Math.sign(double) });
        crossings.set(column, found);
      }
    }
  }
  const inside = new Uint8Array(nx * ny * nz);
  for (const [column, found] of crossings) {
    for (let k = 0; k < nz; k++) {
      const above = found.reduce((sum, { z, side }) => sum + (z > k ? side : 0), 0);
      if (above > 0) inside[k * nx * ny + column] = 1;
    }
  }
  return inside;
}

/** Ericson, Real-Time Collision Detection (2005), 5.1.5: by the region of the triangle that is nearest. */
function distanceToTriangle(x: number, y: number, z: number, [a, b, c]: readonly Vec3[]): number {
  const [abx, aby, abz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
  const [acx, acy, acz] = [c[0] - a[0], c[1] - a[1], c[2] - a[2]];
  const [px, py, pz] = [x - a[0], y - a[1], z - a[2]];
  const d1 = abx * px + aby * py + abz * pz;
  const d2 = acx * px + acy * py + acz * pz;
  const abab = abx * abx + aby * aby + abz * abz;
  const abac = abx * acx + aby * acy + abz * acz;
  const acac = acx * acx + acy * acy + acz * acz;
  // The same from the other two corners.
  const [d3, d4] = [d1 - abab, d2 - abac];
  const [d5, d6] = [d1 - abac, d2 - acac];
  const [va, vb, vc] = [d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2];
  let [v, w] = [0, 0];
  if (d1 <= 0 && d2 <= 0) v = 0;
  else if (d3 >= 0 && d4 <= d3) v = 1;
  else if (d6 >= 0 && d5 <= d6) w = 1;
  else if (vc <= 0 && d1 >= 0 && d3 <= 0) v = d1 / (d1 - d3);
  else if (vb <= 0 && d2 >= 0 && d6 <= 0) w = d2 / (d2 - d6);
  else if (va <= 0 && d4 >= d3 && d5 >= d6) {
    w = (d4 - d3) / (d4 - d3 + (d5 - d6));
    v = 1 - w;
  } else {
    v = vb / (va + vb + vc);
    w = vc / (va + vb + vc);
  }
  const [dx, dy, dz] = [px - v * abx - w * acx, py - v * aby - w * acy, pz - v * abz - w * acz];
  return Math.sqrt(dx * dx + dy * dy + dz * dz);
}

/** The field with the same surface and true distances to it. */
export function redistanced(field: DistanceField): DistanceField {
  const { size, values } = field;
  const steps = [1, size[0], size[0] * size[1]];
  const known = new Float64Array(values.length).fill(Number.POSITIVE_INFINITY);
  for (let at = 0; at < values.length; at++) {
    // Next to the surface: the distance to the plane through the crossings on its edges.
    let sum = 0;
    for (let axis = 0; axis < 3; axis++) {
      const i = Math.floor(at / steps[axis]) % size[axis];
      let crossing = Number.POSITIVE_INFINITY;
      if (i > 0) crossing = Math.min(crossing, crossingAt(values[at], values[at - steps[axis]]));
      if (i < size[axis] - 1) crossing = Math.min(crossing, crossingAt(values[at], values[at + steps[axis]]));
      if (Number.isFinite(crossing)) sum += 1 / Math.max(crossing, 1e-9) ** 2;
    }
    if (sum > 0) known[at] = 1 / Math.sqrt(sum);
  }
  const distance = spreadOut(known, size);
  return { ...field, values: distance.map((d, at) => (values[at] > 0 ? d : -d)) };
}

/** Cells from a grid point to the surface between it and a neighbour; infinite where there is none. */
const crossingAt = (own: number, other: number): number =>
  own > 0 === other > 0 ? Number.POSITIVE_INFINITY : own / (own - other);

/** Distances known next to a surface (else infinite) carried on up to `BAND_CELLS`: the eikonal equation by fast sweeping (Zhao 2005). */
function spreadOut(known: Float64Array, [nx, ny, nz]: DistanceField['size']): Float64Array {
  const far = BAND_CELLS;
  const distance = known.map((d) => Math.min(d, far));
  for (let way = 0; way < 8; way++) {
    for (let c = 0; c < nz; c++) {
      for (let b = 0; b < ny; b++) {
        for (let a = 0; a < nx; a++) {
          const i = way & 1 ? nx - 1 - a : a;
          const j = way & 2 ? ny - 1 - b : b;
          const k = way & 4 ? nz - 1 - c : c;
          const at = (k * ny + j) * nx + i;
          if (known[at] < far) continue;
          const x = Math.min(i > 0 ? distance[at - 1] : far, i < nx - 1 ? distance[at + 1] : far);
          const y = Math.min(j > 0 ? distance[at - nx] : far, j < ny - 1 ? distance[at + nx] : far);
          const z = Math.min(k > 0 ? distance[at - nx * ny] : far, k < nz - 1 ? distance[at + nx * ny] : far);
          distance[at] = Math.min(distance[at], eikonal(x, y, z));
        }
      }
    }
  }
  return distance;
}

/** The distance of a grid point whose nearest neighbours along the axes have these. */
function eikonal(x: number, y: number, z: number): number {
  const a = Math.min(x, y, z);
  const c = Math.max(x, y, z);
  const b = x + y + z - a - c;
  if (a + 1 <= b) return a + 1;
  const two = (a + b + Math.sqrt(2 - (a - b) ** 2)) / 2;
  if (two <= c) return two;
  const sum = a + b + c;
  return (sum + Math.sqrt(Math.max(0, sum * sum - 3 * (a * a + b * b + c * c - 1)))) / 3;
}
