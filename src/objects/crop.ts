/** A square-ish window around an object, resampled to a small fixed size: what shape fitting and pose tracking look at. */
import type { ByteImage, PixelBox, RgbImage } from '../image/image.js';
import { cropIntrinsics, type Intrinsics } from '../math/camera.js';

/** The window's pixel (i, j) covers frame pixels x0Px + i / scale .. x0Px + (i + 1) / scale, and so on in y. */
export interface Crop {
  readonly x0Px: number;
  readonly y0Px: number;
  /** Window pixels per frame pixel. */
  readonly scale: number;
  /** Intrinsics of the window (its size included). */
  readonly camera: Intrinsics;
}

/** Enlarging a tiny object further adds pixels but no information. */
const MAX_SCALE = 3;
/** At most this many taps per axis and window pixel when shrinking. */
const MAX_TAPS = 4;

/** Window around `box` with `margin` (share of its longer side) on each side; the longer side becomes `sizePx`. */
export function cropAround(camera: Intrinsics, box: PixelBox, margin: number, sizePx: number): Crop {
  const longer = Math.max(box.x1 - box.x0, box.y1 - box.y0, 1);
  const pad = margin * longer;
  const x0Px = Math.floor(box.x0 - pad);
  const y0Px = Math.floor(box.y0 - pad);
  const width = Math.ceil(box.x1 + pad) - x0Px;
  const height = Math.ceil(box.y1 + pad) - y0Px;
  const scale = Math.min(MAX_SCALE, sizePx / Math.max(width, height));
  return { x0Px, y0Px, scale, camera: cropIntrinsics(camera, x0Px, y0Px, width, height, scale) };
}

/** What a crop sees of one object. All [H, W] f32, 0..1. */
export interface MaskSample {
  /** Share of the pixel covered by the object. */
  readonly inside: Float32Array;
  /** 0 where the pixel says nothing about the object: outside the frame, or hand or another object is (or may be) there. */
  readonly care: Float32Array;
}

/**
 * Reads an id map through the crop. Pixels within `guardPx` frame pixels of a foreign id (hand, other objects) are not cared for:
 * mask borders against a hand are the least certain of all.
 */
export function sampleMask(idMap: ByteImage, id: number, crop: Crop, guardPx = 1): MaskSample {
  const { widthPx, heightPx } = crop.camera;
  const { data, widthPx: mapWidth } = idMap;
  const inside = new Float32Array(widthPx * heightPx);
  const care = new Float32Array(widthPx * heightPx);
  const taps = tapsOf(crop);
  const count = taps.length;
  const columns = tappedPixels(crop.x0Px, crop.scale, widthPx, taps, mapWidth);
  const rows = tappedPixels(crop.y0Px, crop.scale, heightPx, taps, idMap.heightPx);
  const [centreColumns, centreRows] = [
    tappedPixels(crop.x0Px, crop.scale, widthPx, [0.5], mapWidth),
    tappedPixels(crop.y0Px, crop.scale, heightPx, [0.5], idMap.heightPx),
  ];
  // Half a window pixel in frame pixels: the foreign ids within it or within the guard are looked for around its centre.
  const reach = Math.ceil(guardPx + 0.5 / crop.scale - 0.5);
  const offsets = reach > 0 ? [-reach, 0, reach] : [0];
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      if (centreColumns[x] < 0 || centreRows[y] < 0) continue;
      let hits = 0;
      for (let ty = 0; ty < count; ty++) {
        const row = rows[count * y + ty];
        if (row < 0) continue;
        for (let tx = 0; tx < count; tx++) {
          const column = columns[count * x + tx];
          if (column >= 0 && data[row * mapWidth + column] === id) hits++;
        }
      }
      inside[i] = hits / (count * count);
      care[i] = nearForeign(idMap, id, centreColumns[x], centreRows[y], offsets) ? 0 : 1;
    }
  }
  return { inside, care };
}

/** [count * taps] pixels of one axis that the taps of every window pixel fall into; -1 outside of the frame. */
function tappedPixels(start: number, scale: number, count: number, taps: readonly number[], limit: number): Int32Array {
  const out = new Int32Array(count * taps.length);
  for (let i = 0, n = 0; i < count; i++) {
    for (const tap of taps) {
      const at = Math.floor(start + (i + tap) / scale);
      out[n++] = at >= 0 && at < limit ? at : -1;
    }
  }
  return out;
}

function idAt(idMap: ByteImage, x: number, y: number): number {
  return x < 0 || y < 0 || x >= idMap.widthPx || y >= idMap.heightPx ? -1 : idMap.data[y * idMap.widthPx + x];
}

function nearForeign(idMap: ByteImage, id: number, x: number, y: number, offsets: readonly number[]): boolean {
  for (const dy of offsets) {
    for (const dx of offsets) {
      const value = idAt(idMap, x + dx, y + dy);
      if (value > 0 && value !== id) return true;
    }
  }
  return false;
}

/** [H, W, 3] f32 0..1: the frame seen through the crop (area averages when shrinking, bilinear when enlarging; black outside). */
export function sampleRgb(frame: RgbImage, crop: Crop): Float32Array {
  const { widthPx, heightPx } = crop.camera;
  const { data } = frame;
  const out = new Float32Array(widthPx * heightPx * 3);
  const taps = tapsOf(crop);
  const count = taps.length;
  const weight = 1 / (255 * count * count);
  const columns = bilinearTaps(crop.x0Px, crop.scale, widthPx, taps, frame.widthPx);
  const rows = bilinearTaps(crop.y0Px, crop.scale, heightPx, taps, frame.heightPx);
  for (let y = 0; y < heightPx; y++) {
    for (let n = count * y; n < count * (y + 1); n++) {
      if (rows.first[n] < 0) continue;
      const row = 3 * frame.widthPx * rows.first[n];
      const v = rows.share[n];
      for (let x = 0, i = 3 * widthPx * y; x < widthPx; x++, i += 3) {
        for (let m = count * x; m < count * (x + 1); m++) {
          if (columns.first[m] < 0) continue;
          const u = columns.share[m];
          const p = row + 3 * columns.first[m];
          const q = p + 3 * frame.widthPx;
          for (let c = 0; c < 3; c++) {
            const top = data[p + c] * (1 - u) + data[p + 3 + c] * u;
            const bottom = data[q + c] * (1 - u) + data[q + 3 + c] * u;
            out[i + c] += weight * (top * (1 - v) + bottom * v);
          }
        }
      }
    }
  }
  return out;
}

/** Of every tap of every window pixel along one axis: the first of the two pixels it lies between (-1: outside) and the second one's share. */
function bilinearTaps(
  start: number,
  scale: number,
  count: number,
  taps: readonly number[],
  limit: number,
): { first: Int32Array; share: Float64Array } {
  const first = new Int32Array(count * taps.length).fill(-1);
  const share = new Float64Array(count * taps.length);
  for (let i = 0, n = 0; i < count; i++) {
    for (const tap of taps) {
      const at = start + (i + tap) / scale;
      if (at >= 0 && at <= limit) {
        const clamped = Math.min(limit - 1, Math.max(0, at - 0.5));
        first[n] = Math.min(limit - 2, Math.floor(clamped));
        share[n] = clamped - first[n];
      }
      n++;
    }
  }
  return { first, share };
}

/** Positions of the taps inside a window pixel, 0..1. */
function tapsOf(crop: Crop): number[] {
  const count = Math.min(MAX_TAPS, Math.max(1, Math.ceil(1 / crop.scale)));
  return Array.from({ length: count }, (_, k) => (k + 0.5) / count);
}

/** Adds weight * (bilinear sample at x, y; pixel centres at +0.5) to out[i..i+2]; outside the image adds nothing. */
export function addBilinear(
  image: { readonly widthPx: number; readonly heightPx: number; readonly data: ArrayLike<number> },
  x: number,
  y: number,
  weight: number,
  out: Float32Array | Float64Array,
  i: number,
): void {
  const { widthPx, heightPx, data } = image;
  if (!(x >= 0 && y >= 0 && x <= widthPx && y <= heightPx)) return;
  const fx = Math.min(widthPx - 1, Math.max(0, x - 0.5));
  const fy = Math.min(heightPx - 1, Math.max(0, y - 0.5));
  const ix = Math.min(widthPx - 2, Math.floor(fx));
  const iy = Math.min(heightPx - 2, Math.floor(fy));
  const [tx, ty] = [fx - ix, fy - iy];
  const p = 3 * (iy * widthPx + ix);
  const q = p + 3 * widthPx;
  for (let c = 0; c < 3; c++) {
    const top = data[p + c] * (1 - tx) + data[p + 3 + c] * tx;
    const bottom = data[q + c] * (1 - tx) + data[q + 3 + c] * tx;
    out[i + c] += weight * (top * (1 - ty) + bottom * ty);
  }
}
