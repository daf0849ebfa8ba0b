/** The surface of a distance field as a closed mesh: surface nets (Gibson 1998), one vertex per cell that the surface crosses. */

import type { DistanceField } from './distance-field.js';
import { makeMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';

/** What just counts as inside. */
const JUST_INSIDE = 1e-3;
/** Surfaces stay this far (in cells) from grid points: nearer ones would put vertices on top of each other. */
const LEAST = 0.02;
/** Rounds of relaxing the surface, their two factors, and how far a vertex may go. */
const RELAXATIONS = 3;
const SHRINK = 0.5;
const GROW = -0.53;
const REACH_CELLS = 0.4;

/**
 * The largest connected solid of the field, without hollows that nothing reaches; every edge has two faces. Null where nothing is inside. The
 * outermost grid points count as outside.
 */
export function meshOfField(field: DistanceField): TriangleMesh | null {
  const { size, origin, cellM } = field;
  const [nx, ny] = size;
  const values = oneSolid(field);
  if (values === null) return null;
  const step = [1, nx, nx * ny];
  const vertices: number[] = [];
  const triangles: number[] = [];
  const vertexOf = new Map<number, number>();
  const vertexAt = (cell: number): number => {
    const known = vertexOf.get(cell);
    if (known !== undefined) return known;
    const [i, j, k] = [cell % nx, Math.floor(cell / nx) % ny, Math.floor(cell / (nx * ny))];
    const sum = [0, 0, 0];
    let crossed = 0;
    for (const [from, axis] of CELL_EDGES) {
      const at = cell + from[0] + from[1] * nx + from[2] * nx * ny;
      const [a, b] = [values[at], values[at + step[axis]]];
      if (a > 0 === b > 0) continue;
      for (let c = 0; c < 3; c++) sum[c] += from[c] + (c === axis ? a / (a - b) : 0);
      crossed++;
    }
    [i, j, k].forEach((first, c) => {
      vertices.push(origin[c] + (first + sum[c] / crossed) * cellM);
    });
    vertexOf.set(cell, vertices.length / 3 - 1);
    return vertices.length / 3 - 1;
  };
  for (let at = 0; at < values.length; at++) {
    for (let axis = 0; axis < 3; axis++) {
      const next = at + step[axis];
      if (next >= values.length || values[at] > 0 === values[next] > 0) continue;
      // The four cells round this edge, counter-clockwise seen from its end.
      const [u, v] = [step[(axis + 1) % 3], step[(axis + 2) % 3]];
      const ring = [at - u - v, at - v, at, at - u].map(vertexAt);
      const [a, b, c, d] = values[at] > 0 ? ring : [...ring].reverse();
      triangles.push(a, b, c, a, c, d);
    }
  }
  return makeMesh(relaxed(vertices, triangles, REACH_CELLS * cellM), triangles);
}

/** Every vertex drawn to the middle of its neighbours and pushed back a little more (Taubin 1995), no farther than `reachM` from its place. */
function relaxed(vertices: readonly number[], triangles: readonly number[], reachM: number): number[] {
  let now = [...vertices];
  for (let pass = 0; pass < 2 * RELAXATIONS; pass++) {
    const sum = new Float64Array(now.length);
    const count = new Float64Array(now.length / 3);
    for (let f = 0; f < triangles.length; f += 3) {
      for (let k = 0; k < 3; k++) {
        const [a, b] = [triangles[f + k], triangles[f + ((k + 1) % 3)]];
        for (let c = 0; c < 3; c++) sum[3 * a + c] += now[3 * b + c];
        count[a]++;
      }
    }
    const factor = pass % 2 === 0 ? SHRINK : GROW;
    now = now.map((v, i) => {
      const moved = v + factor * (sum[i] / count[Math.floor(i / 3)] - v);
      return Math.min(vertices[i] + reachM, Math.max(vertices[i] - reachM, moved));
    });
  }
  return now;
}

type Triple = readonly [number, number, number];
/** The twelve edges of a cell: their first corner and axis. */
const CELL_EDGES: readonly (readonly [Triple, number])[] = [0, 1, 2].flatMap((axis) =>
  [0, 1, 2, 3].map((k): readonly [Triple, number] => {
    const corner: [number, number, number] = [0, 0, 0];
    corner[(axis + 1) % 3] = k & 1;
    corner[(axis + 2) % 3] = k >> 1;
    return [corner, axis];
  }),
);

/** The field's values with one solid left, which meets itself in faces only. */
function oneSolid({ values: given, size }: DistanceField): Float64Array | null {
  const [nx, ny, nz] = size;
  const values = given.map((v) => (v > 0 ? Math.max(v, LEAST) : Math.min(v, -LEAST)));
  for (let at = 0; at < values.length; at++) {
    const [i, j, k] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
    if (i === 0 || j === 0 || k === 0 || i === nx - 1 || j === ny - 1 || k === nz - 1)
      values[at] = Math.min(values[at], -LEAST);
  }
  const parts = connected(values, size, (v) => v > 0);
  if (parts.length === 0) return null;
  for (const part of parts.slice(1)) for (const at of part) values[at] = -LEAST;
  for (const hollow of connected(values, size, (v) => v <= 0).slice(1)) for (const at of hollow) values[at] = LEAST;
  joinCorners(values, size);
  return values;
}

/** Sets of grid points that hang together by the grid's edges, the largest first. */
function connected(
  values: Float64Array,
  [nx, ny, nz]: DistanceField['size'],
  belongs: (value: number) => boolean,
): number[][] {
  const seen = new Uint8Array(values.length);
  const parts: number[][] = [];
  for (let first = 0; first < values.length; first++) {
    if (seen[first] || !belongs(values[first])) continue;
    const part = [first];
    seen[first] = 1;
    for (let next = 0; next < part.length; next++) {
      const at = part[next];
      const [i, j, k] = [at % nx, Math.floor(at / nx) % ny, Math.floor(at / (nx * ny))];
      const around = [
        i > 0 ? at - 1 : -1,
        i < nx - 1 ? at + 1 : -1,
        j > 0 ? at - nx : -1,
        j < ny - 1 ? at + nx : -1,
        k > 0 ? at - nx * ny : -1,
        k < nz - 1 ? at + nx * ny : -1,
      ];
      for (const other of around) {
        if (other < 0 || seen[other] || !belongs(values[other])) continue;
        seen[other] = 1;
        part.push(other);
      }
    }
    parts.push(part);
  }
  return parts.sort((a, b) => b.length - a.length);
}

/**
 * Where inside and outside touch across a corner only, the surface would meet itself in a line or a point: such corners are filled (Latecki
 * 1995, well-composed sets). Filling never ends outside of the inner grid.
 */
function joinCorners(values: Float64Array, [nx, ny, nz]: DistanceField['size']): void {
  const step = [1, nx, nx * ny];
  const isIn = (at: number): boolean => values[at] > 0;
  const fill = (at: number): void => {
    values[at] = JUST_INSIDE + LEAST;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let k = 1; k + 1 < nz; k++) {
      for (let j = 1; j + 1 < ny; j++) {
        for (let i = 1; i + 1 < nx; i++) {
          const at = (k * ny + j) * nx + i;
          for (let axis = 0; axis < 3; axis++) {
            const [u, v] = [step[(axis + 1) % 3], step[(axis + 2) % 3]];
            const [a, b, c, d] = [at, at + u, at + v, at + u + v];
            if (isIn(a) !== isIn(d) || isIn(b) !== isIn(c) || isIn(a) === isIn(b)) continue;
            fill(isIn(a) ? b : a);
            changed = true;
          }
          for (const diagonal of DIAGONALS) {
            const corners = diagonal.map(([x, y, z]) => at + x + y * nx + z * nx * ny);
            const state = isIn(corners[0]);
            if (isIn(corners[1]) !== state || corners.slice(2).some((corner) => isIn(corner) === state)) continue;
            fill(state ? corners[2] : corners[0]);
            changed = true;
          }
        }
      }
    }
  }
}

/** The four diagonals of a cell: both ends, then the other six corners. */
const DIAGONALS: readonly (readonly Triple[])[] = [0, 1, 2, 3].map((k) => {
  const corners = Array.from({ length: 8 }, (_, c): Triple => [c & 1, (c >> 1) & 1, c >> 2]);
  return [corners[k], corners[7 - k], ...corners.filter((_, c) => c !== k && c !== 7 - k)];
});
