/**
 * The whole clip at working sizes: grey at work size (long side at most 640 px, the size all pixel constants
 * of this folder were measured at) and Lab at half of that. Frames are read once here; a hand-held clip is warped to
 * frame 0, so that everything after sees a camera that stands still.
 */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { UserError } from '../base/errors.js';
import { boxBlurBytes, greyOf, halveBytes, shrinkRgb, warpBytes } from '../image/filters.js';
import { type ByteImage, createBytes, createRgb, type RgbImage } from '../image/image.js';
import { rgbToLab8 } from '../image/lab.js';
import type { FrameSource } from '../video/frames.js';
import type { Evidence } from './evidence.js';
import { FrameStore } from './frame-store.js';
import { type CameraMotion, CameraMotionTracker } from './geometry/camera-motion.js';
import { type Homography, multiply3 } from './tracks/motion-models.js';

const WORK_LONG_SIDE_PX = 640;
/** Frames at work size (0.54 MB each at 640 x 480) are kept in memory up to this; what is more goes to a temporary file. */
const MEMORY_BYTES = 250e6;
/** ... but never fewer frames than this. */
const MIN_IN_MEMORY = 40;
/** Frame numbers are kept in 16 bits per pixel. */
const MAX_FRAMES = 32767;

export interface Clip {
  readonly numFrames: number;
  readonly fps: number;
  /** Size of the source frames. */
  readonly frameWidthPx: number;
  readonly frameHeightPx: number;
  /** Work size, both even. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Half of the work size. */
  readonly halfWidthPx: number;
  readonly halfHeightPx: number;
  /** [H, W] u8 luma of frame k at work size, stabilised. Not to be held for many frames at once, nor this: */
  greyAt(k: number): ByteImage;
  /** [H/2, W/2, 3] u8 Lab of frame k at half size, 3x3 blurred, exposure-normalised, stabilised. */
  labAt(k: number): Uint8Array;
  /** [H/2, W/2] 1 where every frame has a pixel (a warped clip loses its border). */
  readonly valid: Uint8Array;
  /** Per frame channel gains that undo exposure changes. */
  readonly gains: readonly [number, number, number][];
  readonly motion: CameraMotion;
  /** What networks and the user say about it; null when nobody says anything. */
  readonly evidence: Evidence | null;
  /** Frame k at source size, stabilised to frame 0. */
  readFrame(k: number): Promise<RgbImage>;
  /** Frame k at work size, stabilised. `gains[k]` is not applied yet. */
  readWork(k: number): Promise<RgbImage>;
  /** Removes what lies on disk; no frame can be had afterwards. */
  close(): void;
}

export async function loadClip(frames: FrameSource, ctx: StageContext, memoryBytes = MEMORY_BYTES): Promise<Clip> {
  const shrink = Math.min(1, WORK_LONG_SIDE_PX / Math.max(frames.widthPx, frames.heightPx));
  const widthPx = 2 * Math.round((frames.widthPx * shrink) / 2);
  const heightPx = 2 * Math.round((frames.heightPx * shrink) / 2);
  const halfWidthPx = widthPx / 2;
  const halfHeightPx = heightPx / 2;
  if (frames.numFrames > MAX_FRAMES) {
    throw new UserError(
      `the video has ${frames.numFrames} frames (${(frames.numFrames / frames.fps).toFixed(0)} s); at most ${MAX_FRAMES} can be looked at together`,
      'choose the part that shows the task with --start and --end, or fewer frames with --fps',
    );
  }
  const maxInMemory = Math.max(MIN_IN_MEMORY, Math.floor(memoryBytes / (1.75 * widthPx * heightPx)));
  const grey = new FrameStore(widthPx * heightPx, maxInMemory);
  const lab = new FrameStore(3 * halfWidthPx * halfHeightPx, maxInMemory);
  const close = (): void => {
    grey.close();
    lab.close();
  };
  const filled = await fillStores(frames, widthPx, heightPx, grey, lab, ctx).catch((error) => {
    close();
    throw error;
  });
  const { motion } = filled;
  const readFrame = async (k: number): Promise<RgbImage> => {
    const frame = await frames.read(k);
    if (!motion.frameFromReference) return frame;
    const sx = frames.widthPx / widthPx;
    const sy = frames.heightPx / heightPx;
    const m = rescale(motion.frameFromReference[k], sx, sy);
    return createRgb(frame.widthPx, frame.heightPx, warpBytes(frame.data, frame.widthPx, frame.heightPx, 3, m));
  };
  const readWork = async (k: number): Promise<RgbImage> => shrinkRgb(await readFrame(k), widthPx, heightPx);
  return {
    numFrames: frames.numFrames,
    fps: frames.fps,
    frameWidthPx: frames.widthPx,
    frameHeightPx: frames.heightPx,
    widthPx,
    heightPx,
    halfWidthPx,
    halfHeightPx,
    greyAt: (k) => createBytes(widthPx, heightPx, grey.at(k)),
    labAt: (k) => lab.at(k),
    ...filled,
    evidence: null,
    readFrame,
    readWork,
    close,
  };
}

/** Reads all frames once; `lab` first holds them as RGB, until motion and exposure of the whole clip are known. */
async function fillStores(
  frames: FrameSource,
  widthPx: number,
  heightPx: number,
  grey: FrameStore,
  lab: FrameStore,
  ctx: StageContext,
): Promise<Pick<Clip, 'motion' | 'gains' | 'valid'>> {
  const halfWidthPx = widthPx / 2;
  const halfHeightPx = heightPx / 2;
  const places = samplePlaces(halfWidthPx * halfHeightPx);
  const samples: Uint8Array[] = [];
  const tracker = new CameraMotionTracker(widthPx, heightPx, ctx.random('camera-motion'));
  for (let k = 0; k < frames.numFrames; k++) {
    throwIfCancelled(ctx);
    const work = shrinkRgb(await frames.read(k), widthPx, heightPx);
    const luma = greyOf(work);
    const half = halveBytes(work.data, widthPx, heightPx, 3);
    grey.set(k, luma.data);
    lab.set(k, half);
    samples.push(colourAt(half, places));
    tracker.add(createBytes(halfWidthPx, halfHeightPx, halveBytes(luma.data, widthPx, heightPx, 1)));
    ctx.progress(k + 1, frames.numFrames, 'reading frames');
  }
  const motion = tracker.finish();
  const gains = exposureGains(samples);
  const valid = new Uint8Array(halfWidthPx * halfHeightPx).fill(1);
  for (let k = 0; k < frames.numFrames; k++) {
    throwIfCancelled(ctx);
    let half = lab.at(k);
    if (motion.frameFromReference) {
      const m = motion.frameFromReference[k];
      grey.set(k, warpBytes(grey.at(k), widthPx, heightPx, 1, m));
      half = warpBytes(half, halfWidthPx, halfHeightPx, 3, rescale(m, 0.5, 0.5), valid);
    }
    half = boxBlurBytes(half, halfWidthPx, halfHeightPx, 3);
    rgbToLab8(half, half, gains[k]);
    lab.set(k, half);
  }
  return { motion, gains, valid };
}

/** The same map for coordinates multiplied by (sx, sy). */
export function rescale(m: Homography, sx: number, sy: number): Homography {
  const up = [sx, 0, 0, 0, sy, 0, 0, 0, 1];
  return multiply3(up, multiply3(m, [1 / sx, 0, 0, 0, 1 / sy, 0, 0, 0, 1]));
}

/** Frame source that shows a hand-held video as frame 0's camera saw it; masks and tracks fit these frames. */
export function stabilisedFrames(frames: FrameSource, frameFromReference: readonly Homography[] | null): FrameSource {
  if (!frameFromReference) return frames;
  return {
    ...frames,
    numFrames: frames.numFrames,
    fps: frames.fps,
    widthPx: frames.widthPx,
    heightPx: frames.heightPx,
    read: async (k) => {
      const frame = await frames.read(k);
      const { widthPx, heightPx } = frame;
      return createRgb(widthPx, heightPx, warpBytes(frame.data, widthPx, heightPx, 3, frameFromReference[k]));
    },
  };
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

/** Per frame and channel: median ratio of sampled pixels [S, 3] to their temporal median. Changes under 1 % are left alone. */
function exposureGains(samples: readonly Uint8Array[]): [number, number, number][] {
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
