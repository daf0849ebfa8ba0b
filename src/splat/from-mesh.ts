/** Gaussian sets from surfaces: evenly spaced flat discs that look closed when drawn. */
import type { Random } from '../base/random.js';
import { cross, norm, normalize, sub, type Vec3 } from '../math/vec3.js';
import { createGaussians, type GaussianSet, SH_C0 } from './gaussians.js';

/** Standard deviation of a disc in its plane, per spacing of its neighbours. 0.6 leaves no visible gaps (measured: see tests). */
const DISC_SD_PER_SPACING = 0.6;
/** Thickness of a disc, per its in-plane standard deviation: thin enough to keep edges sharp, not so thin that f32 suffers. */
const THICKNESS_RATIO = 0.08;
const DISC_OPACITY = 0.97;

/** Samples of a surface, [N, 3] each (metres; unit length; sRGB 0..1) and [N] in-plane standard deviations in metres. */
export interface SurfaceSamples {
  readonly points: ArrayLike<number>;
  readonly normals: ArrayLike<number>;
  readonly colours: ArrayLike<number>;
  readonly radiusM: ArrayLike<number>;
}

/** One flat disc per sample, facing along its normal. */
export function fromSurfaceSamples(samples: SurfaceSamples, opacity = DISC_OPACITY): GaussianSet {
  const count = samples.radiusM.length;
  const set = createGaussians(count);
  const opacityLogit = Math.log(opacity / (1 - opacity));
  for (let i = 0; i < count; i++) {
    const radius = Math.max(samples.radiusM[i], 1e-9);
    const normal: Vec3 = [samples.normals[3 * i], samples.normals[3 * i + 1], samples.normals[3 * i + 2]];
    set.rotation.set(quaternionFromZ(normal), 4 * i);
    set.opacityLogit[i] = opacityLogit;
    for (let c = 0; c < 3; c++) {
      set.position[3 * i + c] = samples.points[3 * i + c];
      set.sh[3 * i + c] = (samples.colours[3 * i + c] - 0.5) / SH_C0;
      set.logScale[3 * i + c] = Math.log(c === 2 ? radius * THICKNESS_RATIO : radius);
    }
  }
  return set;
}

/** Quaternion wxyz that turns z onto the unit vector n by the shortest way. */
function quaternionFromZ(n: Vec3): [number, number, number, number] {
  if (n[2] < -0.999999) return [0, 1, 0, 0];
  const w = 1 + n[2];
  const length = Math.hypot(w, n[0], n[1]);
  return [w / length, -n[1] / length, n[0] / length, 0];
}

/** Everything that a mesh surface is sampled into; colours are asked for later, so that callers can look at all points first. */
export interface MeshSamples {
  /** [N, 3] f64 metres. */
  readonly points: Float64Array;
  /** [N, 3] f64 unit face normals. */
  readonly normals: Float64Array;
  /** [N] triangle of each sample. */
  readonly triangleIdx: Uint32Array;
}

/**
 * Even samples of a mesh surface about `spacingM` apart (Poisson-disc by dart throwing over many uniform candidates, in a
 * hash grid; Cook 1986). `vertices` [V, 3] metres, `triangles` [F, 3]. Samples on opposite sides of a thin wall do not crowd
 * each other out: only samples whose normals agree are neighbours. Triangles without area are passed over.
 */
export function sampleMesh(
  vertices: ArrayLike<number>,
  triangles: ArrayLike<number>,
  spacingM: number,
  rng: Random,
): MeshSamples {
  const numTriangles = Math.floor(triangles.length / 3);
  const vertex = (index: number): Vec3 => [vertices[3 * index], vertices[3 * index + 1], vertices[3 * index + 2]];
  const cumulative = new Float64Array(numTriangles);
  const faceNormals: Vec3[] = [];
  let area = 0;
  for (let f = 0; f < numTriangles; f++) {
    const [a, b, c] = [0, 1, 2].map((k) => vertex(triangles[3 * f + k]));
    const n = cross(sub(b, a), sub(c, a));
    const doubleArea = norm(n);
    const usable = Number.isFinite(doubleArea) && doubleArea > 0;
    area += usable ? doubleArea / 2 : 0;
    cumulative[f] = area;
    faceNormals.push(usable ? normalize(n) : [0, 0, 1]);
  }
  const points: number[] = [];
  const normals: number[] = [];
  const owner: number[] = [];
  if (!(area > 0) || !(spacingM > 0)) {
    return { points: new Float64Array(0), normals: new Float64Array(0), triangleIdx: new Uint32Array(0) };
  }
  // Dart throwing packs discs of diameter r to about 0.7 / r^2 per area; r is chosen so that this is one per spacing^2.
  const exclusion = spacingM * Math.sqrt(0.7);
  const numCandidates = Math.ceil((area / (spacingM * spacingM)) * CANDIDATES_PER_SAMPLE) + 32;
  const grid = new Map<string, number[]>();
  const cellOf = (value: number): number => Math.floor(value / exclusion);
  for (let k = 0; k < numCandidates; k++) {
    const f = lowerBound(cumulative, rng.uniform01() * area);
    const s = Math.sqrt(rng.uniform01());
    const t = rng.uniform01();
    const [a, b, c] = [0, 1, 2].map((corner) => vertex(triangles[3 * f + corner]));
    const p = [0, 1, 2].map((i) => (1 - s) * a[i] + s * (1 - t) * b[i] + s * t * c[i]);
    const n = faceNormals[f];
    if (isCrowded(p, n)) continue;
    const key = `${cellOf(p[0])},${cellOf(p[1])},${cellOf(p[2])}`;
    const cell = grid.get(key);
    if (cell) cell.push(owner.length);
    else grid.set(key, [owner.length]);
    points.push(...p);
    normals.push(...n);
    owner.push(f);
  }
  return {
    points: Float64Array.from(points),
    normals: Float64Array.from(normals),
    triangleIdx: Uint32Array.from(owner),
  };

  function isCrowded(p: number[], n: Vec3): boolean {
    const [x, y, z] = p.map(cellOf);
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        for (let dz = -1; dz <= 1; dz++) {
          for (const j of grid.get(`${x + dx},${y + dy},${z + dz}`) ?? []) {
            const facing = n[0] * normals[3 * j] + n[1] * normals[3 * j + 1] + n[2] * normals[3 * j + 2];
            if (facing <= 0) continue;
            const distance = Math.hypot(p[0] - points[3 * j], p[1] - points[3 * j + 1], p[2] - points[3 * j + 2]);
            if (distance < exclusion) return true;
          }
        }
      }
    }
    return false;
  }
}

/** Candidates thrown per wanted sample: enough that dart throwing is nearly saturated. */
const CANDIDATES_PER_SAMPLE = 8;

/** First index whose cumulative value is >= x. */
function lowerBound(cumulative: Float64Array, x: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A mesh as Gaussians: flat discs about `spacingM` apart that overlap enough to look closed. `colourAt` gives sRGB 0..1 for a
 * point of the surface (metres, the mesh's frame), its unit normal and its triangle.
 */
export function gaussiansFromMesh(
  vertices: ArrayLike<number>,
  triangles: ArrayLike<number>,
  colourAt: (point: Vec3, normal: Vec3, triangleIdx: number) => Vec3,
  spacingM: number,
  rng: Random,
): GaussianSet {
  const { points, normals, triangleIdx } = sampleMesh(vertices, triangles, spacingM, rng);
  const count = triangleIdx.length;
  const colours = new Float64Array(count * 3);
  for (let i = 0; i < count; i++) {
    const point: Vec3 = [points[3 * i], points[3 * i + 1], points[3 * i + 2]];
    const normal: Vec3 = [normals[3 * i], normals[3 * i + 1], normals[3 * i + 2]];
    colours.set(colourAt(point, normal, triangleIdx[i]), 3 * i);
  }
  const radiusM = new Float64Array(count).fill(spacingM * DISC_SD_PER_SPACING);
  return fromSurfaceSamples({ points, normals, colours, radiusM });
}
