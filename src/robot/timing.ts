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

/** Keeps the path's own timing but for smooth ramps at both ends: for motions that were demonstrated. */
export const steady: Course = (u) => {
  const x = Math.min(1, Math.max(0, u));
  const speed = 1 / (1 - RAMP);
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

/** Points of time at which limits are looked at along one path. */
const TIME_STEPS = 80;

/**
 * Shortest duration of the course along `path` that keeps all limits, seconds. Velocity and acceleration are measured on the course as
 * it will be run; jerk comes from the path's own derivatives, because the interpolation between its points has none worth the name.
 */
export function durationOf(robot: RobotModel, path: JointPath, options: TimingOptions = {}): number {
  const { limitShare = 0.8, minDurationSec = 0.1, course = minimumJerk } = options;
  const steps = Array.from({ length: TIME_STEPS + 1 }, (_, k) => course(k / TIME_STEPS));
  const rows = steps.map(([s]) => sampleJointPath(path, s));
  let duration = minDurationSec;
  for (let i = 0; i < robot.joints.length; i++) {
    const joint = robot.joints[i];
    const derivatives = path.q.map((_, k) => derivativesAt(path, i, k));
    let velocity = 0;
    let acceleration = 0;
    let jerk = 0;
    for (let k = 0; k < rows.length; k++) {
      const [s, ds, dds, ddds] = steps[k];
      const [d1, d2, d3] = derivatives[Math.round(s * (path.q.length - 1))];
      jerk = Math.max(jerk, Math.abs(d3 * ds ** 3 + 3 * d2 * ds * dds + d1 * ddds));
      if (k === 0) continue;
      velocity = Math.max(velocity, Math.abs(rows[k][i] - rows[k - 1][i]) * TIME_STEPS);
      // Before its first and after its last point the arm stands still.
      const next = rows[Math.min(k + 1, rows.length - 1)][i];
      acceleration = Math.max(acceleration, Math.abs(next - 2 * rows[k][i] + rows[k - 1][i]) * TIME_STEPS ** 2);
    }
    duration = Math.max(
      duration,
      velocity / (limitShare * joint.maxVelocity),
      Math.sqrt(acceleration / (limitShare * joint.maxAcceleration)),
      Math.cbrt(jerk / (limitShare * joint.maxJerk)),
    );
  }
  return duration;
}

/** Joint positions at path parameter s: Catmull-Rom through the path's points, so that velocity has no jumps. */
export function sampleJointPath(path: JointPath, s: number): number[] {
  const last = path.q.length - 1;
  if (last === 0) return [...path.q[0]];
  const x = Math.min(1, Math.max(0, s)) * last;
  const k = Math.min(last - 1, Math.floor(x));
  const t = x - k;
  const [p0, p1, p2, p3] = [path.q[Math.max(0, k - 1)], path.q[k], path.q[k + 1], path.q[Math.min(last, k + 2)]];
  return p1.map((value, i) => {
    // At the ends the missing neighbour continues the first (last) step in a straight line.
    const before = k === 0 ? 2 * value - p2[i] : p0[i];
    const after = k + 2 > last ? 2 * p2[i] - value : p3[i];
    const m1 = (p2[i] - before) / 2;
    const m2 = (after - value) / 2;
    const d = p2[i] - value;
    return value + t * (m1 + t * (3 * d - 2 * m1 - m2 + t * (m1 + m2 - 2 * d)));
  });
}

/** First three derivatives of joint `i` by s at path point `at`, from central differences over neighbouring points. */
function derivativesAt(path: JointPath, i: number, at: number): [number, number, number] {
  const last = path.q.length - 1;
  if (last < 1) return [0, 0, 0];
  if (last < 4) return [path.q[last][i] - path.q[0][i], 0, 0];
  const k = Math.min(last - 2, Math.max(2, at));
  const [a, b, c, d, e] = [path.q[k - 2][i], path.q[k - 1][i], path.q[k][i], path.q[k + 1][i], path.q[k + 2][i]];
  return [((d - b) / 2) * last, (d - 2 * c + b) * last ** 2, ((e - 2 * d + 2 * b - a) / 2) * last ** 3];
}
