import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy } from '../../src/base/npy.js';

describe('npy', () => {
  it.each([
    ['f32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, Number.NaN)],
    ['f64', [3], Float64Array.of(0.1, -1e300, 5)],
    ['u8', [2, 1, 2], Uint8Array.of(0, 255, 7, 9)],
    ['i32', [1], Int32Array.of(-5)],
  ])('round-trips %s', (_, shape, data) => {
    const decoded = decodeNpy(encodeNpy(shape, data));
    expect(decoded.shape).toEqual(shape);
    expect(decoded.data).toEqual(data);
  });

  it('reads the same from a Buffer, as files come', () => {
    const data = Float32Array.of(1, 2, 3);
    expect(decodeNpy(Buffer.from(encodeNpy([3], data))).data).toEqual(data);
    // A Buffer that is a window of a larger one, as small files are.
    const pool = Buffer.concat([Buffer.alloc(5), encodeNpy([3], data)]);
    expect(decodeNpy(pool.subarray(5)).data).toEqual(data);
  });

  it('writes the header NumPy writes: magic, version 1.0, data aligned to 64 bytes, newline at the end', () => {
    const bytes = encodeNpy([4], Float32Array.of(1, 2, 3, 4));
    expect([...bytes.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
    expect((bytes.length - 16) % 64).toBe(0);
    expect(bytes[bytes.length - 17]).toBe(0x0a);
    expect(new TextDecoder().decode(bytes.subarray(10))).toContain(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }",
    );
  });

  it('refuses what it cannot read, by name', () => {
    expect(() => decodeNpy(Uint8Array.of(1, 2, 3), 'x.npy')).toThrow('x.npy is not a .npy file');
    const bytes = encodeNpy([4], Float32Array.of(1, 2, 3, 4));
    expect(() => decodeNpy(bytes.subarray(0, bytes.length - 3), 'cut.npy')).toThrow('cut.npy: need 16 bytes');
    const fortran = new TextEncoder().encode('\u0093NUMPY');
    expect(() => decodeNpy(fortran, 'f.npy')).toThrow('f.npy is not a .npy file');
  });
});
