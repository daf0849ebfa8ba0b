/**
 * Frames of one size, as bytes, for all threads: in shared memory where they fit, else in a temporary file with the latest used ones
 * in memory, so that memory does not grow with the length of a clip. Short clips never touch the disk.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { diskError } from '../base/files.js';

/** What another thread needs to get at the frames of a store: structured cloning keeps shared memory shared. */
export interface FrameStoreShare {
  readonly frameBytes: number;
  readonly numFrames: number;
  readonly maxInMemory: number;
  readonly memory: SharedArrayBuffer | null;
  /** Of the open file; the same in all threads of a process. */
  readonly descriptor: number | null;
}

export class FrameStore {
  /** Frames of the file, least recently used first. */
  private readonly cache = new Map<number, Uint8Array>();
  private readonly present: Uint8Array;

  private constructor(
    readonly share: FrameStoreShare,
    /** Of the file, where this store made it. */
    private folder: string | null,
    present: 0 | 1,
  ) {
    this.present = new Uint8Array(share.numFrames).fill(present);
  }

  static create(frameBytes: number, numFrames: number, maxInMemory: number): FrameStore {
    if (!(maxInMemory >= 2)) throw new Error('frame store: at least two frames must fit in memory');
    const sizes = { frameBytes, numFrames, maxInMemory };
    if (numFrames <= maxInMemory) {
      const memory = new SharedArrayBuffer(frameBytes * numFrames);
      return new FrameStore({ ...sizes, memory, descriptor: null }, null, 0);
    }
    try {
      const folder = mkdtempSync(path.join(tmpdir(), 'v2r-frames-'));
      return new FrameStore(
        { ...sizes, memory: null, descriptor: openSync(path.join(folder, 'frames'), 'w+') },
        folder,
        0,
      );
    } catch (error) {
      throw diskError(tmpdir(), error);
    }
  }

  /** The frames of another thread's store, which must outlive this one. */
  static of(share: FrameStoreShare): FrameStore {
    return new FrameStore(share, null, 1);
  }

  /** Keeps `data` as frame `k`. */
  set(k: number, data: Uint8Array): void {
    const { frameBytes, memory, descriptor } = this.share;
    if (data.length !== frameBytes) throw new Error(`frame store: ${data.length} bytes, not ${frameBytes}`);
    this.present[k] = 1;
    if (memory) {
      new Uint8Array(memory, k * frameBytes, frameBytes).set(data);
      return;
    }
    try {
      writeSync(descriptor!, data, 0, data.length, k * frameBytes);
    } catch (error) {
      throw diskError(this.folder ?? tmpdir(), error);
    }
    this.keep(k, data);
  }

  /** Bytes of frame `k`; not to be written to. */
  at(k: number): Uint8Array {
    const { frameBytes, memory, descriptor } = this.share;
    if (!this.present[k]) throw new RangeError(`frame store: no frame ${k}`);
    if (memory) return new Uint8Array(memory, k * frameBytes, frameBytes);
    let data = this.cache.get(k);
    if (!data) {
      data = new Uint8Array(frameBytes);
      if (readSync(descriptor!, data, 0, frameBytes, k * frameBytes) !== frameBytes) {
        throw new RangeError(`frame store: no frame ${k}`);
      }
    }
    this.keep(k, data);
    return data;
  }

  /** Forgets what it holds in memory of frames that another thread has written, and takes all for present. */
  refresh(): void {
    this.cache.clear();
    this.present.fill(1);
  }

  /** Removes the file. */
  close(): void {
    this.cache.clear();
    if (this.folder === null) return;
    closeSync(this.share.descriptor!);
    rmSync(this.folder, { recursive: true, force: true });
    this.folder = null;
  }

  private keep(k: number, data: Uint8Array): void {
    this.cache.delete(k);
    this.cache.set(k, data);
    if (this.cache.size > this.share.maxInMemory) this.cache.delete(this.cache.keys().next().value!);
  }
}
