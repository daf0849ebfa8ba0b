/**
 * Exact outline of a thing from a rough region: colour models of inside and outside, re-estimated a few times, and a
 * minimum cut that prefers to run along edges. Source: Rother et al. 2004 (GrabCut), with histograms for mixtures.
 */

import { connectedComponents, largestComponent } from '../../image/components.js';
import type { PixelBox } from '../../image/image.js';
import { labDistance2 } from '../../image/lab.js';
import { countSet, dilate, erode, fillHoles, maskBox, maskWhere, paint } from '../../image/morphology.js';
import { binsOf, ColourModel, logRatios } from './colour-model.js';
import { gridCut } from './grid-cut.js';

export interface CutRequest {
  /** [H, W, 3] u8 Lab. */
  readonly lab: Uint8Array;
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W] rough region. */
  readonly region: Uint8Array;
  /** [H, W] what its colours are first learned from besides the region; optional. */
  readonly likely?: Uint8Array;
  /** [H, W] never part of it (hand, other objects); optional. */
  readonly forbidden?: Uint8Array;
  /** [H, W] extra evidence per pixel, added to the log ratio: > 0 speaks for the object; optional. */
  readonly evidence?: Float32Array;
  /** How far outside the region the object may reach, px; default 0.16 of its size. */
  readonly reachPx?: number;
  /** [H, W] where else it may reach; optional. */
  readonly maybe?: Uint8Array;
  readonly iterations?: number;
  /** Most that the colours may say about one pixel (log ratio); default no limit. */
  readonly colourLimit?: number;
  /** Keep every part that holds at least this share of the region, counted with `likely`; default: only the largest part. */
  readonly minPartShare?: number;
  /** Strength of the preference for smooth outlines. */
  readonly smoothness?: number;
  /** [H, W, 3] u8 Lab of the place without the object: edges that it has as well are none of the object's; optional. */
  readonly background?: Uint8Array;
}

/** Cuts the object out. Result has the size of the picture, no holes, and one part unless `minPartShare` says otherwise. */
export function cutObject(request: CutRequest): Uint8Array {
  const { lab, widthPx, heightPx, region } = request;
  const out = new Uint8Array(widthPx * heightPx);
  const box = boxOf(region, widthPx, heightPx);
  if (!box) return out;
  const area = countSet(region);
  const reach = Math.sqrt(area);
  const reachPx = request.reachPx ?? Math.max(2, Math.round(0.16 * reach));
  const margin = Math.round(Math.max(8, 0.35 * Math.max(box.x1 - box.x0, box.y1 - box.y0), reachPx + 6));
  const window = growBox(box, margin, widthPx, heightPx);
  const w = window.x1 - window.x0;
  const h = window.y1 - window.y0;
  const crop = cropBytes(lab, widthPx, window, 3);
  const rough = cropBytes(region, widthPx, window, 1);
  const core = erode(rough, w, h, Math.max(1, Math.round(0.08 * reach)));
  const sure = countSet(core) > 0 ? core : rough;
  const maybe = dilate(rough, w, h, reachPx);
  if (request.maybe) paint(maybe, cropBytes(request.maybe, widthPx, window, 1), 1);
  const forbidden = request.forbidden ? cropBytes(request.forbidden, widthPx, window, 1) : new Uint8Array(w * h);
  const evidence = new Float32Array(w * h);
  if (request.evidence) {
    for (let y = 0; y < h; y++) {
      const from = (window.y0 + y) * widthPx + window.x0;
      evidence.set(request.evidence.subarray(from, from + w), y * w);
    }
  }
  const limit = request.colourLimit ?? Number.POSITIVE_INFINITY;
  const background = request.background && cropBytes(request.background, widthPx, window, 3);
  const links = edgeLinks(crop, w, h, request.smoothness ?? 2.5, background);
  const likely = request.likely ? cropBytes(request.likely, widthPx, window, 1) : rough;
  let labels = maskWhere(rough, (value, i) => (value !== 0 || likely[i] !== 0) && forbidden[i] === 0);
  const bins = binsOf(crop);
  const unary = new Float32Array(w * h);
  for (let k = 0; k < (request.iterations ?? 3); k++) {
    const ratios = learnRatios(bins, labels, forbidden);
    for (let i = 0; i < unary.length; i++) {
      if (forbidden[i] !== 0 || maybe[i] === 0) unary[i] = NEVER;
      else if (sure[i] !== 0) unary[i] = -NEVER;
      else unary[i] = Math.max(-limit, Math.min(limit, ratios[bins[i]])) - evidence[i];
    }
    labels = gridCut({ widthPx: w, heightPx: h, unary, links });
  }
  const parts =
    request.minPartShare === undefined
      ? largestComponent(labels, w, h)
      : partsWith(labels, rough, likely, request.minPartShare, w, h);
  const whole = fillHoles(parts, w, h);
  paint(whole, forbidden, 0);
  pasteBytes(out, widthPx, window, whole);
  return out;
}

/** Cost of what cannot be. */
const NEVER = 50;

/** [8192] log ratio of outside to inside of every colour, learned from labels 0 / 1. */
function learnRatios(bins: Uint16Array, labels: Uint8Array, forbidden: Uint8Array): Float64Array {
  const inside = new ColourModel();
  const outside = new ColourModel();
  for (let i = 0; i < labels.length; i++) {
    if (forbidden[i] !== 0) continue;
    if (labels[i] !== 0) inside.addBin(bins[i]);
    else outside.addBin(bins[i]);
  }
  return logRatios(outside, inside);
}

/** Components of `labels` in which region and likely pixels are at least `minShare` of the region. */
function partsWith(
  labels: Uint8Array,
  region: Uint8Array,
  likely: Uint8Array,
  minShare: number,
  w: number,
  h: number,
): Uint8Array {
  const { labels: part, components } = connectedComponents(labels, w, h);
  const held = new Float64Array(components.length + 1);
  let area = 0;
  for (let i = 0; i < region.length; i++) {
    if (region[i] !== 0) area++;
    if (part[i] !== 0 && (region[i] !== 0 || likely[i] !== 0)) held[part[i]]++;
  }
  return maskWhere(part, (label) => label !== 0 && held[label] >= minShare * area);
}

/**
 * Link costs: high between like colours, low across edges; scaled by the window's own mean contrast. With a `background`, what is an
 * edge in the picture must be one in its difference from the background too.
 */
export function edgeLinks(
  lab: Uint8Array,
  w: number,
  h: number,
  smoothness: number,
  background?: Uint8Array,
): [Float32Array, Float32Array, Float32Array, Float32Array] {
  const links = LINKS.map(() => new Float32Array(w * h));
  let sum = 0;
  LINKS.forEach(([dx, dy], k) => {
    sum += setContrasts(links[k], lab, w, h, dx, dy, background);
  });
  const count = (w - 1) * h + w * (h - 1) + 2 * (w - 1) * (h - 1);
  const beta = count / Math.max(1, 2 * sum);
  LINKS.forEach(([dx, dy], k) => {
    toCosts(links[k], w, h, dx, dy, smoothness, beta);
  });
  return [links[0], links[1], links[2], links[3]];
}

/** Steps of the links of a pixel: right, down, down-right, down-left. */
const LINKS = [
  [1, 0],
  [0, 1],
  [1, 1],
  [-1, 1],
] as const;

/** Squared Lab distance over the link from each pixel by (dx, dy), where both ends lie in the picture; returns their sum. */
function setContrasts(
  out: Float32Array,
  lab: Uint8Array,
  w: number,
  h: number,
  dx: number,
  dy: number,
  background?: Uint8Array,
): number {
  const step = dy * w + dx;
  let sum = 0;
  for (let y = 0; y < h - dy; y++) {
    for (let x = Math.max(0, -dx); x < w - Math.max(0, dx); x++) {
      const i = y * w + x;
      const seen = labDistance2(lab, i, lab, i + step);
      const d2 = background ? Math.min(seen, differenceStep2(lab, background, i, i + step)) : seen;
      out[i] = d2;
      sum += d2;
    }
  }
  return sum;
}

/** Turns the contrasts of links by (dx, dy) into what cutting them costs. */
function toCosts(
  link: Float32Array,
  w: number,
  h: number,
  dx: number,
  dy: number,
  smoothness: number,
  beta: number,
): void {
  const length = dx !== 0 && dy !== 0 ? Math.SQRT2 : 1;
  for (let y = 0; y < h - dy; y++) {
    for (let x = Math.max(0, -dx); x < w - Math.max(0, dx); x++) {
      const i = y * w + x;
      link[i] = (smoothness * (0.05 + Math.exp(-beta * link[i]))) / length;
    }
  }
}

/** Squared Lab length of the step of `a - b` between pixels i and j. */
function differenceStep2(a: Uint8Array, b: Uint8Array, i: number, j: number): number {
  const dl = a[3 * i] - b[3 * i] - a[3 * j] + b[3 * j];
  const da = a[3 * i + 1] - b[3 * i + 1] - a[3 * j + 1] + b[3 * j + 1];
  const db = a[3 * i + 2] - b[3 * i + 2] - a[3 * j + 2] + b[3 * j + 2];
  return ((dl * 0.7) / 2.55) ** 2 + da * da + db * db;
}

/** Box of the set pixels; null if none is set. */
export const boxOf = maskBox;

export function growBox(box: PixelBox, margin: number, widthPx: number, heightPx: number): PixelBox {
  return {
    x0: Math.max(0, box.x0 - margin),
    y0: Math.max(0, box.y0 - margin),
    x1: Math.min(widthPx, box.x1 + margin),
    y1: Math.min(heightPx, box.y1 + margin),
  };
}

/** Copy of a box out of an interleaved 8-bit image. */
export function cropBytes(data: Uint8Array, widthPx: number, box: PixelBox, channels: number): Uint8Array {
  const w = (box.x1 - box.x0) * channels;
  const out = new Uint8Array(w * (box.y1 - box.y0));
  for (let y = box.y0, o = 0; y < box.y1; y++, o += w) {
    const from = (y * widthPx + box.x0) * channels;
    out.set(data.subarray(from, from + w), o);
  }
  return out;
}

/** Puts a box of one 8-bit channel back into a picture. */
export function pasteBytes(out: Uint8Array, widthPx: number, box: PixelBox, data: Uint8Array): void {
  const w = box.x1 - box.x0;
  for (let y = box.y0, from = 0; y < box.y1; y++, from += w) {
    out.set(data.subarray(from, from + w), y * widthPx + box.x0);
  }
}
