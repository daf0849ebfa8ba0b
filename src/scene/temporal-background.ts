/** The scene behind the things that are taken out, from the frames in which each spot was seen free. */
import { type ByteImage, createRgb, type RgbImage } from '../image/image.js';
import { closed, dilate, distanceTo } from '../image/morphology.js';
import { HAND_ID } from '../perceive/perception.js';
import type { FrameSource } from '../video/frames.js';

export interface TemporalBackground {
  readonly image: RgbImage;
  /** [H, W] 1 where the spot was never seen free. */
  readonly hole: Uint8Array;
}

/** Mask edges are wrong by a few px and blur reaches beyond them: this near to a removed thing a pixel is not used. */
const EDGE_SHARE = 0.008;
/** Hand masks have gaps between fingers and along sleeves: gaps up to twice this share of the width are closed. */
const HAND_GAP_SHARE = 0.02;
/** Shadows and reflections lie around things: weights of samples rise with their distance to any, up to this share of the width. */
const CLEAR_SHARE = 0.08;
const MAX_CLEARANCE_PX = 255;
/**
 * The samples of a pixel are ordered by brightness, and those between these shares of the weight are averaged: the middle, a
 * little to the bright side because moving shadows only darken.
 */
const LOW_SHARE = 0.4;
const HIGH_SHARE = 0.7;
/** Frames are brought to the exposure of the first one, by the median ratio over every so many pixels. */
const EXPOSURE_STRIDE = 17;

interface Sample {
  readonly rgb: Uint8Array;
  /** [H, W] 0 at and near removed things, else 1..255: px to the nearest of them. */
  readonly clearance: Uint8Array;
  /** What this frame's colours are multiplied with. */
  readonly gain: readonly [number, number, number];
}

/**
 * Per pixel the usual colour over the frames in which it is free, preferring frames in which everything removed is far
 * away. `frames` and masks share pixels. Reads at most `numSamples` frames, evenly spread.
 */
export async function temporalBackground(
  frames: FrameSource,
  readMask: (frameIdx: number) => Promise<ByteImage>,
  isRemoved: (id: number) => boolean,
  numSamples: number,
  onFrame: (done: number, total: number) => void,
): Promise<TemporalBackground> {
  const { widthPx, heightPx } = frames;
  const picked = spread(frames.numFrames, numSamples);
  const samples: Sample[] = [];
  for (const [done, frameIdx] of picked.entries()) {
    onFrame(done, picked.length);
    const rgb = (await frames.read(frameIdx)).data;
    const clearance = clearanceOf(await readMask(frameIdx), isRemoved);
    const gain = samples.length === 0 ? ([1, 1, 1] as const) : exposureGain(samples[0], { rgb, clearance });
    samples.push({ rgb, clearance, gain });
  }
  const image = createRgb(widthPx, heightPx);
  const hole = new Uint8Array(widthPx * heightPx);
  const fuse = createFuser(samples, Math.min(MAX_CLEARANCE_PX, CLEAR_SHARE * widthPx));
  for (let i = 0; i < hole.length; i++) if (!fuse(i, image.data)) hole[i] = 1;
  return { image, hole };
}

function clearanceOf(ids: ByteImage, isRemoved: (id: number) => boolean): Uint8Array {
  const { widthPx, heightPx } = ids;
  const edgePx = Math.max(2, Math.round(EDGE_SHARE * widthPx));
  const removed = new Uint8Array(ids.data.length);
  const hand = new Uint8Array(ids.data.length);
  for (let i = 0; i < removed.length; i++) {
    const id = ids.data[i];
    if (id !== 0 && isRemoved(id)) removed[i] = 1;
    if (id === HAND_ID) hand[i] = 1;
  }
  if (isRemoved(HAND_ID)) {
    const whole = closed(hand, widthPx, heightPx, Math.round(HAND_GAP_SHARE * widthPx));
    // Objects that stay show through the gaps of a hand: only unnamed pixels are given to it.
    for (let i = 0; i < removed.length; i++) if (whole[i] !== 0 && ids.data[i] === 0) removed[i] = 1;
  }
  const distancePx = distanceTo(dilate(removed, widthPx, heightPx, edgePx), widthPx, heightPx);
  const clearance = new Uint8Array(removed.length);
  for (let i = 0; i < clearance.length; i++) {
    const px = distancePx[i];
    if (px > 0) clearance[i] = Math.min(MAX_CLEARANCE_PX, Math.max(1, Math.round(px)));
  }
  return clearance;
}

/** Median colour ratio of two frames over pixels that are free in both; automatic exposure drifts within a clip. */
function exposureGain(reference: Sample, other: Omit<Sample, 'gain'>): [number, number, number] {
  const ratios: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < other.clearance.length; i += EXPOSURE_STRIDE) {
    if (reference.clearance[i] === 0 || other.clearance[i] === 0) continue;
    for (let c = 0; c < 3; c++) {
      const [a, b] = [reference.rgb[i * 3 + c], other.rgb[i * 3 + c]];
      // Neither clipped nor so dark that rounding decides.
      if (a > 20 && b > 20 && a < 250 && b < 250) ratios[c].push(a / b);
    }
  }
  const middle = (values: number[]): number => {
    if (values.length < 50) return 1;
    values.sort((a, b) => a - b);
    return values[values.length >> 1];
  };
  return [middle(ratios[0]), middle(ratios[1]), middle(ratios[2])];
}

/** Writes the fused colour of a pixel; false when it was never free. The inner loop runs per pixel and frame. */
function createFuser(samples: readonly Sample[], clearPx: number): (i: number, out: Uint8Array) => boolean {
  const n = samples.length;
  const rgbs = samples.map((s) => s.rgb);
  const clearances = samples.map((s) => s.clearance);
  const gains = Float64Array.from(samples.flatMap((s) => s.gain));
  // Cubic: a spot that was ever seen far from everything takes its colour from then.
  const weightOf = Float64Array.from({ length: 256 }, (_, px) => Math.min(1, px / clearPx) ** 3 + 1e-6);
  const order = new Int32Array(n);
  const luma = new Float64Array(n);
  const weight = new Float64Array(n);
  return (i, out) => {
    let count = 0;
    let total = 0;
    for (let k = 0; k < n; k++) {
      const clearance = clearances[k][i];
      if (clearance === 0) continue;
      const rgb = rgbs[k];
      const w = weightOf[clearance];
      const y =
        2 * gains[k * 3] * rgb[i * 3] + 4 * gains[k * 3 + 1] * rgb[i * 3 + 1] + gains[k * 3 + 2] * rgb[i * 3 + 2];
      let at = count++;
      while (at > 0 && luma[at - 1] > y) {
        luma[at] = luma[at - 1];
        weight[at] = weight[at - 1];
        order[at] = order[at - 1];
        at--;
      }
      luma[at] = y;
      weight[at] = w;
      order[at] = k;
      total += w;
    }
    if (count === 0) return false;
    const low = LOW_SHARE * total;
    const high = HIGH_SHARE * total;
    let below = 0;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let at = 0; at < count && below < high; at++) {
      const from = Math.max(below, low);
      below += weight[at];
      const share = Math.min(below, high) - from;
      if (share <= 0) continue;
      const k = order[at];
      const rgb = rgbs[k];
      red += share * gains[k * 3] * rgb[i * 3];
      green += share * gains[k * 3 + 1] * rgb[i * 3 + 1];
      blue += share * gains[k * 3 + 2] * rgb[i * 3 + 2];
    }
    const used = high - low;
    out[i * 3] = Math.min(255, Math.round(red / used));
    out[i * 3 + 1] = Math.min(255, Math.round(green / used));
    out[i * 3 + 2] = Math.min(255, Math.round(blue / used));
    return true;
  };
}

/** `count` frame indices from the first to the last, evenly. */
function spread(numFrames: number, count: number): number[] {
  const n = Math.min(count, numFrames);
  return Array.from({ length: n }, (_, k) => (n === 1 ? 0 : Math.round((k * (numFrames - 1)) / (n - 1))));
}
