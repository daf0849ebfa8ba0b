/** Binary morphology on [H, W] u8 masks (0 or not 0 in, 0 / 1 out). The structuring element is a square of side 2 r + 1. */
import { growTo, type KernelMemory, loadKernel } from '../base/kernel.js';
import type { PixelBox } from './image.js';

/** Dilation by a square; r = 0 copies. */
export function dilate(mask: Uint8Array, widthPx: number, heightPx: number, r: number): Uint8Array {
  return extreme(mask, widthPx, heightPx, r, 1);
}

/** Erosion by a square; outside the image counts as set, so objects cut by the border keep their border pixels. */
export function erode(mask: Uint8Array, widthPx: number, heightPx: number, r: number): Uint8Array {
  return extreme(mask, widthPx, heightPx, r, 0);
}

export const opened = (mask: Uint8Array, w: number, h: number, r: number): Uint8Array =>
  dilate(erode(mask, w, h, r), w, h, r);
export const closed = (mask: Uint8Array, w: number, h: number, r: number): Uint8Array =>
  erode(dilate(mask, w, h, r), w, h, r);

interface MorphExports extends KernelMemory {
  bytesFor(widthPx: number, heightPx: number, r: number): number;
  extreme(mask: number, out: number, work: number, widthPx: number, heightPx: number, r: number, wanted: number): void;
}

const ALIGN = 64;

let kernel: MorphExports | undefined;

/**
 * Marks every pixel within r (Chebyshev) of a pixel whose "set" equals `wanted`, compiled (kernels/morph.ts). Works in the rows of the
 * set pixels and r around them only: nothing changes elsewhere, and most masks are small.
 */
function extreme(mask: Uint8Array, w: number, h: number, r: number, wanted: 0 | 1): Uint8Array {
  const out = new Uint8Array(w * h);
  const range = setRange(mask);
  if (!range) return out;
  const y0 = Math.max(0, Math.floor(range.first / w) - r);
  const y1 = Math.min(h, Math.floor(range.last / w) + 1 + r);
  kernel ??= loadKernel<MorphExports>('morph', 'kernel for masks');
  const { memory } = kernel;
  const count = (y1 - y0) * w;
  const from = aligned(kernel.heapBase());
  const to = from + aligned(count + ALIGN);
  const work = to + aligned(count + ALIGN);
  growTo(memory, work + kernel.bytesFor(w, y1 - y0, r));
  new Uint8Array(memory.buffer, from, count).set(mask.subarray(y0 * w, y1 * w));
  kernel.extreme(from, to, work, w, y1 - y0, r, wanted);
  out.set(new Uint8Array(memory.buffer, to, count), y0 * w);
  return out;
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

/** Box of the set pixels; null if none is set. */
export function maskBox(mask: Uint8Array, widthPx: number, heightPx: number): PixelBox | null {
  const range = setRange(mask);
  if (!range) return null;
  const y0 = Math.floor(range.first / widthPx);
  const y1 = Math.min(heightPx, Math.floor(range.last / widthPx) + 1);
  let [x0, x1] = [widthPx, 0];
  for (let y = y0; y < y1; y++) {
    const row = y * widthPx;
    let first = 0;
    while (first < widthPx && mask[row + first] === 0) first++;
    if (first === widthPx) continue;
    let last = widthPx - 1;
    while (mask[row + last] === 0) last--;
    if (first < x0) x0 = first;
    if (last >= x1) x1 = last + 1;
  }
  return { x0, y0, x1, y1 };
}

/** Indices of the first and the last set pixel, four at a time where memory allows; null if none is set. */
export function setRange(mask: Uint8Array): { first: number; last: number } | null {
  let first = 0;
  let last = mask.length - 1;
  const words = wordsOf(mask);
  if (words.length > 0) {
    let word = 0;
    while (word < words.length && words[word] === 0) word++;
    first = 4 * word;
    if (mask.length % 4 === 0) {
      word = words.length - 1;
      while (word >= 0 && words[word] === 0) word--;
      last = 4 * word + 3;
    }
  }
  while (first < mask.length && mask[first] === 0) first++;
  if (first === mask.length) return null;
  while (mask[last] === 0) last--;
  return { first, last };
}

/** Box of the set pixels, r larger on each side, inside the image; null if none is set. */
function boxAround(mask: Uint8Array, w: number, h: number, r: number): PixelBox | null {
  const box = maskBox(mask, w, h);
  return (
    box && {
      x0: Math.max(0, box.x0 - r),
      y0: Math.max(0, box.y0 - r),
      x1: Math.min(w, box.x1 + r),
      y1: Math.min(h, box.y1 + r),
    }
  );
}

/** Sets every unset pixel that is not connected (4-neighbours) to the image border through unset pixels. In place. */
export function fillHoles(mask: Uint8Array, widthPx: number, heightPx: number): Uint8Array {
  // Holes lie inside the box of the set pixels; with a margin of one pixel its rim is outside, or is the picture's border.
  const box = boxAround(mask, widthPx, heightPx, 1);
  if (!box) return mask;
  const { x0, y0, x1, y1 } = box;
  const w = x1 - x0;
  const h = y1 - y0;
  const outside = new Uint8Array(w * h);
  const stack = new Int32Array(w * h);
  let top = 0;
  const push = (x: number, y: number): void => {
    const i = y * w + x;
    if (outside[i] !== 0 || mask[(y0 + y) * widthPx + x0 + x] !== 0) return;
    outside[i] = 1;
    stack[top++] = i;
  };
  for (let x = 0; x < w; x++) {
    push(x, 0);
    push(x, h - 1);
  }
  for (let y = 0; y < h; y++) {
    push(0, y);
    push(w - 1, y);
  }
  while (top > 0) {
    const i = stack[--top];
    const y = (i / w) | 0;
    const x = i - y * w;
    if (x > 0) push(x - 1, y);
    if (x < w - 1) push(x + 1, y);
    if (y > 0) push(x, y - 1);
    if (y < h - 1) push(x, y + 1);
  }
  for (let y = 0, i = 0; y < h; y++) {
    const row = (y0 + y) * widthPx + x0;
    for (let x = 0; x < w; x++, i++) if (outside[i] === 0) mask[row + x] = 1;
  }
  return mask;
}

/** City-block-like chamfer distance (3-4 weights / 3, in px) of every pixel to the nearest set pixel; Infinity if none is. */
export function distanceTo(mask: Uint8Array, widthPx: number, heightPx: number): Float32Array {
  const straight = 1;
  const diagonal = 4 / 3;
  const d = new Float32Array(mask.length);
  for (let i = 0; i < d.length; i++) d[i] = mask[i] !== 0 ? 0 : Number.POSITIVE_INFINITY;
  const w = widthPx;
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < w; x++) {
      const i = y * w + x;
      if (d[i] === 0) continue;
      if (x > 0) d[i] = Math.min(d[i], d[i - 1] + straight);
      if (y > 0) {
        d[i] = Math.min(d[i], d[i - w] + straight);
        if (x > 0) d[i] = Math.min(d[i], d[i - w - 1] + diagonal);
        if (x < w - 1) d[i] = Math.min(d[i], d[i - w + 1] + diagonal);
      }
    }
  }
  for (let y = heightPx - 1; y >= 0; y--) {
    for (let x = w - 1; x >= 0; x--) {
      const i = y * w + x;
      if (d[i] === 0) continue;
      if (x < w - 1) d[i] = Math.min(d[i], d[i + 1] + straight);
      if (y < heightPx - 1) {
        d[i] = Math.min(d[i], d[i + w] + straight);
        if (x < w - 1) d[i] = Math.min(d[i], d[i + w + 1] + diagonal);
        if (x > 0) d[i] = Math.min(d[i], d[i + w - 1] + diagonal);
      }
    }
  }
  return d;
}

/** 1 where `test` holds. (`Uint8Array.from` with a function takes eighty times as long.) */
export function maskWhere(values: ArrayLike<number>, test: (value: number, i: number) => boolean): Uint8Array {
  const out = new Uint8Array(values.length);
  for (let i = 0; i < out.length; i++) if (test(values[i], i)) out[i] = 1;
  return out;
}

/** The mask four pixels at a time, to step over what is empty; none where memory does not allow it. */
const wordsOf = (mask: Uint8Array): Uint32Array =>
  mask.byteOffset % 4 === 0 ? new Uint32Array(mask.buffer, mask.byteOffset, mask.length >> 2) : new Uint32Array(0);

/** Number of set pixels. */
export function countSet(mask: Uint8Array): number {
  const words = wordsOf(mask);
  let n = 0;
  for (let k = 0; k < words.length; k++) {
    if (words[k] === 0) continue;
    for (let i = 4 * k; i < 4 * k + 4; i++) if (mask[i] !== 0) n++;
  }
  for (let i = 4 * words.length; i < mask.length; i++) if (mask[i] !== 0) n++;
  return n;
}

/** Number of pixels that are set in both masks. */
export function countShared(a: Uint8Array, b: Uint8Array): number {
  const words = wordsOf(a);
  let n = 0;
  for (let k = 0; k < words.length; k++) {
    if (words[k] === 0) continue;
    for (let i = 4 * k; i < 4 * k + 4; i++) if (a[i] !== 0 && b[i] !== 0) n++;
  }
  for (let i = 4 * words.length; i < a.length; i++) if (a[i] !== 0 && b[i] !== 0) n++;
  return n;
}

/** Intersection over union of two masks; 0 when both are empty. */
export function maskIou(a: Uint8Array, b: Uint8Array): number {
  const both = countShared(a, b);
  const any = countSet(a) + countSet(b) - both;
  return any === 0 ? 0 : both / any;
}

/** Sets `value` in `out` wherever the mask is set. */
export function paint(out: Uint8Array, mask: Uint8Array, value: number): void {
  const words = wordsOf(mask);
  for (let k = 0; k < words.length; k++) {
    if (words[k] === 0) continue;
    for (let i = 4 * k; i < 4 * k + 4; i++) if (mask[i] !== 0) out[i] = value;
  }
  for (let i = 4 * words.length; i < mask.length; i++) if (mask[i] !== 0) out[i] = value;
}
