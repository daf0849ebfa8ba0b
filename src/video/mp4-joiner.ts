/**
 * Joins videos of one camera into one MP4 by copying their frames, none encoded again. Every frame lasts exactly 1 / fps:
 * times are counted, never added up from rounded durations. The index comes first (faststart), there are no edit lists, and
 * no clock times are written, so the same parts give the same bytes (ISO/IEC 14496-12).
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../base/errors.js';
import { diskError } from '../base/files.js';
import { TICKS_PER_FRAME } from './encode.js';
import { childBoxes } from './mp4-boxes.js';
import { type Mp4Track, readMp4Track, VISUAL_ENTRY_BYTES } from './mp4-track.js';

/** Frames per `stsc` chunk: readers fetch a chunk at a time. */
const FRAMES_PER_CHUNK = 32;

const MAX_COPY_BYTES = 4 * 1024 * 1024;

/** What all parts share. */
interface Picture {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Sample entry box: codec, its parameter sets, colour tags. */
  readonly description: Uint8Array;
}

export class Mp4Joiner {
  private readonly sizes: number[] = [];
  private readonly keys: number[] = [];
  private numBytes = 0;
  private first: Picture | null = null;
  private handle: FileHandle | null = null;

  /** `file` appears when `finish` succeeds; until then the frames are collected in `file`.frames. */
  constructor(
    readonly file: string,
    readonly fps: number,
  ) {}

  get numFrames(): number {
    return this.sizes.length;
  }

  /** Bytes of frames so far: the size of the file but for its index. */
  get bytes(): number {
    return this.numBytes;
  }

  private get framesFile(): string {
    return `${this.file}.frames`;
  }

  /** Appends a whole video, made with the same settings; returns the number of its frames. */
  async append(part: string): Promise<number> {
    const track = await readMp4Track(part);
    const description = withoutBitRate(track.sampleEntry);
    this.checkPart(part, track, description);
    this.first ??= { widthPx: track.widthPx, heightPx: track.heightPx, description };
    this.handle ??= await open(this.framesFile, 'w');
    const source = await open(part, 'r');
    try {
      for (const run of contiguousRuns(track)) {
        const bytes = new Uint8Array(run.bytes);
        const { bytesRead } = await source.read(bytes, 0, bytes.length, run.offset);
        if (bytesRead !== bytes.length) throw new UserError(`${part} is cut off at ${run.offset + bytesRead} bytes`);
        await this.handle.write(bytes);
      }
      for (let sample = 0; sample < track.numSamples; sample++) {
        if (track.isKey[sample]) this.keys.push(this.sizes.length);
        this.sizes.push(track.size[sample]);
        this.numBytes += track.size[sample];
      }
    } catch (error) {
      throw diskError(this.framesFile, error);
    } finally {
      await source.close();
    }
    return track.numSamples;
  }

  private checkPart(part: string, track: Mp4Track, description: Uint8Array): void {
    const { numSamples, timescale, presentation, isKey } = track;
    if (numSamples === 0) throw new UserError(`${part} holds no frame`);
    if (!isKey[0]) throw new UserError(`${part} does not begin with a key frame`);
    for (let sample = 0; sample < numSamples; sample++) {
      // Exact in integers: presentation / timescale = sample / fps.
      if (presentation[sample] * this.fps !== sample * timescale) {
        throw new UserError(
          `${part}: frame ${sample} is shown at ${presentation[sample] / timescale} s instead of ${sample / this.fps} s`,
          `it must run at a constant ${this.fps} frames per second without B-frames`,
        );
      }
    }
    if (this.first && Buffer.compare(this.first.description, description) !== 0) {
      throw new UserError(`${part} was encoded with other settings than the videos before it`);
    }
  }

  /** Writes index and frames; returns the size of the file. */
  async finish(): Promise<number> {
    if (!this.first || !this.handle) throw new Error(`${this.file}: nothing to join`);
    await this.handle.close();
    this.handle = null;
    const head = this.header(this.first);
    const temporary = `${this.file}.tmp`;
    try {
      const target = createWriteStream(temporary);
      target.write(head);
      await pipeline(createReadStream(this.framesFile), target);
      await rename(temporary, this.file);
    } catch (error) {
      throw diskError(this.file, error);
    } finally {
      await rm(this.framesFile, { force: true });
    }
    return head.length + this.numBytes;
  }

  /** Removes what was collected. */
  async discard(): Promise<void> {
    await this.handle?.close();
    this.handle = null;
    await rm(this.framesFile, { force: true });
  }

  /** ftyp, moov and the header of mdat. The chunk table needs the length of the index, which does not depend on its values. */
  private header(track: Picture): Uint8Array {
    const ftyp = box('ftyp', ascii('isom'), u32(0x200), ascii('isomiso2avc1mp41'));
    const mdatHeader = concat(u32(1), ascii('mdat'), u64(this.numBytes + 16));
    const length = ftyp.length + this.moov(track, 0).length + mdatHeader.length;
    return concat(ftyp, this.moov(track, length), mdatHeader);
  }

  private moov(track: Picture, dataStart: number): Uint8Array {
    const timescale = this.fps * TICKS_PER_FRAME;
    const duration = this.numFrames * TICKS_PER_FRAME;
    const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
    const chunkStarts: number[] = [];
    let at = dataStart;
    this.sizes.forEach((size, frame) => {
      if (frame % FRAMES_PER_CHUNK === 0) chunkStarts.push(at);
      at += size;
    });
    const rest = this.numFrames % FRAMES_PER_CHUNK;
    const wholeChunks = (this.numFrames - rest) / FRAMES_PER_CHUNK;
    const runs = [
      ...(wholeChunks > 0 ? [[1, FRAMES_PER_CHUNK, 1]] : []),
      ...(rest > 0 ? [[wholeChunks + 1, rest, 1]] : []),
    ];
    const stbl = box(
      'stbl',
      fullBox('stsd', 0, u32(1), track.description),
      fullBox('stts', 0, u32(1, this.numFrames, TICKS_PER_FRAME)),
      fullBox('stss', 0, u32(this.keys.length), u32Array(this.keys.map((frame) => frame + 1))),
      fullBox('stsc', 0, u32(runs.length), u32Array(runs.flat())),
      fullBox('stsz', 0, u32(0, this.numFrames), u32Array(this.sizes)),
      fullBox('co64', 0, u32(chunkStarts.length), concat(...chunkStarts.map(u64))),
    );
    const dinf = box('dinf', fullBox('dref', 0, u32(1), fullBox('url ', 1)));
    const minf = box('minf', fullBox('vmhd', 1, u32(0, 0)), dinf, stbl);
    // Version 1 headers: 64-bit dates (zero: not said) and durations.
    const mdhd = fullBox('mdhd', V1, u64(0), u64(0), u32(timescale), u64(duration), u32(UNDETERMINED_LANGUAGE));
    const hdlr = fullBox('hdlr', 0, u32(0), ascii('vide'), u32(0, 0, 0), ascii('VideoHandler\0'));
    const tkhd = fullBox(
      'tkhd',
      V1 | TRACK_ENABLED,
      ...[u64(0), u64(0), u32(1, 0), u64(duration), u32(0, 0, 0, 0), matrix],
      u32(track.widthPx * 65536, track.heightPx * 65536),
    );
    const mvhd = fullBox(
      'mvhd',
      V1,
      ...[u64(0), u64(0), u32(timescale), u64(duration), u32(0x10000, 0x1000000, 0, 0), matrix],
      u32(0, 0, 0, 0, 0, 0, 2),
    );
    return box('moov', mvhd, box('trak', tkhd, box('mdia', mdhd, hdlr, minf)));
  }
}

const V1 = 0x1000000;
const TRACK_ENABLED = 3;
/** 'und' packed in three times five bits, then two reserved bytes. */
const UNDETERMINED_LANGUAGE = 0x55c40000;

/** Pieces of a file that hold whole frames one after the other, so that they can be copied at once. */
function contiguousRuns({ numSamples, offset, size }: Mp4Track): { offset: number; bytes: number }[] {
  const runs: { offset: number; bytes: number }[] = [];
  for (let sample = 0; sample < numSamples; sample++) {
    const last = runs.at(-1);
    const follows = last && last.offset + last.bytes === offset[sample] && last.bytes < MAX_COPY_BYTES;
    if (follows) last.bytes += size[sample];
    else runs.push({ offset: offset[sample], bytes: size[sample] });
  }
  return runs;
}

/** Some muxers note the average bit rate (`btrt`) there, which differs from part to part and means nothing after joining. */
function withoutBitRate(sampleEntry: Uint8Array): Uint8Array {
  const kept = childBoxes(sampleEntry.subarray(VISUAL_ENTRY_BYTES)).filter(({ type }) => type !== 'btrt');
  const body = concat(
    sampleEntry.subarray(8, VISUAL_ENTRY_BYTES),
    ...kept.map(({ type, payload }) => box(type, payload)),
  );
  return concat(u32(body.length + 8), sampleEntry.subarray(4, 8), body);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function box(type: string, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concat(...content);
  return concat(u32(body.length + 8), ascii(type), body);
}

function fullBox(type: string, versionAndFlags: number, ...content: readonly Uint8Array[]): Uint8Array {
  return box(type, u32(versionAndFlags), ...content);
}

function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function u32(...values: readonly number[]): Uint8Array {
  return u32Array(values);
}

function u32Array(values: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => void bytes.writeUInt32BE(value, i * 4));
  return bytes;
}

function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
