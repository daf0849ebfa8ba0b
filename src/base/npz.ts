/** NumPy .npz files: zip archives of .npy, stored or deflated. */
import { readFile } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import { messageOf, UserError } from './errors.js';
import { decodeNpy, type NpyArray } from './npy.js';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_SIZE = 22;
const STORED = 0;
const DEFLATED = 8;

/** Arrays by name, without their `.npy`. Source of the layout: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16. */
export function decodeNpz(bytes: Uint8Array, name = 'npz'): Map<string, NpyArray> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  if (end < 0) throw new UserError(`${name} is not a .npz file (no zip directory)`);
  const numEntries = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const arrays = new Map<string, NpyArray>();
  for (let k = 0; k < numEntries; k++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== DIRECTORY_ENTRY) {
      throw new UserError(`${name}: the zip directory is damaged`);
    }
    const method = view.getUint16(at + 10, true);
    const packedSize = view.getUint32(at + 20, true);
    const nameLength = view.getUint16(at + 28, true);
    const offset = view.getUint32(at + 42, true);
    const entry = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (!entry.endsWith('.npy')) continue;
    const inner = unpack(bytes, view, offset, packedSize, method, `${name}: ${entry}`);
    arrays.set(entry.slice(0, -4), decodeNpy(inner, `${name}: ${entry}`));
  }
  return arrays;
}

/** The end record stands last, before a comment of any length. */
function findEnd(view: DataView): number {
  for (let at = view.byteLength - END_SIZE; at >= Math.max(0, view.byteLength - END_SIZE - 0xffff); at--) {
    if (view.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  return -1;
}

function unpack(
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  packedSize: number,
  method: number,
  what: string,
): Uint8Array {
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== LOCAL_HEADER) {
    throw new UserError(`${what}: no data at its place in the zip file`);
  }
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  if (start + packedSize > bytes.length) throw new UserError(`${what}: the zip file is cut short`);
  const packed = bytes.subarray(start, start + packedSize);
  if (method === STORED) return packed;
  if (method !== DEFLATED) throw new UserError(`${what}: zip method ${method}; save it with numpy.savez`);
  try {
    return inflateRawSync(packed);
  } catch (error) {
    throw new UserError(`${what}: ${messageOf(error)}`);
  }
}

export async function readNpz(file: string): Promise<Map<string, NpyArray>> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  return decodeNpz(bytes, file);
}
