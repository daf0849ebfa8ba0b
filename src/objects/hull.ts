/** A closed mesh around a cloud of surface points: cells of a grid, filled from outside, their boundary as squares. */
import { makeMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';

/** Cells along the longest side. */
const GRID = 28;
/** Outliers left out at each end of each axis, as a share of the points. */
const TRIM = 0.002;

/** `points` [N, 3]; null with fewer than four points or without extent. Openings narrower than about two cells are closed. */
export function hullOfPoints(points: Float64Array): TriangleMesh | null {
  const count = points.length / 3;
  if (count < 4) return null;
  const low: number[] = [];
  const high: number[] = [];
  for (const axis of [0, 1, 2]) {
    const sorted = Float64Array.from({ length: count }, (_, i) => points[3 * i + axis]).sort();
    low.push(sorted[Math.floor(TRIM * (count - 1))]);
    high.push(sorted[Math.ceil((1 - TRIM) * (count - 1))]);
  }
  const longest = Math.max(...high.map((value, k) => value - low[k]));
  if (!(longest > 0) || !Number.isFinite(longest)) return null;
  const cell = longest / GRID;
  // Two empty cells all round, so that the outside is connected after the points were thickened by one.
  const n = high.map((value, k) => Math.ceil((value - low[k]) / cell) + 5);
  const at = (i: number, j: number, k: number): number => (k * n[1] + j) * n[0] + i;
  const near = new Uint8Array(n[0] * n[1] * n[2]);
  const own = new Uint8Array(near.length);
  for (let p = 0; p < count; p++) {
    const c = [0, 1, 2].map((axis) => Math.floor((points[3 * p + axis] - low[axis]) / cell) + 2);
    if (c.some((value, axis) => value < 2 || value > n[axis] - 3)) continue;
    own[at(c[0], c[1], c[2])] = 1;
    for (const [di, dj, dk] of AROUND) near[at(c[0] + di, c[1] + dj, c[2] + dk)] = 1;
  }
  const solid = filledInside(near, own, n, at);
  return boundary(solid, n, at, (i, j, k) => [
    low[0] + (i - 2) * cell,
    low[1] + (j - 2) * cell,
    low[2] + (k - 2) * cell,
  ]);
}

type Index = (i: number, j: number, k: number) => number;
const SIDES = [
  [1, 0, 0],
  [-1, 0, 0],
  [0, 1, 0],
  [0, -1, 0],
  [0, 0, 1],
  [0, 0, -1],
] as const;

const AROUND = Array.from({ length: 27 }, (_, d) => [(d % 3) - 1, (Math.floor(d / 3) % 3) - 1, Math.floor(d / 9) - 1]);

/** Cells that the outside does not reach: flooded through what is not near a point, then grown back to the points themselves. */
function filledInside(near: Uint8Array, own: Uint8Array, n: readonly number[], at: Index): Uint8Array {
  const outside = new Uint8Array(near.length);
  const stack: [number, number, number][] = [[0, 0, 0]];
  outside[0] = 1;
  while (stack.length > 0) {
    const [i, j, k] = stack.pop()!;
    for (const [di, dj, dk] of SIDES) {
      const [u, v, w] = [i + di, j + dj, k + dk];
      if (u < 0 || v < 0 || w < 0 || u >= n[0] || v >= n[1] || w >= n[2]) continue;
      const c = at(u, v, w);
      if (outside[c] || near[c]) continue;
      outside[c] = 1;
      stack.push([u, v, w]);
    }
  }
  return near.map((_, c) => {
    if (outside[c]) return 0;
    if (own[c] || !near[c]) return 1;
    // A cell that only the thickening filled is inside unless the outside is next to it, corners included.
    const [i, j, k] = [c % n[0], Math.floor(c / n[0]) % n[1], Math.floor(c / (n[0] * n[1]))];
    return AROUND.some(([di, dj, dk]) => outside[at(i + di, j + dj, k + dk)]) ? 0 : 1;
  });
}

/** The squares between full and empty cells, counter-clockwise from outside. */
function boundary(
  solid: Uint8Array,
  n: readonly number[],
  at: Index,
  cornerOf: (i: number, j: number, k: number) => [number, number, number],
): TriangleMesh | null {
  const vertices: number[] = [];
  const triangles: number[] = [];
  const index = new Map<number, number>();
  const corner = (c: readonly number[]): number => {
    const key = (c[2] * (n[1] + 1) + c[1]) * (n[0] + 1) + c[0];
    const known = index.get(key);
    if (known !== undefined) return known;
    vertices.push(...cornerOf(c[0], c[1], c[2]));
    index.set(key, vertices.length / 3 - 1);
    return vertices.length / 3 - 1;
  };
  for (let k = 1; k + 1 < n[2]; k++) {
    for (let j = 1; j + 1 < n[1]; j++) {
      for (let i = 1; i + 1 < n[0]; i++) {
        if (solid[at(i, j, k)] === 0) continue;
        for (const side of SIDES) {
          if (solid[at(i + side[0], j + side[1], k + side[2])]) continue;
          const axis = side.findIndex((v) => v !== 0);
          const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
          const base = [i, j, k];
          if (side[axis] > 0) base[axis]++;
          const square = [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 1],
          ].map(([a, b]) => {
            const c = [...base];
            c[u] += a;
            c[v] += b;
            return corner(c);
          });
          const [a, b, c, d] = side[axis] > 0 ? square : [...square].reverse();
          triangles.push(a, b, c, a, c, d);
        }
      }
    }
  }
  return triangles.length > 0 ? makeMesh(vertices, triangles) : null;
}
