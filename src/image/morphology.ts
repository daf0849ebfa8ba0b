/** Binary morphology on [H, W] u8 masks (0 or not 0 in, 0 / 1 out). The structuring element is a square of side 2 r + 1. */

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

/**
 * Marks every pixel within r (Chebyshev) of a pixel whose "set" equals `wanted`; running counts along rows, then columns. Works in
 * the box of the set pixels and r around it only: nothing changes elsewhere, and most masks are small.
 */
function extreme(mask: Uint8Array, w: number, h: number, r: number, wanted: 0 | 1): Uint8Array {
  const out = new Uint8Array(w * h);
  const box = boxAround(mask, w, h, r);
  if (!box) return out;
  const { x0, y0, x1, y1 } = box;
  const other = 1 - wanted;
  const rows = new Uint8Array((x1 - x0) * (y1 - y0));
  for (let y = y0, o = 0; y < y1; y++, o += x1 - x0) {
    const base = y * w;
    let until = -1;
    for (let x = x0; x < x1 + r; x++) {
      if (x < x1 && (mask[base + x] !== 0) === (wanted === 1)) until = x + r;
      if (x >= x0 + r && until >= x - r) rows[o + x - r - x0] = 1;
    }
  }
  const until = new Int32Array(x1 - x0).fill(-1);
  for (let y = y0; y < y1 + r; y++) {
    const ahead = (y - y0) * (x1 - x0);
    const here = (y - r) * w + x0;
    for (let x = 0; x < until.length; x++) {
      if (y < y1 && rows[ahead + x] !== 0) until[x] = y + r;
      if (y >= y0 + r) out[here + x] = until[x] >= y - r ? wanted : other;
    }
  }
  return out;
}

/** Box of the set pixels, r larger on each side, inside the image; null if none is set. */
function boxAround(
  mask: Uint8Array,
  w: number,
  h: number,
  r: number,
): { x0: number; y0: number; x1: number; y1: number } | null {
  let [x0, y0, x1, y1] = [w, h, 0, 0];
  for (let y = 0; y < h; y++) {
    const row = y * w;
    let first = 0;
    while (first < w && mask[row + first] === 0) first++;
    if (first === w) continue;
    let last = w - 1;
    while (mask[row + last] === 0) last--;
    if (y < y0) y0 = y;
    y1 = y + 1;
    if (first < x0) x0 = first;
    if (last >= x1) x1 = last + 1;
  }
  if (y1 === 0) return null;
  return { x0: Math.max(0, x0 - r), y0: Math.max(0, y0 - r), x1: Math.min(w, x1 + r), y1: Math.min(h, y1 + r) };
}

/** Sets every unset pixel that is not connected (4-neighbours) to the image border through unset pixels. In place. */
export function fillHoles(mask: Uint8Array, widthPx: number, heightPx: number): Uint8Array {
  const outside = new Uint8Array(mask.length);
  const stack = new Int32Array(mask.length);
  let top = 0;
  const push = (i: number): void => {
    if (mask[i] === 0 && outside[i] === 0) {
      outside[i] = 1;
      stack[top++] = i;
    }
  };
  for (let x = 0; x < widthPx; x++) {
    push(x);
    push((heightPx - 1) * widthPx + x);
  }
  for (let y = 0; y < heightPx; y++) {
    push(y * widthPx);
    push(y * widthPx + widthPx - 1);
  }
  while (top > 0) {
    const i = stack[--top];
    const x = i % widthPx;
    if (x > 0) push(i - 1);
    if (x < widthPx - 1) push(i + 1);
    if (i >= widthPx) push(i - widthPx);
    if (i < mask.length - widthPx) push(i + widthPx);
  }
  for (let i = 0; i < mask.length; i++) if (outside[i] === 0) mask[i] = 1;
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

/** Number of set pixels. */
export function countSet(mask: Uint8Array): number {
  let n = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) n++;
  return n;
}

/** Intersection over union of two masks; 0 when both are empty. */
export function maskIou(a: Uint8Array, b: Uint8Array): number {
  let both = 0;
  let any = 0;
  for (let i = 0; i < a.length; i++) {
    const p = a[i] !== 0;
    const q = b[i] !== 0;
    if (p && q) both++;
    if (p || q) any++;
  }
  return any === 0 ? 0 : both / any;
}
