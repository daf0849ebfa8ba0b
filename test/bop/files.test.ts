import { describe, expect, it } from 'vitest';
import {
  averageTimePerImage,
  type BopEstimate,
  decodeResults,
  encodeResults,
} from '../../src/bop/dataset/results-csv.js';
import { fromTranslation } from '../../src/math/se3.js';

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
