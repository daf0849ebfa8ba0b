/**
 * Tilt from a round, upright object: the far half of its rim is the upper outline of its mask, and a level circle seen
 * from `e` degrees above its plane is an ellipse of axis ratio sin(e).
 */

import type { PixelBox } from '../../image/image.js';
import type { Intrinsics } from '../../math/camera.js';
import { boxOf } from '../movers/object-cut.js';
import type { Estimate } from './estimate.js';

/** Lips, tapers and masks that stop short of the rim bias the tilt by this much (measured: -4 and -5 on a bowl and a tin). */
const RIM_BIAS_DEG = 5;
/** Columns nearer to the ends than this share of the half-width are too steep to measure. */
const USED_SHARE = 0.93;
const MIN_HALF_WIDTH_PX = 18;
/** Largest RMS distance of the outline from the arc: share of the half-width, plus pixel noise. Boxes miss by 0.04 and more. */
const MAX_MISFIT_SHARE = 0.015;
const MAX_MISFIT_PX = 0.4;

/**
 * Oblong things with round corners (trays, boxes with soft edges) have nearly elliptic outlines too, and a long one seen from its side looks
 * like a circle from very low: their far edge follows a superellipse of about this exponent, with so much less misfit than an ellipse
 * (a tray: 0.66; rims of bowls, cans, cups and a coaster: 0.97 and more).
 */
const CORNERED_EXPONENT = 2.8;
const CORNERED_GAIN = 0.8;

/**
 * Camera tilt in degrees from one outline, or null if its top is no half ellipse that fits `expected`. `mask` [H, W] and
 * `camera` in the same pixels.
 */
export function tiltFromRim(
  mask: Uint8Array,
  widthPx: number,
  heightPx: number,
  camera: Intrinsics,
  expected: { value: number; sd: number },
  what: string,
): Estimate | null {
  const box = boxOf(mask, widthPx, heightPx);
  if (!box || box.x0 <= 1 || box.x1 >= widthPx - 1 || box.y0 <= 1) return null;
  const outline = upperOutline(mask, widthPx, box);
  const fit = fitArc(outline, box.x0, (box.x1 - box.x0) / 2);
  if (!fit) return null;
  const { a, intercept, slope, rms } = fit;
  const ratio = -slope / a;
  if (rms > MAX_MISFIT_PX + MAX_MISFIT_SHARE * a || ratio < 0.15 || ratio > 0.97) return null;
  const cornered = fitArc(outline, box.x0, (box.x1 - box.x0) / 2, CORNERED_EXPONENT);
  if (cornered && cornered.rms < CORNERED_GAIN * rms) return null;
  const elevationDeg = (Math.asin(ratio) * 180) / Math.PI;
  const belowAxisDeg = (Math.atan2(intercept - camera.cy, camera.fy) * 180) / Math.PI;
  const value = elevationDeg - belowAxisDeg;
  if (Math.abs(value - expected.value) > 2.5 * expected.sd) return null;
  // An outline one pixel off changes the ratio by 1 / a.
  const pixelDeg = (180 / Math.PI / a / Math.cos((elevationDeg * Math.PI) / 180)) * 1.2;
  return { value, sd: Math.hypot(RIM_BIAS_DEG, pixelDeg), source: `round rim of the ${what}` };
}

/** Topmost mask row per column of the box. */
function upperOutline(mask: Uint8Array, widthPx: number, box: PixelBox): Float32Array {
  const out = new Float32Array(box.x1 - box.x0);
  for (let x = box.x0; x < box.x1; x++) {
    let y = box.y0;
    while (y < box.y1 && mask[y * widthPx + x] === 0) y++;
    out[x - box.x0] = y;
  }
  return out;
}

/** Misfit (px) that one pixel of half-width is worth; 0.03 and less let the arc shrink and bias the tilt down by 5 degrees. */
const MISFIT_PER_LOST_PX = 0.1;

interface Arc {
  a: number;
  intercept: number;
  slope: number;
  rms: number;
}

/**
 * Half ellipse (or superellipse) with a level long axis through the outline. Middle and half-width are searched, because a shadow at one
 * side widens masks; a smaller arc always fits a little better, so lost half-width counts a little as misfit.
 */
function fitArc(outline: Float32Array, x0: number, boxHalf: number, exponent = 2): Arc | null {
  let best: Arc | null = null;
  let bestCost = Number.POSITIVE_INFINITY;
  for (let a = boxHalf; a >= 0.7 * boxHalf && a >= MIN_HALF_WIDTH_PX; a -= 0.5) {
    const slack = boxHalf - a + 1;
    for (let cx = x0 + boxHalf - slack; cx <= x0 + boxHalf + slack; cx += Math.max(0.5, slack / 10)) {
      const samples: { s: number; y: number }[] = [];
      for (let c = 0; c < outline.length; c++) {
        const u = (x0 + c + 0.5 - cx) / a;
        if (Math.abs(u) <= USED_SHARE)
          samples.push({ s: (1 - Math.abs(u) ** exponent) ** (1 / exponent), y: outline[c] });
      }
      const fit = regress(samples);
      if (!fit) continue;
      const cost = fit.rms + MISFIT_PER_LOST_PX * (boxHalf - a);
      if (cost < bestCost) {
        bestCost = cost;
        best = { a, ...fit };
      }
    }
  }
  return best;
}

/** Least squares y = intercept + slope * s. */
function regress(
  samples: readonly { s: number; y: number }[],
): { intercept: number; slope: number; rms: number } | null {
  const n = samples.length;
  if (n < 10) return null;
  const ms = samples.reduce((sum, p) => sum + p.s, 0) / n;
  const my = samples.reduce((sum, p) => sum + p.y, 0) / n;
  let ss = 0;
  let sy = 0;
  for (const p of samples) {
    ss += (p.s - ms) ** 2;
    sy += (p.s - ms) * (p.y - my);
  }
  if (ss < 1e-6) return null;
  const slope = sy / ss;
  const intercept = my - slope * ms;
  const rms = Math.sqrt(samples.reduce((sum, p) => sum + (p.y - intercept - slope * p.s) ** 2, 0) / n);
  return { intercept, slope, rms };
}
