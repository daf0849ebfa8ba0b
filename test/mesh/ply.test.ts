import { describe, expect, it } from 'vitest';
import { decodePly } from '../../src/mesh/ply.js';
import { asciiPly, meshOf } from '../bop/small-dataset.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** One quad with per-face texture coordinates, as textured models have them. */
function binaryQuad(isLittleEndian: boolean): Uint8Array {
  const header = text(
    [
      'ply',
      `format binary_${isLittleEndian ? 'little' : 'big'}_endian 1.0`,
      'element vertex 4',
      ...['property uchar flag', 'property float x', 'property double y', 'property float z'],
      'element face 1',
      ...['property list uchar int vertex_index', 'property list uchar float texcoord'],
      'end_header\n',
    ].join('\n'),
  );
  const body = new DataView(new ArrayBuffer(4 * 17 + 1 + 16 + 1 + 8));
  [0, 0, 2, 0, 2, 3, 0, 3].forEach((value, k) => {
    const row = 17 * (k >> 1);
    if (k % 2 === 0) body.setFloat32(row + 1, value, isLittleEndian);
    else body.setFloat64(row + 5, value, isLittleEndian);
  });
  body.setUint8(68, 4);
  [0, 1, 2, 3].forEach((vertex, k) => {
    body.setInt32(69 + 4 * k, vertex, isLittleEndian);
  });
  body.setUint8(85, 2);
  return Buffer.concat([header, new Uint8Array(body.buffer)]);
}

describe('mesh PLY', () => {
  it.each([true, false])('binary, little-endian %s: polygons become fans, other properties are passed over', (le) => {
    const mesh = decodePly(binaryQuad(le));
    expect([...mesh.vertices]).toEqual([0, 0, 0, 2, 0, 0, 2, 3, 0, 0, 3, 0]);
    expect([...mesh.triangles]).toEqual([0, 1, 2, 0, 2, 3]);
    expect(mesh.colourAt).toBeNull();
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['not a PLY', text('solid cube\n'), /not a PLY/],
    ['no end of the header', text('ply\nformat ascii 1.0\n'), /no end_header/],
    ['cut short', binaryQuad(true).subarray(0, -5), /cut short/],
    ['ascii cut short', text(asciiPly(meshOf(1), null).slice(0, -40)), /ends before|names vertex/],
    ['a word for a number', text(asciiPly(meshOf(1), null).replace('0.5', 'half')), /"half" in the PLY/],
    [
      'infinite',
      text(asciiPly(meshOf(1), null).replace(/end_header\n\S+/, 'end_header\nInfinity')),
      /vertex 0 is not finite/,
    ],
    ['a vertex that is not there', text(asciiPly(meshOf(1), null).replace(/3 0 /, '3 99 ')), /names vertex 99 of/],
    [
      'a count that cannot be',
      text(asciiPly(meshOf(1), null).replace(/vertex \d+/, 'vertex -4')),
      /bad PLY element count/,
    ],
    ['more rows than bytes', text(asciiPly(meshOf(1), null).replace(/vertex \d+/, 'vertex 999999999999')), /PLY/],
    [
      'unknown type',
      text(asciiPly(meshOf(1), null).replace('ascii', 'binary_little_endian').replace('float x', 'half x')),
      /type "half"/,
    ],
    ['no positions', text('ply\nformat ascii 1.0\nelement vertex 1\nproperty float a\nend_header\n1\n'), /no x, y, z/],
    ['no vertices', text('ply\nformat ascii 1.0\nend_header\n'), /no vertices/],
  ])('says what is wrong: %s', (_, bytes, message) => {
    expect(() => decodePly(bytes, 'obj.ply')).toThrow(message);
  });
});
