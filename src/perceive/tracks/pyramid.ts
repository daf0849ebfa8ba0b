/** Grey pyramids for point tracking. */
import type { ByteImage } from '../../image/image.js';

export interface PyramidLevel {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W] f32. */
  readonly data: Float32Array;
}

/** Finest level first. The pixels of all levels lie in one buffer, each level followed by `SLACK_FLOATS` zeros. */
export type Pyramid = readonly PyramidLevel[];

/** The compiled kernel works in vectors and may reach past the last pixel by up to this. */
export const SLACK_FLOATS = 16;

/** Room for a picture and `numLevels - 1` halves of it, fewer when they get too small. */
export function emptyPyramid(widthPx: number, heightPx: number, numLevels: number): Pyramid {
  const sizes = [[widthPx, heightPx]];
  while (sizes.length < numLevels && Math.min(...sizes[sizes.length - 1]) >= 32) {
    sizes.push(sizes[sizes.length - 1].map((side) => side >> 1));
  }
  const pixels = new Float32Array(sizes.reduce((sum, [w, h]) => sum + w * h + SLACK_FLOATS, 0));
  let offset = 0;
  return sizes.map(([w, h]) => {
    const start = offset;
    offset += w * h + SLACK_FLOATS;
    return { widthPx: w, heightPx: h, data: pixels.subarray(start, start + w * h) };
  });
}

/**
 * Each level halves with [1 3 3 1] / 8, whose centre lies between two pixels: +0.5 coordinates halve exactly. What the compiled
 * kernel is tested against.
 */
export function buildPyramidPlain(grey: ByteImage, numLevels = 3): Pyramid {
  const levels = emptyPyramid(grey.widthPx, grey.heightPx, numLevels);
  levels[0].data.set(grey.data);
  for (let l = 1; l < levels.length; l++) halve(levels[l - 1], levels[l]);
  return levels;
}

function halve(level: PyramidLevel, half: PyramidLevel): void {
  const { widthPx: w, heightPx: h, data } = level;
  const { widthPx: w2, heightPx: h2, data: out } = half;
  const mid = new Float32Array(w2 * h);
  for (let y = 0; y < h; y++) {
    const row = y * w;
    for (let x = 0; x < w2; x++) {
      const i = row + 2 * x;
      const left = x > 0 ? data[i - 1] : data[i];
      const right = 2 * x + 2 < w ? data[i + 2] : data[i + 1];
      mid[y * w2 + x] = (left + right + 3 * (data[i] + data[i + 1])) * 0.125;
    }
  }
  for (let y = 0; y < h2; y++) {
    const a = Math.max(0, 2 * y - 1) * w2;
    const b = 2 * y * w2;
    const c = b + w2;
    const d = Math.min(h - 1, 2 * y + 2) * w2;
    for (let x = 0; x < w2; x++) {
      out[y * w2 + x] = (mid[a + x] + mid[d + x] + 3 * (mid[b + x] + mid[c + x])) * 0.125;
    }
  }
}
