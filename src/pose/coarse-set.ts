/** Fewer, larger Gaussians that look the same from afar: what tracking draws. */
import { fromAxes, fromQuaternion, quaternionOf } from '../math/se3.js';
import { add, cross, dot, perpendicular, scale, type Vec3, vec3 } from '../math/vec3.js';
import { createGaussians, type GaussianSet } from '../splat/gaussians.js';

/** Bisection steps on the cell size: the count then is within a few percent of what was asked. */
const CELL_STEPS = 14;
/**
 * A merged disc's standard deviation per spread of its members. Even members over a cell of edge c spread by c / sqrt(12); discs
 * of about c / 2 close the surface without reaching over its edges.
 */
const SPREAD_GAIN = 1.7;
const THICKNESS_RATIO = 0.1;
/** Opacity 0.98. */
const OPACITY_LOGIT = Math.log(0.98 / 0.02);

/**
 * Merges Gaussians by cells of a grid, apart by the main direction of their normals (shortest axes) so that the two sides of a
 * wall stay two. Colour, place and normal are means weighted by opacity and area. At most about `maxCount` remain.
 */
export function coarsenSet(set: GaussianSet, maxCount: number): GaussianSet {
  if (set.count <= maxCount) return set;
  const normals = normalsOf(set);
  let [low, high] = [1e-4, 0.2];
  for (let k = 0; k < CELL_STEPS; k++) {
    const cell = Math.sqrt(low * high);
    if (groupByCell(set, normals, cell).size > maxCount) low = cell;
    else high = cell;
  }
  const groups = [...groupByCell(set, normals, high).values()];
  const out = createGaussians(groups.length);
  for (const [g, members] of groups.entries()) writeMerged(out, g, set, normals, members);
  return out;
}

/** The set with every Gaussian moved towards its inside, along its shortest axis. `insetM` is that way in metres; negative: outwards. */
export function insetSet(set: GaussianSet, insetM: number): GaussianSet {
  const normals = normalsOf(set);
  const position = set.position.map((value, i) => value - insetM * normals[i]);
  return { ...set, position };
}

/** One disc for several: mean place, normal and colour; extents in the disc's plane from the spread of the members. */
function writeMerged(out: GaussianSet, g: number, set: GaussianSet, normals: Float64Array, members: number[]): void {
  const coefficients = (set.shDegree + 1) ** 2 * 3;
  const mean: Vec3 = [0, 0, 0];
  const direction: Vec3 = [0, 0, 0];
  const dc = [0, 0, 0];
  let total = 0;
  let ownVariance = 0;
  for (const i of members) {
    const weight = weightOf(set, i);
    total += weight;
    ownVariance += weight * Math.exp(2 * middleScale(set, i));
    for (let c = 0; c < 3; c++) {
      mean[c] += weight * set.position[3 * i + c];
      direction[c] += weight * normals[3 * i + c];
      dc[c] += weight * set.sh[coefficients * i + c];
    }
  }
  for (let c = 0; c < 3; c++) mean[c] /= total;
  const length = Math.hypot(...direction);
  const normal: Vec3 = length > 1e-9 * total ? scale(direction, 1 / length) : [0, 0, 1];
  const u = perpendicular(normal);
  const v = cross(normal, u);
  let [uu, uv, vv] = [0, 0, 0];
  for (const i of members) {
    const weight = weightOf(set, i) / total;
    const offset = vec3((c) => set.position[3 * i + c] - mean[c]);
    const [a, b] = [dot(offset, u), dot(offset, v)];
    uu += weight * a * a;
    uv += weight * a * b;
    vv += weight * b * b;
  }
  const angle = 0.5 * Math.atan2(2 * uv, uu - vv);
  const middle = (uu + vv) / 2;
  const half = Math.hypot((uu - vv) / 2, uv);
  const first = add(scale(u, Math.cos(angle)), scale(v, Math.sin(angle)));
  const floor = ownVariance / total;
  const sdOf = (variance: number): number => Math.sqrt(Math.max(SPREAD_GAIN ** 2 * Math.max(variance, 0), floor));
  const [sd1, sd2] = [sdOf(middle + half), sdOf(middle - half)];
  out.position.set(mean, 3 * g);
  out.rotation.set(quaternionOf(fromAxes(first, cross(normal, first), normal, [0, 0, 0])), 4 * g);
  out.logScale.set([Math.log(sd1), Math.log(sd2), Math.log(THICKNESS_RATIO * Math.min(sd1, sd2))], 3 * g);
  out.opacityLogit[g] = OPACITY_LOGIT;
  for (let c = 0; c < 3; c++) out.sh[3 * g + c] = dc[c] / total;
}

/** Natural log of the middle one of the three extents: the smaller in-plane extent of a disc. */
function middleScale(set: GaussianSet, i: number): number {
  return Float32Array.from(set.logScale.subarray(3 * i, 3 * i + 3)).sort()[1];
}

function weightOf(set: GaussianSet, i: number): number {
  const opacity = 1 / (1 + Math.exp(-set.opacityLogit[i]));
  const [a, b, c] = set.logScale.subarray(3 * i, 3 * i + 3);
  return opacity * Math.exp(a + b + c - Math.min(a, b, c)) + 1e-12;
}

/** [N, 3] shortest axes, turned away from the set's centre. */
function normalsOf(set: GaussianSet): Float64Array {
  const centre: Vec3 = [0, 0, 0];
  for (let i = 0; i < set.count * 3; i++) centre[i % 3] += set.position[i] / set.count;
  const normals = new Float64Array(3 * set.count);
  for (let i = 0; i < set.count; i++) {
    const scales = set.logScale.subarray(3 * i, 3 * i + 3);
    const axis = scales.indexOf(Math.min(...scales));
    const [w, x, y, z] = set.rotation.subarray(4 * i, 4 * i + 4);
    const length = Math.hypot(w, x, y, z) || 1;
    const m = fromQuaternion([w / length, x / length, y / length, z / length]);
    const n = [m[axis], m[4 + axis], m[8 + axis]];
    const outward = n.reduce((sum, v, c) => sum + v * (set.position[3 * i + c] - centre[c]), 0);
    for (let c = 0; c < 3; c++) normals[3 * i + c] = outward < 0 ? -n[c] : n[c];
  }
  return normals;
}

function groupByCell(set: GaussianSet, normals: Float64Array, cell: number): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (let i = 0; i < set.count; i++) {
    const n = normals.subarray(3 * i, 3 * i + 3);
    const strongest = n.reduce((best, v, c) => (Math.abs(v) > Math.abs(n[best]) ? c : best), 0);
    const facing = 2 * strongest + (n[strongest] > 0 ? 1 : 0);
    const at = (c: number): number => Math.floor(set.position[3 * i + c] / cell);
    const key = `${at(0)},${at(1)},${at(2)},${facing}`;
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return groups;
}
