/** The scene behind the things that are taken out, from the frames in which each spot was seen free. */
import type { ByteImage, RgbImage } from '../image/image.js';
import { createRgb } from '../image/image.js';
import { dilate, distanceTo } from '../image/morphology.js';
import type { FrameSource } from '../video/frames.js';

export interface TemporalBackground {
  readonly image: RgbImage;
  /** [H, W] 1 where the spot was never seen free. */
  readonly hole: Uint8Array;
}

/** Mask edges are wrong by a few px and blur reaches beyond them: this near to a removed thing a pixel is not used. */
const EDGE_SHARE = 0.008;
/** Shadows and reflections lie around things: pixels at least this share of the width away from any are preferred. */
const CLEAR_SHARE = 0.07;
/** So many clear samples make a trustworthy median; fewer are topped up with the next clearest. */
const ENOUGH_SAMPLES = 5;

/**
 * Per pixel the median over the frames in which it is free, preferring frames in which everything removed is far away.
 * `frames` and masks share pixels. Reads at most `numSamples` frames, evenly spread.
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
  const colours: Uint8Array[] = [];
  const clearance: Uint8Array[] = [];
  const edgePx = Math.max(2, Math.round(EDGE_SHARE * widthPx));
  for (const [done, frameIdx] of picked.entries()) {
    onFrame(done, picked.length);
    colours.push((await frames.read(frameIdx)).data);
    const ids = await readMask(frameIdx);
    const removed = ids.data.map((id) => (id !== 0 && isRemoved(id) ? 1 : 0));
    clearance.push(clearanceOf(removed, widthPx, heightPx, edgePx));
  }
  const image = createRgb(widthPx, heightPx);
  const hole = new Uint8Array(widthPx * heightPx);
  const clearPx = Math.min(255, Math.round(CLEAR_SHARE * widthPx));
  const order = Array.from(picked.keys());
  for (let i = 0; i < hole.length; i++) {
    const free = order.filter((k) => clearance[k][i] > 0);
    if (free.length === 0) {
      hole[i] = 1;
      continue;
    }
    let use = free.filter((k) => clearance[k][i] >= clearPx);
    if (use.length < ENOUGH_SAMPLES && use.length < free.length) {
      use = free.sort((a, b) => clearance[b][i] - clearance[a][i] || a - b).slice(0, ENOUGH_SAMPLES);
    }
    for (let c = 0; c < 3; c++) image.data[i * 3 + c] = medianOf(use, (k) => colours[k][i * 3 + c]);
  }
  return { image, hole };
}

/** [H, W] u8: 0 at and near removed pixels, else the distance to the nearest one in px, at most 255. */
function clearanceOf(removed: Uint8Array, widthPx: number, heightPx: number, edgePx: number): Uint8Array {
  const blocked = dilate(removed, widthPx, heightPx, edgePx);
  const d = distanceTo(blocked, widthPx, heightPx);
  return Uint8Array.from(d, (value) => (value === 0 ? 0 : Math.min(255, Math.max(1, Math.round(value)))));
}

/** `count` frame indices from the first to the last, evenly. */
function spread(numFrames: number, count: number): number[] {
  const n = Math.min(count, numFrames);
  return Array.from({ length: n }, (_, k) => (n === 1 ? 0 : Math.round((k * (numFrames - 1)) / (n - 1))));
}

function medianOf(keys: readonly number[], value: (key: number) => number): number {
  const sorted = keys.map(value).sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : Math.round((sorted[middle - 1] + sorted[middle]) / 2);
}
