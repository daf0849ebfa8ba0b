/**
 * PNG files whose numbers are ids: grey or palette, 8 bits or fewer. Image libraries turn palette numbers into colours, which
 * loses the ids, so these are decoded here. Source of the layout: W3C PNG (third edition), sections 5, 9 and 11.
 */
import { readFile } from 'node:fs/promises';
import { inflateSync } from 'node:zlib';
import { messageOf, UserError } from '../base/errors.js';
import { type ByteImage, createBytes } from './image.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY = 0;
const PALETTE = 3;

/** [H, W] stored numbers: grey levels as they are, or palette indices. */
export async function readIndexPng(file: string): Promise<ByteImage> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  try {
    return decodeIndexPng(bytes);
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
}

export function decodeIndexPng(bytes: Uint8Array): ByteImage {
  if (SIGNATURE.some((value, i) => bytes[i] !== value)) throw new Error('not a PNG');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let header: DataView | null = null;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) throw new Error('the file is cut short');
    if (kind === 'IHDR') header = new DataView(bytes.buffer, bytes.byteOffset + at + 8, length);
    if (kind === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  if (!header) throw new Error('no header');
  const [w, h] = [header.getUint32(0), header.getUint32(4)];
  const [bits, colour, interlace] = [header.getUint8(8), header.getUint8(9), header.getUint8(12)];
  if ((colour !== GREY && colour !== PALETTE) || bits > 8 || interlace !== 0) {
    throw new Error(
      `expected grey or palette with at most 8 bits, not interlaced; found colour type ${colour} with ${bits} bits`,
    );
  }
  const rowBytes = Math.ceil((w * bits) / 8);
  const raw = unfiltered(inflateSync(Buffer.concat(parts)), rowBytes, h);
  if (bits === 8) return createBytes(w, h, raw);
  const out = createBytes(w, h);
  const perByte = 8 / bits;
  for (let y = 0, o = 0; y < h; y++) {
    for (let x = 0; x < w; x++, o++) {
      const byte = raw[y * rowBytes + Math.floor(x / perByte)];
      out.data[o] = (byte >> (8 - bits * ((x % perByte) + 1))) & ((1 << bits) - 1);
    }
  }
  return out;
}

/** Undoes the row filters; neighbours are one byte to the left, for all kinds read here have at most 8 bits per pixel. */
function unfiltered(data: Uint8Array, rowBytes: number, h: number): Uint8Array {
  if (data.length < h * (rowBytes + 1)) throw new Error('the picture is cut short');
  const out = new Uint8Array(h * rowBytes);
  for (let y = 0; y < h; y++) {
    const kind = data[y * (rowBytes + 1)];
    for (let x = 0; x < rowBytes; x++) {
      const i = y * rowBytes + x;
      const left = x > 0 ? out[i - 1] : 0;
      const up = y > 0 ? out[i - rowBytes] : 0;
      const corner = x > 0 && y > 0 ? out[i - rowBytes - 1] : 0;
      out[i] = data[y * (rowBytes + 1) + 1 + x] + predicted(kind, left, up, corner);
    }
  }
  return out;
}

function predicted(kind: number, left: number, up: number, corner: number): number {
  switch (kind) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const p = left + up - corner;
      const [a, b, c] = [Math.abs(p - left), Math.abs(p - up), Math.abs(p - corner)];
      if (a <= b && a <= c) return left;
      return b <= c ? up : corner;
    }
    default:
      throw new Error(`unknown row filter ${kind}`);
  }
}
