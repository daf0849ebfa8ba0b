/** The whole clip at working sizes, as all steps of perception see it: from a camera that stands still. */
import { warpBytes } from '../image/filters.js';
import { type ByteImage, createRgb, type RgbImage } from '../image/image.js';
import type { FrameSource } from '../video/frames.js';
import type { Evidence } from './evidence.js';
import type { CameraMotion } from './geometry/camera-motion.js';
import type { Homography } from './tracks/motion-models.js';

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
  /** [H/2, W/2, 3] u8 Lab of frame k at half size, 3x3 blurred, exposure-normalised, lifted, stabilised. */
  labAt(k: number): Uint8Array;
  /** [H/2, W/2] 1 where every frame has a pixel (a warped clip loses its border). */
  readonly valid: Uint8Array;
  /** Per frame channel gains that undo exposure changes. */
  readonly gains: readonly [number, number, number][];
  /** A dark film is looked at as if it had this many times its values (1: it is light enough); pictures that are handed on stay as filmed. */
  readonly lift: number;
  readonly motion: CameraMotion;
  /** Who works on single frames. */
  readonly crew: ClipCrew;
  /** What networks and the user say about it; null when nobody says anything. */
  readonly evidence: Evidence | null;
  /** Frame k at source size, stabilised to frame 0. */
  readFrame(k: number): Promise<RgbImage>;
  /** Frame k at work size, stabilised. `gains[k]` is not applied yet. */
  readWork(k: number): Promise<RgbImage>;
  /** Ends its threads and removes what lies on disk; no frame can be had afterwards. */
  close(): Promise<void>;
}

/** What is known of a clip once all of its frames have been read. */
export type ClipFacts = Pick<Clip, 'motion' | 'gains' | 'lift' | 'valid'>;

export type Gain = readonly [number, number, number];

/** What turns the colours of frame `k` as filmed into those that all of the clip is looked at with. */
export function gainOf({ gains, lift }: Pick<Clip, 'gains' | 'lift'>, k: number): Gain {
  const [red, green, blue] = gains[k];
  return [red * lift, green * lift, blue * lift];
}

/** The same for pictures put together from several frames, which are exposure-normalised already. */
export const plateGain = ({ lift }: Pick<Clip, 'lift'>): Gain => [lift, lift, lift];

/** Something that can be done with a clip in any thread (clip-crew.ts lists them all); input and output are cloned on the way. */
export interface ClipTask<Input, Output> {
  readonly name: string;
  run(clip: Clip, input: Input, told: <T>(note: ClipNote<T>) => T): Output | Promise<Output>;
}

/** Something that many tasks need, told once. */
export interface ClipNote<T> {
  readonly name: string;
  /** What cloning loses is put right by this: methods. */
  received?(sent: T): T;
}

/** Who does the tasks: several threads that share the frames of the clip, or this one. */
export interface ClipCrew {
  /** Tasks worth asking for before the first is answered. */
  readonly ahead: number;
  ask<Input, Output>(task: ClipTask<Input, Output>, input: Input): Promise<Output>;
  /** For all tasks that are asked for from now on; takes the place of what was told by that note before. */
  tell<T>(note: ClipNote<T>, value: T): Promise<void>;
}

/** Frame source that shows a hand-held video as frame 0's camera saw it; masks and tracks fit these frames. */
export function stabilisedFrames(frames: FrameSource, frameFromReference: readonly Homography[] | null): FrameSource {
  if (!frameFromReference) return frames;
  return {
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
