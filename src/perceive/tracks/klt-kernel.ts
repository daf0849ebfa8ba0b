/** Runs the compiled point tracker (kernels/klt.ts -> dist/kernels/klt.wasm) on pyramids in its memory. */
import { growTo, type KernelMemory, loadKernel } from '../../base/kernel.js';
import type { ByteImage } from '../../image/image.js';
import { emptyPyramid, type Pyramid, SLACK_FLOATS } from './pyramid.js';

interface KltExports extends KernelMemory {
  bytesToFloats(from: number, to: number, count: number): void;
  halve(from: number, widthPx: number, heightPx: number, mid: number, to: number): void;
  trackPoints(
    from: number,
    to: number,
    levels: number,
    points: number,
    guesses: number,
    out: number,
    count: number,
    windowPx: number,
    maxIterations: number,
  ): void;
}

const TABLE_BYTES = 256;
const ALIGN = 64;
/** Widest window the kernel has room for. */
const MAX_WINDOW_PX = 31;

let shared: KltKernel | undefined;

/**
 * Two pyramids lie in its memory, each in a slot: what is there already is not copied again. Memory: tables of the two slots, the
 * slots, then scratch.
 */
export class KltKernel {
  private readonly kernels = loadKernel<KltExports>('klt', 'tracking kernel');
  private readonly loaded: [Pyramid | null, Pyramid | null] = [null, null];
  /** Slot that was filled last. */
  private newest: 0 | 1 = 0;
  private slotBytes = 0;

  private constructor() {}

  /** The one instance of this thread. */
  static get(): KltKernel {
    shared ??= new KltKernel();
    return shared;
  }

  /** As `buildPyramidPlain` in pyramid.ts; `spare` is overwritten. */
  build(grey: ByteImage, numLevels: number, spare?: Pyramid): Pyramid {
    const { widthPx, heightPx, data } = grey;
    const levels = spare ?? emptyPyramid(widthPx, heightPx, numLevels);
    this.forget(levels);
    const { buffer } = levels[0].data;
    const scratch = this.reserve(buffer.byteLength, aligned(data.length) + 2 * widthPx * heightPx + ALIGN);
    const slot = this.newest === 0 ? 1 : 0;
    const pixels = this.slotAt(slot);
    const { memory, bytesToFloats, halve } = this.kernels;
    new Uint8Array(memory.buffer, scratch, data.length).set(data);
    const mid = scratch + aligned(data.length);
    bytesToFloats(scratch, pixels, data.length);
    for (let l = 1; l < levels.length; l++) {
      const from = levels[l - 1];
      halve(pixels + from.data.byteOffset, from.widthPx, from.heightPx, mid, pixels + levels[l].data.byteOffset);
    }
    // Only now: vectors may have written past the end of a level.
    clearSlack(levels, memory.buffer, pixels);
    new Uint8Array(buffer).set(new Uint8Array(memory.buffer, pixels, buffer.byteLength));
    this.note(slot, levels);
    return levels;
  }

  /** As `trackPointsPlain` in klt.ts: [N, 2] positions, NaN where lost. */
  track(
    from: Pyramid,
    to: Pyramid,
    xyPx: Float32Array,
    options: { readonly windowPx: number; readonly maxIterations: number },
    guessPx: Float32Array,
  ): Float32Array {
    const { windowPx, maxIterations } = options;
    if (windowPx > MAX_WINDOW_PX) throw new Error(`klt: window of ${windowPx} px, at most ${MAX_WINDOW_PX}`);
    const { kernels } = this;
    const n = xyPx.length;
    const points = this.reserve(
      Math.max(from[0].data.buffer.byteLength, to[0].data.buffer.byteLength),
      2 * 8 * n + 4 * n,
    );
    const guesses = points + 8 * n;
    const out = guesses + 8 * n;
    const tables = [this.load(from, to), this.load(to, from)];
    new Float64Array(kernels.memory.buffer, points, n).set(xyPx);
    new Float64Array(kernels.memory.buffer, guesses, n).set(guessPx);
    kernels.trackPoints(tables[0], tables[1], from.length, points, guesses, out, n / 2, windowPx, maxIterations);
    return new Float32Array(kernels.memory.buffer, out, n).slice();
  }

  private forget(pyramid: Pyramid): void {
    const there = this.loaded.indexOf(pyramid);
    if (there >= 0) this.loaded[there] = null;
  }

  private get base(): number {
    return aligned(this.kernels.heapBase());
  }

  private slotAt(slot: 0 | 1): number {
    return this.base + 2 * TABLE_BYTES + slot * this.slotBytes;
  }

  /** Makes room for two pyramids and scratch; returns where the scratch lies. */
  private reserve(pyramidBytes: number, scratchBytes: number): number {
    if (pyramidBytes > this.slotBytes) {
      this.slotBytes = aligned(pyramidBytes + ALIGN);
      this.loaded.fill(null);
    }
    const scratch = this.base + 2 * TABLE_BYTES + 2 * this.slotBytes;
    growTo(this.kernels.memory, scratch + scratchBytes);
    return scratch;
  }

  /** Address of the table of a pyramid, which is copied into the slot without `other` unless it is there. */
  private load(pyramid: Pyramid, other: Pyramid): number {
    const there = this.loaded.indexOf(pyramid);
    if (there >= 0) return this.base + there * TABLE_BYTES;
    const slot = this.loaded[0] === other ? 1 : 0;
    const pixels = new Uint8Array(pyramid[0].data.buffer);
    new Uint8Array(this.kernels.memory.buffer, this.slotAt(slot), pixels.length).set(pixels);
    this.note(slot, pyramid);
    return this.base + slot * TABLE_BYTES;
  }

  private note(slot: 0 | 1, pyramid: Pyramid): void {
    const pixels = this.slotAt(slot);
    const entries = pyramid.flatMap(({ data, widthPx, heightPx }) => [pixels + data.byteOffset, widthPx, heightPx]);
    new Uint32Array(this.kernels.memory.buffer, this.base + slot * TABLE_BYTES, entries.length).set(entries);
    this.loaded[slot] = pyramid;
    this.newest = slot;
  }
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGN) * ALIGN;

function clearSlack(levels: Pyramid, memory: ArrayBuffer, pixels: number): void {
  for (const { data } of levels) {
    new Float32Array(memory, pixels + data.byteOffset + data.byteLength, SLACK_FLOATS).fill(0);
  }
}
