/** The outline of the thing at a pixel: a box that a detector gave, else what stands out from its surroundings there. */
import { labDistance2 } from '../../image/lab.js';
import { countSet, dilate, erode } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import type { NamedBox } from '../evidence.js';
import { cutObject } from '../movers/object-cut.js';
import { findTarget, learnTableColours, offTableMask } from '../movers/target.js';
import { isThing } from './evident-names.js';

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
  for (const place of places) {
    // The colours around tell what the thing stands on; the ring must lie outside of it, so a failure tries a wider one.
    const table = learnTableColours(clip, lab, place);
    const { mask, confidence } = findTarget(clip, lab, offTableMask(clip, lab, table), seed, table);
    if (mask && confidence >= 0.5 && usable(mask)) return mask;
  }
  return strongestOutline(clip, lab, x, y, forbidden, usable);
}

/** Sizes that are tried when nothing stands out by colour, px. */
const RADII_PX = [14, 24, 40, 64];
/** Mean Lab difference across an outline that makes it one. */
const MIN_EDGE = 6;

/** Of cuts of several sizes about the pixel the one with the clearest edge along its outline; null without a clear one. */
function strongestOutline(
  clip: Clip,
  lab: Uint8Array,
  x: number,
  y: number,
  forbidden: Uint8Array,
  usable: (mask: Uint8Array) => boolean,
): Uint8Array | null {
  const { widthPx: w, heightPx: h } = clip;
  let best: { mask: Uint8Array; edge: number } | null = null;
  for (const radius of RADII_PX) {
    const region = disc(x, y, radius, w, h);
    const mask = cutObject({ lab, widthPx: w, heightPx: h, region, forbidden, iterations: 5, reachPx: radius });
    if (!usable(mask)) continue;
    const edge = edgeAlong(mask, lab, w, h);
    if (edge >= MIN_EDGE && (!best || edge > best.edge)) best = { mask, edge };
  }
  return best?.mask ?? null;
}

/** Mean Lab distance between what lies just inside and just outside of an outline. */
function edgeAlong(mask: Uint8Array, lab: Uint8Array, w: number, h: number): number {
  const inner = erode(mask, w, h, 1);
  let sum = 0;
  let n = 0;
  for (let py = 2; py < h - 2; py++) {
    for (let px = 2; px < w - 2; px++) {
      const i = py * w + px;
      if (mask[i] === 0 || inner[i] !== 0) continue;
      for (const step of [1, -1, w, -w]) {
        if (mask[i + step] !== 0) continue;
        sum += Math.sqrt(labDistance2(lab, i - step, lab, i + 2 * step));
        n++;
      }
    }
  }
  return n > 0 ? sum / n : 0;
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
