/** Motion and rest of one object with hysteresis, and the exact frames at which rest ends and begins. */
import { compose, inverse, logRotation, type Mat4, rotationAngleBetween, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import { robustMeanPose } from './pose-statistics.js';
import { momentOf } from './rest-shift.js';
import type { Trajectory } from './trajectory.js';

/** One journey of an object from rest to rest. */
export interface Carry {
  /** Last frame at rest before (0 if it moved from the start) and first frame at rest after (the last frame if never). */
  readonly fromFrame: number;
  readonly toFrame: number;
  /** Mean pose at rest before and after; null when the video begins or ends within the motion. */
  readonly restBefore: Mat4 | null;
  readonly restAfter: Mat4 | null;
  /** Largest distance from where it started, metres; largest turn, radians. */
  readonly travelM: number;
  readonly turnRad: number;
  /** Share of the frames in which the object was really seen. */
  readonly observedShare: number;
}

export interface MotionOptions {
  readonly fps: number;
  /** Journeys shorter than this (and turning less than `minTurnRad`) are wobble, metres. */
  readonly minTravelM: number;
  readonly minTurnRad: number;
  /** Pauses shorter than this belong to the motion, seconds. */
  readonly minRestSec: number;
  /** Says whether the object can stand where it is at a frame (on the table, on something) without a hand. */
  readonly isSupported: (frame: number) => boolean;
}

/** Half-width of the window in which speed is measured, seconds. */
const SPEED_REACH_SEC = 0.13;
/** Hands carry things at 0.1 to 0.6 m/s; a tracked thing at rest creeps at well under 0.02 m/s. */
const ENTER_SPEED = 0.06;
const LEAVE_SPEED = 0.025;
const ENTER_TURN_SPEED = 0.8;
const LEAVE_TURN_SPEED = 0.35;
/** Speeds must stand out of their own noise by this factor (enter; leaving takes half of it). */
const NOISE_FACTOR = 5;
/** Rest poses are averaged over at most this long, so that slow drift long before does not count. */
const REST_SEC = 0.6;
/** Least distance from rest that is told from it, and one at which a hand is in full swing, metres. */
const FINE_M = 0.002;
const COARSE_M = 0.012;
/** Growth of the way with time there (see `departure`). */
const FINE_POWER = 3.2;
const COARSE_POWER = 2.4;
/** On a way that was taken from the pusher this is more than rounding, metres. */
const PUSHED_M = 0.0005;
/** What pushes does not come to rest where it leaves a thing, it turns round there. */
const TURNING_POWER = 2;
/** Fewer frames than this make no mean. */
const MIN_REST_FRAMES = 3;

export function findCarries(track: Trajectory, options: MotionOptions): Carry[] {
  const intervals = joinPauses(movingIntervals(track, options.fps), options);
  return intervals
    .map(([from, to], i) =>
      measureCarry(
        track,
        from,
        to,
        intervals[i - 1]?.[1] ?? -1,
        intervals[i + 1]?.[0] ?? track.observed.length,
        options,
      ),
    )
    .filter((carry) => {
      const enoughWay = carry.travelM >= Math.max(options.minTravelM, 4 * track.sdM);
      const enoughTurn = carry.turnRad >= Math.max(options.minTurnRad, 6 * track.noiseRad);
      return enoughWay || enoughTurn;
    });
}

/** Half-width in frames of the window in which speed is measured. */
const speedReach = (fps: number): number => Math.max(2, Math.round(SPEED_REACH_SEC * fps));

/** Speeds (m/s and rad/s) per frame by the slope of a straight line through the window around it. */
export function speedsOf(poses: readonly Mat4[], fps: number): { linear: number[]; angular: number[]; reach: number } {
  const reach = speedReach(fps);
  const last = poses.length - 1;
  const linear: number[] = [];
  const angular: number[] = [];
  for (let t = 0; t <= last; t++) {
    let sumSquares = 0;
    const v = [0, 0, 0];
    const w = [0, 0, 0];
    const toCentre = inverse(poses[t]);
    for (let k = Math.max(-reach, -t); k <= Math.min(reach, last - t); k++) {
      const pose = poses[t + k];
      const turn = logRotation(compose(pose, toCentre));
      for (let c = 0; c < 3; c++) {
        v[c] += k * (pose[3 + 4 * c] - poses[t][3 + 4 * c]);
        w[c] += k * turn[c];
      }
      sumSquares += k * k;
    }
    linear.push((Math.hypot(...v) / sumSquares) * fps || 0);
    angular.push((Math.hypot(...w) / sumSquares) * fps || 0);
  }
  return { linear, angular, reach };
}

/** Half-open frame intervals in which the object moves: enter above the high threshold, leave below the low one. */
export function movingIntervals(track: Trajectory, fps: number): [number, number][] {
  const { linear, angular, reach } = speedsOf(track.worldFromObject, fps);
  // Variance of a slope over the window: sigma^2 / sum k^2.
  const slopeSd = fps / Math.sqrt((reach * (reach + 1) * (2 * reach + 1)) / 3);
  const enter = Math.max(ENTER_SPEED, NOISE_FACTOR * slopeSd * track.noiseM);
  const leave = Math.max(LEAVE_SPEED, (NOISE_FACTOR / 2) * slopeSd * track.noiseM);
  const enterTurn = Math.max(ENTER_TURN_SPEED, NOISE_FACTOR * slopeSd * track.noiseRad);
  const leaveTurn = Math.max(LEAVE_TURN_SPEED, (NOISE_FACTOR / 2) * slopeSd * track.noiseRad);
  const above = (t: number, high: boolean): boolean =>
    high ? linear[t] > enter || angular[t] > enterTurn : linear[t] > leave || angular[t] > leaveTurn;

  const out: [number, number][] = [];
  for (let t = 0; t < linear.length; t++) {
    if (!above(t, true)) continue;
    let from = t;
    const floor = out.at(-1)?.[1] ?? 0;
    while (from > floor && above(from - 1, false)) from--;
    while (t < linear.length && above(t, false)) t++;
    out.push([from, t]);
  }
  return out;
}

/** Joins motions whose pause is short, or during which the object hangs in the air: then a hand still holds it. */
function joinPauses(intervals: [number, number][], options: MotionOptions): [number, number][] {
  const out: [number, number][] = [];
  for (const [from, to] of intervals) {
    const last = out.at(-1);
    const pause = last ? from - last[1] : Number.POSITIVE_INFINITY;
    const middle = last ? Math.round((last[1] + from) / 2) : 0;
    if (last && (pause < options.minRestSec * options.fps || !options.isSupported(middle))) last[1] = to;
    else out.push([from, to]);
  }
  return out;
}

function measureCarry(
  track: Trajectory,
  from: number,
  to: number,
  previousEnd: number,
  nextStart: number,
  options: MotionOptions,
): Carry {
  const poses = track.worldFromObject;
  const last = poses.length - 1;
  const restFrames = Math.max(MIN_REST_FRAMES, Math.round(REST_SEC * options.fps));
  // Slow starts stay below the speed thresholds for some frames: rest is averaged a little away from the motion.
  const guard = speedReach(options.fps);
  const floor = Math.max(previousEnd + 1, 0);
  const ceiling = Math.min(nextStart, last + 1);
  const early = poses.slice(Math.max(floor, from - guard - restFrames), Math.max(floor, from - guard));
  const before = early.length >= MIN_REST_FRAMES ? early : poses.slice(floor, from);
  const hangs = to <= last && !options.isSupported(Math.min(last, Math.round((to + nextStart) / 2)));
  const late = poses.slice(to + guard, Math.min(ceiling, to + guard + restFrames));
  const after = hangs ? [] : late.length >= MIN_REST_FRAMES ? late : poses.slice(to, ceiling);
  const restBefore = before.length > 0 ? robustMeanPose(before) : null;
  const restAfter = after.length > 0 ? robustMeanPose(after) : null;
  const fromFrame = restBefore ? departure(track, restBefore, Math.max(floor, from - guard), to, 1) : from;
  const toFrame = restAfter
    ? departure(track, restAfter, Math.min(ceiling - 1, to + guard), from, -1)
    : hangs
      ? last
      : Math.min(to, last);
  const start = restBefore ?? poses[from];
  let travelM = 0;
  let turnRad = 0;
  let seen = 0;
  for (let t = fromFrame; t <= toFrame; t++) {
    travelM = Math.max(travelM, distance(translationOf(poses[t]), translationOf(start)));
    turnRad = Math.max(turnRad, rotationAngleBetween(start, poses[t]));
    if (track.observed[t]) seen++;
  }
  return {
    fromFrame,
    toFrame,
    restBefore,
    restAfter,
    travelM,
    turnRad,
    observedShare: seen / (toFrame - fromFrame + 1),
  };
}

/**
 * Frame at which the object leaves `rest`, going from `begin` in direction `step` (1: onset; -1: the arrival, in
 * reverse). It is known to have left once it is `r` away; because things start slowly, the crossings of r and 4r are
 * extrapolated to zero with distance ~ time^p: hands start by the minimum-jerk law (p = 3; Flash & Hogan 1985), on curved ways
 * more slowly still, and are well past the beginning by the time that much noise lets them be seen. Where the picture shows it, it
 * is asked instead of the poses.
 */
function departure(track: Trajectory, rest: Mat4, begin: number, end: number, step: 1 | -1): number {
  const poses = track.worldFromObject;
  const shown = shownDeparture(track, begin, end, step);
  if (shown !== null) return shown;
  const r = Math.max(FINE_M, 2.5 * track.noiseM);
  const rTurn = Math.max(0.06, 4 * track.noiseRad);
  // Means of three frames: steadier, and as many early as late.
  const offset = (t: number, c: 3 | 7 | 11): number => {
    const [before, after] = [poses[Math.max(0, t - 1)], poses[Math.min(poses.length - 1, t + 1)]];
    return (before[c] + poses[t][c] + after[c]) / 3 - rest[c];
  };
  const away = (t: number, factor: number): boolean =>
    Math.hypot(offset(t, 3), offset(t, 7), offset(t, 11)) > factor * r ||
    rotationAngleBetween(rest, poses[t]) > factor * rTurn;
  const clamp = (t: number): number => Math.min(poses.length - 1, Math.max(0, t));
  const leaves = (factor: number): number => {
    // Two frames in a row: one alone may be noise.
    for (let t = begin; step > 0 ? t < end : t > end; t += step)
      if (away(t, factor) && away(clamp(t + step), factor)) return t;
    return end;
  };
  const near = leaves(1);
  const isLed = track.led !== undefined && near >= track.led[0] && near <= track.led[1];
  // What is pushed starts at the pusher's speed, and its way is the pusher's: nothing is left to guess.
  if (isLed && step > 0) {
    const isPushed = (pose: Mat4): boolean => distance(translationOf(pose), translationOf(rest)) > PUSHED_M;
    return Math.max(begin, poses.findIndex((pose, t) => t >= begin && isPushed(pose)) - 1);
  }
  const far = leaves(4);
  const coarse = Math.min(1, Math.max(0, (r - FINE_M) / (COARSE_M - FINE_M)));
  const power = isLed ? TURNING_POWER : FINE_POWER + coarse * (COARSE_POWER - FINE_POWER);
  const growth = 4 ** (1 / power) - 1;
  const onset = near - step * Math.max(1, Math.abs(far - near) / growth);
  return step > 0 ? Math.max(begin, Math.round(onset)) : Math.min(begin, Math.round(onset));
}

/** The same from the picture of the thing; null where it was not looked at or shows nothing. */
function shownDeparture({ restShifts = [] }: Trajectory, begin: number, end: number, step: 1 | -1): number | null {
  const [low, high] = [Math.min(begin, end), Math.max(begin, end)];
  const ends = restShifts.filter((shift) => shift.step === step && shift.frame >= low && shift.frame <= high);
  const [shift] = ends.sort((a, b) => Math.abs(a.frame - begin) - Math.abs(b.frame - begin));
  const moment = shift ? momentOf(shift, FINE_POWER) : null;
  return moment === null ? null : Math.round(moment);
}
