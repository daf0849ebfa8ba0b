/**
 * Regions in which the stable colour changed, and whether something left there or arrived there: the boundary of an
 * object is an edge in the picture that has the object and not in the one that has not.
 */

import { type Component, connectedComponents } from '../../image/components.js';
import { median5 } from '../../image/filters.js';
import type { PixelBox } from '../../image/image.js';
import { labDistance2 } from '../../image/lab.js';
import { closed, dilate, erode } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import type { ColourChange } from './stable-colour.js';

export interface ChangeRegion {
  /** [H/2, W/2] 0 / 1. */
  readonly mask: Uint8Array;
  readonly area: number;
  readonly box: PixelBox;
  readonly cx: number;
  readonly cy: number;
  /** Edge contrast on the boundary, (g0 - g1) / (g0 + g1): > 0 something left, < 0 something arrived. */
  readonly contrast: number;
  /** Median over the region: last frame of the old colour, first frame of the new one. */
  readonly leavesFrame: number;
  readonly arrivesFrame: number;
  /** 10th percentile of the former, 90th of the latter: before and after them the place surely rests. */
  readonly leavesEarly: number;
  readonly arrivesLate: number;
  readonly touchesEdge: boolean;
  /** Area over the area of the convex hull. */
  readonly solidity: number;
  /** Share of pixels whose two colours differ by no more than a shadow or lamp could do: same hue, moderate lightness. */
  readonly shadowShare: number;
}

const MIN_AREA = 36;

/** Colours that held in between must not differ by more than this inside a region: an arm rests beside what it uncovered. */
const BETWEEN_STEP = 18;

/** The state in between is put together from many times; whole frames show its edges truly. */
export interface BetweenState {
  /** [H/2, W/2, 3] u8 Lab. */
  readonly colours: Uint8Array;
  /** [H/2, W/2] frame in which the pixel shows it, -1: none. */
  readonly frame: Int16Array;
  /** Is it the first or the last state of the change? */
  readonly side: 'first' | 'last';
}

/** Regions of one time and place, largest first. `between`: one of the two states is the one in between. */
export function findChangeRegions(
  clip: Clip,
  change: ColourChange,
  between: BetweenState | null = null,
): ChangeRegion[] {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const leaves = median5(change.leaves, change.changed, w, h);
  const arrives = median5(change.arrives, change.changed, w, h);
  const tolerance = Math.max(4, 0.06 * clip.numFrames);
  const joined = (i: number, j: number): boolean =>
    Math.abs(leaves[i] - leaves[j]) < tolerance &&
    Math.abs(arrives[i] - arrives[j]) < tolerance &&
    (between === null || labDistance2(between.colours, i, between.colours, j) < BETWEEN_STEP * BETWEEN_STEP);
  const { labels, components } = connectedComponents(change.changed, w, h, joined);
  return components
    .filter((component) => component.area >= MIN_AREA)
    .map((component) => {
      const raw = new Uint8Array(w * h);
      for (let i = 0; i < raw.length; i++) if (labels[i] === component.label) raw[i] = 1;
      const mask = closed(raw, w, h, 2);
      const contrast = edgeContrast(clip, mask, change, between);
      return { ...measure(mask, component, change, leaves, arrives, w, h), contrast };
    })
    .sort((a, b) => b.area - a.area);
}

/** (g0 - g1) / (g0 + g1) of the mean Lab gradients on the outline in the first and in the last state. */
function edgeContrast(clip: Clip, mask: Uint8Array, change: ColourChange, between: BetweenState | null): number {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const grown = dilate(mask, w, h, 1);
  const shrunk = erode(mask, w, h, 1);
  const outline: number[] = [];
  for (let i = 0; i < mask.length; i++) if (grown[i] !== 0 && shrunk[i] === 0) outline.push(i);
  const shown = between && framesOf(clip, mask, between.frame);
  const mean = (pictures: readonly Uint8Array[]): number =>
    pictures.reduce((sum, lab) => sum + outline.reduce((total, i) => total + gradientAt(lab, i, w, h), 0), 0) /
    Math.max(1, pictures.length);
  const g0 = mean(shown && between.side === 'first' ? shown : [change.first]);
  const g1 = mean(shown && between.side === 'last' ? shown : [change.last]);
  return (g0 - g1) / Math.max(1e-6, g0 + g1);
}

/** Three frames, spread over the region, in which it shows the state in between. */
function framesOf(clip: Clip, mask: Uint8Array, frame: Int16Array): Uint8Array[] {
  const seen: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0 && frame[i] >= 0) seen.push(frame[i]);
  return [0.25, 0.5, 0.75].map((q) => clip.labAt(quantileOf(seen, q)));
}

function measure(
  mask: Uint8Array,
  component: Component,
  change: ColourChange,
  leaves: Int16Array,
  arrives: Int16Array,
  w: number,
  h: number,
): Omit<ChangeRegion, 'contrast'> {
  const e0: number[] = [];
  const s1: number[] = [];
  let area = 0;
  let shadow = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    area++;
    if (isShading(change.first, change.last, i)) shadow++;
    if (leaves[i] >= 0) {
      e0.push(leaves[i]);
      s1.push(arrives[i]);
    }
  }
  const { box } = component;
  return {
    mask,
    area,
    box,
    cx: component.cx,
    cy: component.cy,
    leavesFrame: quantileOf(e0, 0.5),
    arrivesFrame: quantileOf(s1, 0.5),
    leavesEarly: quantileOf(e0, 0.1),
    arrivesLate: quantileOf(s1, 0.9),
    touchesEdge: box.x0 <= 1 || box.y0 <= 1 || box.x1 >= w - 1 || box.y1 >= h - 1,
    shadowShare: shadow / Math.max(1, area),
    solidity: area / Math.max(area, hullArea(mask, box, w)),
  };
}

/** A soft shadow keeps at least this share of the lightness, and a and b within 6. */
const SHADING_LIGHTNESS = 0.6;
const SHADING_CHROMA = 6;

/** Could the two pictures differ at pixel `i` by light and shadow alone? */
export function isShading(first: Uint8Array, last: Uint8Array, i: number): boolean {
  const p = 3 * i;
  const chroma = Math.hypot(first[p + 1] - last[p + 1], first[p + 2] - last[p + 2]);
  const ratio = Math.min(first[p], last[p]) / Math.max(1, first[p], last[p]);
  return chroma < SHADING_CHROMA && ratio > SHADING_LIGHTNESS;
}

/** Lab gradient magnitude at pixel `i` (central differences, sum over channels, L scaled to 0..100); 0 on the border. */
function gradientAt(lab: Uint8Array, i: number, w: number, h: number): number {
  const x = i % w;
  if (x < 1 || x >= w - 1 || i < w || i >= w * (h - 1)) return 0;
  let sum = 0;
  for (let c = 0; c < 3; c++) {
    const dx = lab[3 * (i + 1) + c] - lab[3 * (i - 1) + c];
    const dy = lab[3 * (i + w) + c] - lab[3 * (i - w) + c];
    sum += Math.sqrt(dx * dx + dy * dy) * (c === 0 ? 1 / 2.55 : 1);
  }
  return sum;
}

function quantileOf(values: number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  values.sort((a, b) => a - b);
  return values[Math.min(values.length - 1, Math.floor(q * values.length))];
}

/** Area of the convex hull of a mask's pixel squares (Andrew's monotone chain on row ends). */
export function hullArea(mask: Uint8Array, box: PixelBox, w: number): number {
  const points: [number, number][] = [];
  for (let y = box.y0; y < box.y1; y++) {
    let first = -1;
    let last = -1;
    for (let x = box.x0; x < box.x1; x++) {
      if (mask[y * w + x] === 0) continue;
      if (first < 0) first = x;
      last = x;
    }
    if (first >= 0) points.push([first, y], [first, y + 1], [last + 1, y], [last + 1, y + 1]);
  }
  points.sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  const half = (input: [number, number][]): [number, number][] => {
    const chain: [number, number][] = [];
    for (const p of input) {
      while (chain.length >= 2) {
        const [a, b] = chain.slice(-2);
        if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
        chain.pop();
      }
      chain.push(p);
    }
    return chain.slice(0, -1);
  };
  const hull = [...half(points), ...half([...points].reverse())];
  let twice = 0;
  for (let k = 0; k < hull.length; k++) {
    const [x0, y0] = hull[k];
    const [x1, y1] = hull[(k + 1) % hull.length];
    twice += x0 * y1 - x1 * y0;
  }
  return Math.abs(twice) / 2;
}
