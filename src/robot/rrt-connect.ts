/**
 * Ways around obstacles in joint space: RRT-connect (Kuffner & LaValle 2000), then random shortcuts (Geraerts & Overmars 2007) and
 * rounded corners. Deterministic: the same question and seed give the same way.
 */
import { Random } from '../base/random.js';
import type { RobotModel } from './robot-model.js';

export interface RrtOptions {
  readonly seed?: number;
  /** Whether the arm may be at `q` (n angles, radians). Joint limits are kept anyway. */
  readonly isFree: (q: readonly number[]) => boolean;
  /** Configurations looked at before giving up. */
  readonly maxChecks?: number;
  /** Points of the way that is returned. */
  readonly numPoints?: number;
}

/** Longest turn of any joint between configurations that are looked at, radians. */
const CHECK_STEP_RAD = 0.06;
/** Growth of a tree per step, in the same measure. */
const GROW_RAD = 0.5;
/** Samples come from around the two ends as often as from everywhere: ways are seldom far from them. */
const NEAR_SHARE = 0.6;
const NEAR_MARGIN_RAD = 0.9;
const SHORTCUTS = 60;
const SMOOTHING_ROUNDS = 64;

type Configuration = readonly number[];

interface Node {
  readonly q: Configuration;
  readonly parent: Node | null;
}

/** A smooth free way of `numPoints` configurations, ends included, or null. Straight when the straight way is free. */
export function planJointPath(
  robot: RobotModel,
  from: Configuration,
  to: Configuration,
  options: RrtOptions,
): number[][] | null {
  const { seed = 0, maxChecks = 3000, numPoints = 41 } = options;
  const search = new Search(robot, options.isFree, maxChecks, new Random(seed));
  if (!search.isFree(from) || !search.isFree(to)) return null;
  if (search.isFreeBetween(from, to)) return evenly([from, to], numPoints);
  const corners = search.connect(from, to);
  if (!corners) return null;
  const way = evenly(search.shortened(corners), numPoints);
  return search.smoothed(way);
}

class Search {
  private checks = 0;

  constructor(
    private readonly robot: RobotModel,
    private readonly free: (q: Configuration) => boolean,
    private readonly maxChecks: number,
    private readonly random: Random,
  ) {}

  private get isSpent(): boolean {
    return this.checks >= this.maxChecks;
  }

  isFree(q: Configuration): boolean {
    const inLimits = this.robot.joints.every(
      ({ lowerRad, upperRad }, i) => q[i] >= lowerRad - 1e-9 && q[i] <= upperRad + 1e-9,
    );
    if (!inLimits) return false;
    this.checks++;
    return this.free(q);
  }

  /** Looks from the middle outward: obstacles between two free ends are met early. The ends themselves are not looked at. */
  isFreeBetween(a: Configuration, b: Configuration): boolean {
    const numSteps = Math.ceil(farthestTurn(a, b) / CHECK_STEP_RAD);
    const looked = new Uint8Array(numSteps + 1);
    for (let stride = 2 ** Math.ceil(Math.log2(Math.max(2, numSteps))); stride >= 1; stride /= 2) {
      for (let k = stride; k < numSteps; k += stride) {
        if (looked[k]) continue;
        looked[k] = 1;
        if (!this.isFree(between(a, b, k / numSteps))) return false;
      }
    }
    return true;
  }

  /** Corners of a free way, or null when the budget is spent. */
  connect(from: Configuration, to: Configuration): Configuration[] | null {
    let growing: Node[] = [{ q: from, parent: null }];
    let other: Node[] = [{ q: to, parent: null }];
    let isSwapped = false;
    while (!this.isSpent) {
      const reached = this.grow(growing, this.sample(from, to));
      if (reached) {
        const met = this.reach(other, reached.q);
        if (met) {
          const ways = [wayTo(reached), wayTo(met).reverse().slice(1)];
          const way = [...ways[0], ...ways[1]];
          return isSwapped ? way.reverse() : way;
        }
      }
      [growing, other] = [other, growing];
      isSwapped = !isSwapped;
    }
    return null;
  }

  private sample(from: Configuration, to: Configuration): number[] {
    const isNear = this.random.uniform01() < NEAR_SHARE;
    return this.robot.joints.map(({ lowerRad, upperRad }, i) => {
      const low = isNear ? Math.max(lowerRad, Math.min(from[i], to[i]) - NEAR_MARGIN_RAD) : lowerRad;
      const high = isNear ? Math.min(upperRad, Math.max(from[i], to[i]) + NEAR_MARGIN_RAD) : upperRad;
      return this.random.uniform(low, high);
    });
  }

  /** One step from the nearest node towards `q`. */
  private grow(tree: Node[], q: Configuration): Node | null {
    let nearest = tree[0];
    let least = Number.POSITIVE_INFINITY;
    for (const node of tree) {
      const distance = squaredDistance(node.q, q);
      if (distance < least) {
        least = distance;
        nearest = node;
      }
    }
    const turn = farthestTurn(nearest.q, q);
    if (turn < 1e-9) return nearest;
    const next = turn <= GROW_RAD ? q : between(nearest.q, q, GROW_RAD / turn);
    if (!this.isFree(next) || !this.isFreeBetween(nearest.q, next)) return null;
    const node = { q: next, parent: nearest };
    tree.push(node);
    return node;
  }

  /** Steps towards `q` until it is reached or something is in the way. */
  private reach(tree: Node[], q: Configuration): Node | null {
    while (!this.isSpent) {
      const node = this.grow(tree, q);
      if (!node) return null;
      if (farthestTurn(node.q, q) < 1e-9) return node;
    }
    return null;
  }

  /** Leaves out corners, and parts of edges, that need not be. */
  shortened(corners: readonly Configuration[]): Configuration[] {
    let way = [...corners];
    for (let attempt = 0; attempt < SHORTCUTS && way.length > 2; attempt++) {
      const [s, t] = [this.random.uniform01(), this.random.uniform01()].sort((a, b) => a - b);
      const [a, i] = along(way, s);
      const [b, j] = along(way, t);
      if (i === j || !this.isFreeBetween(a, b)) continue;
      way = [...way.slice(0, i + 1), a, b, ...way.slice(j + 1)];
    }
    return way;
  }

  /** Each point is drawn to the mean of its neighbours, as often as the way stays free. */
  smoothed(way: number[][]): number[][] {
    for (let rounds = SMOOTHING_ROUNDS; rounds >= 1; rounds = Math.floor(rounds / 2)) {
      let smooth = way;
      for (let k = 0; k < rounds; k++) {
        smooth = smooth.map((q, i) =>
          i === 0 || i === smooth.length - 1
            ? q
            : q.map((value, d) => 0.5 * value + 0.25 * (smooth[i - 1][d] + smooth[i + 1][d])),
        );
      }
      const spread = evenly(smooth, way.length);
      if (spread.every((q, i) => this.isFree(q) && (i === 0 || this.isFreeBetween(spread[i - 1], q)))) return spread;
    }
    return way;
  }
}

function wayTo(node: Node): Configuration[] {
  const way: Configuration[] = [];
  for (let at: Node | null = node; at; at = at.parent) way.push(at.q);
  return way.reverse();
}

const between = (a: Configuration, b: Configuration, t: number): number[] =>
  a.map((value, i) => value + t * (b[i] - value));

const farthestTurn = (a: Configuration, b: Configuration): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

const squaredDistance = (a: Configuration, b: Configuration): number =>
  a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);

/** Lengths of the way up to each corner. */
function lengthsOf(way: readonly Configuration[]): number[] {
  const lengths = [0];
  for (let k = 1; k < way.length; k++) lengths.push(lengths[k - 1] + Math.sqrt(squaredDistance(way[k], way[k - 1])));
  return lengths;
}

/** The point at a share of the way's length, and the corner before it. */
function along(way: readonly Configuration[], share: number, lengths = lengthsOf(way)): [number[], number] {
  const wanted = share * lengths[lengths.length - 1];
  let k = 0;
  while (k < way.length - 2 && lengths[k + 1] < wanted) k++;
  const step = lengths[k + 1] - lengths[k];
  return [between(way[k], way[k + 1], step > 0 ? Math.min(1, (wanted - lengths[k]) / step) : 0), k];
}

function evenly(way: readonly Configuration[], count: number): number[][] {
  const lengths = lengthsOf(way);
  return Array.from({ length: count }, (_, k) => along(way, k / (count - 1), lengths)[0]);
}
