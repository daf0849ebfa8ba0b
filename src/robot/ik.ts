/**
 * Inverse kinematics by damped least squares: Levenberg-Marquardt steps whose damping follows the squared error (Sugihara 2011,
 * "Solvability-unconcerned inverse kinematics"), joint limits by an active set, and a pull in the null space towards a preferred
 * configuration. Seeded by the last configuration it is continuous along a path. Orientation is weighed against position by the
 * robot's `tolerance.rotationWeightM`: arms with fewer than six joints take the orientation nearest to the wanted one.
 */
import type { Mat4 } from '../math/se3.js';
import { chainFramesInto, jacobianInto } from './kinematics.js';
import type { RobotModel } from './robot-model.js';

export interface IkOptions {
  /** Configuration that the null space is pulled to; default the middle of each joint's range blended with home. */
  readonly preferred?: ArrayLike<number>;
  /** Share of the way to `preferred` taken in the null space: once, in the first step, so that paths stay smooth. */
  readonly pull?: number;
  /** Kept free of each joint limit, radians. */
  readonly limitMarginRad?: number;
  readonly maxIterations?: number;
  /** The solver stops below these, or when it gets no nearer. */
  readonly positionToleranceM?: number;
  readonly rotationToleranceRad?: number;
  /** The result is `ok` up to this rotation error, where that is more than the robot's tolerance: on the way, not at its ends. */
  readonly acceptRotationRad?: number;
}

export interface IkResult {
  /** Joint angles, radians: the best found, whether or not it is good enough. */
  readonly q: number[];
  /** Whether both errors are within the robot's tolerance, or the wider one asked for (limits always hold). */
  readonly ok: boolean;
  readonly positionErrorM: number;
  readonly rotationErrorRad: number;
  readonly iterations: number;
}

/**
 * Iterations without progress (as a share of the error's square) after which no nearer pose is looked for: out of reach, or, where
 * orientation is a compromise, found.
 */
const OUT_OF_REACH = { iterations: 4, share: 0.05 };
const COMPROMISE = { iterations: 3, share: 1e-4 };

const DEFAULTS = {
  pull: 0,
  limitMarginRad: 0.04,
  maxIterations: 60,
  positionToleranceM: 1e-7,
  rotationToleranceRad: 1e-7,
  acceptRotationRad: 0,
};
/** Damping that remains at zero error: keeps the normal matrix regular at singular configurations. */
const DAMPING_FLOOR = 1e-7;
/** Longest step of any joint in one iteration, radians: the linearisation does not hold further. */
const MAX_STEP_RAD = 0.5;

/** What one solve works on, sized for n joints; solves never overlap, so all of them share it. */
interface Scratch {
  readonly frames: Float64Array;
  readonly jacobian: Float64Array;
  readonly error: Float64Array;
  readonly normal: Float64Array;
  readonly rhs: Float64Array;
  readonly step: Float64Array;
  readonly pull: Float64Array;
  readonly locked: Uint8Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly q: Float64Array;
  readonly best: Float64Array;
}

const scratches = new Map<number, Scratch>();

function scratchFor(n: number): Scratch {
  let scratch = scratches.get(n);
  if (!scratch) {
    const floats = (length: number): Float64Array => new Float64Array(length);
    scratch = {
      frames: floats((n + 1) * 12),
      jacobian: floats(6 * n),
      error: floats(6),
      normal: floats(36),
      rhs: floats(6),
      step: floats(n),
      pull: floats(n),
      locked: new Uint8Array(n),
      lower: floats(n),
      upper: floats(n),
      q: floats(n),
      best: floats(n),
    };
    scratches.set(n, scratch);
  }
  return scratch;
}

/** Solves baseFromTool(q) = `baseFromTool` from `seed`. Cost is a few microseconds per iteration. */
export function solveIk(
  robot: RobotModel,
  baseFromTool: Mat4,
  seed: ArrayLike<number>,
  options: IkOptions = {},
): IkResult {
  const o = { ...DEFAULTS, ...options };
  const n = robot.joints.length;
  const { frames, jacobian, error, normal, rhs, step, pull, locked, lower, upper, q, best } = scratchFor(n);
  for (let i = 0; i < n; i++) {
    lower[i] = robot.joints[i].lowerRad + o.limitMarginRad;
    upper[i] = robot.joints[i].upperRad - o.limitMarginRad;
    q[i] = Math.min(upper[i], Math.max(lower[i], seed[i]));
  }
  best.set(q);
  let bestCost = Number.POSITIVE_INFINITY;
  let bestPosition = Number.POSITIVE_INFINITY;
  let bestRotation = Number.POSITIVE_INFINITY;
  let iterations = 0;
  let stalled = 0;
  const { rotationWeightM: weight, positionM, rotationRad } = robot.tolerance;
  const patience = weight < 1 ? COMPROMISE : OUT_OF_REACH;

  for (; iterations <= o.maxIterations; iterations++) {
    chainFramesInto(robot, q, frames);
    poseErrorInto(frames, n * 12, baseFromTool, error);
    const position = Math.sqrt(error[0] * error[0] + error[1] * error[1] + error[2] * error[2]);
    const rotation = Math.sqrt(error[3] * error[3] + error[4] * error[4] + error[5] * error[5]);
    const cost = position * position + weight * weight * rotation * rotation;
    stalled = iterations > 0 && cost > bestCost * (1 - patience.share) ? stalled + 1 : 0;
    if (cost < bestCost) {
      bestCost = cost;
      bestPosition = position;
      bestRotation = rotation;
      best.set(q);
    }
    const converged = position < o.positionToleranceM && rotation < o.rotationToleranceRad;
    const pulls = iterations === 0 && o.pull > 0;
    if ((converged && !pulls) || iterations === o.maxIterations || stalled >= patience.iterations) break;
    if (pulls) bestCost = Number.POSITIVE_INFINITY;

    for (let i = 0; i < n; i++) pull[i] = pulls && o.preferred ? o.pull * (o.preferred[i] - q[i]) : 0;
    jacobianInto(n, frames, jacobian);
    if (weight !== 1) {
      for (let k = 3 * n; k < 6 * n; k++) jacobian[k] *= weight;
      for (let r = 3; r < 6; r++) error[r] *= weight;
    }
    const damping = 0.5 * cost + DAMPING_FLOOR * Math.min(1, cost * 1e6);
    locked.fill(0);
    // Joints that the step would push over a limit are held there and the step is solved again without them.
    for (let attempt = 0; attempt < n; attempt++) {
      dampedStep(n, jacobian, error, pull, locked, damping, normal, rhs, step);
      let changed = false;
      for (let i = 0; i < n; i++) {
        const next = q[i] + step[i];
        if (
          !locked[i] &&
          ((next > upper[i] && q[i] >= upper[i] - 1e-9) || (next < lower[i] && q[i] <= lower[i] + 1e-9))
        ) {
          locked[i] = 1;
          changed = true;
        }
      }
      if (!changed) break;
    }
    let longest = 0;
    for (let i = 0; i < n; i++) longest = Math.max(longest, Math.abs(step[i]));
    const shrink = longest > MAX_STEP_RAD ? MAX_STEP_RAD / longest : 1;
    for (let i = 0; i < n; i++) q[i] = Math.min(upper[i], Math.max(lower[i], q[i] + step[i] * shrink));
  }
  return {
    q: [...best],
    ok:
      bestPosition < Math.max(o.positionToleranceM, positionM) &&
      bestRotation < Math.max(o.rotationToleranceRad, o.acceptRotationRad, rotationRad),
    positionErrorM: bestPosition,
    rotationErrorRad: bestRotation,
    iterations,
  };
}

/** error = [p_target - p, rotation vector of R_target R^T], base frame. `at`: offset of the tool's 3x4 in `frames`. */
function poseErrorInto(frames: Float64Array, at: number, target: Mat4, error: Float64Array): void {
  for (let r = 0; r < 3; r++) error[r] = target[r * 4 + 3] - frames[at + r * 4 + 3];
  const x = turnBetween(target, frames, at, 2, 1) - turnBetween(target, frames, at, 1, 2);
  const y = turnBetween(target, frames, at, 0, 2) - turnBetween(target, frames, at, 2, 0);
  const z = turnBetween(target, frames, at, 1, 0) - turnBetween(target, frames, at, 0, 1);
  const doubleSine = Math.sqrt(x * x + y * y + z * z);
  let trace = 0;
  for (let r = 0; r < 3; r++) trace += turnBetween(target, frames, at, r, r);
  const angle = Math.atan2(doubleSine, trace - 1);
  // Near half a turn the axis cannot be read off the skew part; any axis starts the solver moving.
  const factor = doubleSine > 1e-9 ? angle / doubleSine : trace > 0 ? 0.5 : 0;
  const flipped = doubleSine <= 1e-9 && trace <= 0;
  error[3] = flipped ? Math.PI : x * factor;
  error[4] = y * factor;
  error[5] = z * factor;
}

/** Element (i, j) of R_target R^T, with R at `at` in `frames`. */
function turnBetween(target: Mat4, frames: Float64Array, at: number, i: number, j: number): number {
  const r = at + j * 4;
  return target[i * 4] * frames[r] + target[i * 4 + 1] * frames[r + 1] + target[i * 4 + 2] * frames[r + 2];
}

/** step = pull + J^T (J J^T + damping I)^-1 (error - J pull), columns of locked joints left out. */
function dampedStep(
  n: number,
  jacobian: Float64Array,
  error: Float64Array,
  pull: Float64Array,
  locked: Uint8Array,
  damping: number,
  normal: Float64Array,
  rhs: Float64Array,
  step: Float64Array,
): void {
  for (let r = 0; r < 6; r++) {
    const row = r * n;
    let residual = error[r];
    for (let i = 0; i < n; i++) if (locked[i] === 0) residual -= jacobian[row + i] * pull[i];
    rhs[r] = residual;
    for (let c = 0; c <= r; c++) {
      const other = c * n;
      let sum = r === c ? damping : 0;
      for (let i = 0; i < n; i++) if (locked[i] === 0) sum += jacobian[row + i] * jacobian[other + i];
      normal[r * 6 + c] = sum;
    }
  }
  choleskySolve6(normal, rhs);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    if (!locked[i]) {
      sum = pull[i];
      for (let r = 0; r < 6; r++) sum += jacobian[r * n + i] * rhs[r];
    }
    step[i] = sum;
  }
}

/** Solves A x = b in place for a symmetric positive definite 6x6 A given by its lower triangle. */
function choleskySolve6(a: Float64Array, b: Float64Array): void {
  for (let j = 0; j < 6; j++) {
    for (let i = j; i < 6; i++) {
      let sum = a[i * 6 + j];
      for (let k = 0; k < j; k++) sum -= a[i * 6 + k] * a[j * 6 + k];
      a[i * 6 + j] = i === j ? Math.sqrt(Math.max(sum, 1e-14)) : sum / a[j * 6 + j];
    }
  }
  for (let i = 0; i < 6; i++) {
    for (let k = 0; k < i; k++) b[i] -= a[i * 6 + k] * b[k];
    b[i] /= a[i * 6 + i];
  }
  for (let i = 5; i >= 0; i--) {
    for (let k = i + 1; k < 6; k++) b[i] -= a[k * 6 + i] * b[k];
    b[i] /= a[i * 6 + i];
  }
}
