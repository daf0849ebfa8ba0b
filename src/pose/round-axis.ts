/** Whether a thing looks the same all round an axis, by its Gaussians: turned about it, every point finds one like it where it comes to lie. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { identity, transformPoint } from '../math/se3.js';
import { cross, dot, normalize, perpendicular, scale, type Vec3, vec3, vec3At } from '../math/vec3.js';
import { type GaussianSet, SH_C0 } from '../splat/gaussians.js';
import { type RoundAxis, turnedRound } from './round.js';

/** Points looked at, how many of them are turned, and with how few nothing is said. */
const POINTS = 1600;
const FEWEST_POINTS = 50;
const TURNED = 200;
/** Turns that no prism with few sides repeats, radians. */
const TURNS = [0.65, 1.29, 1.94, 2.58, 3.4];
/** Of the distances to the nearest point this quantile is taken: a handle is few of all points. */
const WORST_SHARE = 0.97;
/** Colours are held against their mean within so many radii: light from one side is no print. */
const SHADING_RADII = 0.35;
/** A round thing's points may lie this far off after a turn, in radii, and differ this much in colour (0..1), beyond what neighbours do anyway. */
const MAX_OFF = 0.04;
const MAX_COLOUR_OFF = 0.012;

interface Roundness {
  readonly axis: RoundAxis;
  readonly shape: number;
  readonly colour: number;
}

/**
 * The axis about which the set looks the same all round; null: there is none. Without `printTells` its shape alone decides: round a thin bar
 * the print hardly shows, and colours painted from a film differ by light and by what was seen of it.
 */
export function roundAxis(set: GaussianSet, printTells = true): RoundAxis | null {
  if (set.count < FEWEST_POINTS) return null;
  const [best] = measureRoundness(set);
  return best.shape <= MAX_OFF && (!printTells || best.colour <= MAX_COLOUR_OFF) ? best.axis : null;
}

interface Cloud {
  readonly points: Vec3[];
  /** Colours without shading. */
  readonly prints: Vec3[];
}

/** What differs after turns about each axis that may be one, the best first. */
function measureRoundness(set: GaussianSet): Roundness[] {
  const cloud = cloudOf(set);
  const step = Math.max(1, Math.floor(cloud.points.length / TURNED));
  const some = cloud.points.flatMap((_, i) => (i % step === 0 ? [i] : []));
  const alone = offsetsOf(cloud, some, (p) => p, true);
  return axesOf(cloud.points)
    .map((axis): Roundness => {
      const turned = TURNS.map((angle) => {
        const turn = turnedRound(axis, identity(), angle);
        return offsetsOf(cloud, some, (p) => transformPoint(turn, p), false);
      });
      return {
        axis,
        shape: Math.max(...turned.map(({ distance }) => distance)) - alone.distance,
        colour: Math.max(...turned.map(({ colour }) => colour)) - alone.colour,
      };
    })
    .sort((a, b) => a.shape - b.shape);
}

/** In units of the cloud's radius. */
function cloudOf({ count, position, sh, shDegree }: GaussianSet): Cloud {
  const step = Math.max(1, Math.ceil(count / POINTS));
  const chosen: number[] = [];
  for (let i = 0; i < count; i += step) chosen.push(i);
  const points = chosen.map((i) => vec3At(position, 3 * i));
  const stride = 3 * (shDegree + 1) ** 2;
  const colours = chosen.map((i) => scale(vec3At(sh, stride * i), SH_C0));
  const radius = radiusOf(points);
  const prints = points.map((p, i) => {
    const mean: Vec3 = [0, 0, 0];
    let near = 0;
    for (const [k, q] of points.entries()) {
      if (squared(p, q) > (SHADING_RADII * radius) ** 2) continue;
      for (let c = 0; c < 3; c++) mean[c] += colours[k][c];
      near++;
    }
    return vec3((c) => colours[i][c] - mean[c] / near);
  });
  return { points, prints };
}

const squared = (p: Vec3, q: Vec3): number => (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2;

function radiusOf(points: readonly Vec3[]): number {
  const middle = middleOf(points);
  return Math.sqrt(Math.max(1e-12, ...points.map((p) => squared(p, middle))));
}

function middleOf(points: readonly Vec3[]): Vec3 {
  return vec3((c) => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const p of points) {
      low = Math.min(low, p[c]);
      high = Math.max(high, p[c]);
    }
    return (low + high) / 2;
  });
}

/** How far moved points lie from their nearest ones, in radii, and how their prints differ from theirs. */
function offsetsOf(
  { points, prints }: Cloud,
  some: readonly number[],
  move: (p: Vec3) => Vec3,
  withoutItself: boolean,
): { distance: number; colour: number } {
  const radius = radiusOf(points);
  const distances: number[] = [];
  let colour = 0;
  for (const i of some) {
    const p = move(points[i]);
    let nearest = Number.POSITIVE_INFINITY;
    let at = i;
    for (const [k, q] of points.entries()) {
      const d = squared(p, q);
      if (d < nearest && !(withoutItself && k === i)) {
        nearest = d;
        at = k;
      }
    }
    distances.push(Math.sqrt(nearest) / radius);
    for (let c = 0; c < 3; c++) colour += Math.abs(prints[i][c] - prints[at][c]) / 3;
  }
  distances.sort((a, b) => a - b);
  return { distance: distances[Math.floor(WORST_SHARE * distances.length)] ?? 0, colour: colour / some.length };
}

/** The frame's axes and the principal ones, through the middle of the extents across them. */
function axesOf(points: readonly Vec3[]): RoundAxis[] {
  const mean = vec3((c) => points.reduce((sum, p) => sum + p[c], 0) / points.length);
  const covariance = Matrix.zeros(3, 3);
  for (const p of points) {
    for (let r = 0; r < 3; r++) {
      for (let c = 0; c < 3; c++) covariance.set(r, c, covariance.get(r, c) + (p[r] - mean[r]) * (p[c] - mean[c]));
    }
  }
  const { eigenvectorMatrix: vectors } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
  const principal = [0, 1, 2].map((k) => normalize(vec3((r) => vectors.get(r, k))));
  const own: Vec3[] = [
    [0, 0, 1],
    [1, 0, 0],
    [0, 1, 0],
  ];
  return [...own, ...principal].map((direction) => {
    const u = perpendicular(direction);
    const v = cross(direction, u);
    const across = middleOf(points.map((p): Vec3 => [dot(p, u), dot(p, v), dot(p, direction)]));
    return { direction, at: vec3((c) => u[c] * across[0] + v[c] * across[1] + direction[c] * across[2]) };
  });
}
