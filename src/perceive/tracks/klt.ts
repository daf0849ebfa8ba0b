/**
 * Pyramidal Lucas-Kanade point tracking with a forward-backward check.
 * Sources: Bouguet 2001 (pyramidal, inverse form: template gradients only), Shi & Tomasi 1994 (corners),
 * Kalal et al. 2010 (forward-backward error). Positions are pixel-centre coordinates (+0.5) at level 0.
 */
import type { ByteImage, PixelBox } from '../../image/image.js';
import { maskBox } from '../../image/morphology.js';
import { KltKernel } from './klt-kernel.js';
import type { Pyramid, PyramidLevel } from './pyramid.js';

export interface KltOptions {
  /** Odd side of the window in px. 15-21 measured best at 640 px: smaller loses thin things, larger blends background in. */
  windowPx: number;
  maxIterations: number;
  /** Largest distance in px between a point and its way forth and back. */
  maxForwardBackwardPx: number;
}
export const KLT_DEFAULTS: KltOptions = { windowPx: 17, maxIterations: 12, maxForwardBackwardPx: 1 };

/** Grey pyramid, finest level first; in the memory of `spare`, if given, which must be one of the same size. */
export const buildPyramid = (grey: ByteImage, numLevels = 3, spare?: Pyramid): Pyramid =>
  KltKernel.get().build(grey, numLevels, spare);

/** Copies the (size x size) patch around (cx, cy) (index coordinates) bilinearly; clamps at the border. */
function samplePatch(level: PyramidLevel, cx: number, cy: number, size: number, out: Float32Array): void {
  const { widthPx: w, heightPx: h, data } = level;
  const r = (size - 1) / 2;
  const fx0 = cx - r;
  const fy0 = cy - r;
  const ix = Math.floor(fx0);
  const iy = Math.floor(fy0);
  const fx = fx0 - ix;
  const fy = fy0 - iy;
  const w00 = (1 - fx) * (1 - fy);
  const w01 = fx * (1 - fy);
  const w10 = (1 - fx) * fy;
  const w11 = fx * fy;
  if (ix >= 0 && iy >= 0 && ix + size < w && iy + size < h) {
    for (let y = 0, o = 0; y < size; y++) {
      let i = (iy + y) * w + ix;
      for (let x = 0; x < size; x++, i++, o++) {
        out[o] = w00 * data[i] + w01 * data[i + 1] + w10 * data[i + w] + w11 * data[i + w + 1];
      }
    }
    return;
  }
  const clampX = (x: number): number => (x < 0 ? 0 : x >= w ? w - 1 : x);
  const clampY = (y: number): number => (y < 0 ? 0 : y >= h ? h - 1 : y);
  for (let y = 0, o = 0; y < size; y++) {
    const a = clampY(iy + y) * w;
    const b = clampY(iy + y + 1) * w;
    for (let x = 0; x < size; x++, o++) {
      const u = clampX(ix + x);
      const v = clampX(ix + x + 1);
      out[o] = w00 * data[a + u] + w01 * data[a + v] + w10 * data[b + u] + w11 * data[b + v];
    }
  }
}

/**
 * Tracks points from one pyramid to the next. `xyPx` [N, 2]; `guessPx` [N, 2] start values (default: no motion).
 * Returns new positions, NaN where the point left the image or its window has no texture.
 */
export type PointTracker = (
  from: Pyramid,
  to: Pyramid,
  xyPx: Float32Array,
  options?: KltOptions,
  guessPx?: Float32Array,
) => Float32Array;

export const trackPoints: PointTracker = (from, to, xyPx, options = KLT_DEFAULTS, guessPx = xyPx) =>
  KltKernel.get().track(from, to, xyPx, options, guessPx);

/** As `trackPoints`, without the compiled kernel: what that is tested against. */
export const trackPointsPlain: PointTracker = (from, to, xyPx, options = KLT_DEFAULTS, guessPx = xyPx) => {
  const out = new Float32Array(xyPx.length);
  const size = options.windowPx;
  const padded = size + 2;
  const template = new Float32Array(padded * padded);
  const current = new Float32Array(size * size);
  const gx = new Float32Array(size * size);
  const gy = new Float32Array(size * size);
  for (let p = 0; p < xyPx.length; p += 2) {
    const x = xyPx[p];
    const y = xyPx[p + 1];
    let dx = guessPx[p] - x;
    let dy = guessPx[p + 1] - y;
    let lost = Number.isNaN(dx + dy);
    for (let l = from.length - 1; l >= 0 && !lost; l--) {
      const scale = 1 / (1 << l);
      const cx = x * scale - 0.5;
      const cy = y * scale - 0.5;
      samplePatch(from[l], cx, cy, padded, template);
      let a = 0;
      let b = 0;
      let c = 0;
      for (let v = 0, o = 0; v < size; v++) {
        let i = (v + 1) * padded + 1;
        for (let u = 0; u < size; u++, i++, o++) {
          const ix = 0.5 * (template[i + 1] - template[i - 1]);
          const iy = 0.5 * (template[i + padded] - template[i - padded]);
          gx[o] = ix;
          gy[o] = iy;
          a += ix * ix;
          b += ix * iy;
          c += iy * iy;
        }
      }
      const det = a * c - b * b;
      // Smaller eigenvalue per pixel below 0.5 grey^2: no corner here, the solution would run along an edge.
      const minEigen = (a + c - Math.sqrt((a - c) ** 2 + 4 * b * b)) / (2 * size * size);
      if (minEigen < 0.5 || det <= 0) {
        if (l === 0) lost = true;
        continue;
      }
      let ux = dx * scale;
      let uy = dy * scale;
      for (let k = 0; k < options.maxIterations; k++) {
        samplePatch(to[l], cx + ux, cy + uy, size, current);
        let ex = 0;
        let ey = 0;
        for (let v = 0, o = 0; v < size; v++) {
          let i = (v + 1) * padded + 1;
          for (let u = 0; u < size; u++, i++, o++) {
            const e = template[i] - current[o];
            ex += e * gx[o];
            ey += e * gy[o];
          }
        }
        const sx = (c * ex - b * ey) / det;
        const sy = (a * ey - b * ex) / det;
        ux += sx;
        uy += sy;
        if (sx * sx + sy * sy < 0.02 * 0.02) break;
      }
      dx = ux / scale;
      dy = uy / scale;
      const X = (x + dx) * scale;
      const Y = (y + dy) * scale;
      if (!(X >= 0 && Y >= 0 && X <= to[l].widthPx && Y <= to[l].heightPx)) lost = true;
    }
    out[p] = lost ? Number.NaN : x + dx;
    out[p + 1] = lost ? Number.NaN : y + dy;
  }
  return out;
};

/** As `trackPoints`, and NaN where tracking back does not return to the start. */
export const trackPointsChecked: PointTracker = (from, to, xyPx, options = KLT_DEFAULTS, guessPx = xyPx) => {
  const there = trackPoints(from, to, xyPx, options, guessPx);
  const backGuess = new Float32Array(there.length);
  for (let i = 0; i < there.length; i++) backGuess[i] = there[i] - (guessPx[i] - xyPx[i]);
  const back = trackPoints(to, from, there, options, backGuess);
  for (let p = 0; p < there.length; p += 2) {
    const error = Math.hypot(back[p] - xyPx[p], back[p + 1] - xyPx[p + 1]);
    if (!(error <= options.maxForwardBackwardPx)) {
      there[p] = Number.NaN;
      there[p + 1] = Number.NaN;
    }
  }
  return there;
};

/**
 * Shi-Tomasi corners inside `mask` (all pixels if absent), strongest first, at least `minDistancePx` apart and at least
 * `quality` times as strong as the best. Returns [N, 2] pixel-centre positions.
 */
export function findCorners(
  level: PyramidLevel,
  maxCorners: number,
  minDistancePx: number,
  quality: number,
  mask?: Uint8Array,
): Float32Array {
  const { widthPx: w, heightPx: h } = level;
  const box = cornerBox(w, h, mask);
  if (!box) return new Float32Array(0);
  const { strength, widthPx: sw } = cornerStrength(level, box, mask);
  let best = 0;
  for (let i = 0; i < strength.length; i++) if (strength[i] > best) best = strength[i];
  const candidates: number[] = [];
  // In scan order: a peak's index in the box grows as that in the picture does.
  for (let y = box.y0; y < box.y1; y++) {
    for (let x = box.x0; x < box.x1; x++) {
      const i = (y - box.y0 + 1) * sw + x - box.x0 + 1;
      const s = strength[i];
      if (s <= quality * best || s <= 0) continue;
      const isPeak =
        s >= strength[i - 1] &&
        s > strength[i + 1] &&
        s >= strength[i - sw] &&
        s > strength[i + sw] &&
        s >= strength[i - sw - 1] &&
        s >= strength[i - sw + 1] &&
        s > strength[i + sw - 1] &&
        s > strength[i + sw + 1];
      if (isPeak) candidates.push(i);
    }
  }
  candidates.sort((p, q) => strength[q] - strength[p] || p - q);
  const taken = new Uint8Array(strength.length);
  const sh = strength.length / sw;
  const points: number[] = [];
  const r = Math.ceil(minDistancePx) - 1;
  for (const i of candidates) {
    if (taken[i] !== 0) continue;
    const x = i % sw;
    const y = (i / sw) | 0;
    points.push(box.x0 + x - 0.5, box.y0 + y - 0.5);
    if (points.length >= 2 * maxCorners) break;
    for (let v = Math.max(0, y - r); v <= Math.min(sh - 1, y + r); v++) {
      taken.fill(1, v * sw + Math.max(0, x - r), v * sw + Math.min(sw - 1, x + r) + 1);
    }
  }
  return Float32Array.from(points);
}

/** Windows of corners do not reach this close to the border. */
const CORNER_MARGIN_PX = 3;

/** Where corners may lie: the mask's box, away from the border; null if that is empty. */
function cornerBox(w: number, h: number, mask?: Uint8Array): PixelBox | null {
  const m = CORNER_MARGIN_PX;
  if (!mask) return w > 2 * m && h > 2 * m ? { x0: m, y0: m, x1: w - m, y1: h - m } : null;
  const set = maskBox(mask, w, h);
  if (!set) return null;
  const box = {
    x0: Math.max(m, set.x0),
    y0: Math.max(m, set.y0),
    x1: Math.min(w - m, set.x1),
    y1: Math.min(h - m, set.y1),
  };
  return box.x1 > box.x0 && box.y1 > box.y0 ? box : null;
}

/** Smaller eigenvalue of the gradient matrix summed over 5x5, 0 outside the mask; in the box and a rim of one pixel around it. */
function cornerStrength(
  level: PyramidLevel,
  { x0, y0, x1, y1 }: PixelBox,
  mask?: Uint8Array,
): { strength: Float32Array; widthPx: number } {
  const { widthPx: w, data } = level;
  const widthPx = x1 - x0 + 2;
  const strength = new Float32Array(widthPx * (y1 - y0 + 2));
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const i = y * w + x;
      if (mask && mask[i] === 0) continue;
      let a = 0;
      let b = 0;
      let c = 0;
      for (let v = -2; v <= 2; v++) {
        for (let u = -2, j = i + v * w - 2; u <= 2; u++, j++) {
          const gx = data[j + 1] - data[j - 1];
          const gy = data[j + w] - data[j - w];
          a += gx * gx;
          b += gx * gy;
          c += gy * gy;
        }
      }
      strength[(y - y0 + 1) * widthPx + x - x0 + 1] = a + c - Math.sqrt((a - c) * (a - c) + 4 * b * b);
    }
  }
  return { strength, widthPx };
}
