import { describe, expect, it } from 'vitest';
import {
  averageTimePerImage,
  type BopEstimate,
  decodeResults,
  encodeResults,
} from '../../src/bop/dataset/results-csv.js';
import { fromTranslation } from '../../src/math/se3.js';
import { decodeMeshPly } from '../../src/objects/ply-mesh.js';
import { asciiPly, meshOf } from './small-dataset.js';

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
    const mesh = decodeMeshPly(binaryQuad(le), 0.001);
    expect([...mesh.vertices]).toEqual([0, 0, 0, 0.002, 0, 0, 0.002, 0.003, 0, 0, 0.003, 0]);
    expect([...mesh.triangles]).toEqual([0, 1, 2, 0, 2, 3]);
    expect(mesh.colours).toBeNull();
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
    expect(() => decodeMeshPly(bytes, 0.001, 'obj.ply')).toThrow(message);
  });
});

const estimate = (imageId: number, timeSec: number): BopEstimate => ({
  sceneId: 1,
  imageId,
  objId: 5,
  score: 0.25,
  cameraFromModel: fromTranslation([0.0125, -0.5, 1.25]),
  timeSec,
});

describe('results CSV', () => {
  it('is written as the toolkit reads it and read back', () => {
    const csv = encodeResults([estimate(3, 0.5)]);
    expect(csv).toBe('scene_id,im_id,obj_id,score,R,t,time\n1,3,5,0.25,1 0 0 0 1 0 0 0 1,12.5 -500 1250,0.5\n');
    expect(decodeResults(csv)).toEqual([estimate(3, 0.5)]);
    expect(decodeResults(csv.split('\n')[1])).toEqual([estimate(3, 0.5)]);
    expect(decodeResults(encodeResults([]))).toEqual([]);
  });

  it('averages time over images, unless some row has none', () => {
    expect(averageTimePerImage([estimate(1, 0.2), estimate(1, 0.2), estimate(2, 0.6)])).toBeCloseTo(0.4, 12);
    expect(averageTimePerImage([estimate(1, 0.2), estimate(2, -1)])).toBe(-1);
    expect(averageTimePerImage([])).toBe(-1);
  });

  const row = '1,3,5,0.25,1 0 0 0 1 0 0 0 1,12.5 -500 1250,0.5';
  it.each<[string, string, RegExp]>([
    ['a blank line', `${row}\n\n${row}`, /line 2: 1 fields/],
    ['too few fields', '1,3,5,0.25', /4 fields, expected 7/],
    ['a short rotation', row.replace('0 0 1,', ','), /expected 9 numbers/],
    ['NaN', row.replace('12.5', 'nan'), /"nan" is not a finite number/],
    ['an infinite score', row.replace('0.25', 'inf'), /"inf" is not a finite number/],
    ['half an object', row.replace('3,5', '3,5.5'), /id 5.5 is not a whole number/],
    ['two times for one image', `${row}\n${row.replace(/0\.5$/, '0.6')}`, /line 2: time 0.6 s, but 0.5 s/],
  ])('says what is wrong: %s', (_, csv, message) => {
    expect(() => decodeResults(csv, 'a.csv')).toThrow(message);
  });
});
