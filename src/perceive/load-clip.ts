/** Reads a clip once, for all threads. A hand-held one is warped to frame 0. */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { inOrder } from '../base/crew.js';
import { halveBytes } from '../image/filters.js';
import { createBytes } from '../image/image.js';
import type { FrameSource } from '../video/frames.js';
import { type Clip, type ClipFacts, gainOf } from './clip.js';
import { type ClipThreads, startThreads } from './clip-crew.js';
import { type ClipStores, clipOf, createStores, MEMORY_BYTES, refreshStores } from './clip-stores.js';
import { CameraMotionTracker } from './geometry/camera-motion.js';
import { brightnessLift, exposureGains, rangesOf } from './read-clip.js';

export async function loadClip(frames: FrameSource, ctx: StageContext, memoryBytes = MEMORY_BYTES): Promise<Clip> {
  const stores = createStores(frames, memoryBytes);
  const threads = startThreads(stores, ctx);
  const close = async (): Promise<void> => {
    await threads.close();
    stores.grey.close();
    stores.lab.close();
  };
  try {
    const facts = await readAll(stores, threads, ctx);
    await threads.open(facts);
    return { ...clipOf(stores, facts, threads), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Frames that are read or settled as one job. */
const RANGE_FRAMES = 8;

async function readAll(stores: ClipStores, threads: ClipThreads, ctx: StageContext): Promise<ClipFacts> {
  const { frames, widthPx, heightPx, grey } = stores;
  const { numFrames } = frames;
  const ranges = rangesOf(numFrames, RANGE_FRAMES);
  const samples: Uint8Array[] = [];
  const tracker = new CameraMotionTracker(widthPx, heightPx, ctx.random('camera-motion'));
  for await (const read of inOrder(ranges.length, threads.ahead, (r) => threads.read(ranges[r]))) {
    throwIfCancelled(ctx);
    refreshStores(stores);
    for (const colours of read) {
      tracker.add(createBytes(widthPx / 2, heightPx / 2, halveBytes(grey.at(samples.length), widthPx, heightPx, 1)));
      samples.push(colours);
    }
    ctx.progress(samples.length, numFrames, 'reading frames');
  }
  const motion = tracker.finish();
  const gains = exposureGains(samples);
  const lift = brightnessLift(samples);
  const valid = new Uint8Array((widthPx * heightPx) / 4).fill(1);
  const settle = (r: number): Promise<Uint8Array | null> => {
    const { from, to } = ranges[r];
    const frameFromReference = motion.frameFromReference?.slice(from, to) ?? null;
    return threads.settle({
      from,
      to,
      gains: gains.slice(from, to).map((_, n) => gainOf({ gains, lift }, from + n)),
      frameFromReference,
    });
  };
  for await (const seen of inOrder(ranges.length, threads.ahead, settle)) {
    throwIfCancelled(ctx);
    if (seen) for (let i = 0; i < valid.length; i++) valid[i] &= seen[i];
  }
  refreshStores(stores);
  return { motion, gains, lift, valid };
}
