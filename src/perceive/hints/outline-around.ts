/** The outline of the thing at a pixel: a box that a detector gave, else of several tries the one with the clearest edge. */
import { labDistance2 } from '../../image/lab.js';
import { countSet, dilate, erode } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import type { NamedBox } from '../evidence.js';
import { solidityOf } from '../movers/motion-cut.js';
import { cutObject } from '../movers/object-cut.js';
import { findTarget, learnTableColours, offTableMask } from '../movers/target.js';
import { isThing } from '../providers/evident-names.js';

const SEED_RADIUS_PX = 5;
/** Rings around the pixel in which the surroundings are learned, from the closest on: things have different sizes. */
const RINGS_PX = [30, 55, 90];
const MIN_AREA_PX = 80;
const MAX_FRAME_SHARE = 0.12;
const MIN_BOX_SCORE = 0.2;
/** A box holds about this much of thing; its corners do not. */
const BOX_CORE_SHARE = 0.7;

/** [H, W] at work size, or null. `taken` is set on other objects; `pixel` and `tablePixels` (places of bare table, may be none) are indices into it. */
export function outlineAround(
  clip: Clip,
  lab: Uint8Array,
  pixel: number,
  frame: number,
  taken: Uint8Array,
  tablePixels: readonly number[],
): Uint8Array | null {
  const { widthPx: w, heightPx: h } = clip;
  const x = pixel % w;
  const y = Math.floor(pixel / w);
  const usable = (mask: Uint8Array): boolean => {
    const area = countSet(mask);
    return area >= MIN_AREA_PX && area <= MAX_FRAME_SHARE * w * h && near(mask, x, y, w, h);
  };
  const forbidden = forbiddenAt(clip, frame, taken);
  forbidden[pixel] = 0;
  const box = boxAt(clip, x + 0.5, y + 0.5, frame);
  if (box) {
    const region = ellipseIn(box, w, h);
    const cut = cutObject({
      lab,
      widthPx: w,
      heightPx: h,
      region,
      forbidden,
      iterations: 4,
      reachPx: Math.ceil(0.2 * (box.x1 - box.x0)),
    });
    if (usable(cut)) return cut;
  }
  const seed = disc(x, y, SEED_RADIUS_PX, w, h);
  const known = tablePixels.map((i) => disc(i % w, Math.floor(i / w), SEED_RADIUS_PX, w, h));
  const places = known.length > 0 ? [known] : RINGS_PX.map((ring) => [disc(x, y, ring, w, h)]);
  const found: Uint8Array[] = [];
  for (const place of places) {
    // The colours around tell what the thing stands on; the ring must lie outside of it, so wider ones are tried too.
    const table = learnTableColours(clip, lab, place);
    const { mask, confidence } = findTarget(clip, lab, offTableMask(clip, lab, table), seed, table);
    if (mask && confidence >= 0.5) found.push(mask);
  }
  for (const radius of RADII_PX) found.push(grownCut(lab, x, y, radius, forbidden, w, h));
  return firmest(found.filter(usable), lab, w, h);
}

/** Sizes that are tried, px. */
const RADII_PX = [14, 24, 40, 64];
/** Colours of the middle are surely the thing's: this share of the size that is tried. */
const SURE_SHARE = 1 / 3;
const GROWTH_PX = 16;
const MAX_ROUNDS = 5;
/** An outline that grows by less than this stays. */
const MIN_GROWTH = 1.04;

/** A cut about the pixel that goes on growing while it finds more of the same. */
function grownCut(
  lab: Uint8Array,
  x: number,
  y: number,
  radius: number,
  forbidden: Uint8Array,
  w: number,
  h: number,
): Uint8Array {
  const picture = { lab, widthPx: w, heightPx: h, forbidden };
  const region = disc(x, y, Math.max(SEED_RADIUS_PX, Math.floor(SURE_SHARE * radius)), w, h);
  let mask = cutObject({ ...picture, region, likely: disc(x, y, radius, w, h), iterations: 5, reachPx: radius });
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const next = cutObject({ ...picture, region: mask, iterations: 3, reachPx: GROWTH_PX });
    const area = countSet(next);
    if (area < MIN_GROWTH * countSet(mask) || area > MAX_FRAME_SHARE * w * h) break;
    mask = next;
  }
  return mask;
}

/** Mean Lab difference across an outline that makes it one. */
const MIN_EDGE = 6;
/** Differences below this are no edge. */
const WEAK_EDGE = 5;
/** Things that one points at are compact; what runs on over the table is not. */
const MIN_SOLIDITY = 0.7;

/** The outline with the clearest edge all along and the most compact shape; null without a clear one. */
function firmest(masks: readonly Uint8Array[], lab: Uint8Array, w: number, h: number): Uint8Array | null {
  let best: { mask: Uint8Array; firmness: number } | null = null;
  for (const mask of masks) {
    const { edge } = edgeAlong(mask, lab, w, h);
    if (edge < MIN_EDGE || solidityOf(mask, w, h) < MIN_SOLIDITY) continue;
    const firmness = firmnessOf(mask, lab, w, h);
    if (!best || firmness > best.firmness) best = { mask, firmness };
  }
  return best?.mask ?? null;
}

/** How much an outline [H, W] looks like that of one thing in a picture [H, W, 3] Lab: clear edges all along, a compact shape. */
export function firmnessOf(mask: Uint8Array, lab: Uint8Array, w: number, h: number): number {
  const { edge, weakShare } = edgeAlong(mask, lab, w, h);
  return edge * (1 - weakShare) * solidityOf(mask, w, h);
}

/** Mean Lab distance between what lies just inside and just outside of an outline, and the share of it where there is hardly any. */
function edgeAlong(mask: Uint8Array, lab: Uint8Array, w: number, h: number): { edge: number; weakShare: number } {
  const inner = erode(mask, w, h, 1);
  let sum = 0;
  let n = 0;
  let weak = 0;
  for (let py = 2; py < h - 2; py++) {
    for (let px = 2; px < w - 2; px++) {
      const i = py * w + px;
      if (mask[i] === 0 || inner[i] !== 0) continue;
      for (const step of [1, -1, w, -w]) {
        if (mask[i + step] !== 0) continue;
        const distance = Math.sqrt(labDistance2(lab, i - step, lab, i + 2 * step));
        sum += distance;
        n++;
        if (distance < WEAK_EDGE) weak++;
      }
    }
  }
  return n > 0 ? { edge: sum / n, weakShare: weak / n } : { edge: 0, weakShare: 1 };
}

function forbiddenAt(clip: Clip, frame: number, taken: Uint8Array): Uint8Array {
  const out = erode(taken, clip.widthPx, clip.heightPx, 1);
  const hand = clip.evidence?.hand(frame);
  if (!hand) return out;
  for (let i = 0; i < out.length; i++) {
    const half = (Math.floor(i / clip.widthPx) >> 1) * clip.halfWidthPx + ((i % clip.widthPx) >> 1);
    if (hand[half] >= 200) out[i] = 1;
  }
  return out;
}

/** The smallest box of a thing that holds a place. */
function boxAt(clip: Clip, x: number, y: number, frame: number): NamedBox | null {
  const size = (box: NamedBox): number => (box.x1 - box.x0) * (box.y1 - box.y0);
  const boxes = (clip.evidence?.boxes(frame) ?? []).filter(
    (box) =>
      isThing(box.word) &&
      box.score >= MIN_BOX_SCORE &&
      size(box) < MAX_FRAME_SHARE * clip.widthPx * clip.heightPx &&
      x > box.x0 &&
      x < box.x1 &&
      y > box.y0 &&
      y < box.y1,
  );
  return boxes.sort((a, b) => size(a) - size(b))[0] ?? null;
}

function ellipseIn(box: NamedBox, w: number, h: number): Uint8Array {
  const out = new Uint8Array(w * h);
  const [cx, cy] = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2];
  const [rx, ry] = [
    ((box.x1 - box.x0) / 2) * Math.sqrt(BOX_CORE_SHARE) * 1.1,
    ((box.y1 - box.y0) / 2) * Math.sqrt(BOX_CORE_SHARE) * 1.1,
  ];
  for (let y = Math.max(0, Math.floor(cy - ry)); y < Math.min(h, cy + ry); y++) {
    for (let x = Math.max(0, Math.floor(cx - rx)); x < Math.min(w, cx + rx); x++) {
      if (((x + 0.5 - cx) / rx) ** 2 + ((y + 0.5 - cy) / ry) ** 2 < 1) out[y * w + x] = 1;
    }
  }
  return out;
}

function disc(x: number, y: number, radius: number, w: number, h: number): Uint8Array {
  const out = new Uint8Array(w * h);
  for (let v = Math.max(0, y - radius); v <= Math.min(h - 1, y + radius); v++) {
    for (let u = Math.max(0, x - radius); u <= Math.min(w - 1, x + radius); u++) {
      if (Math.hypot(u - x, v - y) <= radius) out[v * w + u] = 1;
    }
  }
  return out;
}

/** Does the mask hold the pixel, or come close to it? */
function near(mask: Uint8Array, x: number, y: number, w: number, h: number): boolean {
  return dilate(mask, w, h, 3)[y * w + x] !== 0;
}
