/** What the mover ends at: the thing under its last place that stands out from the table, or the table itself. */

import { connectedComponents } from '../../image/components.js';
import { boxBlurBytes } from '../../image/filters.js';
import type { PixelBox } from '../../image/image.js';
import { closed, countSet, dilate, erode, fillHoles, maskWhere, opened } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { boxOf, cutObject, growBox } from './object-cut.js';

/** Lab colours the table shows (k-means centres), most frequent first. */
export interface TableColours {
  readonly centres: readonly [number, number, number][];
  /** Weighted Lab distance up to which a pixel is table. */
  readonly reach: number;
}

/**
 * Weighted Lab distance up to which a pixel is table, by how much the table varies itself: lightness counts little, for lamps
 * and shadows change it.
 */
const TABLE_DISTANCE = 14;
const MIN_TABLE_DISTANCE = 9;
const SPREAD_FACTOR = 1.3;
const WEIGHTS = [0.45 / 2.55, 1.3, 1.3];

/** Colours of the ring around resting places (3..16 px outside their outlines) in the clean plate. */
export function learnTableColours(clip: Clip, plateLab: Uint8Array, places: readonly Uint8Array[]): TableColours {
  const { widthPx: w, heightPx: h } = clip;
  const samples: [number, number, number][] = [];
  for (const mask of places) {
    const inner = dilate(mask, w, h, 3);
    const outer = dilate(mask, w, h, 16);
    for (let i = 0; i < mask.length; i++) {
      if (outer[i] !== 0 && inner[i] === 0) samples.push([plateLab[3 * i], plateLab[3 * i + 1], plateLab[3 * i + 2]]);
    }
  }
  const centres = kMeans(samples, 3, 0.2);
  const reach = Math.max(
    MIN_TABLE_DISTANCE,
    Math.min(TABLE_DISTANCE, SPREAD_FACTOR * spreadOf(samples, centres, WEIGHTS, 0.95)),
  );
  return { centres, reach };
}

/** The `q` quantile of the distances to the nearest centre. */
function spreadOf(
  samples: readonly (readonly number[])[],
  centres: readonly (readonly number[])[],
  weights: readonly number[],
  q: number,
): number {
  if (samples.length === 0 || centres.length === 0) return 0;
  const distances = samples.map((p) => nearest(p, centres, weights).d2).sort((a, b) => a - b);
  return Math.sqrt(distances[Math.floor(q * (distances.length - 1))]);
}

/** k-means with evenly spread starts over lightness; clusters smaller than `minShare` are dropped. */
function kMeans(samples: readonly [number, number, number][], k: number, minShare: number): [number, number, number][] {
  if (samples.length === 0) return [];
  const sorted = [...samples].sort((p, q) => p[0] - q[0]);
  let centres = Array.from({ length: k }, (_, c): [number, number, number] => [
    ...sorted[Math.floor(((c + 0.5) * sorted.length) / k)],
  ]);
  let counts: number[] = [];
  for (let round = 0; round < 8; round++) {
    const sums = centres.map(() => [0, 0, 0]);
    counts = centres.map(() => 0);
    for (const p of samples) {
      const c = nearest(p, centres).index;
      counts[c]++;
      for (let j = 0; j < 3; j++) sums[c][j] += p[j];
    }
    centres = centres.map((old, c) =>
      counts[c] > 0 ? [sums[c][0] / counts[c], sums[c][1] / counts[c], sums[c][2] / counts[c]] : old,
    );
  }
  return centres
    .map((centre, c) => ({ centre, count: counts[c] }))
    .filter(({ count }) => count >= minShare * samples.length)
    .sort((a, b) => b.count - a.count)
    .map(({ centre }) => centre);
}

function nearest(
  p: readonly number[],
  centres: readonly (readonly number[])[],
  weights: readonly number[] = WEIGHTS,
): { index: number; d2: number } {
  let index = 0;
  let d2 = Number.POSITIVE_INFINITY;
  for (let c = 0; c < centres.length; c++) {
    let sum = 0;
    for (let j = 0; j < 3; j++) sum += ((p[j] - centres[c][j]) * weights[j]) ** 2;
    if (sum < d2) {
      d2 = sum;
      index = c;
    }
  }
  return { index, d2 };
}

/** [H, W] 1 where the (lightly blurred) plate does not have the table's colours. */
export function offTableMask(
  clip: Clip,
  plateLab: Uint8Array,
  table: TableColours,
  weights: readonly number[] = WEIGHTS,
): Uint8Array {
  const { widthPx: w, heightPx: h } = clip;
  const blurred = boxBlurBytes(plateLab, w, h, 3, 1);
  const out = new Uint8Array(w * h);
  const p = [0, 0, 0];
  for (let i = 0; i < out.length; i++) {
    for (let c = 0; c < 3; c++) p[c] = blurred[3 * i + c];
    if (nearest(p, table.centres, weights).d2 > table.reach * table.reach) out[i] = 1;
  }
  return closed(opened(out, w, h, 1), w, h, 1);
}

export interface TargetFinding {
  /** [H, W]; null: the table itself. */
  readonly mask: Uint8Array | null;
  readonly confidence: number;
  readonly evidence: string;
}

/** A thing that something is brought to, and that never moves itself. */
export interface Target {
  readonly id: number;
  readonly mask: Uint8Array;
  readonly finding: TargetFinding;
}

/** Footprint with less than this share off the table's colours: the thing was put on the table. */
const ON_TABLE_SHARE = 0.12;
const WINDOW_FACTORS = [2.2, 3.5, 5, 8];
const MAX_FRAME_SHARE = 0.15;

/** `place` [H, W] is the mover's last outline; `plateLab` the picture without movers. */
export function findTarget(
  clip: Clip,
  plateLab: Uint8Array,
  offTable: Uint8Array,
  place: Uint8Array,
  table: TableColours,
): TargetFinding {
  const { widthPx: w, heightPx: h } = clip;
  const footprint = dilate(place, w, h, 4);
  let off = 0;
  for (let i = 0; i < footprint.length; i++) if (footprint[i] !== 0 && offTable[i] !== 0) off++;
  const share = off / Math.max(1, countSet(footprint));
  const percent = `${Math.round(100 * share)} % of its last place`;
  if (share < ON_TABLE_SHARE) {
    return { mask: null, confidence: 0.8, evidence: `ends on the table itself (${percent} stands out from the table)` };
  }
  const base = boxOf(footprint, w, h)!;
  for (const factor of WINDOW_FACTORS) {
    const margin = Math.round(((factor - 1) / 2) * Math.max(base.x1 - base.x0, base.y1 - base.y0));
    const window = growBox(base, margin, w, h);
    const part = componentUnder(offTable, footprint, window, w, h);
    if (!part) continue;
    const area = countSet(part.mask);
    if (area > MAX_FRAME_SHARE * w * h) break;
    if (part.touchesWindow) continue;
    const mask = outlineTarget(clip, plateLab, innerObject(clip, plateLab, part.mask, table, place) ?? part.mask);
    const confidence = area < 300 ? 0.4 : share < 0.35 ? 0.6 : 0.85;
    return { mask, confidence, evidence: `stands out from the table under the mover's last place (${percent})` };
  }
  // Start from what stands out right under the place and let colours decide how far it reaches.
  const seed = place.map((value, i) => (value !== 0 && offTable[i] !== 0 ? 1 : 0));
  const reachPx = Math.round(0.6 * Math.max(base.x1 - base.x0, base.y1 - base.y0));
  const cut = cutObject({ lab: plateLab, widthPx: w, heightPx: h, region: seed, reachPx, iterations: 5 });
  return {
    mask: cut,
    confidence: 0.4,
    evidence: `lies under the mover's last place (${percent}); its outline does not close against the table, so it is a guess by colour`,
  };
}

/** Exact outline of a target from its rough region, without holes. */
export function outlineTarget(clip: Clip, plateLab: Uint8Array, region: Uint8Array): Uint8Array {
  const { widthPx: w, heightPx: h } = clip;
  return fillHoles(cutObject({ lab: plateLab, widthPx: w, heightPx: h, region, iterations: 2 }), w, h);
}

/** The rim of a mat is looked at this far inside its outline, px. */
const MAT_RIM_PX = 12;
const MIN_RIM_SHARE = 0.3;
/** A mat lies in one light: lightness tells more than on a whole table. */
const MAT_WEIGHTS = [0.8 / 2.55, 1.3, 1.3];
const MIN_MAT_DISTANCE = 6;
/** This much of the rim is the mat's own; the rest may be a thing that stands over its edge. */
const OWN_RIM_SHARE = 0.7;
/** What stands on a mat covers this much of it. */
const ON_MAT_SHARES = [0.2, 0.75];
/** Share of the region's rim that must have the mat's colours. */
const MAT_COVER = 0.55;

/**
 * What stands out from the table may be a mat with a thing on it: then the colours along its rim are a second table, and what
 * stands out from both at `place` [H, W] is the thing. Null when there is no such thing.
 */
export function innerObject(
  clip: Clip,
  plateLab: Uint8Array,
  region: Uint8Array,
  table: TableColours,
  place: Uint8Array,
): Uint8Array | null {
  const { widthPx: w, heightPx: h } = clip;
  const inner = erode(region, w, h, MAT_RIM_PX);
  const rim: [number, number, number][] = [];
  for (let i = 0; i < region.length; i++) {
    if (region[i] !== 0 && inner[i] === 0) rim.push([plateLab[3 * i], plateLab[3 * i + 1], plateLab[3 * i + 2]]);
  }
  const mat = kMeans(rim, 3, MIN_RIM_SHARE);
  if (mat.length === 0) return null;
  const near = rim.filter((p) => nearest(p, mat, MAT_WEIGHTS).d2 <= TABLE_DISTANCE * TABLE_DISTANCE);
  if (near.length < MAT_COVER * rim.length) return null;
  const reach = Math.max(MIN_MAT_DISTANCE, SPREAD_FACTOR * spreadOf(near, mat, MAT_WEIGHTS, OWN_RIM_SHARE));
  const offMat = offTableMask(clip, plateLab, { centres: mat, reach }, MAT_WEIGHTS);
  const off = offTableMask(clip, plateLab, table);
  for (let i = 0; i < off.length; i++) if (offMat[i] === 0 || isShaded(plateLab, i, mat)) off[i] = 0;
  for (let i = 0; i < off.length; i++) if (region[i] === 0) off[i] = 0;
  const area = countSet(region);
  const { labels, components } = connectedComponents(off, w, h);
  const hits = new Int32Array(components.length + 1);
  for (let i = 0; i < labels.length; i++) if (place[i] !== 0) hits[labels[i]]++;
  hits[0] = 0;
  const best = components.reduce<(typeof components)[number] | null>(
    (most, c) => (hits[c.label] > (most ? hits[most.label] : 20) ? c : most),
    null,
  );
  if (!best || best.area < ON_MAT_SHARES[0] * area || best.area > ON_MAT_SHARES[1] * area) return null;
  const thing = maskWhere(labels, (label) => label === best.label);
  const frontPx = FRONT_SHARE * (best.box.y1 - best.box.y0);
  return showsInFront(thing, region, frontPx, w, h) ? fillHoles(thing, w, h) : null;
}

/** A mat shows this far (share of the height of what stands on it) in front of that, in this share of the columns. */
const FRONT_SHARE = 0.2;
const FRONT_COLUMNS = 0.5;

/** Seen from above, a mat shows in front of what stands on it; the wall of a drum reaches down to the table, below its head. */
function showsInFront(thing: Uint8Array, region: Uint8Array, frontPx: number, w: number, h: number): boolean {
  let columns = 0;
  let inFront = 0;
  for (let x = 0; x < w; x++) {
    let lowest = h - 1;
    while (lowest >= 0 && region[lowest * w + x] === 0) lowest--;
    let foot = lowest;
    while (foot >= 0 && thing[foot * w + x] === 0) foot--;
    if (foot < 0) continue;
    columns++;
    if (lowest - foot >= frontPx) inFront++;
  }
  return inFront >= FRONT_COLUMNS * columns;
}

/** A shadow keeps a and b within this, and at least half of the lightness. */
const SHADE_CHROMA = 6;

function isShaded(lab: Uint8Array, i: number, centres: readonly (readonly number[])[]): boolean {
  return centres.some(([l, a, b]) => {
    const chroma = Math.hypot(lab[3 * i + 1] - a, lab[3 * i + 2] - b);
    return lab[3 * i] < l && lab[3 * i] > 0.5 * l && chroma < SHADE_CHROMA;
  });
}

/** Off-table component(s) that overlap the footprint, inside a window. */
function componentUnder(
  offTable: Uint8Array,
  footprint: Uint8Array,
  window: PixelBox,
  w: number,
  h: number,
): { mask: Uint8Array; touchesWindow: boolean } | null {
  const inside = new Uint8Array(w * h);
  for (let y = window.y0; y < window.y1; y++) {
    for (let x = window.x0; x < window.x1; x++) inside[y * w + x] = offTable[y * w + x];
  }
  const { labels, components } = connectedComponents(inside, w, h);
  const hits = new Int32Array(components.length + 1);
  for (let i = 0; i < labels.length; i++) if (footprint[i] !== 0) hits[labels[i]]++;
  hits[0] = 0;
  const chosen = components.filter(({ label, area }) => hits[label] > 20 || hits[label] > 0.3 * area);
  if (chosen.length === 0) return null;
  const mask = new Uint8Array(w * h);
  const wanted = new Set(chosen.map(({ label }) => label));
  for (let i = 0; i < mask.length; i++) if (wanted.has(labels[i])) mask[i] = 1;
  const touchesWindow = chosen.some(
    ({ box }) => box.x0 <= window.x0 || box.y0 <= window.y0 || box.x1 >= window.x1 || box.y1 >= window.y1,
  );
  return { mask: fillHoles(mask, w, h), touchesWindow };
}
