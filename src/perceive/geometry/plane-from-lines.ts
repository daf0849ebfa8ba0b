/**
 * Table normal (and, where the picture allows, focal length) from the directions of straight lines: on planks, tiles,
 * checked cloth and between right-angled things most lines run along two directions square to each other in the table,
 * or along its normal. Every line of one direction points at that direction's vanishing point.
 */
import { cross, normalize, type Vec3 } from '../../math/vec3.js';
import type { LineSegment } from './line-segments.js';
import { upOf } from './tilt.js';

export interface LinePlane {
  /** Posterior mean of the tilt (degrees below the horizon) under the given prior, and its standard deviation. */
  readonly tiltDeg: number;
  readonly tiltSdDeg: number;
  readonly rollDeg: number;
  /** At the most probable tilt. */
  readonly focalPx: number;
  /** Share of line length explained there within `THRESHOLD_DEG`, 0..1, lines along the normal left out. */
  readonly score: number;
  /** Share of the explained length that belongs to the weaker of the two table directions. */
  readonly secondShare: number;
  readonly numSegments: number;
}

const COARSE_THRESHOLD_DEG = 4;
/** Tolerance at which lines count as explained in the end. */
const THRESHOLD_DEG = 1.5;
const ROLL_SD_DEG = 3;
/** The weaker direction must carry this share before the focal length may be believed. */
export const MIN_SECOND_SHARE = 0.2;
export const MIN_FOCAL_SCORE = 0.65;
/** With fewer lines than this, or less of them explained, right and wrong answers look alike (measured on photos). */
const MIN_SEGMENTS = 25;
const MIN_SCORE = 0.3;
/** A few long things (pens laid out like a fan) make so much of a wrong answer where there are fewer lines than this. */
const MIN_SCORE_OF_FEW = 0.4;
const FEW_SEGMENTS = 100;
/** Log likelihood per unit of score that an odd roll or focal length must be worth. */
const VOTE_STRENGTH = 40;
/**
 * Standard deviation of the scores of wrong tilts when many lines vote. On real pictures the best of them comes out up to 0.1 better
 * than the right one (pens laid out like a fan, edges of things on a table): that must not decide, while the 0.3 between right and
 * wrong on planks, cloth or right-angled boxes must.
 */
const SCORE_SD = 0.06;
const MANY_SEGMENTS = 80;

interface Params {
  tiltDeg: number;
  rollDeg: number;
  yawDeg: number;
  /** ln(f / prior f). */
  logF: number;
}

/** Prepared segment: middle, unit direction, weight; coordinates relative to the principal point. */
interface Prepared {
  mx: number;
  my: number;
  dx: number;
  dy: number;
  length: number;
}

/**
 * For every tilt the best roll, yaw and (if `focalLogSd` > 0.02) focal length; the profile times the prior is the
 * posterior of the tilt. Lines that all run across the picture leave it as wide as the prior, as they should. Null when
 * the lines are too few or agree on nothing.
 */
export function planeFromLines(
  segments: readonly LineSegment[],
  camera: { fx: number; cx: number; cy: number; focalLogSd: number },
  prior: { tiltDeg: number; sdDeg: number },
): LinePlane | null {
  if (segments.length < MIN_SEGMENTS) return null;
  const lines = segments.map(
    (s): Prepared => ({
      mx: (s.x0 + s.x1) / 2 - camera.cx,
      my: (s.y0 + s.y1) / 2 - camera.cy,
      dx: (s.x1 - s.x0) / s.lengthPx,
      dy: (s.y1 - s.y0) / s.lengthPx,
      length: s.lengthPx,
    }),
  );
  const freeF = camera.focalLogSd > 0.02;
  const energy = (p: Params, thresholdDeg: number): number => {
    const improbable = 0.5 * (p.rollDeg / ROLL_SD_DEG) ** 2 + 0.5 * (p.logF / camera.focalLogSd) ** 2;
    return judge(lines, camera.fx, p, thresholdDeg).score - improbable / VOTE_STRENGTH;
  };
  const profile: { p: Params; e: number }[] = [];
  for (let tiltDeg = 10; tiltDeg <= 84; tiltDeg += 2) {
    let best: { p: Params; e: number } | null = null;
    for (const logF of freeF ? [-0.15, 0, 0.15] : [0]) {
      for (let rollDeg = -3; rollDeg <= 3; rollDeg += 3) {
        for (let yawDeg = 0; yawDeg < 90; yawDeg += 3) {
          const p = { tiltDeg, rollDeg, yawDeg, logF };
          const e = energy(p, COARSE_THRESHOLD_DEG);
          if (!best || e > best.e) best = { p, e };
        }
      }
    }
    const keys: (keyof Params)[] = freeF ? ['rollDeg', 'yawDeg', 'logF'] : ['rollDeg', 'yawDeg'];
    const p = climb(best!.p, (q) => energy(q, THRESHOLD_DEG), keys);
    profile.push({ p, e: energy(p, THRESHOLD_DEG) });
  }
  let top = profile.reduce((a, b) => (b.e > a.e ? b : a));
  const refined = climb(top.p, (q) => energy(q, THRESHOLD_DEG), [
    'tiltDeg',
    'rollDeg',
    'yawDeg',
    ...(freeF ? (['logF'] as const) : []),
  ]);
  top = { p: refined, e: energy(refined, THRESHOLD_DEG) };
  const { score, secondShare } = judge(lines, camera.fx, top.p, THRESHOLD_DEG);
  if (score < (segments.length < FEW_SEGMENTS ? MIN_SCORE_OF_FEW : MIN_SCORE)) return null;
  const scoreSd = SCORE_SD / Math.sqrt(Math.min(1, segments.length / MANY_SEGMENTS));
  const { mean, sd } = posterior([...profile, top], scoreSd, prior);
  // An answer that needs an odd roll or focal length is likely a wrong match of lines to directions.
  const odd = 1 + 0.5 * (top.p.rollDeg / ROLL_SD_DEG) ** 2 + 0.5 * (top.p.logF / camera.focalLogSd) ** 2;
  const floor = (secondShare >= MIN_SECOND_SHARE ? 1.2 : 3) * odd;
  return {
    tiltDeg: mean,
    tiltSdDeg: Math.max(sd, floor),
    rollDeg: top.p.rollDeg,
    focalPx: camera.fx * Math.exp(top.p.logF),
    score,
    secondShare,
    numSegments: segments.length,
  };
}

function posterior(
  profile: readonly { p: Params; e: number }[],
  scoreSd: number,
  prior: { tiltDeg: number; sdDeg: number },
): { mean: number; sd: number } {
  const best = Math.max(...profile.map(({ e }) => e));
  const logs = profile.map(
    ({ p, e }) => -0.5 * (((best - e) / scoreSd) ** 2 + ((p.tiltDeg - prior.tiltDeg) / prior.sdDeg) ** 2),
  );
  const peak = Math.max(...logs);
  const weights = logs.map((value) => Math.exp(value - peak));
  const total = weights.reduce((a, b) => a + b, 0);
  const mean = profile.reduce((sum, { p }, k) => sum + weights[k] * p.tiltDeg, 0) / total;
  const variance = profile.reduce((sum, { p }, k) => sum + weights[k] * (p.tiltDeg - mean) ** 2, 0) / total;
  return { mean, sd: Math.sqrt(variance) };
}

/** Coordinate ascent over `keys` with shrinking steps, degrees (2 % per degree for the focal length). */
function climb(start: Params, energy: (p: Params) => number, keys: readonly (keyof Params)[]): Params {
  let p = start;
  let e = energy(p);
  for (let step = 2; step > 0.05; step /= 2) {
    for (let improved = true, rounds = 0; improved && rounds < 8; rounds++) {
      improved = false;
      for (const key of keys) {
        for (const sign of [1, -1]) {
          const q = { ...p, [key]: p[key] + sign * step * (key === 'logF' ? 0.02 : 1) };
          if (q.tiltDeg < 5 || q.tiltDeg > 89 || Math.abs(q.rollDeg) > 12) continue;
          const value = energy(q);
          if (value <= e) continue;
          p = q;
          e = value;
          improved = true;
        }
      }
    }
  }
  return p;
}

function judge(
  lines: readonly Prepared[],
  priorF: number,
  p: Params,
  thresholdDeg: number,
): { score: number; secondShare: number; support: number } {
  const f = priorF * Math.exp(p.logF);
  const up = upOf(p.tiltDeg, p.rollDeg);
  const right = normalize([1 - up[0] * up[0], -up[0] * up[1], -up[0] * up[2]]);
  const ahead = cross(up, right);
  const c = Math.cos((p.yawDeg * Math.PI) / 180);
  const s = Math.sin((p.yawDeg * Math.PI) / 180);
  const first: Vec3 = [c * right[0] + s * ahead[0], c * right[1] + s * ahead[1], c * right[2] + s * ahead[2]];
  const second = cross(up, first);
  const sinT = Math.sin((thresholdDeg * Math.PI) / 180);
  const sums = [0, 0];
  let total = 0;
  for (const line of lines) {
    const e1 = misfit(line, first, f) / sinT;
    const e2 = misfit(line, second, f) / sinT;
    const e3 = misfit(line, up, f) / sinT;
    const along = Math.min(e1, e2);
    if (e3 < 1 && e3 < along) continue;
    total += line.length;
    if (along < 1) sums[e1 < e2 ? 0 : 1] += line.length * (1 - along * along);
  }
  const support = sums[0] + sums[1];
  return {
    score: total > 0 ? support / total : 0,
    secondShare: support > 0 ? Math.min(...sums) / support : 0,
    support,
  };
}

/** Sine of the angle between a segment and the way from its middle to the vanishing point of `direction`. */
function misfit(line: Prepared, direction: Vec3, f: number): number {
  const vx = f * direction[0] - direction[2] * line.mx;
  const vy = f * direction[1] - direction[2] * line.my;
  return Math.abs(line.dx * vy - line.dy * vx) / Math.max(1e-9, Math.hypot(vx, vy));
}
