/**
 * Straight line segments in a grey picture: pixels with strong gradients grown into regions of one orientation, each
 * fitted by its main axis. Source: von Gioi et al. 2010 (LSD), without its a-contrario validation.
 */
import type { ByteImage } from '../../image/image.js';

/** End points in pixel-centre coordinates, length in px. */
export interface LineSegment {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly lengthPx: number;
}

/** Gradients weaker than this (grey levels per px) are noise. */
const MIN_GRADIENT = 4;
/** Orientation tolerance of a region, radians (22.5 degrees as in LSD). */
const TOLERANCE_RAD = Math.PI / 8;
/** Share of the bounding strip that must be filled; curved or ragged regions fill less. */
const MIN_DENSITY = 0.55;

/** Segments of at least `minLengthPx`, longest first, at most `maxCount`. Pixels with `skip` set are not used. */
export function findLineSegments(
  grey: ByteImage,
  minLengthPx: number,
  maxCount: number,
  skip?: Uint8Array,
): LineSegment[] {
  const { widthPx: w, heightPx: h, data } = grey;
  const angle = new Float32Array(w * h);
  const strength = new Float32Array(w * h);
  const order: number[] = [];
  for (let y = 1; y < h - 1; y++) {
    for (let x = 1; x < w - 1; x++) {
      const i = y * w + x;
      if (skip && skip[i] !== 0) continue;
      // Sobel, scaled to grey levels per px.
      const gx =
        (data[i - w + 1] + 2 * data[i + 1] + data[i + w + 1] - data[i - w - 1] - 2 * data[i - 1] - data[i + w - 1]) / 8;
      const gy =
        (data[i + w - 1] + 2 * data[i + w] + data[i + w + 1] - data[i - w - 1] - 2 * data[i - w] - data[i - w + 1]) / 8;
      const g = Math.hypot(gx, gy);
      if (g < MIN_GRADIENT) continue;
      strength[i] = g;
      angle[i] = Math.atan2(gy, gx);
      order.push(i);
    }
  }
  order.sort((p, q) => strength[q] - strength[p] || p - q);
  const used = new Uint8Array(w * h);
  const region = new Int32Array(order.length);
  const segments: LineSegment[] = [];
  for (const seed of order) {
    if (used[seed] !== 0) continue;
    const count = growRegion(seed, angle, strength, used, region, w);
    if (count < 0.8 * minLengthPx) continue;
    const segment = fitSegment(region, count, strength, w);
    if (segment && segment.lengthPx >= minLengthPx) segments.push(segment);
  }
  return segments.sort((a, b) => b.lengthPx - a.lengthPx).slice(0, maxCount);
}

/** Collects 8-connected pixels whose gradient direction stays near the region's mean. Returns their number. */
function growRegion(
  seed: number,
  angle: Float32Array,
  strength: Float32Array,
  used: Uint8Array,
  region: Int32Array,
  w: number,
): number {
  let count = 0;
  region[count++] = seed;
  used[seed] = 1;
  let sx = Math.cos(angle[seed]);
  let sy = Math.sin(angle[seed]);
  for (let head = 0; head < count; head++) {
    const i = region[head];
    for (let dy = -w; dy <= w; dy += w) {
      for (let dx = -1; dx <= 1; dx++) {
        const j = i + dy + dx;
        if (strength[j] === 0 || used[j] !== 0) continue;
        const c = Math.cos(angle[j]);
        const s = Math.sin(angle[j]);
        const cosine = (c * sx + s * sy) / Math.hypot(sx, sy);
        if (cosine < Math.cos(TOLERANCE_RAD)) continue;
        used[j] = 1;
        region[count++] = j;
        sx += c;
        sy += s;
      }
    }
  }
  return count;
}

function fitSegment(region: Int32Array, count: number, strength: Float32Array, w: number): LineSegment | null {
  let sum = 0;
  let cx = 0;
  let cy = 0;
  for (let k = 0; k < count; k++) {
    const i = region[k];
    sum += strength[i];
    cx += strength[i] * ((i % w) + 0.5);
    cy += strength[i] * (Math.floor(i / w) + 0.5);
  }
  cx /= sum;
  cy /= sum;
  let a = 0;
  let b = 0;
  let c = 0;
  for (let k = 0; k < count; k++) {
    const i = region[k];
    const x = (i % w) + 0.5 - cx;
    const y = Math.floor(i / w) + 0.5 - cy;
    a += strength[i] * x * x;
    b += strength[i] * x * y;
    c += strength[i] * y * y;
  }
  const theta = 0.5 * Math.atan2(2 * b, a - c);
  const ux = Math.cos(theta);
  const uy = Math.sin(theta);
  let low = 0;
  let high = 0;
  let left = 0;
  let right = 0;
  for (let k = 0; k < count; k++) {
    const i = region[k];
    const x = (i % w) + 0.5 - cx;
    const y = Math.floor(i / w) + 0.5 - cy;
    const t = ux * x + uy * y;
    const d = -uy * x + ux * y;
    low = Math.min(low, t);
    high = Math.max(high, t);
    left = Math.min(left, d);
    right = Math.max(right, d);
  }
  const lengthPx = high - low;
  const width = right - left + 1;
  if (count < MIN_DENSITY * lengthPx * Math.min(width, 3) || width > Math.max(5, 0.12 * lengthPx)) return null;
  return { x0: cx + low * ux, y0: cy + low * uy, x1: cx + high * ux, y1: cy + high * uy, lengthPx };
}
