/** The box tree of MP4 / QuickTime files (ISO/IEC 14496-12): just enough to find and read what the program needs. */
import { type FileHandle, open } from 'node:fs/promises';

export interface Box {
  readonly type: string;
  readonly payload: Uint8Array;
}

/** Index tables of hours of video stay far below this; more means a damaged size field. */
const MAX_MOOV_BYTES = 256 * 1024 * 1024;

/** The payload of the file's `moov` box; null when there is none (not an MP4, or cut off before it). */
export async function readMoov(file: string): Promise<Uint8Array | null> {
  const handle = await open(file, 'r');
  try {
    const { size: fileSize } = await handle.stat();
    for (let at = 0; at + 8 <= fileSize; ) {
      const header = await readAt(handle, at, Math.min(16, fileSize - at));
      const view = viewOf(header);
      const size32 = view.getUint32(0);
      const type = fourCc(header, 4);
      const headerBytes = size32 === 1 ? 16 : 8;
      if (headerBytes > header.length) return null;
      const size = size32 === 1 ? Number(view.getBigUint64(8)) : size32 === 0 ? fileSize - at : size32;
      if (size < headerBytes) return null;
      if (type === 'moov') {
        const isWhole = at + size <= fileSize && size <= MAX_MOOV_BYTES;
        return isWhole ? readAt(handle, at + headerBytes, size - headerBytes) : null;
      }
      at += size;
    }
    return null;
  } finally {
    await handle.close();
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await handle.read(bytes, 0, length, position);
  return bytes.subarray(0, bytesRead);
}

/** The boxes that lie in a payload, one after the other. Stops at the first that does not fit. */
export function childBoxes(payload: Uint8Array): Box[] {
  const boxes: Box[] = [];
  const view = viewOf(payload);
  for (let at = 0; at + 8 <= payload.length; ) {
    const size32 = view.getUint32(at);
    const headerBytes = size32 === 1 ? 16 : 8;
    if (at + headerBytes > payload.length) break;
    const size = size32 === 1 ? Number(view.getBigUint64(at + 8)) : size32 === 0 ? payload.length - at : size32;
    if (size < headerBytes || at + size > payload.length) break;
    boxes.push({ type: fourCc(payload, at + 4), payload: payload.subarray(at + headerBytes, at + size) });
    at += size;
  }
  return boxes;
}

/** First box at a path such as 'mdia/minf/stbl'. */
export function findBox(payload: Uint8Array, boxPath: string): Uint8Array | null {
  let current: Uint8Array | undefined = payload;
  for (const type of boxPath.split('/')) {
    current = childBoxes(current).find((box) => box.type === type)?.payload;
    if (!current) return null;
  }
  return current;
}

/**
 * QuickTime `keys` + `ilst` metadata of the movie and of every track: phones put camera make, model and focal length
 * there (Apple QuickTime File Format, "Metadata"). Track values win over movie values.
 */
export function readQuickTimeTags(moov: Uint8Array): Map<string, string | number> {
  const tags = new Map<string, string | number>();
  const udta = findBox(moov, 'udta');
  for (const holder of [udta, moov, ...childBoxes(moov).map((box) => (box.type === 'trak' ? box.payload : null))]) {
    const meta = holder && findBox(holder, 'meta');
    if (meta) collectTags(meta, tags);
  }
  return tags;
}

function collectTags(meta: Uint8Array, tags: Map<string, string | number>): void {
  // ISO files put version and flags (zero) first, QuickTime files do not: there the first word is a box size.
  const boxes = meta.length >= 8 && viewOf(meta).getUint32(0) === 0 ? meta.subarray(4) : meta;
  const keys = findBox(boxes, 'keys');
  const items = findBox(boxes, 'ilst');
  if (!keys || !items) return;
  const names = keyNames(keys);
  for (const item of childBoxes(items)) {
    const index = [...item.type].reduce((value, char) => value * 256 + char.charCodeAt(0), 0);
    const data = findBox(item.payload, 'data');
    const name = names[index - 1];
    const value = data && dataValue(data);
    if (name !== undefined && value !== null) tags.set(name, value);
  }
}

function keyNames(keys: Uint8Array): string[] {
  const names: string[] = [];
  const view = viewOf(keys);
  for (let at = 8; at + 8 <= keys.length; ) {
    const size = view.getUint32(at);
    if (size < 8) break;
    names.push(new TextDecoder().decode(keys.subarray(at + 8, at + size)));
    at += size;
  }
  return names;
}

/** Value of a `data` box by its well-known type; null for types that carry nothing we read. */
function dataValue(data: Uint8Array): string | number | null {
  if (data.length < 8) return null;
  const type = viewOf(data).getUint32(0) & 0xffffff;
  const value = data.subarray(8);
  const view = viewOf(value);
  if (type === 1) return new TextDecoder().decode(value);
  if (type === 23 && value.length === 4) return view.getFloat32(0);
  if (type === 24 && value.length === 8) return view.getFloat64(0);
  const isInteger = type === 21 || type === 22 || (type >= 65 && type <= 78);
  if (!isInteger || value.length === 0 || value.length > 6) return null;
  const unsigned = value.reduce((sum, byte) => sum * 256 + byte, 0);
  const isSigned = type === 21 || (type >= 65 && type <= 74);
  return isSigned && value[0] >= 128 ? unsigned - 256 ** value.length : unsigned;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fourCc(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}
