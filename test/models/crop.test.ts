import { describe, expect, it } from 'vitest';
import { createRgb } from '../../src/image/image.js';
import {
  boxIou,
  cropTensor,
  letterboxed,
  mapPoint,
  squareCrop,
  stretched,
  suppress,
  ZERO_TO_ONE,
} from '../../src/models/crop.js';

describe('crops for networks', () => {
  it('cuts a square that keeps its pixels', () => {
    const image = createRgb(8, 6);
    image.data.forEach((_, i) => {
      image.data[i] = i;
    });
    // 4 x 4 about (4, 3): pixels 2..5 and 1..4.
    const { data, shape } = cropTensor(image, squareCrop(4, 3, 4, 0, 4), 4, 4, ZERO_TO_ONE);
    expect(shape).toEqual([1, 3, 4, 4]);
    expect(data[0] * 255).toBeCloseTo(3 * (1 * 8 + 2), 4);
    expect(data[15] * 255).toBeCloseTo(3 * (4 * 8 + 5), 4);
    expect(data[16] * 255).toBeCloseTo(3 * (1 * 8 + 2) + 1, 4);
  });

  it('turns: a quarter turn clockwise makes the crop point where the picture points right', () => {
    const map = squareCrop(50, 40, 20, Math.PI / 2, 20);
    // Up in the crop (towards y = 0) is right in the picture.
    const [x0, y0] = mapPoint(map, 10, 10);
    const [x1, y1] = mapPoint(map, 10, 0);
    expect([x0, y0]).toEqual([50, 40]);
    expect(x1).toBeCloseTo(60, 6);
    expect(y1).toBeCloseTo(40, 6);
  });

  it('letterboxes into the top-left corner and fills the rest', () => {
    const image = createRgb(40, 20);
    image.data.fill(255);
    const map = letterboxed(image, 10);
    expect(map.scale).toBe(0.25);
    const { data } = cropTensor(image, map, 10, 10, { ...ZERO_TO_ONE, outside: [51, 0, 0] });
    expect(data[4 * 10 + 9]).toBe(1);
    expect(data[6 * 10]).toBeCloseTo(0.2, 6);
  });

  it('stretches with half-pixel centres', () => {
    const image = createRgb(2, 1, Uint8Array.from([0, 0, 0, 200, 0, 0]));
    const { data } = cropTensor(image, stretched(image, 4, 1), 4, 1, { ...ZERO_TO_ONE, deviation: [1, 1, 1] });
    expect([...data.subarray(0, 4)]).toEqual([0, 50, 150, 200]);
  });

  it('suppresses boxes that overlap a better one', () => {
    const box = (x0: number, score: number) => ({ x0, y0: 0, x1: x0 + 10, y1: 10, score });
    expect(boxIou(box(0, 1), box(5, 1))).toBeCloseTo(1 / 3, 6);
    expect(suppress([box(0, 0.5), box(5, 0.9), box(30, 0.1)], 0.3).map(({ score }) => score)).toEqual([0.9, 0.1]);
  });
});
