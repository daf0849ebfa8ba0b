/**
 * Time for a geometric joint path: a course s(u) along it, stretched until every joint keeps its velocity, acceleration and jerk
 * limits. Every course starts and ends at rest.
 */
import type { RobotModel } from './robot-model.js';

/** Joint positions along a path at equal steps of its parameter s in 0..1. `q`: K rows of n angles, radians. */
export interface JointPath {
  readonly q: readonly (readonly number[])[];
}

export interface TimingOptions {
  /** Share of each limit that may be used, 0..1. */
  readonly limitShare?: number;
  /** Never faster than this, seconds. */
  readonly minDurationSec?: number;
  readonly course?: Course;
}

/** Share of the path covered at time share u in 0..1, and its first three derivatives by u. */
export type Course = (u: number) => [s: number, ds: number, dds: number, ddds: number];

/** Part of the time that `steady` spends speeding up, and again slowing down. */
const RAMP = 0.2;

/** Speed of `steady` in its middle, over its mean speed. */
export const STEADY_SPEED = 1 / (1 - RAMP);

/** Keeps the path's own timing but for smooth ramps at both ends: for motions that were demonstrated. */
export const steady: Course = (u) => {
  const x = Math.min(1, Math.max(0, u));
  const speed = STEADY_SPEED;
  const ramp = (y: number): [number, number, number, number] => [
    speed * RAMP * (y ** 3 - y ** 4 / 2),
    speed * (3 * y * y - 2 * y ** 3),
    (speed / RAMP) * 6 * y * (1 - y),
    (speed / RAMP ** 2) * (6 - 12 * y),
  ];
  if (x < RAMP) return ramp(x / RAMP);
  if (x <= 1 - RAMP) return [speed * (x - RAMP / 2), speed, 0, 0];
  const [s, ds, dds, ddds] = ramp((1 - x) / RAMP);
  return [1 - s, ds, -dds, ddds];
};

/** The smoothest way from rest to rest: 10 u^3 - 15 u^4 + 6 u^5 (Flash & Hogan 1985). */
export const minimumJerk: Course = (u) => {
  const x = Math.min(1, Math.max(0, u));
  return [
    x * x * x * (10 - 15 * x + 6 * x * x),
    30 * x * x * (1 - x) * (1 - x),
    60 * x * (1 - x) * (1 - 2 * x),
    60 - 360 * x + 360 * x * x,
  ];
};

/** Steps of time at both ends of which limits are looked at along one path: at least so many, and so many per piece of the path. */
const LEAST_STEPS = 160;
const STEPS_PER_PIECE = 12;
/** Within a step nothing rises by more than this over both of its ends. */
const WITHIN_STEP = 1.02;
/** So near to the ends of a step, as a share of it, that courses made of pieces show the piece that holds inside. */
const INSIDE = 1e-6;

/**
 * Shortest duration of the course along `path` that keeps all limits, seconds: with q(s(u)) and u = t / T, velocity goes with 1 / T,
 * acceleration with 1 / T^2 and jerk with 1 / T^3, so the largest values over u give T at once. The path is a cubic spline: all three are
 * finite everywhere.
 */
export function durationOf(robot: RobotModel, path: JointPath, options: TimingOptions = {}): number {
  const { limitShare = 0.8, minDurationSec = 0.1, course = minimumJerk } = options;
  const n = robot.joints.length;
  const velocity = new Float64Array(n);
  const acceleration = new Float64Array(n);
  const jerk = new Float64Array(n);
  const numSteps = Math.max(LEAST_STEPS, STEPS_PER_PIECE * (path.q.length - 1));
  const bends = bendsOf(path);
  const last = path.q.length - 1;
  const steps = courseTable(course, numSteps);
  for (let k = 0; k < numSteps; k++) {
    // Jerk jumps from piece to piece of the spline: all pieces that the step touches count.
    const firstPiece = pieceAt(path, steps[8 * k]);
    const lastPiece = pieceAt(path, steps[8 * k + 4]);
    for (let piece = firstPiece; piece <= lastPiece && last > 0; piece++) {
      const from = path.q[piece];
      const to = path.q[piece + 1];
      for (let at = 8 * k; at < 8 * k + 8; at += 4) {
        const ds = steps[at + 1];
        const dds = steps[at + 2];
        const ddds = steps[at + 3];
        const t = Math.min(1, Math.max(0, steps[at] * last - piece));
        for (let i = 0; i < n; i++) {
          const m = bends[piece * n + i];
          const w = bends[piece * n + n + i];
          const d1 = (to[i] - from[i] - (2 * m + w) / 6 + t * (m + (t * (w - m)) / 2)) * last;
          const d2 = (m + t * (w - m)) * last * last;
          const d3 = (w - m) * last * last * last;
          velocity[i] = Math.max(velocity[i], Math.abs(d1 * ds));
          acceleration[i] = Math.max(acceleration[i], Math.abs(d2 * ds * ds + d1 * dds));
          jerk[i] = Math.max(jerk[i], Math.abs(d3 * ds * ds * ds + 3 * d2 * ds * dds + d1 * ddds));
        }
      }
    }
  }
  let duration = minDurationSec;
  robot.joints.forEach((joint, i) => {
    const share = limitShare / WITHIN_STEP;
    duration = Math.max(
      duration,
      velocity[i] / (share * joint.maxVelocity),
      Math.sqrt(acceleration[i] / (share * joint.maxAcceleration)),
      Math.cbrt(jerk[i] / (share * joint.maxJerk)),
    );
  });
  return duration;
}

const courseTables = new WeakMap<Course, Map<number, Float64Array>>();

/** [numSteps, 2, 4] f64: s and its three derivatives just inside of both ends of every step. The same courses are asked over and over. */
function courseTable(course: Course, numSteps: number): Float64Array {
  const tables = courseTables.get(course) ?? new Map<number, Float64Array>();
  courseTables.set(course, tables);
  const known = tables.get(numSteps);
  if (known) return known;
  const table = new Float64Array(numSteps * 8);
  for (let k = 0; k < numSteps; k++) {
    table.set(course((k + INSIDE) / numSteps), 8 * k);
    table.set(course((k + 1 - INSIDE) / numSteps), 8 * k + 4);
  }
  tables.set(numSteps, table);
  return table;
}

/** Joint positions at path parameter s: the natural cubic spline through the path's points (continuous acceleration, bounded jerk). */
export function sampleJointPath(path: JointPath, s: number): number[] {
  const last = path.q.length - 1;
  if (last === 0) return [...path.q[0]];
  const k = pieceAt(path, s);
  const bends = bendsOf(path);
  const n = path.q[0].length;
  const t = Math.min(1, Math.max(0, s * last - k));
  return path.q[k].map((p, i) => {
    const [m, w] = [bends[k * n + i], bends[(k + 1) * n + i]];
    const slope = path.q[k + 1][i] - p - (2 * m + w) / 6;
    return p + t * (slope + t * (m / 2 + (t * (w - m)) / 6));
  });
}

/** Index of the spline's piece that holds at s. */
function pieceAt(path: JointPath, s: number): number {
  const last = path.q.length - 1;
  return Math.max(0, Math.min(last - 1, Math.floor(Math.min(1, Math.max(0, s)) * last)));
}

const knownBends = new WeakMap<JointPath, Float64Array>();

/** [K, n] second derivatives of the natural spline at the points, for points one apart (0 at both ends). */
function bendsOf(path: JointPath): Float64Array {
  const known = knownBends.get(path);
  if (known) return known;
  const { q } = path;
  const n = q[0].length;
  const bends = new Float64Array(q.length * n);
  // Rows of the tridiagonal system m[k-1] + 4 m[k] + m[k+1] = 6 (q[k-1] - 2 q[k] + q[k+1]) are eliminated downward, then solved upward.
  const upper = new Float64Array(q.length);
  for (let k = 1; k < q.length - 1; k++) {
    const pivot = 4 - upper[k - 1];
    upper[k] = 1 / pivot;
    for (let i = 0; i < n; i++) {
      const bend = 6 * (q[k - 1][i] - 2 * q[k][i] + q[k + 1][i]);
      bends[k * n + i] = (bend - bends[(k - 1) * n + i]) / pivot;
    }
  }
  for (let k = q.length - 2; k >= 1; k--) {
    for (let i = 0; i < n; i++) bends[k * n + i] -= upper[k] * bends[(k + 1) * n + i];
  }
  knownBends.set(path, bends);
  return bends;
}
