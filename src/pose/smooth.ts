/** Smooths a pose sequence forwards and backwards: Kalman filter with constant velocity, then Rauch-Tung-Striebel (1965). */
import { fromQuaternion, type Mat4, type QuatWxyz, quaternionOf, translationOf } from '../math/se3.js';

/** One measured pose; `null` pose: nothing was measured (occlusion), the smoother fills it in. */
export interface MeasuredPose {
  readonly cameraFromObject: Mat4 | null;
  /** Standard deviations across the view and along it (metres), and of rotation (radians). */
  readonly acrossM: number;
  readonly alongM: number;
  readonly rotationRad: number;
}

export interface SmoothedPose {
  readonly cameraFromObject: Mat4;
  readonly sdM: number;
  readonly sdRad: number;
}

/** How much a hand changes its speed: standard deviation of acceleration (m/s^2) and of angular acceleration (rad/s^2). */
const ACCELERATION = 3;
const ANGULAR_ACCELERATION = 20;
/**
 * Hands that strike are quicker, and poses are often better than is said of them (a stick's strokes were smoothed away to half): the
 * factors on both under which the measurements are likeliest are taken.
 */
const ACCELERATION_FACTORS = [1, 2, 4, 8];
const NOISE_FACTORS = [1, 0.6, 0.35];
/** Degrees of freedom of the likelihood: a frame in which the pose slipped is no sign of a quick hand. */
const FREEDOM = 4;

/** Poses at a constant frame interval `dtSec`. Null when nothing at all was measured. */
export function smoothPoses(measured: readonly MeasuredPose[], dtSec: number): SmoothedPose[] | null {
  const known = measured.flatMap((m) => (m.cameraFromObject ? [m.cameraFromObject] : []));
  if (known.length === 0) return null;
  // Quaternions of one sign along the sequence are smoothed as four numbers: turns from frame to frame are small.
  const quaternions: (QuatWxyz | null)[] = [];
  let previous = quaternionOf(known[0]);
  for (const { cameraFromObject } of measured) {
    if (cameraFromObject === null) {
      quaternions.push(null);
      continue;
    }
    const q = quaternionOf(cameraFromObject);
    const sign = q.reduce((sum, v, k) => sum + v * previous[k], 0) < 0 ? -1 : 1;
    previous = [sign * q[0], sign * q[1], sign * q[2], sign * q[3]];
    quaternions.push(previous);
  }
  const positions = measured.map((m) => (m.cameraFromObject ? translationOf(m.cameraFromObject) : null));
  const [x, y, z] = smoothTogether(
    [0, 1, 2].map((k) => ({
      values: positions.map((p) => p?.[k] ?? null),
      sds: measured.map((m) => (k < 2 ? m.acrossM : m.alongM)),
    })),
    dtSec,
    ACCELERATION,
  );
  const q = smoothTogether(
    [0, 1, 2, 3].map((k) => ({
      values: quaternions.map((value) => value?.[k] ?? null),
      sds: measured.map((m) => m.rotationRad / 2),
    })),
    dtSec,
    ANGULAR_ACCELERATION / 2,
  );
  return measured.map((_, t) => {
    const raw = q.map((series) => series[t].value);
    const length = Math.hypot(...raw) || 1;
    const unit: QuatWxyz = [raw[0] / length, raw[1] / length, raw[2] / length, raw[3] / length];
    return {
      cameraFromObject: fromQuaternion(unit, [x[t].value, y[t].value, z[t].value]),
      sdM: Math.hypot(x[t].sd, y[t].sd, z[t].sd),
      sdRad: 2 * Math.max(...q.map((series) => series[t].sd)),
    };
  });
}

interface Series {
  readonly values: readonly (number | null)[];
  readonly sds: readonly number[];
}

/** Several coordinates of one thing, with the factors on acceleration and noise under which all of them are likeliest. */
function smoothTogether(all: readonly Series[], dt: number, accelerationSd: number): { value: number; sd: number }[][] {
  let best = { cost: Number.POSITIVE_INFINITY, quicker: 1, finer: 1 };
  for (const finer of NOISE_FACTORS) {
    for (const quicker of ACCELERATION_FACTORS) {
      const costs = all.map(({ values, sds }) => {
        const scaled = sds.map((sd) => finer * sd);
        return filterSeries(values, scaled, dt, quicker * accelerationSd).cost;
      });
      const cost = costs.reduce((a, b) => a + b, 0);
      if (cost < best.cost) best = { cost, quicker, finer };
    }
  }
  return all.map(({ values, sds }) => {
    const scaled = sds.map((sd) => best.finer * sd);
    return smoothSeries(values, scaled, dt, best.quicker * accelerationSd);
  });
}

/** State [value, speed], covariance [a, b; b, c]. */
type State = { v: number; s: number; a: number; b: number; c: number };

/** The forward pass: states before and after each measurement, and the negative log likelihood of the measurements (Student's t). */
function filterSeries(
  values: readonly (number | null)[],
  sds: readonly number[],
  dt: number,
  accelerationSd: number,
): { predicted: State[]; filtered: State[]; cost: number } {
  const n = values.length;
  let cost = 0;
  const first = values.find((v) => v !== null) ?? 0;
  // White acceleration: Q of the continuous model.
  const q = accelerationSd * accelerationSd;
  const [q00, q01, q11] = [(q * dt ** 4) / 4, (q * dt ** 3) / 2, q * dt * dt];
  const predicted: State[] = [];
  const filtered: State[] = [];
  let state: State = { v: first, s: 0, a: 1, b: 0, c: 4 };
  for (let t = 0; t < n; t++) {
    const p: State =
      t === 0
        ? state
        : {
            v: state.v + dt * state.s,
            s: state.s,
            a: state.a + 2 * dt * state.b + dt * dt * state.c + q00,
            b: state.b + dt * state.c + q01,
            c: state.c + q11,
          };
    predicted.push(p);
    const measurement = values[t];
    if (measurement === null) state = p;
    else {
      const variance = p.a + sds[t] * sds[t];
      const [k0, k1] = [p.a / variance, p.b / variance];
      const innovation = measurement - p.v;
      cost +=
        Math.log(variance) / 2 + ((FREEDOM + 1) / 2) * Math.log(1 + (innovation * innovation) / (FREEDOM * variance));
      state = {
        v: p.v + k0 * innovation,
        s: p.s + k1 * innovation,
        a: p.a * (1 - k0),
        b: p.b * (1 - k0),
        c: p.c - k1 * p.b,
      };
    }
    filtered.push(state);
  }
  return { predicted, filtered, cost };
}

/** Smoothed values and standard deviations of one coordinate; null measurements are predicted. At least one must be known. */
export function smoothSeries(
  values: readonly (number | null)[],
  sds: readonly number[],
  dt: number,
  accelerationSd: number,
): { value: number; sd: number }[] {
  const { predicted, filtered } = filterSeries(values, sds, dt, accelerationSd);
  const n = values.length;
  const smoothed: State[] = [...filtered];
  for (let t = n - 2; t >= 0; t--) {
    const f = filtered[t];
    const p = predicted[t + 1];
    const later = smoothed[t + 1];
    // Gain C = P F' inv(P_predicted), F = [1 dt; 0 1].
    const det = p.a * p.c - p.b * p.b;
    const [i00, i01, i11] = [p.c / det, -p.b / det, p.a / det];
    const [m00, m01, m10, m11] = [f.a + dt * f.b, f.b, f.b + dt * f.c, f.c];
    const c00 = m00 * i00 + m01 * i01;
    const c01 = m00 * i01 + m01 * i11;
    const c10 = m10 * i00 + m11 * i01;
    const c11 = m10 * i01 + m11 * i11;
    const [dv, ds] = [later.v - p.v, later.s - p.s];
    const [da, db, dc] = [later.a - p.a, later.b - p.b, later.c - p.c];
    smoothed[t] = {
      v: f.v + c00 * dv + c01 * ds,
      s: f.s + c10 * dv + c11 * ds,
      a: f.a + c00 * (c00 * da + c01 * db) + c01 * (c00 * db + c01 * dc),
      b: f.b + c10 * (c00 * da + c01 * db) + c11 * (c00 * db + c01 * dc),
      c: f.c + c10 * (c10 * da + c11 * db) + c11 * (c10 * db + c11 * dc),
    };
  }
  return smoothed.map((s) => ({ value: s.v, sd: Math.sqrt(Math.max(s.a, 0)) }));
}
