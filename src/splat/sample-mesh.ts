/** Even sampling of triangle meshes, with what is needed to keep their sharp edges sharp. */
import type { Random } from '../base/random.js';
import { add, cross, dot, norm, normalize, scale, sub, type Vec3 } from '../math/vec3.js';
import { PointGrid } from './point-grid.js';

/** Samples of a mesh surface. Colours are asked for later, so that callers can look at all points first. */
export interface MeshSamples {
  /** [N, 3] f64 metres. */
  readonly points: Float64Array;
  /** [N, 3] f64 unit face normals. */
  readonly normals: Float64Array;
  /** [N] triangle of each sample. */
  readonly triangleIdx: Uint32Array;
}

interface Faces {
  corners: [Vec3, Vec3, Vec3][];
  normals: Vec3[];
  /** Running sum of areas; faces without a finite area add nothing and are never picked. */
  cumulativeM2: Float64Array;
}

function facesOf(vertices: ArrayLike<number>, triangles: ArrayLike<number>): Faces {
  const numFaces = Math.floor(triangles.length / 3);
  const faces: Faces = { corners: [], normals: [], cumulativeM2: new Float64Array(numFaces) };
  let area = 0;
  for (let f = 0; f < numFaces; f++) {
    const corner = (k: number): Vec3 => {
      const v = 3 * triangles[3 * f + k];
      return [vertices[v], vertices[v + 1], vertices[v + 2]];
    };
    const corners: [Vec3, Vec3, Vec3] = [corner(0), corner(1), corner(2)];
    const n = cross(sub(corners[1], corners[0]), sub(corners[2], corners[0]));
    const doubleArea = norm(n);
    const isUsable = Number.isFinite(doubleArea) && doubleArea > 0;
    area += isUsable ? doubleArea / 2 : 0;
    faces.cumulativeM2[f] = area;
    faces.corners.push(corners);
    faces.normals.push(isUsable ? scale(n, 1 / doubleArea) : [0, 0, 0]);
  }
  return faces;
}

/** Candidates thrown per wanted sample: with 12 the dart throwing is nearly saturated (a 13th adds under 1 % of samples). */
const CANDIDATES_PER_SAMPLE = 12;
/** Saturated dart throwing with exclusion distance r keeps about 0.7 samples per r^2; one per spacing^2 is wanted. */
const EXCLUSION_PER_SPACING = Math.sqrt(0.7);

/**
 * Even samples of a mesh surface about `spacingM` apart (Poisson discs by dart throwing; Cook 1986). `vertices` [V, 3] metres,
 * `triangles` [F, 3]. The two sides of a thin wall do not crowd each other out: only samples whose normals agree are
 * neighbours. Triangles without area are passed over.
 */
export function sampleMesh(
  vertices: ArrayLike<number>,
  triangles: ArrayLike<number>,
  spacingM: number,
  rng: Random,
): MeshSamples {
  const { corners, normals: faceNormals, cumulativeM2 } = facesOf(vertices, triangles);
  const area = cumulativeM2.at(-1) ?? 0;
  const isEmpty = !(area > 0) || !(spacingM > 0);
  const exclusion = spacingM * EXCLUSION_PER_SPACING;
  const numCandidates = isEmpty ? 0 : Math.ceil((area / (spacingM * spacingM)) * CANDIDATES_PER_SAMPLE) + 32;
  const grid = new PointGrid(exclusion);
  const owner: number[] = [];
  for (let k = 0; k < numCandidates; k++) {
    const f = lowerBound(cumulativeM2, rng.uniform01() * area);
    const s = Math.sqrt(rng.uniform01());
    const t = rng.uniform01();
    const [a, b, c] = corners[f];
    const point: Vec3 = [0, 0, 0];
    for (let i = 0; i < 3; i++) point[i] = (1 - s) * a[i] + s * (1 - t) * b[i] + s * t * c[i];
    const normal = faceNormals[f];
    const crowds = (j: number): boolean => dot(normal, faceNormals[owner[j]]) > 0;
    if (grid.hasWithin(point, exclusion, crowds)) continue;
    grid.add(point);
    owner.push(f);
  }
  const points = grid.points();
  const normals = new Float64Array(owner.length * 3);
  owner.forEach((f, i) => {
    normals.set(faceNormals[f], 3 * i);
  });
  return { points, normals, triangleIdx: Uint32Array.from(owner) };
}

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

/** Faces that meet at more than this angle have a sharp edge between them. */
const SHARP_COSINE = Math.cos((35 * Math.PI) / 180);

/** Points along the sharp edges of a mesh (boundary edges included), in a grid, with the direction of the edge at each. */
export interface SharpEdges {
  readonly grid: PointGrid;
  readonly directions: Vec3[];
}

/** Samples the sharp edges every `stepM`. Vertices at the same place count as one, so that unwelded meshes work. */
export function sharpEdges(vertices: ArrayLike<number>, triangles: ArrayLike<number>, stepM: number): SharpEdges {
  const { corners, normals } = facesOf(vertices, triangles);
  const weldM = stepM * 1e-3;
  const idOfPlace = new Map<string, number>();
  const placeOf = new Int32Array(Math.floor(vertices.length / 3));
  for (let v = 0; v < placeOf.length; v++) {
    const at = (i: number): number => Math.round(vertices[3 * v + i] / weldM);
    const key = `${at(0)},${at(1)},${at(2)}`;
    const id = idOfPlace.get(key) ?? idOfPlace.size;
    idOfPlace.set(key, id);
    placeOf[v] = id;
  }
  // By the ids of both ends in one number: meshes of data sets have some hundred thousand edges.
  const edges = new Map<number, { from: Vec3; to: Vec3; faces: Vec3[] }>();
  corners.forEach((corner, f) => {
    if (norm(normals[f]) === 0) return;
    for (let k = 0; k < 3; k++) {
      const next = (k + 1) % 3;
      const [a, b] = [placeOf[triangles[3 * f + k]], placeOf[triangles[3 * f + next]]];
      const key = Math.min(a, b) * placeOf.length + Math.max(a, b);
      const edge = edges.get(key);
      if (edge) edge.faces.push(normals[f]);
      else edges.set(key, { from: corner[k], to: corner[next], faces: [normals[f]] });
    }
  });
  const grid = new PointGrid(Math.max(stepM * 2, 1e-9));
  const directions: Vec3[] = [];
  for (const { from, to, faces } of edges.values()) {
    const isSharp = faces.length === 1 || faces.some((n) => dot(n, faces[0]) < SHARP_COSINE);
    const along = sub(to, from);
    const length = norm(along);
    if (!isSharp || !(length > 0)) continue;
    const numSteps = Math.max(1, Math.ceil(length / stepM));
    for (let k = 0; k <= numSteps; k++) {
      grid.add(add(from, scale(along, k / numSteps)));
      directions.push(normalize(along));
    }
  }
  return { grid, directions };
}
