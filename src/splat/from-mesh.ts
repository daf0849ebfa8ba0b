/** Gaussian sets from surfaces: evenly spaced flat discs that look closed when drawn. */
import type { Random } from '../base/random.js';
import { fromAxes, type QuatWxyz, quaternionOf } from '../math/se3.js';
import { add, cross, dot, norm, perpendicular, scale, sub, type Vec3 } from '../math/vec3.js';
import { createGaussians, type GaussianSet, SH_C0 } from './gaussians.js';
import { sampleMesh, sharpEdges } from './sample-mesh.js';

/** Standard deviation of a disc in its plane, per spacing of its neighbours. Smaller ones let the far side shine through. */
const DISC_SD_PER_SPACING = 0.68;
/** Thickness of a disc, per its in-plane standard deviation: thin enough to keep silhouettes sharp. */
const THICKNESS_RATIO = 0.08;
const DISC_OPACITY = 0.98;
/**
 * A disc near a sharp edge is squeezed across it to distance / 1.2, so that its alpha has fallen to one half at the edge
 * (0.98 exp(-1.2^2 / 2) = 0.48), and discs nearer than this share of the spacing are drawn back to it.
 */
const EDGE_SD_RATIO = 1 / 1.2;
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
  const reachM = sdM / EDGE_SD_RATIO;
  const edges = sharpEdges(vertices, triangles, reachM / 2);
  for (let i = 0; i < set.count; i++) {
    const point = vecAt(points, i);
    const normal = vecAt(normals, i);
    writeColour(set, i, colourAt(point, normal, triangleIdx[i]));
    const inPlane = (j: number): boolean => Math.abs(dot(normal, sub(edges.grid.pointAt(j), point))) < 0.1 * spacingM;
    const edge = edges.grid.nearest(point, reachM, inPlane);
    if (edge < 0) {
      writeDisc(set, i, point, normal, perpendicular(normal), sdM, sdM, DISC_OPACITY);
      continue;
    }
    const along = edges.directions[edge];
    const inward = inwardFrom(along, normal, sub(point, edges.grid.pointAt(edge)));
    const distanceM = dot(sub(point, edges.grid.pointAt(edge)), inward);
    const clearanceM = Math.max(distanceM, spacingM * EDGE_CLEARANCE_PER_SPACING);
    const centre = add(point, scale(inward, clearanceM - distanceM));
    writeDisc(set, i, centre, normal, inward, Math.min(sdM, clearanceM * EDGE_SD_RATIO), sdM, DISC_OPACITY);
  }
  return set;
}

/** Unit vector in the face's plane, across the edge, towards the side on which `offset` lies. */
function inwardFrom(along: Vec3, normal: Vec3, offset: Vec3): Vec3 {
  const across = cross(normal, along);
  const length = norm(across);
  if (length < 1e-9) return perpendicular(normal);
  return scale(across, (dot(across, offset) < 0 ? -1 : 1) / length);
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
