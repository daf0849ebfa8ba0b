/**
 * Keeps the point paths that go with one rigid motion. Under a camera that is affine in each frame (good for small things)
 * the points of a rigid thing are fixed combinations of any four of them: P - P0 = a (P1 - P0) + b (P2 - P0) + c (P3 - P0) in
 * all frames alike (Tomasi and Kanade 1992). Four points are drawn, the combinations of the others fitted, and the four kept
 * with which most agree. Points that slide along an edge, a rim, a highlight or a shadow do not, unless
 * they slide the way a point at another depth would go.
 */
import type { Random } from '../../base/random.js';
import type { PointPath } from './drift.js';
import { solveSymmetric } from './motion-models.js';

/** Root mean square distance from the rigid motion, px: matching noise, and what an affine camera leaves of perspective. */
const TOLERANCE_PX = 1.2;
const DRAWS = 150;
/** Points must be seen together in this many frames to be compared. */
const MIN_COMMON_FRAMES = 8;
const MAX_SEARCH_FRAMES = 120;
/** Fewer points than this cannot outvote each other. */
const MIN_POINTS = 8;
/** A point that disagrees is cut back to this share of its frames, nearest to where it began, and tried again. */
const CUT_SHARE = 0.7;
/** Keeps combinations small when all four points nearly lie in a plane. */
const RIDGE = 1e-3;

/** Ids and paths that agree; a path may come back shorter. Frames of a path are in the order in which it was followed. */
export function rigidPaths(paths: ReadonlyMap<number, PointPath>, random: Random): Map<number, PointPath> {
  const out = new Map<number, PointPath>();
  let open = [...paths].filter(([, path]) => path.size >= MIN_COMMON_FRAMES);
  for (const [id, path] of paths) if (path.size < MIN_COMMON_FRAMES) out.set(id, path);
  while (open.length >= MIN_POINTS) {
    const chosen = bestBasis(thinned(open.map(([, path]) => path)), random);
    if (!chosen) break;
    const basis = chosen.map((n) => open[n][1]);
    const later: typeof open = [];
    for (const [id, path] of open) {
      const kept = agreeingPart(basis, path);
      if (kept === 'unseen') later.push([id, path]);
      else if (kept) out.set(id, kept);
    }
    if (later.length === open.length) break;
    open = later;
  }
  if (open.length < MIN_POINTS) for (const [id, path] of open) out.set(id, path);
  return out;
}

/** Every so many frames only, where there are many: the search looks at all paths for every draw. */
function thinned(paths: readonly PointPath[]): PointPath[] {
  const step = Math.ceil(Math.max(...paths.map((path) => path.size)) / MAX_SEARCH_FRAMES);
  return step === 1 ? [...paths] : paths.map((path) => new Map([...path].filter(([k]) => k % step === 0)));
}

/** Indices of the four paths with which most agree. */
function bestBasis(paths: readonly PointPath[], random: Random): number[] | null {
  let best: number[] | null = null;
  let bestScore = 0;
  for (let d = 0; d < DRAWS; d++) {
    const drawn = Array.from({ length: 4 }, () => random.int(paths.length));
    const basis = drawn.map((n) => paths[n]);
    if (new Set(drawn).size < 4 || commonFrames(basis).length < MIN_COMMON_FRAMES) continue;
    let score = 0;
    for (const path of paths) {
      const frames = commonFrames([...basis, path]);
      if (frames.length < MIN_COMMON_FRAMES) continue;
      const rms = misfit(basis, path, frames);
      if (rms < TOLERANCE_PX) score += (1 - (rms / TOLERANCE_PX) ** 2) * frames.length;
    }
    if (score <= bestScore) continue;
    best = drawn;
    bestScore = score;
  }
  return best;
}

function agreeingPart(basis: readonly PointPath[], path: PointPath): PointPath | null | 'unseen' {
  let frames = commonFrames([path, ...basis]);
  if (frames.length < MIN_COMMON_FRAMES) return 'unseen';
  if (misfit(basis, path, frames) < TOLERANCE_PX) return path;
  while (frames.length >= MIN_COMMON_FRAMES) {
    frames = frames.slice(0, Math.floor(CUT_SHARE * frames.length));
    if (frames.length < MIN_COMMON_FRAMES) return null;
    if (misfit(basis, path, frames) >= TOLERANCE_PX) continue;
    const last = frames[frames.length - 1];
    const kept: PointPath = new Map();
    for (const [k, place] of path) {
      kept.set(k, place);
      if (k === last) return kept;
    }
  }
  return null;
}

/** Frames in which all are seen, in the order of the first path. */
function commonFrames(paths: readonly PointPath[]): number[] {
  const [first, ...others] = paths;
  const out: number[] = [];
  for (const k of first.keys()) if (others.every((path) => path.has(k))) out.push(k);
  return out;
}

/** Root mean square distance in px of a path from the best combination of the four. */
function misfit(basis: readonly PointPath[], path: PointPath, frames: readonly number[]): number {
  const ata = new Float64Array(9);
  const atb = new Float64Array(3);
  let power = 0;
  for (const k of frames) {
    const o = basis[0].get(k)!;
    const p = path.get(k)!;
    const sides = [1, 2, 3].map((n) => basis[n].get(k)!);
    for (let axis = 0; axis < 2; axis++) {
      const y = p[axis] - o[axis];
      power += y * y;
      for (let r = 0; r < 3; r++) {
        const a = sides[r][axis] - o[axis];
        atb[r] += a * y;
        for (let c = 0; c < 3; c++) ata[3 * r + c] += a * (sides[c][axis] - o[axis]);
      }
    }
  }
  const ridge = (RIDGE * (ata[0] + ata[4] + ata[8])) / 3;
  for (let r = 0; r < 3; r++) ata[4 * r] += ridge;
  const right = Float64Array.from(atb);
  const x = solveSymmetric(ata, atb, 3);
  if (!x) return Number.POSITIVE_INFINITY;
  // |A x - y|^2 = y'y - x'(A'y) - ridge |x|^2 at the minimum of the damped problem.
  const explained = x.reduce((sum, v, r) => sum + v * right[r] + ridge * v * v, 0);
  return Math.sqrt(Math.max(0, power - explained) / frames.length);
}
