/** Small image filters over flat arrays. Sizes in pixels; borders repeat the edge pixel. */
import { type ByteImage, createBytes, createFloats, createRgb, type FloatImage, type RgbImage } from './image.js';

/** Rec. 601 luma of an RGB image, 8 bit. */
export function greyOf(image: RgbImage): ByteImage {
  const grey = createBytes(image.widthPx, image.heightPx);
  const { data } = image;
  for (let i = 0, j = 0; i < grey.data.length; i++, j += 3) {
    grey.data[i] = (77 * data[j] + 150 * data[j + 1] + 29 * data[j + 2] + 128) >> 8;
  }
  return grey;
}

/** Halves an interleaved 8-bit image by averaging 2x2 blocks; odd last rows and columns are dropped. */
export function halveBytes(data: Uint8Array, widthPx: number, heightPx: number, channels: number): Uint8Array {
  const w = widthPx >> 1;
  const h = heightPx >> 1;
  const out = new Uint8Array(w * h * channels);
  const row = widthPx * channels;
  for (let y = 0, o = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let i = 2 * y * row + 2 * x * channels;
      for (let c = 0; c < channels; c++, i++, o++) {
        out[o] = (data[i] + data[i + channels] + data[i + row] + data[i + row + channels] + 2) >> 2;
      }
    }
  }
  return out;
}

/** Box filter of an interleaved 8-bit image, (2 radius + 1)^2, in two running-sum passes. */
export function boxBlurBytes(
  data: Uint8Array,
  widthPx: number,
  heightPx: number,
  channels: number,
  radius = 1,
): Uint8Array {
  if (radius === 1) return boxBlur3(data, widthPx, heightPx, channels);
  const size = 2 * radius + 1;
  const mid = new Uint16Array(data.length);
  const out = new Uint8Array(data.length);
  for (let y = 0; y < heightPx; y++) {
    for (let c = 0; c < channels; c++) {
      const base = y * widthPx * channels + c;
      const at = (x: number): number => data[base + (x < 0 ? 0 : x >= widthPx ? widthPx - 1 : x) * channels];
      let sum = 0;
      for (let k = -radius; k <= radius; k++) sum += at(k);
      for (let x = 0; x < widthPx; x++) {
        mid[base + x * channels] = sum;
        sum += at(x + radius + 1) - at(x - radius);
      }
    }
  }
  const rowLength = widthPx * channels;
  const sums = new Uint32Array(rowLength);
  const rowAt = (y: number): number => (y < 0 ? 0 : y >= heightPx ? heightPx - 1 : y) * rowLength;
  for (let k = -radius; k <= radius; k++) {
    const start = rowAt(k);
    for (let i = 0; i < rowLength; i++) sums[i] += mid[start + i];
  }
  const area = size * size;
  const half = area >> 1;
  for (let y = 0; y < heightPx; y++) {
    const start = y * rowLength;
    for (let i = 0; i < rowLength; i++) out[start + i] = (sums[i] + half) / area;
    const enter = rowAt(y + radius + 1);
    const leave = rowAt(y - radius);
    for (let i = 0; i < rowLength; i++) sums[i] += mid[enter + i] - mid[leave + i];
  }
  return out;
}

/** The usual radius, four times as fast: sums of rows, then of columns, in 16 bits. */
function boxBlur3(data: Uint8Array, widthPx: number, heightPx: number, channels: number): Uint8Array {
  const rowLength = widthPx * channels;
  const out = new Uint8Array(data.length);
  const sums = [0, 1, 2].map(() => new Uint16Array(rowLength));
  const sumRow = (y: number): void => {
    const into = sums[y % 3];
    const start = y * rowLength;
    const inner = rowLength - channels;
    for (let i = channels; i < inner; i++) {
      const j = start + i;
      into[i] = data[j - channels] + data[j] + data[j + channels];
    }
    for (let c = 0; c < channels; c++) {
      const next = widthPx > 1 ? channels + c : c;
      const before = widthPx > 1 ? inner - channels + c : c;
      into[inner + c] = data[start + before] + 2 * data[start + inner + c];
      into[c] = 2 * data[start + c] + data[start + next];
    }
  };
  sumRow(0);
  for (let y = 0; y < heightPx; y++) {
    if (y + 1 < heightPx) sumRow(y + 1);
    const above = sums[Math.max(0, y - 1) % 3];
    const here = sums[y % 3];
    const below = sums[Math.min(heightPx - 1, y + 1) % 3];
    const start = y * rowLength;
    // x / 9 for x up to 9 * 255 + 4.
    for (let i = 0; i < rowLength; i++) out[start + i] = ((above[i] + here[i] + below[i] + 4) * 7282) >> 16;
  }
  return out;
}

/** Three box filters: close to a Gaussian of sd about sqrt(radius * (radius + 1)). */
export function smoothFloats(image: FloatImage, radius: number): FloatImage {
  const { widthPx: w, heightPx: h } = image;
  let src = Float32Array.from(image.data);
  const mid = new Float32Array(w * h);
  const scale = 1 / (2 * radius + 1);
  for (let pass = 0; pass < 3; pass++) {
    for (let y = 0; y < h; y++) boxLine(src, mid, y * w, 1, w, radius, scale);
    const dst = new Float32Array(w * h);
    for (let x = 0; x < w; x++) boxLine(mid, dst, x, w, h, radius, scale);
    src = dst;
  }
  return createFloats(w, h, src);
}

function boxLine(
  src: Float32Array,
  dst: Float32Array,
  base: number,
  step: number,
  n: number,
  radius: number,
  scale: number,
): void {
  const at = (k: number): number => src[base + (k < 0 ? 0 : k >= n ? n - 1 : k) * step];
  let sum = 0;
  for (let k = -radius; k <= radius; k++) sum += at(k);
  for (let k = 0; k < n; k++) {
    dst[base + k * step] = sum * scale;
    sum += at(k + radius + 1) - at(k - radius);
  }
}

/** 5x5 median of values in [0, levels), counting only pixels where `use` is set; other pixels keep their value. */
export function median5(values: Int16Array, use: Uint8Array, widthPx: number, heightPx: number): Int16Array {
  const out = Int16Array.from(values);
  const window = new Int16Array(25);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const i = y * widthPx + x;
      if (use[i] === 0) continue;
      let n = 0;
      for (let v = Math.max(0, y - 2); v <= Math.min(heightPx - 1, y + 2); v++) {
        for (let u = Math.max(0, x - 2); u <= Math.min(widthPx - 1, x + 2); u++) {
          const j = v * widthPx + u;
          if (use[j] !== 0) window[n++] = values[j];
        }
      }
      out[i] = window.subarray(0, n).sort()[n >> 1];
    }
  }
  return out;
}

/** Area-averaging resize of an RGB image to a smaller (or equal) size. */
export function shrinkRgb(image: RgbImage, widthPx: number, heightPx: number): RgbImage {
  if (image.widthPx === widthPx && image.heightPx === heightPx) return image;
  const columns = spans(image.widthPx, widthPx);
  const rows = spans(image.heightPx, heightPx);
  const out = createRgb(widthPx, heightPx);
  const line = new Float32Array(image.widthPx * 3);
  for (let y = 0; y < heightPx; y++) {
    line.fill(0);
    for (const { index, weight } of rows[y]) {
      const start = index * image.widthPx * 3;
      for (let i = 0; i < line.length; i++) line[i] += weight * image.data[start + i];
    }
    for (let x = 0; x < widthPx; x++) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (const { index, weight } of columns[x]) {
        r += weight * line[3 * index];
        g += weight * line[3 * index + 1];
        b += weight * line[3 * index + 2];
      }
      const o = (y * widthPx + x) * 3;
      out.data[o] = r + 0.5;
      out.data[o + 1] = g + 0.5;
      out.data[o + 2] = b + 0.5;
    }
  }
  return out;
}

/** For each output cell the input cells it covers, with weights that sum to 1. */
function spans(inputs: number, outputs: number): { index: number; weight: number }[][] {
  const ratio = inputs / outputs;
  return Array.from({ length: outputs }, (_, k) => {
    const from = k * ratio;
    const to = Math.min(inputs, (k + 1) * ratio);
    const cells: { index: number; weight: number }[] = [];
    for (let i = Math.floor(from); i < to - 1e-9; i++) {
      cells.push({ index: i, weight: (Math.min(to, i + 1) - Math.max(from, i)) / (to - from) });
    }
    return cells;
  });
}

/** Nearest-neighbour resize of a byte image (id maps, masks). */
export function resizeNearest(image: ByteImage, widthPx: number, heightPx: number): ByteImage {
  if (image.widthPx === widthPx && image.heightPx === heightPx) return image;
  const out = createBytes(widthPx, heightPx);
  for (let y = 0, o = 0; y < heightPx; y++) {
    const row = Math.min(image.heightPx - 1, Math.floor(((y + 0.5) * image.heightPx) / heightPx)) * image.widthPx;
    for (let x = 0; x < widthPx; x++, o++) {
      out.data[o] = image.data[row + Math.min(image.widthPx - 1, Math.floor(((x + 0.5) * image.widthPx) / widthPx))];
    }
  }
  return out;
}

/**
 * Interleaved 8-bit image warped by a 3x3 homography: output pixel p takes the input at `inputFromOutput * p`, bilinearly.
 * Outside the input the edge is repeated and `valid` (if given) is set to 0.
 */
export function warpBytes(
  data: Uint8Array,
  widthPx: number,
  heightPx: number,
  channels: number,
  inputFromOutput: readonly number[],
  valid?: Uint8Array,
): Uint8Array {
  const m = inputFromOutput;
  const out = new Uint8Array(data.length);
  const rowBytes = widthPx * channels;
  const maxU = widthPx - 1;
  const maxV = heightPx - 1;
  for (let y = 0, p = 0; y < heightPx; y++) {
    const Y = y + 0.5;
    let nu = m[0] * 0.5 + m[1] * Y + m[2];
    let nv = m[3] * 0.5 + m[4] * Y + m[5];
    let nw = m[6] * 0.5 + m[7] * Y + m[8];
    for (let x = 0; x < widthPx; x++, p++, nu += m[0], nv += m[3], nw += m[6]) {
      const inverse = 1 / nw;
      let u = nu * inverse - 0.5;
      let v = nv * inverse - 0.5;
      if (u < 0 || v < 0 || u > maxU || v > maxV) {
        if (valid && (u < -0.5 || v < -0.5 || u > widthPx - 0.5 || v > heightPx - 0.5)) valid[p] = 0;
        u = Math.min(maxU, Math.max(0, u));
        v = Math.min(maxV, Math.max(0, v));
      }
      const iu = Math.min(widthPx - 2, u | 0);
      const iv = Math.min(heightPx - 2, v | 0);
      // 8-bit weights: bytes in, bytes out, no conversion to floating point per channel.
      const fu = ((u - iu) * 256) | 0;
      const fv = ((v - iv) * 256) | 0;
      const w11 = (fu * fv) >> 8;
      const w10 = fv - w11;
      const w01 = fu - w11;
      const w00 = 256 - fu - fv + w11;
      let a = iv * rowBytes + iu * channels;
      let o = p * channels;
      for (const end = o + channels; o < end; o++, a++) {
        out[o] =
          (w00 * data[a] +
            w01 * data[a + channels] +
            w10 * data[a + rowBytes] +
            w11 * data[a + rowBytes + channels] +
            128) >>
          8;
      }
    }
  }
  return out;
}
