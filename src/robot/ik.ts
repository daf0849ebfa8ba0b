/**
 * Inverse kinematics by damped least squares: Levenberg-Marquardt steps whose damping follows the squared error (Sugihara 2011,
 * "Solvability-unconcerned inverse kinematics"), joint limits by an active set, and a pull in the null space towards a preferred
 * configuration. Seeded by the last configuration it is continuous along a path. Orientation is weighed against position by the
 * robot's `tolerance.rotationWeightM`: arms with fewer than six joints take the orientation nearest to the wanted one.
 */
import type { Mat4 } from '../math/se3.js';
import { dampedStep } from './damped-step.js';
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
  const { preferred } = options;
  const share = options.pull ?? DEFAULTS.pull;
  const limitMarginRad = options.limitMarginRad ?? DEFAULTS.limitMarginRad;
  const maxIterations = options.maxIterations ?? DEFAULTS.maxIterations;
  const positionToleranceM = options.positionToleranceM ?? DEFAULTS.positionToleranceM;
  const rotationToleranceRad = options.rotationToleranceRad ?? DEFAULTS.rotationToleranceRad;
  const acceptRotationRad = options.acceptRotationRad ?? DEFAULTS.acceptRotationRad;
  const n = robot.joints.length;
  const { frames, jacobian, error, step, pull, locked, lower, upper, q, best } = scratchFor(n);
  for (let i = 0; i < n; i++) {
    lower[i] = robot.joints[i].lowerRad + limitMarginRad;
    upper[i] = robot.joints[i].upperRad - limitMarginRad;
    q[i] = Math.min(upper[i], Math.max(lower[i], seed[i]));
  }
  copyInto(best, q);
  let bestCost = Number.POSITIVE_INFINITY;
  let bestPosition = Number.POSITIVE_INFINITY;
  let bestRotation = Number.POSITIVE_INFINITY;
  let iterations = 0;
  let stalled = 0;
  const { rotationWeightM: weight, positionM, rotationRad } = robot.tolerance;
  const patience = weight < 1 ? COMPROMISE : OUT_OF_REACH;

  for (; iterations <= maxIterations; iterations++) {
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
      copyInto(best, q);
    }
    const converged = position < positionToleranceM && rotation < rotationToleranceRad;
    const pulls = iterations === 0 && share > 0;
    if ((converged && !pulls) || iterations === maxIterations || stalled >= patience.iterations) break;
    if (pulls) bestCost = Number.POSITIVE_INFINITY;

    for (let i = 0; i < n; i++) pull[i] = pulls && preferred ? share * (preferred[i] - q[i]) : 0;
    jacobianInto(n, frames, jacobian);
    if (weight !== 1) {
      for (let k = 3 * n; k < 6 * n; k++) jacobian[k] *= weight;
      for (let r = 3; r < 6; r++) error[r] *= weight;
    }
    const damping = 0.5 * cost + DAMPING_FLOOR * Math.min(1, cost * 1e6);
    for (let i = 0; i < n; i++) locked[i] = 0;
    // Joints that the step would push over a limit are held there and the step is solved again without them.
    for (let attempt = 0; attempt < n; attempt++) {
      dampedStep(n, jacobian, error, pull, locked, damping, step);
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
    q: plain(best),
    ok:
      bestPosition < Math.max(positionToleranceM, positionM) &&
      bestRotation < Math.max(rotationToleranceRad, acceptRotationRad, rotationRad),
    positionErrorM: bestPosition,
    rotationErrorRad: bestRotation,
    iterations,
  };
}

/** Loops, since the engine's own calls cost more than seven numbers do. */
function copyInto(to: Float64Array, from: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i] = from[i];
}

function plain(values: Float64Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < values.length; i++) out.push(values[i]);
  return out;
}

/** error = [p_target - p, rotation vector of R_target R^T], base frame. `at`: offset of the tool's 3x4 in `frames`. */
function poseErrorInto(frames: Float64Array, at: number, target: Mat4, error: Float64Array): void {
  error[0] = target[3] - frames[at + 3];
  error[1] = target[7] - frames[at + 7];
  error[2] = target[11] - frames[at + 11];
  const r00 = frames[at];
  const r01 = frames[at + 1];
  const r02 = frames[at + 2];
  const r10 = frames[at + 4];
  const r11 = frames[at + 5];
  const r12 = frames[at + 6];
  const r20 = frames[at + 8];
  const r21 = frames[at + 9];
  const r22 = frames[at + 10];
  const t00 = target[0];
  const t01 = target[1];
  const t02 = target[2];
  const t10 = target[4];
  const t11 = target[5];
  const t12 = target[6];
  const t20 = target[8];
  const t21 = target[9];
  const t22 = target[10];
  const x = t20 * r10 + t21 * r11 + t22 * r12 - (t10 * r20 + t11 * r21 + t12 * r22);
  const y = t00 * r20 + t01 * r21 + t02 * r22 - (t20 * r00 + t21 * r01 + t22 * r02);
  const z = t10 * r00 + t11 * r01 + t12 * r02 - (t00 * r10 + t01 * r11 + t02 * r12);
  const doubleSine = Math.sqrt(x * x + y * y + z * z);
  const trace =
    t00 * r00 + t01 * r01 + t02 * r02 + (t10 * r10 + t11 * r11 + t12 * r12) + (t20 * r20 + t21 * r21 + t22 * r22);
  const angle = Math.atan2(doubleSine, trace - 1);
  // Near half a turn the axis cannot be read off the skew part; any axis starts the solver moving.
  const factor = doubleSine > 1e-9 ? angle / doubleSine : trace > 0 ? 0.5 : 0;
  const flipped = doubleSine <= 1e-9 && trace <= 0;
  error[3] = flipped ? Math.PI : x * factor;
  error[4] = y * factor;
  error[5] = z * factor;
}
