/**
 * Reading a clip, in two rounds over its frames: decode and shrink, then, when motion and exposure of the whole clip are known,
 * stabilise, even out and convert. Frames do not depend on each other in either.
 */
import { boxBlurBytes, greyOf, halveBytes, shrinkRgb, warpBytes } from '../image/filters.js';
import { rgbToLab8 } from '../image/lab.js';
import type { ClipStores } from './clip-stores.js';
import { type Homography, rescale } from './tracks/motion-models.js';

/** Frames `from` (included) to `to` (not included). */
export interface FrameRange {
  readonly from: number;
  readonly to: number;
}

export function rangesOf(numFrames: number, length: number): FrameRange[] {
  return Array.from({ length: Math.ceil(numFrames / length) }, (_, n) => ({
    from: n * length,
    to: Math.min(numFrames, (n + 1) * length),
  }));
}

/** Puts frames into the stores, colours as RGB. Returns per frame the colours [S, 3] at some places, for the exposure. */
export async function readRange(
  { frames, widthPx, heightPx, grey, lab }: ClipStores,
  range: FrameRange,
): Promise<Uint8Array[]> {
  const places = samplePlaces((widthPx * heightPx) / 4);
  const samples: Uint8Array[] = [];
  for (let k = range.from; k < range.to; k++) {
    const work = shrinkRgb(await frames.read(k), widthPx, heightPx);
    const half = halveBytes(work.data, widthPx, heightPx, 3);
    grey.set(k, greyOf(work).data);
    lab.set(k, half);
    samples.push(colourAt(half, places));
  }
  return samples;
}

export interface SettleJob extends FrameRange {
  /** Per frame of the range: channel gains, and the map from frame 0 (work size) if the camera moves. */
  readonly gains: readonly (readonly [number, number, number])[];
  readonly frameFromReference: readonly Homography[] | null;
}

/** Turns RGB into Lab. Returns [H/2, W/2] 1 where all frames of the range have a pixel; null: everywhere. */
export function settleRange({ widthPx, heightPx, grey, lab }: ClipStores, job: SettleJob): Uint8Array | null {
  const [w, h] = [widthPx / 2, heightPx / 2];
  const valid = job.frameFromReference ? new Uint8Array(w * h).fill(1) : null;
  for (let k = job.from; k < job.to; k++) {
    let half = lab.at(k);
    if (job.frameFromReference && valid) {
      const m = job.frameFromReference[k - job.from];
      grey.set(k, warpBytes(grey.at(k), widthPx, heightPx, 1, m));
      half = warpBytes(half, w, h, 3, rescale(m, 0.5, 0.5), valid);
    }
    half = boxBlurBytes(half, w, h, 3);
    rgbToLab8(half, half, job.gains[k - job.from]);
    lab.set(k, half);
  }
  return valid;
}

/** About 1500 pixels spread over the picture. */
function samplePlaces(numPixels: number): number[] {
  const step = Math.max(1, Math.floor(numPixels / 1500));
  return Array.from({ length: Math.ceil(numPixels / step) }, (_, s) => s * step);
}

/** [S, 3] of the given pixels. */
function colourAt(rgb: Uint8Array, places: readonly number[]): Uint8Array {
  const out = new Uint8Array(3 * places.length);
  places.forEach((i, s) => {
    for (let c = 0; c < 3; c++) out[3 * s + c] = rgb[3 * i + c];
  });
  return out;
}

/**
 * The lightest things of a well exposed film (95 % of all pixels are darker) reach this value of 255. All colour distances of this
 * folder were measured on such films; of 20 fixtures and recordings by others none was darker.
 */
const WELL_EXPOSED = 190;
const LIGHT_SHARE = 0.95;
/** What is darker still has little but noise in it. */
const MAX_LIFT = 3;

/** By how much the values of a dark film must be multiplied to be as light as films are; never less than 1. */
export function brightnessLift(samples: readonly Uint8Array[]): number {
  const counts = new Uint32Array(256);
  for (const rgb of samples) {
    for (let i = 0; i < rgb.length; i += 3) counts[Math.max(rgb[i], rgb[i + 1], rgb[i + 2])]++;
  }
  const total = counts.reduce((a, b) => a + b, 0);
  let level = 0;
  for (let below = counts[0]; below < LIGHT_SHARE * total; below += counts[level]) level++;
  return Math.max(1, Math.min(MAX_LIFT, WELL_EXPOSED / Math.max(1, level)));
}

/** Per frame and channel: median ratio of sampled pixels [S, 3] to their temporal median. Changes under 1 % are left alone. */
export function exposureGains(samples: readonly Uint8Array[]): [number, number, number][] {
  const series = new Uint8Array(samples.length);
  const medians = Uint8Array.from({ length: samples[0].length }, (_, i) => {
    for (let k = 0; k < samples.length; k++) series[k] = samples[k][i];
    return series.slice().sort()[samples.length >> 1];
  });
  return samples.map((frame) => {
    const gain = [0, 1, 2].map((c) => {
      const ratios: number[] = [];
      for (let i = c; i < frame.length; i += 3) {
        // Nearly black and clipped pixels say nothing about exposure.
        if (medians[i] > 20 && medians[i] < 245 && frame[i] > 10 && frame[i] < 250) ratios.push(medians[i] / frame[i]);
      }
      if (ratios.length < 50) return 1;
      const median = ratios.sort((a, b) => a - b)[ratios.length >> 1];
      return Math.abs(median - 1) < 0.01 ? 1 : Math.min(1.6, Math.max(0.6, median));
    });
    return [gain[0], gain[1], gain[2]];
  });
}
