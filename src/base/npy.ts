/** NumPy .npy files (format 1.0, little-endian, C order): the plainest way to hand arrays to anyone. */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from './errors.js';
import { writeFileAtomic } from './files.js';

export type NpyData = Float32Array | Float64Array | Uint8Array | Int32Array;
export interface NpyArray {
  shape: number[];
  data: NpyData;
}

const DTYPES = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '|u1': Uint8Array,
  '|b1': Uint8Array,
  '<i4': Int32Array,
} as const;

/** Stored types that are read into one of ours: half floats, and whole numbers of other sizes. */
const CONVERTED: Readonly<
  Record<string, { bytes: number; read: (view: DataView, at: number) => number; to: 'f32' | 'i32' }>
> = {
  '<f2': { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)), to: 'f32' },
  '<i8': { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)), to: 'i32' },
  '<i2': { bytes: 2, read: (view, at) => view.getInt16(at, true), to: 'i32' },
  '<u2': { bytes: 2, read: (view, at) => view.getUint16(at, true), to: 'i32' },
  '|i1': { bytes: 1, read: (view, at) => view.getInt8(at), to: 'i32' },
};

/** IEEE 754 binary16. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function encodeNpy(shape: number[], data: NpyData): Uint8Array {
  const count = shape.reduce((a, b) => a * b, 1);
  if (count !== data.length) throw new Error(`npy: ${data.length} values for shape ${shape.join('x')}`);
  const descr = Object.entries(DTYPES).find(([, type]) => data instanceof type)![0];
  const shapeText = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shapeText}, }`;
  const headerLength = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + headerLength + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, headerLength & 0xff, headerLength >> 8]);
  bytes.set(new TextEncoder().encode(`${dict.padEnd(headerLength - 1)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + headerLength);
  return bytes;
}

export function decodeNpy(bytes: Uint8Array, name = 'npy'): NpyArray {
  const isNpy = bytes.length > 10 && bytes[0] === 0x93 && String.fromCharCode(...bytes.subarray(1, 6)) === 'NUMPY';
  if (!isNpy) throw new UserError(`${name} is not a .npy file`);
  const wide = bytes[6] >= 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerStart = wide ? 12 : 10;
  const headerLength = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (headerStart + headerLength > bytes.length) throw new UserError(`${name}: the .npy header is cut short`);
  const header = new TextDecoder().decode(bytes.subarray(headerStart, headerStart + headerLength));
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? '';
  const shapeText = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  const type = DTYPES[descr as keyof typeof DTYPES];
  const converted = CONVERTED[descr];
  if ((!type && !converted) || shapeText === undefined || /'fortran_order':\s*True/.test(header)) {
    throw new UserError(
      `${name}: unsupported .npy layout (${descr || 'no dtype'}); expected C order and one of ${[...Object.keys(DTYPES), ...Object.keys(CONVERTED)].join(', ')}`,
    );
  }
  const shape = shapeText
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const count = shape.reduce((a, b) => a * b, 1);
  const start = headerStart + headerLength;
  const need = count * (converted?.bytes ?? type.BYTES_PER_ELEMENT);
  if (bytes.length - start < need) {
    throw new UserError(
      `${name}: need ${need} bytes of data for shape ${shape.join('x')}, have ${bytes.length - start}`,
    );
  }
  if (converted) {
    const data = converted.to === 'f32' ? new Float32Array(count) : new Int32Array(count);
    for (let i = 0; i < count; i++) data[i] = converted.read(view, start + i * converted.bytes);
    return { shape, data };
  }
  // Not `slice`: on a Buffer that gives a view into the whole file, header and all.
  const copy = Uint8Array.from(bytes.subarray(start, start + need));
  return { shape, data: new type(copy.buffer, 0, count) };
}

export async function readNpy(file: string): Promise<NpyArray> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  return decodeNpy(bytes, file);
}

export async function writeNpy(file: string, shape: number[], data: NpyData): Promise<void> {
  await writeFileAtomic(file, encodeNpy(shape, data));
}
