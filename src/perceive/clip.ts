/**
 * The whole clip at working sizes, in memory: grey at work size (long side at most 640 px, the size all pixel constants
 * of this folder were measured at) and Lab at half of that. Frames are read once here; a hand-held clip is warped to
 * frame 0, so that everything after sees a camera that stands still.
 */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { UserError } from '../base/errors.js';
import { boxBlurBytes, greyOf, halveBytes, shrinkRgb, warpBytes } from '../image/filters.js';
import { type ByteImage, createBytes, createRgb, type RgbImage } from '../image/image.js';
import { rgbToLab8 } from '../image/lab.js';
import type { FrameSource } from '../video/frames.js';
import { type CameraMotion, CameraMotionTracker } from './camera-motion.js';
import type { Evidence } from './evidence.js';
import { type Homography, multiply3 } from './motion-models.js';

const WORK_LONG_SIDE_PX = 640;
/** The clip is held in memory at working size (0.54 MB per frame of 640 x 480): this many bytes are still polite. */
const MAX_CLIP_BYTES = 1.5e9;

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
  /** Per frame [H, W] u8 luma at work size, stabilised. */
  readonly grey: readonly ByteImage[];
  /** Per frame [H/2, W/2, 3] u8 Lab at half size, 3x3 blurred, exposure-normalised, stabilised. */
  readonly lab: readonly Uint8Array[];
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
}

export async function loadClip(frames: FrameSource, ctx: StageContext): Promise<Clip> {
  const shrink = Math.min(1, WORK_LONG_SIDE_PX / Math.max(frames.widthPx, frames.heightPx));
  const widthPx = 2 * Math.round((frames.widthPx * shrink) / 2);
  const heightPx = 2 * Math.round((frames.heightPx * shrink) / 2);
  const halfWidthPx = widthPx / 2;
  const halfHeightPx = heightPx / 2;
  const maxFrames = Math.floor(MAX_CLIP_BYTES / (1.75 * widthPx * heightPx));
  if (frames.numFrames > maxFrames) {
    throw new UserError(
      `the video has ${frames.numFrames} frames (${(frames.numFrames / frames.fps).toFixed(0)} s); at most ${maxFrames} can be looked at together`,
      'choose the part that shows the task with --start and --end, or fewer frames with --fps',
    );
  }
  const grey: ByteImage[] = [];
  const half: Uint8Array[] = [];
  const tracker = new CameraMotionTracker(widthPx, heightPx, ctx.random('camera-motion'));
  for (let k = 0; k < frames.numFrames; k++) {
    throwIfCancelled(ctx);
    const work = shrinkRgb(await frames.read(k), widthPx, heightPx);
    grey.push(greyOf(work));
    half.push(halveBytes(work.data, widthPx, heightPx, 3));
    tracker.add(createBytes(halfWidthPx, halfHeightPx, halveBytes(grey[k].data, widthPx, heightPx, 1)));
    ctx.progress(k + 1, frames.numFrames, 'reading frames');
  }
  const motion = tracker.finish();
  const gains = exposureGains(half);
  const valid = new Uint8Array(halfWidthPx * halfHeightPx).fill(1);
  for (let k = 0; k < half.length; k++) {
    if (motion.frameFromReference) {
      const m = motion.frameFromReference[k];
      grey[k] = createBytes(widthPx, heightPx, warpBytes(grey[k].data, widthPx, heightPx, 1, m));
      half[k] = warpBytes(half[k], halfWidthPx, halfHeightPx, 3, rescale(m, 0.5, 0.5), valid);
    }
    half[k] = boxBlurBytes(half[k], halfWidthPx, halfHeightPx, 3);
    rgbToLab8(half[k], half[k], gains[k]);
  }

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
    grey,
    lab: half,
    valid,
    gains,
    motion,
    evidence: null,
    readFrame,
    readWork,
  };
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

/** Per frame and channel: median ratio of sampled pixels to their temporal median. Changes under 1 % are left alone. */
function exposureGains(half: readonly Uint8Array[]): [number, number, number][] {
  const numPixels = half[0].length / 3;
  const step = Math.max(1, Math.floor(numPixels / 1500));
  const samples: number[] = [];
  for (let i = 0; i < numPixels; i += step) samples.push(i);
  const series = new Float32Array(half.length);
  const medians = [0, 1, 2].map((c) =>
    samples.map((i) => {
      for (let k = 0; k < half.length; k++) series[k] = half[k][3 * i + c];
      return series.slice().sort()[half.length >> 1];
    }),
  );
  return half.map((frame) => {
    const gain = [0, 1, 2].map((c) => {
      const ratios: number[] = [];
      for (let s = 0; s < samples.length; s++) {
        const value = frame[3 * samples[s] + c];
        // Nearly black and clipped pixels say nothing about exposure.
        if (medians[c][s] > 20 && medians[c][s] < 245 && value > 10 && value < 250) ratios.push(medians[c][s] / value);
      }
      if (ratios.length < 50) return 1;
      const median = ratios.sort((a, b) => a - b)[ratios.length >> 1];
      return Math.abs(median - 1) < 0.01 ? 1 : Math.min(1.6, Math.max(0.6, median));
    });
    return [gain[0], gain[1], gain[2]];
  });
}
