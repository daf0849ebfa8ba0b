/** Capsules around a surface: least volume with all points (nearly) inside; surfaces that one capsule fits badly are divided. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { nelderMead } from '../../math/nelder-mead.js';
import { add, distance, dot, scale, sub, type Vec3 } from '../../math/vec3.js';
import { pointSegmentDistance } from '../collision.js';

export interface FittedCapsule {
  readonly a: Vec3;
  readonly b: Vec3;
  readonly radiusM: number;
}

export interface FitOptions {
  /** A capsule that stands off the surface by more than this somewhere is divided, metres. */
  readonly tooFatM: number;
  /** Points may stick out by so much: shapes with corners would otherwise get far too fat, metres. */
  readonly outsideM: number;
}

const DEFAULTS: FitOptions = { tooFatM: 0.03, outsideM: 0.004 };
/** Divided at most so often: up to eight capsules per part. */
const DEEPEST = 3;
const EVALUATIONS = 500;
const THINNEST_M = 0.002;
/** Points that the search looks at; the radius is set by all of them in the end. */
const SEARCH_POINTS = 400;

/** Every point is inside of at least one capsule, or outside by `outsideM` at most. No points, no capsules. */
export function fitCapsules(points: readonly Vec3[], options = DEFAULTS, depth = 0): FittedCapsule[] {
  if (points.length === 0) return [];
  const capsule = fitOne(points, options.outsideM);
  if (depth === DEEPEST || points.length < 20 || standOff(capsule, points) <= options.tooFatM) return [capsule];
  const [low, high] = divide(points);
  if (low.length === 0 || high.length === 0) return [capsule];
  const parts = [...fitCapsules(low, options, depth + 1), ...fitCapsules(high, options, depth + 1)];
  const volume = parts.reduce((sum, part) => sum + volumeOf(part), 0);
  return volume < volumeOf(capsule) ? parts : [capsule];
}

const volumeOf = ({ a, b, radiusM }: FittedCapsule): number =>
  Math.PI * radiusM ** 2 * (distance(a, b) + (4 / 3) * radiusM);

function fitOne(points: readonly Vec3[], outsideM: number): FittedCapsule {
  const { centre, axes } = principalAxes(points);
  const some = points.filter((_, i) => i % Math.ceil(points.length / SEARCH_POINTS) === 0);
  const radiusFor = (x: readonly number[], of: readonly Vec3[]): number =>
    Math.max(THINNEST_M, Math.max(...of.map((p) => pointSegmentDistance(p[0], p[1], p[2], x, 0))) - outsideM);
  const candidates = axes.map((axis) => {
    const along = some.map((p) => dot(sub(p, centre), axis));
    const across = Math.max(...some.map((p, i) => distance(p, add(centre, scale(axis, along[i])))));
    const low = Math.min(Math.min(...along) + across, 0);
    const high = Math.max(Math.max(...along) - across, 0);
    const start = [...add(centre, scale(axis, low)), ...add(centre, scale(axis, high))];
    const loss = (x: readonly number[]): number =>
      volumeOf({ a: [x[0], x[1], x[2]], b: [x[3], x[4], x[5]], radiusM: radiusFor(x, some) }) * 1e6;
    return nelderMead(loss, start, new Array(6).fill(0.015), EVALUATIONS, 1e-4);
  });
  const { x } = candidates.reduce((best, candidate) => (candidate.value < best.value ? candidate : best));
  return { a: [x[0], x[1], x[2]], b: [x[3], x[4], x[5]], radiusM: radiusFor(x, points) };
}

function principalAxes(points: readonly Vec3[]): { centre: Vec3; axes: Vec3[] } {
  const centre = scale(
    points.reduce((sum, p) => add(sum, p), [0, 0, 0] as Vec3),
    1 / points.length,
  );
  const covariance = Matrix.zeros(3, 3);
  for (const p of points) {
    const d = sub(p, centre);
    for (let r = 0; r < 3; r++) for (let c = 0; c < 3; c++) covariance.set(r, c, covariance.get(r, c) + d[r] * d[c]);
  }
  const { eigenvectorMatrix: vectors } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
  const column = (c: number): Vec3 => [vectors.get(0, c), vectors.get(1, c), vectors.get(2, c)];
  // Eigenvalues come in rising order.
  return { centre, axes: [column(2), column(1), column(0)] };
}

/** Halves at the middle of the longest principal extent. */
function divide(points: readonly Vec3[]): [Vec3[], Vec3[]] {
  const { centre, axes } = principalAxes(points);
  const along = points.map((p) => dot(sub(p, centre), axes[0]));
  const middle = (Math.min(...along) + Math.max(...along)) / 2;
  return [points.filter((_, i) => along[i] <= middle), points.filter((_, i) => along[i] > middle)];
}

/** Largest distance from the capsule's surface to the nearest point, metres: how much air it holds. */
export function standOff({ a, b, radiusM }: FittedCapsule, points: readonly Vec3[]): number {
  let worst = 0;
  for (const p of capsuleSurface(a, b, radiusM)) {
    let nearest = Number.POSITIVE_INFINITY;
    for (const q of points) nearest = Math.min(nearest, distance(p, q));
    worst = Math.max(worst, nearest);
  }
  return worst;
}

/** About 90 points spread over a capsule's surface: a ball's, pushed apart along the axis. */
function capsuleSurface(a: Vec3, b: Vec3, radiusM: number): Vec3[] {
  const axis = sub(b, a);
  const numPoints = 60;
  const golden = Math.PI * (3 - Math.sqrt(5));
  const ball = Array.from({ length: numPoints }, (_, k): Vec3 => {
    const z = 1 - (2 * k + 1) / numPoints;
    const r = Math.sqrt(1 - z * z);
    return [r * Math.cos(golden * k), r * Math.sin(golden * k), z];
  });
  return ball.flatMap((n): Vec3[] => {
    const end = dot(n, axis) >= 0 ? b : a;
    const onEnd = add(end, scale(n, radiusM));
    const isSide = Math.abs(dot(n, axis)) < 0.5 * Math.hypot(...axis);
    return isSide ? [onEnd, add(scale(add(a, b), 0.5), scale(n, radiusM))] : [onEnd];
  });
}
