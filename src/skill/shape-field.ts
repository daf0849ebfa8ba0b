/**
 * Distance to the surface of a closed mesh, fast: a grid of signed distances made once per object. For each grid corner
 * the nearest of many points sampled on the surface is found, then the exact distance to that point's triangle; signs
 * come from counting the surface's crossings along z. Good to about a millimetre on smooth faces.
 */
import type { Random } from '../base/random.js';
import { type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { forEachTriangle, type SurfaceSamples, sampleSurface, triangleCorners } from './surface.js';
import { distanceToTriangle } from './triangle.js';

/** Cells along the longest side: 48^3 floats are 442 kB per object and 4 mm for a 10 cm object with its margin. */
const CELLS_LONGEST = 48;
/** The grid reaches this far beyond the mesh, metres; farther distances are extended by the distance to the grid. */
const MARGIN_M = 0.05;
const NUM_FIELD_SAMPLES = 1500;
/** Points that stand for the object when it is tested against another one's field. */
const NUM_PROBES = 400;

export class ShapeField {
  private readonly origin: Vec3;
  private readonly cellM: number;
  private readonly size: [number, number, number];
  /** [nz, ny, nx] f32 signed distance in metres at cell corners, negative inside. */
  private readonly grid: Float32Array;
  /** [P, 3] f64 points on the surface, object frame, metres. */
  readonly probes: Float64Array;
  /** Bounding box of the mesh, object frame. */
  readonly low: Vec3;
  readonly high: Vec3;

  /** `marginM`: how far beyond the mesh the grid reaches; with less of it the same grid is finer. */
  constructor(
    mesh: TriangleMesh,
    random: Random,
    private readonly marginM = MARGIN_M,
  ) {
    const { low, high } = boundsOf(mesh.vertices);
    this.low = low;
    this.high = high;
    const longest = Math.max(high[0] - low[0], high[1] - low[1], high[2] - low[2]) + 2 * this.marginM;
    this.cellM = longest / (CELLS_LONGEST - 1);
    this.origin = [low[0] - this.marginM, low[1] - this.marginM, low[2] - this.marginM];
    const cells = (i: 0 | 1 | 2): number => Math.ceil((high[i] - low[i] + 2 * this.marginM) / this.cellM) + 1;
    this.size = [cells(0), cells(1), cells(2)];
    const samples = sampleSurface(mesh, NUM_FIELD_SAMPLES, random);
    this.probes = withVertices(samples.points.subarray(0, NUM_PROBES * 3), mesh.vertices);
    this.grid = this.distances(samples, mesh);
    this.applySigns(mesh);
  }

  /** Signed distance in metres of a point in the object frame (negative inside), trilinear. */
  distanceAt(p: Vec3): number {
    const [nx, ny, nz] = this.size;
    const gx = (p[0] - this.origin[0]) / this.cellM;
    const gy = (p[1] - this.origin[1]) / this.cellM;
    const gz = (p[2] - this.origin[2]) / this.cellM;
    const cx = Math.min(Math.max(gx, 0), nx - 1.001);
    const cy = Math.min(Math.max(gy, 0), ny - 1.001);
    const cz = Math.min(Math.max(gz, 0), nz - 1.001);
    const outside = Math.hypot(gx - cx, gy - cy, gz - cz) * this.cellM;
    const x = Math.floor(cx);
    const y = Math.floor(cy);
    const z = Math.floor(cz);
    const fx = cx - x;
    const fy = cy - y;
    const fz = cz - z;
    const i = (z * ny + y) * nx + x;
    const g = this.grid;
    const row = (k: number): number => g[k] + (g[k + 1] - g[k]) * fx;
    const plane = (k: number): number => row(k) + (row(k + nx) - row(k)) * fy;
    const near = plane(i);
    return outside + near + (plane(i + nx * ny) - near) * fz;
  }

  /** Direction in which the distance grows, by central differences (not normalised to exactly 1). */
  gradientAt(p: Vec3): Vec3 {
    const h = this.cellM;
    const d = (dx: number, dy: number, dz: number): number => this.distanceAt([p[0] + dx, p[1] + dy, p[2] + dz]);
    return [
      (d(h, 0, 0) - d(-h, 0, 0)) / (2 * h),
      (d(0, h, 0) - d(0, -h, 0)) / (2 * h),
      (d(0, 0, h) - d(0, 0, -h)) / (2 * h),
    ];
  }

  /** Unsigned distances: the nearest sample of every corner by propagation, then exactly to that sample's triangle. */
  private distances({ points, triangleIdx }: SurfaceSamples, mesh: TriangleMesh): Float32Array {
    const nearest = this.nearestSamples(points);
    const out = new Float32Array(nearest.length);
    this.forEachCorner((i, p) => {
      const s = nearest[i];
      const toSample = Math.hypot(points[s * 3] - p[0], points[s * 3 + 1] - p[1], points[s * 3 + 2] - p[2]);
      out[i] = Math.min(toSample, distanceToTriangle(p, ...triangleCorners(mesh, triangleIdx[s])));
    });
    return out;
  }

  /**
   * Index of (nearly) the nearest sample per corner: seeds at the corners around every sample, handed on to neighbours in
   * sweeps along each axis in both directions, twice (a vector distance transform; Danielsson 1980).
   */
  private nearestSamples(points: Float64Array): Int32Array {
    const [nx, ny, nz] = this.size;
    const nearest = new Int32Array(nx * ny * nz).fill(-1);
    const best = new Float32Array(nearest.length).fill(Number.POSITIVE_INFINITY);
    const offer = (i: number, x: number, y: number, z: number, s: number): void => {
      const dx = points[s * 3] - this.origin[0] - x * this.cellM;
      const dy = points[s * 3 + 1] - this.origin[1] - y * this.cellM;
      const dz = points[s * 3 + 2] - this.origin[2] - z * this.cellM;
      const squared = dx * dx + dy * dy + dz * dz;
      if (squared < best[i]) {
        best[i] = squared;
        nearest[i] = s;
      }
    };
    const cellOf = (s: number, k: 0 | 1 | 2): number => Math.floor((points[s * 3 + k] - this.origin[k]) / this.cellM);
    for (let s = 0; s < points.length / 3; s++) {
      for (let corner = 0; corner < 8; corner++) {
        const x = cellOf(s, 0) + (corner & 1);
        const y = cellOf(s, 1) + ((corner >> 1) & 1);
        const z = cellOf(s, 2) + (corner >> 2);
        offer((z * ny + y) * nx + x, x, y, z, s);
      }
    }
    const steps = [1, nx, nx * ny];
    for (let pass = 0; pass < 4; pass++) {
      const forward = pass % 2 === 0;
      for (let n = 0; n < nearest.length; n++) {
        const i = forward ? n : nearest.length - 1 - n;
        const at = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
        for (let k = 0; k < 3; k++) {
          const inside = forward ? at[k] > 0 : at[k] < this.size[k] - 1;
          const s = inside ? nearest[forward ? i - steps[k] : i + steps[k]] : -1;
          if (s >= 0) offer(i, at[0], at[1], at[2], s);
        }
      }
    }
    return nearest;
  }

  private forEachCorner(visit: (i: number, p: Vec3) => void): void {
    const [nx, ny, nz] = this.size;
    for (let z = 0, i = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        for (let x = 0; x < nx; x++, i++) {
          visit(i, [this.origin[0] + x * this.cellM, this.origin[1] + y * this.cellM, this.origin[2] + z * this.cellM]);
        }
      }
    }
  }

  /** Negates the distance at corners inside the mesh: an odd number of crossings below along z. */
  private applySigns(mesh: TriangleMesh): void {
    const [nx, ny, nz] = this.size;
    const crossings: number[][] = Array.from({ length: nx * ny }, () => []);
    // Columns sit a hair off the grid so that they do not run along edges of axis-aligned meshes.
    const nudge = this.cellM * 1e-3;
    forEachTriangle(mesh, (a, b, c) => {
      const x0 = Math.max(0, Math.ceil((Math.min(a[0], b[0], c[0]) - this.origin[0]) / this.cellM - 1));
      const x1 = Math.min(nx - 1, Math.floor((Math.max(a[0], b[0], c[0]) - this.origin[0]) / this.cellM + 1));
      const y0 = Math.max(0, Math.ceil((Math.min(a[1], b[1], c[1]) - this.origin[1]) / this.cellM - 1));
      const y1 = Math.min(ny - 1, Math.floor((Math.max(a[1], b[1], c[1]) - this.origin[1]) / this.cellM + 1));
      for (let y = y0; y <= y1; y++) {
        for (let x = x0; x <= x1; x++) {
          const px = this.origin[0] + x * this.cellM + nudge;
          const py = this.origin[1] + y * this.cellM + nudge * 1.37;
          const z = crossingHeight(a, b, c, px, py);
          if (z !== null) crossings[y * nx + x].push(z);
        }
      }
    });
    for (let column = 0; column < nx * ny; column++) {
      const heights = crossings[column];
      // An odd count means a hole in the mesh: leave the column outside rather than fill it to the sky.
      if (heights.length % 2 !== 0) continue;
      heights.sort((p, q) => p - q);
      for (let k = 0; k + 1 < heights.length; k += 2) {
        const z0 = Math.max(0, Math.ceil((heights[k] - this.origin[2]) / this.cellM));
        const z1 = Math.min(nz - 1, Math.floor((heights[k + 1] - this.origin[2]) / this.cellM));
        for (let z = z0; z <= z1; z++) this.grid[z * nx * ny + column] *= -1;
      }
    }
  }
}

/** Smallest distance in metres between two surfaces, negative where they overlap. `bFromA` places object a in b's frame. */
export function surfaceDistance(a: ShapeField, b: ShapeField, bFromA: Mat4, aFromB: Mat4): number {
  return Math.min(deepestPoint(a, b, bFromA).distanceM, deepestPoint(b, a, aFromB).distanceM);
}

/** The point of `a`'s surface that is nearest to (or deepest in) `b`, in b's frame. */
export function deepestPoint(a: ShapeField, b: ShapeField, bFromA: Mat4): { distanceM: number; point: Vec3 } {
  let distanceM = Number.POSITIVE_INFINITY;
  let point: Vec3 = [0, 0, 0];
  const { probes } = a;
  for (let i = 0; i < probes.length; i += 3) {
    const p = transformPoint(bFromA, [probes[i], probes[i + 1], probes[i + 2]]);
    const d = b.distanceAt(p);
    if (d < distanceM) {
      distanceM = d;
      point = p;
    }
  }
  return { distanceM, point };
}

/** Lowest and highest z (metres) that the object reaches at a pose. */
export function heightRange(field: ShapeField, worldFromObject: Mat4): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const { probes } = field;
  for (let i = 0; i < probes.length; i += 3) {
    const z =
      worldFromObject[8] * probes[i] +
      worldFromObject[9] * probes[i + 1] +
      worldFromObject[10] * probes[i + 2] +
      worldFromObject[11];
    if (z < low) low = z;
    if (z > high) high = z;
  }
  return [low, high];
}

function boundsOf(vertices: Float64Array): { low: Vec3; high: Vec3 } {
  const low: Vec3 = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high: Vec3 = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < vertices.length; i++) {
    low[i % 3] = Math.min(low[i % 3], vertices[i]);
    high[i % 3] = Math.max(high[i % 3], vertices[i]);
  }
  return { low, high };
}

/** Height at which the vertical line through (x, y) meets the triangle, or null. */
function crossingHeight(a: Vec3, b: Vec3, c: Vec3, x: number, y: number): number | null {
  const area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
  if (area === 0) return null;
  const u = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area;
  const v = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area;
  if (u < 0 || v < 0 || u + v > 1) return null;
  return a[2] + u * (b[2] - a[2]) + v * (c[2] - a[2]);
}

/** Corners matter for contact: all vertices of small meshes, every n-th of large ones, join the sampled points. */
function withVertices(samples: Float64Array, vertices: Float64Array): Float64Array {
  const count = vertices.length / 3;
  const step = Math.max(1, Math.ceil(count / NUM_PROBES));
  const picked: number[] = [];
  for (let i = 0; i < count; i += step) picked.push(vertices[i * 3], vertices[i * 3 + 1], vertices[i * 3 + 2]);
  const out = new Float64Array(samples.length + picked.length);
  out.set(samples);
  out.set(picked, samples.length);
  return out;
}
