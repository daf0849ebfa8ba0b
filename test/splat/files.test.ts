import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { Random } from '../../src/base/random.js';
import type { GaussianSet } from '../../src/splat/gaussians.js';
import { boundsOf } from '../../src/splat/ops.js';
import { decodePly, encodePly, readPly } from '../../src/splat/ply.js';
import { decodeSplat, encodeSplat } from '../../src/splat/splat-file.js';
import { randomSet } from './scenes.js';

const FIELDS = ['position', 'logScale', 'rotation', 'opacityLogit', 'sh'] as const;
const GUITAR = fileURLToPath(new URL('../../../shared/data/splats/guitar.ply', import.meta.url));

/** The file's header and rows apart, so that tests can damage either. */
function split(bytes: Uint8Array): { header: string; body: Uint8Array } {
  const end = Buffer.from(bytes).indexOf('end_header\n') + 'end_header\n'.length;
  return { header: Buffer.from(bytes.subarray(0, end)).toString(), body: bytes.slice(end) };
}
const join = (header: string, body: Uint8Array): Uint8Array => Buffer.concat([Buffer.from(header), body]);

describe('Gaussian PLY', () => {
  it.each([0, 1, 2, 3])('comes back bit for bit, SH degree %i', (degree) => {
    const set = randomSet(1, 50, 0.1, 0.02, degree);
    const { set: back, warnings, numInFile } = decodePly(encodePly(set));
    expect(warnings).toEqual([]);
    expect(numInFile).toBe(50);
    expect(back.shDegree).toBe(degree);
    for (const field of FIELDS) expect(back[field]).toEqual(set[field]);
  });

  it('reads another order of fields, other types and further elements', () => {
    const rows = [
      'rot_3',
      'rot_2',
      'rot_1',
      'rot_0',
      'f_dc_2',
      'f_dc_1',
      'f_dc_0',
      'opacity',
      'scale_2',
      'scale_1',
      'scale_0',
    ];
    const header = `ply\r\nformat binary_big_endian 1.0\r\ncomment odd\r\nelement camera 1\r\nproperty uchar a\r\nelement vertex 1\r\n${rows
      .map((name) => `property float ${name}\r\n`)
      .join('')}property double x\r\nproperty short y\r\nproperty uchar z\r\nend_header\r\n`;
    const body = Buffer.alloc(1 + rows.length * 4 + 8 + 2 + 1);
    rows.forEach((_, i) => {
      body.writeFloatBE(i + 1, 1 + 4 * i);
    });
    body.writeDoubleBE(0.25, 45);
    body.writeInt16BE(-3, 53);
    body.writeUInt8(200, 55);
    const { set } = decodePly(join(header, body));
    expect([...set.position]).toEqual([0.25, -3, 200]);
    expect([...set.rotation]).toEqual([4, 3, 2, 1]);
    expect([...set.sh]).toEqual([7, 6, 5]);
    expect([...set.logScale]).toEqual([11, 10, 9]);
  });

  const good = encodePly(randomSet(2, 20));
  const { header, body } = split(good);
  it.each<[string, Uint8Array, RegExp]>([
    ['empty', new Uint8Array(0), /not a PLY/],
    ['other file', Buffer.from('GIF89a'), /not a PLY/],
    ['header without an end', Buffer.from(`ply\n${'comment x\n'.repeat(100_000)}`), /no end_header/],
    ['lying count', join(header.replace('vertex 20', 'vertex 4000000000'), body), /promises 4000000000 .* room for 20/],
    ['count beyond all numbers', join(header.replace('vertex 20', 'vertex 1e300'), body), /element line/],
    ['negative count', join(header.replace('vertex 20', 'vertex -5'), body), /element line/],
    ['truncated', good.subarray(0, good.length - 1), /room for 19/],
    ['missing fields', join(header.replace('float opacity', 'float opaque'), body), /no opacity/],
    [
      'point cloud',
      Buffer.from('ply\nformat binary_little_endian 1.0\nelement vertex 0\nproperty float x\nend_header\n'),
      /no y, z/,
    ],
    ['list property', join(header.replace('float x', 'list uchar int x'), body), /not supported/],
    ['same field twice', join(header.replace('float y', 'float x'), body), /twice/],
    ['text format', join(header.replace('binary_little_endian', 'ascii'), body), /"ascii" is not supported/],
    ['no vertices', Buffer.from('ply\nformat binary_little_endian 1.0\nend_header\n'), /vertex/],
    [
      'no columns',
      Buffer.from('ply\nformat binary_little_endian 1.0\nelement vertex 9007199254740991\nend_header\n'),
      /no x/,
    ],
  ])('refuses: %s', (_, bytes, message) => {
    expect(() => decodePly(bytes, 'bad.ply')).toThrow(UserError);
    expect(() => decodePly(bytes, 'bad.ply')).toThrow(message);
    expect(() => decodePly(bytes, 'bad.ply')).toThrow(/^bad\.ply/);
  });

  it('drops, mends and counts bad values', () => {
    const set = randomSet(3, 8);
    set.position[3] = Number.NaN;
    set.sh[6] = Number.POSITIVE_INFINITY;
    set.rotation.fill(0, 12, 16);
    set.logScale[12] = Number.NEGATIVE_INFINITY;
    set.opacityLogit[5] = Number.POSITIVE_INFINITY;
    set.logScale[18] = 50;
    const { set: back, numInFile, repairs, warnings } = decodePly(encodePly(set), 'x.ply');
    expect(numInFile).toBe(8);
    expect(back.count).toBe(5);
    expect(repairs).toEqual({ numNotFinite: 2, firstNotFinite: 1, numTooLarge: 1, numZeroQuaternions: 1 });
    expect(warnings).toHaveLength(3);
    for (const field of FIELDS) expect(back[field].every(Number.isFinite)).toBe(true);
  });

  it('ignores harmonics that fit no degree, with a warning', () => {
    const { header: h, body: b } = split(encodePly(randomSet(4, 5, 0.1, 0.02, 1)));
    const { set, warnings } = decodePly(join(h.replace('f_rest_8', 'other'), b));
    expect(set.shDegree).toBe(0);
    expect(warnings[0]).toMatch(/8 f_rest/);
  });

  it('never fails in another way than UserError, whatever byte is damaged (seed 5)', () => {
    const rng = new Random(5);
    for (let k = 0; k < 400; k++) {
      const bytes = good.slice(0, rng.int(4) === 0 ? rng.int(good.length) : good.length);
      for (let n = rng.int(4); n >= 0; n--)
        if (bytes.length > 0) bytes[rng.int(Math.min(bytes.length, 600))] = rng.int(256);
      try {
        expect(decodePly(bytes).set.count).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }
  });

  const missing = existsSync(GUITAR) ? '' : ` (skipped: no ${GUITAR})`;
  it.skipIf(missing !== '')(`reads a real capture${missing}`, async () => {
    const { set, warnings } = await readPly(GUITAR);
    expect(set.count).toBe(90_854);
    expect(warnings).toEqual([]);
    expect(boundsOf(set)!.min[1]).toBeCloseTo(-4.292, 2);
  });
});

describe('.splat', () => {
  it('comes back to the precision of its bytes', () => {
    const set = randomSet(6, 40);
    const { set: back, warnings } = decodeSplat(encodeSplat(set));
    expect(warnings).toEqual([]);
    expect(back.position).toEqual(set.position);
    const opacityOf = (s: GaussianSet, i: number): number => 1 / (1 + Math.exp(-s.opacityLogit[i]));
    for (let i = 0; i < set.count; i++) {
      expect(opacityOf(back, i)).toBeCloseTo(opacityOf(set, i), 2);
      const length = Math.hypot(...set.rotation.subarray(4 * i, 4 * i + 4));
      for (let c = 0; c < 3; c++) {
        expect(back.logScale[3 * i + c]).toBeCloseTo(set.logScale[3 * i + c], 5);
        // One step of 8 bits is 0.0039 in colour, 0.0139 in the coefficient.
        expect(Math.abs(back.sh[3 * i + c] - set.sh[3 * i + c])).toBeLessThan(0.0071);
      }
      for (let c = 0; c < 4; c++) {
        expect(Math.abs(back.rotation[4 * i + c] - set.rotation[4 * i + c] / length)).toBeLessThan(1 / 127);
      }
    }
  });
  it('refuses half a Gaussian and drops negative or infinite scales', () => {
    const bytes = encodeSplat(randomSet(7, 3));
    expect(() => decodeSplat(bytes.subarray(0, 50), 'a.splat')).toThrow(/a\.splat: 50 bytes/);
    expect(() => decodeSplat(new Uint8Array(0))).toThrow(UserError);
    new DataView(bytes.buffer).setFloat32(12, -1, true);
    new DataView(bytes.buffer).setFloat32(44, Number.POSITIVE_INFINITY, true);
    expect(decodeSplat(bytes).set.count).toBe(1);
  });
});
