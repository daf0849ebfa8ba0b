/**
 * Regions in which the stable colour changed, and whether something left there or arrived there: the boundary of an
 * object is an edge in the picture that has the object and not in the one that has not.
 */

import { type Component, connectedComponents } from '../image/components.js';
import { median5 } from '../image/filters.js';
import type { PixelBox } from '../image/image.js';
import { closed, dilate, erode } from '../image/morphology.js';
import type { Clip } from './clip.js';
import type { StableColours } from './stable-colour.js';

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

/** Regions of one time and place, largest first. */
export function findChangeRegions(clip: Clip, stable: StableColours): ChangeRegion[] {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const leaves = median5(stable.leaves, stable.changed, w, h);
  const arrives = median5(stable.arrives, stable.changed, w, h);
  const tolerance = Math.max(4, 0.06 * clip.numFrames);
  const joined = (i: number, j: number): boolean =>
    Math.abs(leaves[i] - leaves[j]) < tolerance && Math.abs(arrives[i] - arrives[j]) < tolerance;
  const { labels, components } = connectedComponents(stable.changed, w, h, joined);
  const gradientFirst = gradient(stable.first, w, h);
  const gradientLast = gradient(stable.last, w, h);
  return components
    .filter((component) => component.area >= MIN_AREA)
    .map((component) => {
      const mask = new Uint8Array(w * h);
      for (let i = 0; i < mask.length; i++) if (labels[i] === component.label) mask[i] = 1;
      return measure(closed(mask, w, h, 2), component, stable, leaves, arrives, gradientFirst, gradientLast, w, h);
    })
    .sort((a, b) => b.area - a.area);
}

function measure(
  mask: Uint8Array,
  component: Component,
  stable: StableColours,
  leaves: Int16Array,
  arrives: Int16Array,
  gradientFirst: Float32Array,
  gradientLast: Float32Array,
  w: number,
  h: number,
): ChangeRegion {
  const grown = dilate(mask, w, h, 1);
  const shrunk = erode(mask, w, h, 1);
  let g0 = 0;
  let g1 = 0;
  const e0: number[] = [];
  const s1: number[] = [];
  let area = 0;
  let shadow = 0;
  for (let i = 0; i < mask.length; i++) {
    if (grown[i] !== 0 && shrunk[i] === 0) {
      g0 += gradientFirst[i];
      g1 += gradientLast[i];
    }
    if (mask[i] !== 0) {
      area++;
      if (isShading(stable.first, stable.last, i)) shadow++;
      if (leaves[i] >= 0) {
        e0.push(leaves[i]);
        s1.push(arrives[i]);
      }
    }
  }
  const { box } = component;
  return {
    mask,
    area,
    box,
    cx: component.cx,
    cy: component.cy,
    contrast: (g0 - g1) / Math.max(1e-6, g0 + g1),
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

/** Lab gradient magnitude (central differences, sum over channels, L scaled to 0..100). */
function gradient(lab: Uint8Array, w: number, h: number): Float32Array {
  const out = new Float32Array(w * h);
  for (let y = 1; y < h - 1; y++) {
    for (let x = 1; x < w - 1; x++) {
      const i = y * w + x;
      let sum = 0;
      for (let c = 0; c < 3; c++) {
        const dx = lab[3 * (i + 1) + c] - lab[3 * (i - 1) + c];
        const dy = lab[3 * (i + w) + c] - lab[3 * (i - w) + c];
        sum += Math.sqrt(dx * dx + dy * dy) * (c === 0 ? 1 / 2.55 : 1);
      }
      out[i] = sum;
    }
  }
  return out;
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
