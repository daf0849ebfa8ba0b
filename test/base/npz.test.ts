import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy } from '../../src/base/npy.js';
import { decodeNpz } from '../../src/base/npz.js';
import { zipOf } from './helpers/zip.js';

describe('.npz', () => {
  const a = encodeNpy([2, 3], Float32Array.from([1, 2, 3, 4, 5, 6]));
  const b = encodeNpy([2], Uint8Array.from([0, 1]));

  it.each([false, true])('reads its arrays by name (deflated: %s)', (deflate) => {
    const arrays = decodeNpz(zipOf({ tracks: a, visibility: b }, deflate));
    expect([...arrays.keys()]).toEqual(['tracks', 'visibility']);
    expect(arrays.get('tracks')).toEqual({ shape: [2, 3], data: Float32Array.from([1, 2, 3, 4, 5, 6]) });
    expect(arrays.get('visibility')).toEqual({ shape: [2], data: Uint8Array.from([0, 1]) });
  });

  it('says what is wrong with damaged files', () => {
    const zip = zipOf({ tracks: a }, false);
    expect(() => decodeNpz(new Uint8Array(100), 'x.npz')).toThrow('x.npz is not a .npz file');
    expect(() => decodeNpz(zip.subarray(40), 'x.npz')).toThrow(/x\.npz/);
  });
});

describe('.npy of other types', () => {
  const header = (descr: string, shape: string, data: Buffer): Uint8Array => {
    const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;
    const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, dict.length & 255, dict.length >> 8]);
    return Buffer.concat([head, Buffer.from(dict), data]);
  };

  it('reads half floats', () => {
    // 1, -2, 0.5, the smallest subnormal, infinity.
    const words = [0x3c00, 0xc000, 0x3800, 0x0001, 0x7c00];
    const data = Buffer.alloc(10);
    words.forEach((word, i) => {
      data.writeUInt16LE(word, 2 * i);
    });
    expect([...decodeNpy(header('<f2', '(5,)', data)).data]).toEqual([1, -2, 0.5, 2 ** -24, Number.POSITIVE_INFINITY]);
  });

  it('reads 64-bit whole numbers', () => {
    const data = Buffer.alloc(16);
    data.writeBigInt64LE(-7n, 0);
    data.writeBigInt64LE(12n, 8);
    expect(decodeNpy(header('<i8', '(2,)', data))).toEqual({ shape: [2], data: Int32Array.from([-7, 12]) });
  });
});
