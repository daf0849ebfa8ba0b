/** Colour statistics of a camera, from frames sampled as they are rendered (the source pictures, not the encoded video). */
import { z } from 'zod';
import type { RgbImage } from './image.js';

/** Exact counts of 8-bit levels per channel over the sampled pixels: adds up over episodes without loss. */
export const ImageHistogramSchema = z.object({
  /** Frames that were sampled. */
  numFrames: z.int().positive(),
  /** [3][256] */
  counts: z.array(z.array(z.int().min(0)).length(256)).length(3),
});
export type ImageHistogram = z.infer<typeof ImageHistogramSchema>;

/** Sampling of the reference writer: images from this size on are strided down to about the second number of pixels. */
const STRIDE_FROM_PX = 300;
const STRIDE_TO_PX = 150;

/**
 * Frames whose pixels count, for an episode of `length` frames: max(min(L, 100), min(L^0.75, 10000)) of them, evenly spaced.
 * Example: 20 frames give all 20; 1000 give 177.
 */
export function sampledFrames(length: number): number[] {
  const count = Math.max(Math.min(length, 100), Math.min(Math.floor(length ** 0.75), 10_000));
  if (count === 1) return [0];
  return Array.from({ length: count }, (_, i) => roundHalfEven((i * (length - 1)) / (count - 1)));
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return value - Math.floor(value) === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

/** Feed it every frame of an episode in any order; it takes what it needs. */
export class ImageStats {
  private readonly wanted: Set<number>;
  private readonly counts = Array.from({ length: 3 }, () => new Array<number>(256).fill(0));
  private numFrames = 0;

  constructor(episodeLength: number) {
    this.wanted = new Set(sampledFrames(episodeLength));
  }

  add(frameIdx: number, image: RgbImage): void {
    if (!this.wanted.delete(frameIdx)) return;
    const { widthPx, heightPx, data } = image;
    const side = Math.max(widthPx, heightPx);
    const stride = side >= STRIDE_FROM_PX ? Math.floor(side / STRIDE_TO_PX) : 1;
    const [red, green, blue] = this.counts;
    for (let y = 0; y < heightPx; y += stride) {
      for (let x = 0; x < widthPx; x += stride) {
        const at = (y * widthPx + x) * 3;
        red[data[at]]++;
        green[data[at + 1]]++;
        blue[data[at + 2]]++;
      }
    }
    this.numFrames++;
  }

  /** Throws when sampled frames have not been fed. */
  result(): ImageHistogram {
    if (this.wanted.size > 0) throw new Error(`image statistics: frames ${[...this.wanted].slice(0, 5)} are missing`);
    return { numFrames: this.numFrames, counts: this.counts };
  }
}

/** Sum of two histograms; `into` is changed. */
export function addHistogram(into: ImageHistogram, more: ImageHistogram): void {
  into.numFrames += more.numFrames;
  into.counts.forEach((channel, c) => {
    for (let level = 0; level < 256; level++) channel[level] += more.counts[c][level];
  });
}
