/**
 * Tilt from a round, upright object: the far half of its rim is the upper outline of its mask, and a level circle seen
 * from `e` degrees above its plane is an ellipse of axis ratio sin(e).
 */
import type { Intrinsics } from '../math/camera.js';
import type { Estimate } from './estimate.js';
import { boxOf } from './object-cut.js';

/** Columns nearer to the ends than this share of the half-width are too steep to measure. */
const USED_SHARE = 0.93;
const MIN_HALF_WIDTH_PX = 18;
/** Largest RMS distance of the outline from the arc: share of the half-width, plus pixel noise. Boxes miss by 0.04 and more. */
const MAX_MISFIT_SHARE = 0.015;
const MAX_MISFIT_PX = 0.4;

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
  const a = (box.x1 - box.x0) / 2;
  const cx = (box.x0 + box.x1) / 2;
  if (a < MIN_HALF_WIDTH_PX) return null;
  const samples: { s: number; y: number }[] = [];
  for (let x = box.x0; x < box.x1; x++) {
    const u = (x + 0.5 - cx) / a;
    if (Math.abs(u) > USED_SHARE) continue;
    let y = box.y0;
    while (y < box.y1 && mask[y * widthPx + x] === 0) y++;
    samples.push({ s: Math.sqrt(1 - u * u), y });
  }
  const fit = regress(samples);
  if (!fit) return null;
  const { intercept, slope, rms } = fit;
  const ratio = -slope / a;
  if (rms > MAX_MISFIT_PX + MAX_MISFIT_SHARE * a || ratio < 0.15 || ratio > 0.97) return null;
  const elevationDeg = (Math.asin(ratio) * 180) / Math.PI;
  const belowAxisDeg = (Math.atan2(intercept - camera.cy, camera.fy) * 180) / Math.PI;
  const value = elevationDeg - belowAxisDeg;
  if (Math.abs(value - expected.value) > 2.5 * expected.sd) return null;
  // An outline one pixel off changes the ratio by 1 / a; lips, tapers and near-round things bias it by some degrees more.
  const pixelDeg = (180 / Math.PI / a / Math.cos((elevationDeg * Math.PI) / 180)) * 1.2;
  return { value, sd: Math.hypot(3, pixelDeg), source: `round rim of the ${what}` };
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
