/** The video track of an (unfragmented) MP4: where each sample lies and when it is shown, in exact ticks. */
import { UserError } from '../base/errors.js';
import { childBoxes, findBox, readMoov, viewOf } from './mp4-boxes.js';

export interface Edit {
  /** In ticks of the movie time scale. */
  readonly duration: number;
  /** In ticks of the track; -1 is an empty edit. */
  readonly mediaTime: number;
}

/** N samples in decode order. */
export interface Mp4Track {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Ticks per second. */
  readonly timescale: number;
  readonly movieTimescale: number;
  readonly numSamples: number;
  /** [N] byte position in the file. */
  readonly offset: Float64Array;
  /** [N] bytes. */
  readonly size: Uint32Array;
  /** [N] presentation time in ticks, before edits. */
  readonly presentation: Float64Array;
  /** [N] 1 = key frame. */
  readonly isKey: Uint8Array;
  readonly edits: readonly Edit[];
  /** The one sample description, a whole box with header ('avc1', 'hvc1', 'av01', ...). */
  readonly sampleEntry: Uint8Array;
  readonly numTracks: number;
}

/** Fixed part of a visual sample entry: box header, reserved fields, size, resolution, name (ISO/IEC 14496-12, 12.1.3). */
export const VISUAL_ENTRY_BYTES = 86;

/** A few days of video at 60 frames per second; more means a damaged table. */
const MAX_SAMPLES = 20_000_000;

/** Reads the index of the first video track. Throws `UserError` naming the file when it cannot be used. */
export async function readMp4Track(file: string): Promise<Mp4Track> {
  const moov = await readMoov(file);
  if (!moov) throw new UserError(`${file} is not a whole MP4 file: no index (moov) found`);
  try {
    return parseTrack(moov);
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(`${file}: its index (moov) is damaged`);
    if (error instanceof Mp4Error) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
}

class Mp4Error extends Error {}

function parseTrack(moov: Uint8Array): Mp4Track {
  const tracks = childBoxes(moov).filter((box) => box.type === 'trak');
  const track = tracks.find(({ payload }) => handlerOf(payload) === 'vide')?.payload;
  if (!track) throw new Mp4Error('no video track');
  const need = (boxPath: string): Uint8Array => {
    const box = findBox(track, boxPath);
    if (!box) throw new Mp4Error(`its index lacks ${boxPath.split('/').at(-1)}`);
    return box;
  };
  const entries = need('mdia/minf/stbl/stsd').subarray(8);
  const entryBytes = viewOf(entries).getUint32(0);
  if (entryBytes > entries.length || entryBytes < VISUAL_ENTRY_BYTES) {
    throw new Mp4Error('its sample description is damaged');
  }
  const size = readSizes(need('mdia/minf/stbl/stsz'));
  const tkhd = need('tkhd');
  return {
    // Fixed point 16.16, the last two words of the box.
    widthPx: viewOf(tkhd).getUint32(tkhd.length - 8) / 65536,
    heightPx: viewOf(tkhd).getUint32(tkhd.length - 4) / 65536,
    timescale: timescaleOf(need('mdia/mdhd')),
    movieTimescale: timescaleOf(findBox(moov, 'mvhd') ?? new Uint8Array()),
    numSamples: size.length,
    size,
    offset: readOffsets(track, need('mdia/minf/stbl/stsc'), size),
    presentation: readTimes(need('mdia/minf/stbl/stts'), findBox(track, 'mdia/minf/stbl/ctts'), size.length),
    isKey: readKeys(findBox(track, 'mdia/minf/stbl/stss'), size.length),
    edits: readEdits(findBox(track, 'edts/elst')),
    sampleEntry: entries.subarray(0, entryBytes),
    numTracks: tracks.length,
  };
}

function handlerOf(track: Uint8Array): string {
  const hdlr = findBox(track, 'mdia/hdlr');
  return hdlr && hdlr.length >= 12 ? String.fromCharCode(...hdlr.subarray(8, 12)) : '';
}

/** `mvhd` and `mdhd` both put the time scale after two dates, whose width depends on the version. */
function timescaleOf(header: Uint8Array): number {
  const view = viewOf(header);
  return view.getUint32(view.getUint8(0) === 1 ? 20 : 12);
}

function readSizes(stsz: Uint8Array): Uint32Array {
  const view = viewOf(stsz);
  const common = view.getUint32(4);
  const count = view.getUint32(8);
  if (count > MAX_SAMPLES) throw new Mp4Error(`its index claims ${count} frames`);
  const sizes = new Uint32Array(count).fill(common);
  if (common === 0) for (let i = 0; i < count; i++) sizes[i] = view.getUint32(12 + 4 * i);
  return sizes;
}

function readOffsets(track: Uint8Array, stsc: Uint8Array, size: Uint32Array): Float64Array {
  const stco = findBox(track, 'mdia/minf/stbl/stco');
  const co64 = findBox(track, 'mdia/minf/stbl/co64');
  const chunks = viewOf(stco ?? co64 ?? new Uint8Array());
  const numChunks = chunks.getUint32(4);
  const chunkOffset = (chunk: number): number =>
    stco ? chunks.getUint32(8 + 4 * chunk) : Number(chunks.getBigUint64(8 + 8 * chunk));
  const runs = viewOf(stsc);
  const numRuns = runs.getUint32(4);
  const offset = new Float64Array(size.length);
  let sample = 0;
  for (let run = 0; run < numRuns; run++) {
    const from = runs.getUint32(8 + 12 * run) - 1;
    const to = run + 1 < numRuns ? runs.getUint32(8 + 12 * (run + 1)) - 1 : numChunks;
    const perChunk = runs.getUint32(12 + 12 * run);
    for (let chunk = from; chunk < to; chunk++) {
      let at = chunkOffset(chunk);
      for (let i = 0; i < perChunk && sample < size.length; i++, sample++) {
        offset[sample] = at;
        at += size[sample];
      }
    }
  }
  if (sample !== size.length) throw new Mp4Error(`its index places ${sample} of ${size.length} frames`);
  return offset;
}

function readTimes(stts: Uint8Array, ctts: Uint8Array | null, count: number): Float64Array {
  const times = new Float64Array(count);
  let time = 0;
  const decoded = forRuns(stts, count, (sample, delta) => {
    times[sample] = time;
    time += delta;
  });
  if (decoded !== count) throw new Mp4Error(`its index times ${decoded} of ${count} frames`);
  if (ctts) {
    const view = viewOf(ctts);
    const isSigned = view.getUint8(0) === 1;
    forRuns(ctts, count, (sample, delta) => (times[sample] += isSigned ? delta | 0 : delta));
  }
  return times;
}

/** Run-length tables of (count, value) pairs; returns how many samples they cover. */
function forRuns(table: Uint8Array, count: number, visit: (sample: number, value: number) => void): number {
  const view = viewOf(table);
  const numRuns = view.getUint32(4);
  let sample = 0;
  for (let run = 0; run < numRuns; run++) {
    const length = view.getUint32(8 + 8 * run);
    const value = view.getUint32(12 + 8 * run);
    for (let i = 0; i < length && sample < count; i++, sample++) visit(sample, value);
  }
  return sample;
}

/** Without the table every sample is a key frame. */
function readKeys(stss: Uint8Array | null, count: number): Uint8Array {
  const keys = new Uint8Array(count);
  if (!stss) return keys.fill(1);
  const view = viewOf(stss);
  const numKeys = view.getUint32(4);
  for (let i = 0; i < numKeys; i++) {
    const sample = view.getUint32(8 + 4 * i) - 1;
    if (sample >= 0 && sample < count) keys[sample] = 1;
  }
  return keys;
}

function readEdits(elst: Uint8Array | null): Edit[] {
  if (!elst) return [];
  const view = viewOf(elst);
  const isWide = view.getUint8(0) === 1;
  return Array.from({ length: view.getUint32(4) }, (_, i) =>
    isWide
      ? { duration: Number(view.getBigUint64(8 + 20 * i)), mediaTime: Number(view.getBigInt64(16 + 20 * i)) }
      : { duration: view.getUint32(8 + 12 * i), mediaTime: view.getInt32(12 + 12 * i) },
  );
}
