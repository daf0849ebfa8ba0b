/**
 * Decoded frames for all threads, in shared memory of a fixed size: what one thread has decoded the others need not decode again.
 * Frame k has one slot; where the frames of a clip do not all fit, later ones take the place of earlier ones.
 */
import { createRgb } from '../image/image.js';
import type { FrameSource } from '../video/frames.js';

/** What another thread needs to get at the frames: structured cloning keeps shared memory shared. */
export interface FrameCacheShare {
  readonly frameBytes: number;
  readonly numFrames: number;
  /** [slots, frameBytes] u8. */
  readonly frames: SharedArrayBuffer;
  /** [slots, 2] i32: version (odd while it is written), and number of the frame. */
  readonly states: SharedArrayBuffer;
}

export class FrameCache {
  private readonly states: Int32Array;
  private readonly numSlots: number;

  constructor(readonly share: FrameCacheShare) {
    this.states = new Int32Array(share.states);
    this.numSlots = this.states.length / 2;
  }

  /** As many slots as `maxBytes` hold, at least one and no more than there are frames. Memory is taken as it is filled. */
  static create(frameBytes: number, numFrames: number, maxBytes: number): FrameCache {
    const slots = Math.max(1, Math.min(numFrames, Math.floor(maxBytes / frameBytes)));
    const states = new SharedArrayBuffer(8 * slots);
    new Int32Array(states).fill(-2);
    return new FrameCache({ frameBytes, numFrames, frames: new SharedArrayBuffer(frameBytes * slots), states });
  }

  /** Frame `k`, not to be written to; null where no thread has left it here, or one is just replacing it. */
  get(k: number): Uint8Array | null {
    const { states } = this;
    const at = 2 * (k % this.numSlots);
    const version = Atomics.load(states, at);
    if ((version & 1) !== 0 || Atomics.load(states, at + 1) !== k) return null;
    // Where every frame has a slot of its own nothing is replaced.
    if (this.numSlots === this.share.numFrames) return this.slot(k);
    const copy = this.slot(k).slice();
    return Atomics.load(states, at) === version ? copy : null;
  }

  /** Leaves frame `k` for all threads, unless another one is writing in its place. */
  put(k: number, data: Uint8Array): void {
    const { states } = this;
    const at = 2 * (k % this.numSlots);
    const version = Atomics.load(states, at);
    if ((version & 1) !== 0 || states[at + 1] === k) return;
    if (Atomics.compareExchange(states, at, version, version + 1) !== version) return;
    Atomics.store(states, at + 1, k);
    this.slot(k).set(data);
    Atomics.store(states, at, version + 2);
  }

  private slot(k: number): Uint8Array {
    const { frames, frameBytes } = this.share;
    return new Uint8Array(frames, (k % this.numSlots) * frameBytes, frameBytes);
  }
}

/** The same frames, read from `source` only where the cache does not hold them. */
export function cachedFrames(source: FrameSource, cache: FrameCache): FrameSource {
  return {
    ...source,
    async read(k) {
      const known = cache.get(k);
      if (known) return createRgb(source.widthPx, source.heightPx, known);
      const frame = await source.read(k);
      cache.put(k, frame.data);
      return frame;
    },
  };
}
