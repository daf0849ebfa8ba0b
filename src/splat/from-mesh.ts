/** Gaussian sets from surfaces: evenly spaced flat discs that look closed when drawn. */
import type { Random } from '../base/random.js';
import { fromAxes, type QuatWxyz, quaternionOf } from '../math/se3.js';
import { add, cross, dot, normalize, perpendicular, scale, sub, type Vec3 } from '../math/vec3.js';
import { createGaussians, type GaussianSet, SH_C0 } from './gaussians.js';
import { type SharpEdges, sampleMesh, sharpEdges } from './sample-mesh.js';

/** Standard deviation of a disc in its plane, per spacing of its neighbours. Smaller ones let the far side shine through. */
const DISC_SD_PER_SPACING = 0.68;
/** Thickness of a disc, per its in-plane standard deviation: thin enough to keep silhouettes sharp. */
const THICKNESS_RATIO = 0.08;
const DISC_OPACITY = 0.98;
/**
 * A disc near a sharp edge is squeezed across it to half its distance, and discs nearer than a share of the spacing are drawn
 * back to it. Several discs lie over each other there and the low-pass filter of the renderer widens each of them: with a half
 * the silhouette of a cube ends about one pixel outside its true edge (measured; two pixels with 1 / 1.2).
 */
const EDGE_SD_RATIO = 0.5;
const EDGE_CLEARANCE_PER_SPACING = 0.35;

/** Samples of a surface: [N, 3] metres, unit length and sRGB 0..1 each, and [N] in-plane standard deviations in metres. */
export interface SurfaceSamples {
  readonly points: ArrayLike<number>;
  readonly normals: ArrayLike<number>;
  readonly colours: ArrayLike<number>;
  readonly radiusM: ArrayLike<number>;
}

/** One round flat disc per sample, facing along its normal. */
export function fromSurfaceSamples(samples: SurfaceSamples, opacity = DISC_OPACITY): GaussianSet {
  const set = createGaussians(samples.radiusM.length);
  for (let i = 0; i < set.count; i++) {
    const normal = vecAt(samples.normals, i);
    const radius = samples.radiusM[i];
    writeDisc(set, i, vecAt(samples.points, i), normal, perpendicular(normal), radius, radius, opacity);
    writeColour(set, i, vecAt(samples.colours, i));
  }
  return set;
}

/**
 * A mesh as Gaussians: flat discs about `spacingM` apart that overlap enough to look closed and end at the sharp edges of
 * the mesh. `vertices` [V, 3] metres, `triangles` [F, 3]. `colourAt` gives sRGB 0..1 for a point of the surface (the mesh's
 * frame), its unit normal and its triangle.
 */
export function gaussiansFromMesh(
  vertices: ArrayLike<number>,
  triangles: ArrayLike<number>,
  colourAt: (point: Vec3, normal: Vec3, triangleIdx: number) => Vec3,
  spacingM: number,
  rng: Random,
): GaussianSet {
  const { points, normals, triangleIdx } = sampleMesh(vertices, triangles, spacingM, rng);
  const set = createGaussians(triangleIdx.length);
  const sdM = spacingM * DISC_SD_PER_SPACING;
  const edges = sharpEdges(vertices, triangles, sdM / EDGE_SD_RATIO / 4);
  for (let i = 0; i < set.count; i++) {
    const point = vecAt(points, i);
    const normal = vecAt(normals, i);
    writeColour(set, i, colourAt(point, normal, triangleIdx[i]));
    const triangle = [0, 1, 2].map((k) => vecAt(vertices, triangles[3 * triangleIdx[i] + k]));
    const centroid = scale(add(add(triangle[0], triangle[1]), triangle[2]), 1 / 3);
    const first = edgeNear(edges, point, normal, null, centroid, sdM, spacingM);
    if (first === null) {
      writeDisc(set, i, point, normal, perpendicular(normal), sdM, sdM, DISC_OPACITY);
      continue;
    }
    // In a corner the disc ends at both edges.
    const second = edgeNear(edges, point, normal, first.along, centroid, sdM, spacingM);
    const centre = add(first.centre, second === null ? [0, 0, 0] : sub(second.centre, point));
    writeDisc(set, i, centre, normal, first.inward, first.sdM, second?.sdM ?? sdM, DISC_OPACITY);
  }
  return set;
}

interface NearEdge {
  along: Vec3;
  /** In the face's plane, at right angles to the edge, away from it. */
  inward: Vec3;
  /** Where the disc has to lie so that it does not stick out, and its standard deviation across the edge. */
  centre: Vec3;
  sdM: number;
}

/** The nearest sharp edge in the face's plane that a disc of `sdM` at `point` would reach, not parallel to `notAlong`. */
function edgeNear(
  edges: SharpEdges,
  point: Vec3,
  normal: Vec3,
  notAlong: Vec3 | null,
  inside: Vec3,
  sdM: number,
  spacingM: number,
): NearEdge | null {
  const fits = (j: number): boolean =>
    Math.abs(dot(normal, sub(edges.grid.pointAt(j), point))) < 0.1 * spacingM &&
    Math.abs(dot(normal, edges.directions[j])) < 0.5 &&
    (notAlong === null || Math.abs(dot(notAlong, edges.directions[j])) < 0.8);
  const edge = edges.grid.nearest(point, sdM / EDGE_SD_RATIO, fits);
  if (edge < 0) return null;
  const along = edges.directions[edge];
  const across = normalize(cross(normal, along));
  const fromEdge = dot(sub(point, edges.grid.pointAt(edge)), across);
  // Right on the edge the sample itself does not tell which side is inside; its triangle does.
  const side = Math.abs(fromEdge) > 1e-3 * spacingM ? fromEdge : dot(sub(inside, edges.grid.pointAt(edge)), across);
  const inward = scale(across, side < 0 ? -1 : 1);
  const distanceM = Math.abs(fromEdge);
  const clearanceM = Math.max(distanceM, spacingM * EDGE_CLEARANCE_PER_SPACING);
  const centre = add(point, scale(inward, clearanceM - distanceM));
  return { along, inward, centre, sdM: Math.min(sdM, clearanceM * EDGE_SD_RATIO) };
}

const vecAt = (array: ArrayLike<number>, i: number): Vec3 => [array[3 * i], array[3 * i + 1], array[3 * i + 2]];

/** A flat Gaussian with standard deviations `sdAcrossM` along the in-plane unit vector `across` and `sdAlongM` at right angles. */
function writeDisc(
  set: GaussianSet,
  i: number,
  centre: Vec3,
  normal: Vec3,
  across: Vec3,
  sdAcrossM: number,
  sdAlongM: number,
  opacity: number,
): void {
  const q: QuatWxyz = quaternionOf(fromAxes(across, cross(normal, across), normal, [0, 0, 0]));
  set.position.set(centre, 3 * i);
  set.rotation.set(q, 4 * i);
  const thicknessM = Math.min(sdAcrossM, sdAlongM) * THICKNESS_RATIO;
  set.logScale.set([Math.log(sdAcrossM), Math.log(sdAlongM), Math.log(thicknessM)], 3 * i);
  set.opacityLogit[i] = Math.log(opacity / (1 - opacity));
}

function writeColour(set: GaussianSet, i: number, rgb: Vec3): void {
  for (let c = 0; c < 3; c++) set.sh[3 * i + c] = (rgb[c] - 0.5) / SH_C0;
}
