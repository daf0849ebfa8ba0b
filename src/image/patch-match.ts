/** One level of exemplar-based inpainting: nearest patches by PatchMatch, colours by voting, alternately. */
import type { Random } from '../base/random.js';
import { distanceTo } from './morphology.js';

export interface Level {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W, 3] f32, 0..255; hole pixels carry the current guess. */
  readonly rgb: Float32Array;
  /** [H, W] 0 known, 1 to be filled, 2 unknown and left alone. */
  readonly state: Uint8Array;
  /** [H, W] index of the patch centre that each centre was matched to, -1 where there is none; set by `fillLevel`. */
  sourceIdx: Int32Array | null;
}

/** 7x7 patches: large enough for the grain of wood and cloth, small enough to fit between objects. */
const RADIUS = 3;
const SEARCH_PASSES = 3;
/** Matches handed down from a coarser level are right to a few px: farther than this is not searched again. */
const REFINE_REACH_PX = 16;
const ROUNDS_COARSE = 8;
const ROUNDS_MIDDLE = 4;
/** The finest level costs four times as much per round and only has to sharpen what is there. */
const ROUNDS_FINEST = 2;
/** Votes of patches lose this factor per px of depth inside the hole: trust grows from the edge inwards (Wexler, eq. 4). */
const CONFIDENCE_BASE = 1.3;

/** Fills the level's hole in place, starting from the coarser level's matches or, without one, from the guess in `rgb`. */
export function fillLevel(level: Level, coarser: Level | null, isFinest: boolean, random: Random): void {
  const reach = coarser ? REFINE_REACH_PX : Math.max(level.widthPx, level.heightPx) >> 1;
  const search = createSearch(level, reach);
  if (search.sources.length === 0 || search.centres.length === 0) return;
  if (coarser?.sourceIdx) search.startFrom(coarser, random);
  else search.startAnywhere(random);
  if (coarser) vote(level, search, true);
  const rounds = isFinest ? ROUNDS_FINEST : coarser ? ROUNDS_MIDDLE : ROUNDS_COARSE;
  for (let round = 0; round < rounds; round++) {
    search.refreshCosts();
    for (let pass = 0; pass < SEARCH_PASSES; pass++) search.improve(pass % 2 === 0, random);
    vote(level, search, isFinest && round === rounds - 1);
  }
  level.sourceIdx = search.match;
}

interface Search {
  /** Centres of patches that overlap the hole, in scan order. */
  readonly centres: Int32Array;
  /** Centres of patches that are known throughout. */
  readonly sources: Int32Array;
  /** [H, W] matched source centre per centre, -1 elsewhere. */
  readonly match: Int32Array;
  /** [H, W] mean squared difference per compared value. */
  readonly cost: Float32Array;
  startAnywhere(random: Random): void;
  startFrom(coarser: Level, random: Random): void;
  refreshCosts(): void;
  improve(forward: boolean, random: Random): void;
}

function createSearch(level: Level, firstReach: number): Search {
  const { widthPx: w, heightPx: h, rgb } = level;
  const isSource = sourceCentres(level);
  const sources = indicesOf(isSource);
  const centres = indicesOf(holeCentres(level));
  const match = new Int32Array(w * h).fill(-1);
  const cost = new Float32Array(w * h);
  const isCentre = new Uint8Array(w * h);
  for (const i of centres) isCentre[i] = 1;

  const patchCost = (a: number, b: number, limit: number): number => {
    const ax = a % w;
    const ay = (a - ax) / w;
    const u0 = Math.max(-RADIUS, -ax);
    const u1 = Math.min(RADIUS, w - 1 - ax);
    const v0 = Math.max(-RADIUS, -ay);
    const v1 = Math.min(RADIUS, h - 1 - ay);
    const count = (u1 - u0 + 1) * (v1 - v0 + 1) * 3;
    const most = limit * count;
    let sum = 0;
    for (let v = v0; v <= v1; v++) {
      let i = (a + v * w + u0) * 3;
      let j = (b + v * w + u0) * 3;
      const end = i + (u1 - u0 + 1) * 3;
      for (; i < end; i++, j++) {
        const d = rgb[i] - rgb[j];
        sum += d * d;
      }
      if (sum >= most) return Number.POSITIVE_INFINITY;
    }
    return sum / count;
  };
  const offer = (centre: number, source: number): void => {
    const c = patchCost(centre, source, cost[centre]);
    if (c < cost[centre]) {
      cost[centre] = c;
      match[centre] = source;
    }
  };
  /** What the neighbour's match suggests for this centre: its source, shifted by the same step. */
  const propagate = (centre: number, step: number): void => {
    const neighbour = centre - step;
    if (neighbour < 0 || neighbour >= w * h || isCentre[neighbour] === 0) return;
    const source = match[neighbour] + step;
    if (source >= 0 && source < w * h && isSource[source] !== 0) offer(centre, source);
  };
  const searchAround = (centre: number, random: Random): void => {
    for (let reach = firstReach; reach >= 1; reach >>= 1) {
      const best = match[centre];
      const bx = best % w;
      const by = (best - bx) / w;
      const x = bx + random.int(2 * reach + 1) - reach;
      const y = by + random.int(2 * reach + 1) - reach;
      if (x < 0 || y < 0 || x >= w || y >= h || isSource[y * w + x] === 0) continue;
      offer(centre, y * w + x);
    }
  };

  return {
    centres,
    sources,
    match,
    cost,
    startAnywhere(random) {
      for (const i of centres) match[i] = random.pick(sources);
    },
    startFrom(coarser, random) {
      const cw = coarser.widthPx;
      for (const i of centres) {
        const x = i % w;
        const y = (i - x) / w;
        const cx = Math.min(cw - 1, x >> 1);
        const cy = Math.min(coarser.heightPx - 1, y >> 1);
        const above = coarser.sourceIdx![cy * cw + cx];
        const sx = (above % cw) * 2 + (x & 1);
        const sy = Math.floor(above / cw) * 2 + (y & 1);
        const source = sy * w + sx;
        const usable = above >= 0 && sx < w && sy < h && isSource[source] !== 0;
        match[i] = usable ? source : random.pick(sources);
      }
    },
    refreshCosts() {
      for (const i of centres) cost[i] = patchCost(i, match[i], Number.POSITIVE_INFINITY);
    },
    improve(forward, random) {
      for (let n = 0; n < centres.length; n++) {
        const centre = centres[forward ? n : centres.length - 1 - n];
        propagate(centre, forward ? 1 : -1);
        propagate(centre, forward ? w : -w);
        searchAround(centre, random);
      }
    },
  };
}

/** Each hole pixel becomes the weighted mean of what the matched patches around it say (`sharp`: of the best one alone). */
function vote(level: Level, search: Search, sharp: boolean): void {
  const { widthPx: w, heightPx: h, rgb, state } = level;
  const depth = distanceTo(
    state.map((s) => (s === 0 ? 1 : 0)),
    w,
    h,
  );
  const sigma2 = Math.max(1, percentile(search, 0.75));
  const weightOf = new Float64Array(w * h);
  for (const i of search.centres) {
    weightOf[i] = Math.exp(-search.cost[i] / (2 * sigma2)) * CONFIDENCE_BASE ** -depth[i] + 1e-20;
  }
  // Sharp: near its own centre a patch is most reliable; a steep falloff keeps texture instead of averaging it.
  const falloff = Float64Array.from({ length: 2 * RADIUS ** 2 + 1 }, (_, d2) => (sharp ? Math.exp(-2 * d2) : 1));
  const guess = Float32Array.from(rgb);
  for (let i = 0; i < state.length; i++) {
    if (state[i] !== 1) continue;
    const x = i % w;
    const y = (i - x) / w;
    let total = 0;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let v = Math.max(-RADIUS, -y); v <= Math.min(RADIUS, h - 1 - y); v++) {
      for (let u = Math.max(-RADIUS, -x); u <= Math.min(RADIUS, w - 1 - x); u++) {
        const centre = i + v * w + u;
        const source = search.match[centre];
        if (source < 0) continue;
        const from = (source - v * w - u) * 3;
        const weight = weightOf[centre] * falloff[u * u + v * v];
        total += weight;
        red += weight * rgb[from];
        green += weight * rgb[from + 1];
        blue += weight * rgb[from + 2];
      }
    }
    if (total === 0) continue;
    guess[i * 3] = red / total;
    guess[i * 3 + 1] = green / total;
    guess[i * 3 + 2] = blue / total;
  }
  rgb.set(guess);
}

function percentile(search: Search, share: number): number {
  const sorted = Float32Array.from(search.centres, (i) => search.cost[i]).sort();
  const value = sorted[Math.floor((sorted.length - 1) * share)];
  return Number.isFinite(value) ? value : 1;
}

/** 1 where the whole patch lies in the image and is known. */
function sourceCentres({ widthPx: w, heightPx: h, state }: Level): Uint8Array {
  const out = new Uint8Array(w * h);
  for (let y = RADIUS; y < h - RADIUS; y++) {
    for (let x = RADIUS; x < w - RADIUS; x++) {
      let known = true;
      for (let v = -RADIUS; known && v <= RADIUS; v++) {
        for (let u = -RADIUS; u <= RADIUS; u++) {
          if (state[(y + v) * w + x + u] !== 0) {
            known = false;
            break;
          }
        }
      }
      if (known) out[y * w + x] = 1;
    }
  }
  return out;
}

/** 1 where the patch around the pixel overlaps the hole. */
function holeCentres({ widthPx: w, heightPx: h, state }: Level): Uint8Array {
  const out = new Uint8Array(w * h);
  for (let i = 0; i < state.length; i++) {
    if (state[i] !== 1) continue;
    const x = i % w;
    const y = (i - x) / w;
    for (let v = Math.max(0, y - RADIUS); v <= Math.min(h - 1, y + RADIUS); v++) {
      out.fill(1, v * w + Math.max(0, x - RADIUS), v * w + Math.min(w - 1, x + RADIUS) + 1);
    }
  }
  return out;
}

function indicesOf(mask: Uint8Array): Int32Array {
  const out: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) out.push(i);
  return Int32Array.from(out);
}
