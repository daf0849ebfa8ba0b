import { vec3 } from '../math/vec3.js';

/**
 * Makes a fill meet its surroundings: patches copied from elsewhere may be a little brighter or darker all over. The step at
 * the edge of the hole is measured per pixel and taken off inside as the smoothest function with those values at the edge
 * (Laplace's equation), which is what gradient-domain cloning comes to. Source: Perez, Gangnet, Blake, "Poisson image
 * editing" (2003), eq. 11.
 */

/** The step is the difference of the means on both sides within this distance, px. */
const WINDOW_PX = 4;
/** Larger steps are real edges of the picture that happen to lie there, sRGB levels. */
const MAX_STEP = 35;
/** Where either side varies more than this, the mean tells more about what is there than about a seam, sRGB levels. */
const MAX_SPREAD = 16;
const MAX_SWEEPS = 400;
const CONVERGED = 0.05;

/**
 * Corrects `rgb` [H, W, 3] f32 in place where `inside` is 1. `known` is 1 where pixels are given; both [H, W]. Pixels that are
 * neither are left out.
 */
export function blendSeam(
  rgb: Float32Array,
  inside: Uint8Array,
  known: Uint8Array,
  widthPx: number,
  heightPx: number,
): void {
  const pixels: number[] = [];
  for (let i = 0; i < inside.length; i++) if (inside[i] !== 0) pixels.push(i);
  if (pixels.length === 0) return;
  const fixed = new Uint8Array(inside.length);
  const correction = new Float32Array(inside.length * 3);
  for (const i of pixels) {
    if (!touches(i, known, widthPx, heightPx)) continue;
    const step = stepAt(i, rgb, inside, known, widthPx, heightPx);
    if (step === null) continue;
    fixed[i] = 1;
    correction.set(step, i * 3);
  }
  const free = Int32Array.from(pixels.filter((i) => fixed[i] === 0));
  relax(correction, free, inside, widthPx, heightPx);
  for (const i of pixels) for (let c = 0; c < 3; c++) rgb[i * 3 + c] += correction[i * 3 + c];
}

function touches(i: number, known: Uint8Array, w: number, h: number): boolean {
  const x = i % w;
  const y = (i - x) / w;
  return (
    (x > 0 && known[i - 1] !== 0) ||
    (x < w - 1 && known[i + 1] !== 0) ||
    (y > 0 && known[i - w] !== 0) ||
    (y < h - 1 && known[i + w] !== 0)
  );
}

/** Mean colour outside minus mean colour inside around an edge pixel; null where other edges of the picture are near. */
function stepAt(
  i: number,
  rgb: Float32Array,
  inside: Uint8Array,
  known: Uint8Array,
  w: number,
  h: number,
): [number, number, number] | null {
  const x = i % w;
  const y = (i - x) / w;
  const sides = [createMoments(), createMoments()];
  for (let v = Math.max(0, y - WINDOW_PX); v <= Math.min(h - 1, y + WINDOW_PX); v++) {
    for (let u = Math.max(0, x - WINDOW_PX); u <= Math.min(w - 1, x + WINDOW_PX); u++) {
      const k = v * w + u;
      const side = known[k] !== 0 ? sides[0] : inside[k] !== 0 ? sides[1] : null;
      if (!side) continue;
      side.count++;
      for (let c = 0; c < 3; c++) {
        side.sum[c] += rgb[k * 3 + c];
        side.squares[c] += rgb[k * 3 + c] ** 2;
      }
    }
  }
  if (sides.some((side) => side.count === 0 || largestSpread(side) > MAX_SPREAD)) return null;
  const [out, into] = sides;
  const step = vec3((c) => out.sum[c] / out.count - into.sum[c] / into.count);
  return Math.max(...step.map(Math.abs)) > MAX_STEP ? null : step;
}

interface Moments {
  count: number;
  readonly sum: [number, number, number];
  readonly squares: [number, number, number];
}

const createMoments = (): Moments => ({ count: 0, sum: [0, 0, 0], squares: [0, 0, 0] });

/** Largest standard deviation of a channel. */
function largestSpread({ count, sum, squares }: Moments): number {
  const variances = [0, 1, 2].map((c) => squares[c] / count - (sum[c] / count) ** 2);
  return Math.sqrt(Math.max(0, ...variances));
}

/** Successive over-relaxation of Laplace's equation over the free pixels; the outside is cut off (no flow through it). */
function relax(values: Float32Array, free: Int32Array, inside: Uint8Array, w: number, h: number): void {
  // The best factor for a square of the same area; close enough for other outlines.
  const omega = 2 / (1 + Math.sin(Math.PI / (Math.sqrt(free.length) + 2)));
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let most = 0;
    for (const i of free) {
      const x = i % w;
      const y = (i - x) / w;
      const left = x > 0 && inside[i - 1] !== 0;
      const right = x < w - 1 && inside[i + 1] !== 0;
      const up = y > 0 && inside[i - w] !== 0;
      const down = y < h - 1 && inside[i + w] !== 0;
      const count = Number(left) + Number(right) + Number(up) + Number(down);
      if (count === 0) continue;
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        if (left) sum += values[(i - 1) * 3 + c];
        if (right) sum += values[(i + 1) * 3 + c];
        if (up) sum += values[(i - w) * 3 + c];
        if (down) sum += values[(i + w) * 3 + c];
        const change = omega * (sum / count - values[i * 3 + c]);
        values[i * 3 + c] += change;
        if (Math.abs(change) > most) most = Math.abs(change);
      }
    }
    if (most < CONVERGED) return;
  }
}
