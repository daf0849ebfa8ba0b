/**
 * How far a patch has moved between two pictures, to a fraction of a pixel: Gauss-Newton on the differences in detail (grey less its
 * mean around: shadows of hands that pass over things are broad), with a factor of contrast. Source: Lucas & Kanade 1981, "An iterative
 * image registration technique".
 */
import type { ByteImage, FloatImage, PixelBox } from './image.js';

/** What is narrower than this on either side of a pixel is detail, px. */
const DETAIL_REACH_PX = 4;
/** Beyond this the fit has lost the patch, px. */
const MAX_SHIFT_PX = 6;
const MAX_ITERATIONS = 15;
const CONVERGED_PX = 0.005;
/** Fewer pixels than this say nothing. */
const FEWEST_PIXELS = 60;

/** Detail of the mean of some pictures of one size, everywhere. */
export function detailOf(pictures: readonly ByteImage[]): FloatImage {
  const [{ widthPx: w, heightPx: h }] = pictures;
  const mean = new Float32Array(w * h);
  for (const { data } of pictures) for (let i = 0; i < mean.length; i++) mean[i] += data[i] / pictures.length;
  const around = blurred(blurred(mean, w, h, 1, w), h, w, w, 1);
  return { widthPx: w, heightPx: h, data: mean.map((value, i) => value - around[i]) };
}

/** Running mean along lines of `length` steps of `step`; `lines` lines, `stride` apart. Narrower at the ends. */
function blurred(data: Float32Array, length: number, lines: number, step: number, stride: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let line = 0; line < lines; line++) {
    let sum = 0;
    let count = 0;
    for (let k = 0; k < length + DETAIL_REACH_PX; k++) {
      if (k < length) {
        sum += data[line * stride + k * step];
        count++;
      }
      const past = k - 2 * DETAIL_REACH_PX - 1;
      if (past >= 0) {
        sum -= data[line * stride + past * step];
        count--;
      }
      const at = k - DETAIL_REACH_PX;
      if (at >= 0) out[line * stride + at * step] = sum / count;
    }
  }
  return out;
}

export interface PatchShift {
  readonly dxPx: number;
  readonly dyPx: number;
  /** Standard deviation of the worse direction from what the fit leaves, px. */
  readonly sdPx: number;
}

/**
 * Where the part of `before` that `use` marks (1 per pixel, within `box`) is in `after`, from where it was; null where that cannot be
 * told. Both are details of pictures of one size.
 */
export function shiftOf(before: FloatImage, after: FloatImage, use: Uint8Array, box: PixelBox): PatchShift | null {
  const { widthPx: w, data } = before;
  const x0 = Math.max(1, box.x0);
  const y0 = Math.max(1, box.y0);
  const x1 = Math.min(w - 1, box.x1);
  const y1 = Math.min(before.heightPx - 1, box.y1);
  let dx = 0;
  let dy = 0;
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    // Unknowns: shift in x and y, and the factor of contrast. Lower triangle of the normal matrix, right side.
    let [xx, xy, yy, xc, yc, cc, bx, by, bc, squares, count] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        const at = y * w + x;
        if (use[at] === 0) continue;
        const seen = sampleAt(after, x + dx, y + dy);
        if (Number.isNaN(seen)) continue;
        const gx = (data[at + 1] - data[at - 1]) / 2;
        const gy = (data[at + w] - data[at - w]) / 2;
        const c = data[at];
        const residual = seen - c;
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
        xc += gx * c;
        yc += gy * c;
        cc += c * c;
        bx += gx * residual;
        by += gy * residual;
        bc += c * residual;
        squares += residual * residual;
        count++;
      }
    }
    if (count < FEWEST_PIXELS || !(cc > 0)) return null;
    // The factor is eliminated first.
    const [a, b, d] = [xx - (xc * xc) / cc, xy - (xc * yc) / cc, yy - (yc * yc) / cc];
    const [p, q] = [bx - (xc * bc) / cc, by - (yc * bc) / cc];
    const determinant = a * d - b * b;
    if (!(determinant > 1e-6 * a * d)) return null;
    const stepX = (d * p - b * q) / determinant;
    const stepY = (a * q - b * p) / determinant;
    // The picture shows the patch shifted by s where it differs from it by -gradient . s.
    dx -= stepX;
    dy -= stepY;
    if (Math.hypot(dx, dy) > MAX_SHIFT_PX) return null;
    if (Math.hypot(stepX, stepY) < CONVERGED_PX) {
      const variance = squares / count;
      return { dxPx: dx, dyPx: dy, sdPx: Math.sqrt((variance * Math.max(a, d)) / determinant) };
    }
  }
  return null;
}

/** Bilinear, in pixel indices; NaN outside of the picture. */
function sampleAt({ widthPx, heightPx, data }: FloatImage, x: number, y: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  if (x0 < 0 || y0 < 0 || x0 >= widthPx - 1 || y0 >= heightPx - 1) return Number.NaN;
  const fx = x - x0;
  const fy = y - y0;
  const at = y0 * widthPx + x0;
  return (
    (1 - fy) * ((1 - fx) * data[at] + fx * data[at + 1]) +
    fy * ((1 - fx) * data[at + widthPx] + fx * data[at + widthPx + 1])
  );
}
