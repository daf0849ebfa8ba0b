/**
 * What makes the movers of a clip untrustworthy: then the clip ends in a finding that says so, and nothing is built on them.
 */
import { countSet } from '../image/morphology.js';
import type { ChangeEvent } from './change/candidates.js';
import type { Clip } from './clip.js';
import type { MoverEnd } from './movers/end-outline.js';
import { bestEnd, type Mover } from './movers/movers.js';
import { applySimilarity } from './tracks/motion-models.js';

/** A camera that was lost in more frames than this cannot be made to stand still. */
const MAX_LOST_SHARE = 0.1;

/** One sentence per reason not to trust the movers, each with its time; empty when there is none. */
export function doubtsAbout(
  clip: Clip,
  movers: readonly Mover[],
  names: readonly string[],
  events: readonly ChangeEvent[] = [],
): string[] {
  const seconds = (frame: number): string => `${(frame / clip.fps).toFixed(1)} s`;
  const doubts: string[] = [];
  const { cuts, lostFrames, kind } = clip.motion;
  if (cuts.length > 0) {
    doubts.push(
      `The picture changes all at once at ${cuts.map(seconds).join(', ')}: a cut or a jump of the light. What is before and after cannot be ` +
        'compared; choose a part without it with --start and --end.',
    );
  }
  if (kind === 'handheld' && lostFrames > MAX_LOST_SHARE * clip.numFrames) {
    doubts.push(
      `Too little stands still in the picture, or the camera moves too much: ${lostFrames} of ${clip.numFrames} frames could not be brought back ` +
        'to the first one. Film with a steadier hand and more of the table in the picture, or choose a calmer part with --start and --end.',
    );
  }
  movers.forEach((mover, m) => {
    const span = `between ${seconds(mover.liftFrame)} and ${seconds(mover.downFrame)}`;
    if (turnsInPlace(mover)) {
      doubts.push(
        `${names[m] ?? 'What moves'} only turns about a fixed point ${span}: a lever, a lid or another jointed thing, and not one that a hand ` +
          'takes from one place to another.',
      );
    } else if (isLoose(mover)) {
      doubts.push(
        `${names[m] ?? 'What moves'} does not move as one rigid thing ${span}: its points go different ways (a jointed or soft thing, or ` +
          'several things at once).',
      );
    }
  });
  const explained = new Set(movers.flatMap(({ from, to }) => [from, to].flatMap((end) => end?.event.regions ?? [])));
  const unexplained = events.filter(
    ({ score, regions }) => score >= MIN_EVENT_SCORE && !regions.some((region) => explained.has(region)),
  );
  const strength = unexplained.reduce((sum, { score }) => sum + score, 0);
  if (unexplained.length >= MANY_CHANGES && strength >= MANY_STRENGTH) {
    const frames = unexplained.map(({ frame }) => frame);
    doubts.push(
      `Many places change between ${seconds(Math.min(...frames))} and ${seconds(Math.max(...frames))} (${unexplained.length} besides those of ` +
        'what was followed): many things, or like ones, are moved about. Choose a part in which one thing at a time moves with --start and --end.',
    );
  }
  const alike = alikePair(movers);
  if (alike) {
    const [a, b] = alike.map((m) => names[m] ?? 'one of them');
    doubts.push(
      `${a} and ${b} look alike, and both are moved at once or cannot be followed to the end: which is which cannot be told. Choose a part in ` +
        'which only one of them moves with --start and --end.',
    );
  }
  return doubts;
}

/**
 * Changes at least this strong that belong to no mover, and so many of them that the movers found are no account of the film.
 * Measured: 0 to 5 where one to three things are moved, 9 and 12 where cups are shuffled and letters sorted.
 */
const MIN_EVENT_SCORE = 2;
const MANY_CHANGES = 8;
/** ... and all of them together: an arm that rests here and there and its shadow leave many weak ones (8 of 24 in all in the film place; cups 38, letters 67). */
const MANY_STRENGTH = 30;

/** Two things of one size (areas within this factor) whose colours agree this much (Bhattacharyya) are alike. */
const ALIKE_SIZE = 1.5;
const ALIKE_COLOURS = 0.7;

/** Indices of the first two movers that can be told apart neither by looks nor by their ways, or null. */
function alikePair(movers: readonly Mover[]): [number, number] | null {
  const ends = movers.map(bestEnd);
  for (let a = 0; a < ends.length; a++) {
    for (let b = a + 1; b < ends.length; b++) {
      if (!mayBeMixedUp(movers[a], movers[b])) continue;
      const ratio = ends[a].area / ends[b].area;
      if (Math.max(ratio, 1 / ratio) > ALIKE_SIZE) continue;
      if (ends[a].colours.overlap(ends[b].colours) >= ALIKE_COLOURS) return [a, b];
    }
  }
  return null;
}

/** Moved one after the other, and known from beginning to end, like things are no riddle: a tower of equal cubes. */
function mayBeMixedUp(a: Mover, b: Mover): boolean {
  const atOnce = a.liftFrame < b.downFrame && b.liftFrame < a.downFrame;
  return atOnce || [a, b].some(({ from, to }) => from === null || to === null);
}

/** Turned by at least this much, the fixed point of the motion is well defined. */
const MIN_TURN_RAD = (12 * Math.PI) / 180;
const MIN_TURNED_FRAMES = 5;
/**
 * The fixed point may wander by this share of the size, and lies at most so many sizes from the middle: farther from it where it
 * hardly wanders (what is outlined may be the end of a long lever).
 */
const MAX_WANDER = 0.3;
const MAX_PIVOT_SIZES = 1;
const MAX_FAR_WANDER = 0.06;
const MAX_FAR_PIVOT_SIZES = 2;
/** A thing whose middle went farther than this many sizes was carried. */
const MAX_TRAVEL_SIZES = 0.8;
const MIN_TRUST = 0.25;

/** Does the thing only turn about a point on it or right beside it? */
export function turnsInPlace({ from, to, carried }: Pick<Mover, 'from' | 'to' | 'carried'>): boolean {
  const ends = [carried === 'to' ? null : from, carried === 'from' ? null : to].filter((end) => end !== null);
  return ends.length > 0 && ends.every(pivots);
}

function pivots(end: MoverEnd): boolean {
  const size = Math.sqrt(countSet(end.mask));
  const [cx, cy] = [2 * end.event.cx, 2 * end.event.cy];
  const points: [number, number][] = [];
  let travel = 0;
  for (const { fromStart, trust } of end.track.steps.values()) {
    if (trust < MIN_TRUST) continue;
    const [x, y] = applySimilarity(fromStart, cx, cy);
    travel = Math.max(travel, Math.hypot(x - cx, y - cy));
    const { a, b, tx, ty } = fromStart;
    if (Math.abs(Math.atan2(b, a)) < MIN_TURN_RAD) continue;
    // p = A p + t, so (I - A) p = t.
    const d = (1 - a) * (1 - a) + b * b;
    points.push([((1 - a) * tx - b * ty) / d, (b * tx + (1 - a) * ty) / d]);
  }
  if (points.length < MIN_TURNED_FRAMES || travel > MAX_TRAVEL_SIZES * size) return false;
  const mx = points.reduce((sum, p) => sum + p[0], 0) / points.length;
  const my = points.reduce((sum, p) => sum + p[1], 0) / points.length;
  const wander = Math.sqrt(points.reduce((sum, p) => sum + (p[0] - mx) ** 2 + (p[1] - my) ** 2, 0) / points.length);
  const reach = Math.hypot(mx - cx, my - cy);
  return (
    (wander < MAX_WANDER * size && reach < MAX_PIVOT_SIZES * size) ||
    (wander < MAX_FAR_WANDER * size && reach < MAX_FAR_PIVOT_SIZES * size)
  );
}

/** Median share of points that agree with one motion, below which a thing is not rigid; hands covering it take their part too. */
const MIN_AGREEMENT = 0.2;

function isLoose(mover: Mover): boolean {
  const ends = [mover.from, mover.to].filter((end) => end !== null);
  const shares = ends.map(({ track }) => {
    const moving = [...track.steps].filter(([k]) => k > mover.liftFrame && k < mover.downFrame);
    const trusts = moving.map(([, { trust }]) => trust).sort((a, b) => a - b);
    return trusts[trusts.length >> 1] ?? 1;
  });
  return Math.max(...shares) < MIN_AGREEMENT;
}
