/**
 * The frames of a clip at working sizes, for all threads: grey at work size (long side at most 640 px, the size all pixel constants
 * of this folder were measured at) and colours at half of that.
 */
import { UserError } from '../base/errors.js';
import { shrinkRgb, warpBytes } from '../image/filters.js';
import { createBytes, createRgb, type RgbImage } from '../image/image.js';
import type { FrameSource } from '../video/frames.js';
import { openFrames } from '../video/open-frames.js';
import type { Clip, ClipCrew, ClipFacts } from './clip.js';
import { cachedFrames, FrameCache, type FrameCacheShare } from './frame-cache.js';
import { FrameStore, type FrameStoreShare } from './frame-store.js';
import { rescale } from './tracks/motion-models.js';

const WORK_LONG_SIDE_PX = 640;
/** Frames at work size (0.54 MB each at 640 x 480) are kept in memory up to this; what is more goes to a temporary file. */
export const MEMORY_BYTES = 250e6;
/** ... but never fewer frames than this. */
const MIN_IN_MEMORY = 40;
/**
 * Decoded frames (0.92 MB each at 640 x 480) that are kept for all threads: decoding took a tenth of all CPU time where each thread
 * did it for itself.
 */
const DECODED_BYTES = 200e6;
/** Frame numbers are kept in 16 bits per pixel. */
const MAX_FRAMES = 32767;

export interface ClipStores {
  /** As filmed: not stabilised. */
  readonly frames: FrameSource;
  /** Those of them that have been decoded; null where `frames` does not come from a folder. */
  readonly decoded: FrameCache | null;
  /** Work size, both even. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W] u8 luma per frame. */
  readonly grey: FrameStore;
  /** [H/2, W/2, 3] u8 per frame: RGB while the clip is read, Lab from then on. */
  readonly lab: FrameStore;
}

/** What another thread needs to get at them. */
export interface ClipStoresShare {
  readonly folder: string;
  readonly decoded: FrameCacheShare;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly grey: FrameStoreShare;
  readonly lab: FrameStoreShare;
}

export function createStores(frames: FrameSource, memoryBytes: number): ClipStores {
  const shrink = Math.min(1, WORK_LONG_SIDE_PX / Math.max(frames.widthPx, frames.heightPx));
  const widthPx = 2 * Math.round((frames.widthPx * shrink) / 2);
  const heightPx = 2 * Math.round((frames.heightPx * shrink) / 2);
  const { numFrames, fps } = frames;
  if (numFrames > MAX_FRAMES) {
    throw new UserError(
      `the video has ${numFrames} frames (${(numFrames / fps).toFixed(0)} s); at most ${MAX_FRAMES} can be looked at together`,
      'choose the part that shows the task with --start and --end, or fewer frames with --fps',
    );
  }
  const maxInMemory = Math.max(MIN_IN_MEMORY, Math.floor(memoryBytes / (1.75 * widthPx * heightPx)));
  const grey = FrameStore.create(widthPx * heightPx, numFrames, maxInMemory);
  const lab = FrameStore.create((3 * widthPx * heightPx) / 4, numFrames, maxInMemory);
  if (frames.folder === undefined) return { frames, decoded: null, widthPx, heightPx, grey, lab };
  const decoded = FrameCache.create(3 * frames.widthPx * frames.heightPx, numFrames, DECODED_BYTES);
  return { frames: cachedFrames(frames, decoded), decoded, widthPx, heightPx, grey, lab };
}

/** Null where the frames cannot be opened by another thread. */
export function shareStores({
  frames: { folder },
  decoded,
  widthPx,
  heightPx,
  grey,
  lab,
}: ClipStores): ClipStoresShare | null {
  if (folder === undefined || !decoded) return null;
  return { folder, decoded: decoded.share, widthPx, heightPx, grey: ownCache(grey.share), lab: ownCache(lab.share) };
}

/** A thread looks at few frames at a time. */
const ownCache = (share: FrameStoreShare): FrameStoreShare => ({ ...share, maxInMemory: MIN_IN_MEMORY });

export async function openStores(share: ClipStoresShare): Promise<ClipStores> {
  const { folder, widthPx, heightPx } = share;
  const decoded = new FrameCache(share.decoded);
  const frames = cachedFrames(await openFrames(folder), decoded);
  return { frames, decoded, widthPx, heightPx, grey: FrameStore.of(share.grey), lab: FrameStore.of(share.lab) };
}

/** Forgets what other threads may have written anew. */
export function refreshStores({ grey, lab }: ClipStores): void {
  grey.refresh();
  lab.refresh();
}

/** The clip whose frames lie in the stores. */
export function clipOf(stores: ClipStores, facts: ClipFacts, crew: ClipCrew): Clip {
  const { frames, widthPx, heightPx, grey, lab } = stores;
  const { motion } = facts;
  const readFrame = async (k: number): Promise<RgbImage> => {
    const frame = await frames.read(k);
    if (!motion.frameFromReference) return frame;
    const sx = frames.widthPx / widthPx;
    const sy = frames.heightPx / heightPx;
    const m = rescale(motion.frameFromReference[k], sx, sy);
    return createRgb(frame.widthPx, frame.heightPx, warpBytes(frame.data, frame.widthPx, frame.heightPx, 3, m));
  };
  return {
    numFrames: frames.numFrames,
    fps: frames.fps,
    frameWidthPx: frames.widthPx,
    frameHeightPx: frames.heightPx,
    widthPx,
    heightPx,
    halfWidthPx: widthPx / 2,
    halfHeightPx: heightPx / 2,
    greyAt: (k) => createBytes(widthPx, heightPx, grey.at(k)),
    labAt: (k) => lab.at(k),
    ...facts,
    crew,
    evidence: null,
    readFrame,
    readWork: async (k) => shrinkRgb(await readFrame(k), widthPx, heightPx),
    close: async () => {},
  };
}
