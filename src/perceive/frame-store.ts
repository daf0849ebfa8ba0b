/**
 * Frames of one size, as bytes: the latest used ones in memory, the others in a temporary file, so that memory does not grow with
 * the length of a clip. Short clips never touch the disk.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { diskError } from '../base/files.js';

export class FrameStore {
  /** Least recently used first. */
  private readonly inMemory = new Map<number, Uint8Array>();
  /** Frames whose bytes in the file are out of date. */
  private readonly unsaved = new Set<number>();
  private file: { folder: string; descriptor: number } | null = null;

  constructor(
    private readonly frameBytes: number,
    private readonly maxInMemory: number,
  ) {
    if (!(maxInMemory >= 2)) throw new Error('frame store: at least two frames must fit in memory');
  }

  /** Keeps `data` as frame `k`; it must not be written to afterwards. */
  set(k: number, data: Uint8Array): void {
    if (data.length !== this.frameBytes) throw new Error(`frame store: ${data.length} bytes, not ${this.frameBytes}`);
    this.unsaved.add(k);
    this.keep(k, data);
  }

  /** Bytes of frame `k`; not to be written to. */
  at(k: number): Uint8Array {
    let data = this.inMemory.get(k);
    if (!data) {
      if (!this.file) throw new RangeError(`frame store: no frame ${k}`);
      data = new Uint8Array(this.frameBytes);
      const numRead = readSync(this.file.descriptor, data, 0, data.length, k * this.frameBytes);
      if (numRead !== data.length) throw new RangeError(`frame store: no frame ${k}`);
    }
    this.keep(k, data);
    return data;
  }

  /** Removes the file. */
  close(): void {
    this.inMemory.clear();
    if (!this.file) return;
    closeSync(this.file.descriptor);
    rmSync(this.file.folder, { recursive: true, force: true });
    this.file = null;
  }

  private keep(k: number, data: Uint8Array): void {
    this.inMemory.delete(k);
    this.inMemory.set(k, data);
    if (this.inMemory.size <= this.maxInMemory) return;
    const [oldest, bytes] = this.inMemory.entries().next().value!;
    this.inMemory.delete(oldest);
    if (this.unsaved.delete(oldest)) this.save(oldest, bytes);
  }

  private save(k: number, data: Uint8Array): void {
    try {
      this.file ??= openFile();
      writeSync(this.file.descriptor, data, 0, data.length, k * this.frameBytes);
    } catch (error) {
      throw diskError(this.file?.folder ?? tmpdir(), error);
    }
  }
}

function openFile(): { folder: string; descriptor: number } {
  const folder = mkdtempSync(path.join(tmpdir(), 'v2r-frames-'));
  return { folder, descriptor: openSync(path.join(folder, 'frames'), 'w+') };
}
