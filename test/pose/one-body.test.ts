import { expect, it } from 'vitest';
import { createBytes } from '../../src/image/image.js';
import { withoutStrays } from '../../src/pose/one-body.js';

const WIDTH = 60;
type Rect = readonly [x0: number, y0: number, x1: number, y1: number];

function mapOf(...parts: readonly [id: number, rect: Rect][]) {
  const map = createBytes(WIDTH, 40);
  for (const [id, [x0, y0, x1, y1]] of parts) {
    for (let y = y0; y < y1; y++) map.data.fill(id, y * WIDTH + x0, y * WIDTH + x1);
  }
  return map;
}
const countOf = (map: ReturnType<typeof mapOf>, id: number): number => map.data.filter((value) => value === id).length;

it('drops a piece that lies apart over bare background, of the asked object only', () => {
  const map = mapOf([1, [5, 20, 25, 38]], [1, [20, 0, 50, 5]], [2, [40, 30, 44, 34]], [2, [55, 10, 58, 12]]);
  const cleaned = withoutStrays(map, [1]);
  expect(countOf(cleaned, 1)).toBe(20 * 18);
  expect(countOf(cleaned, 2)).toBe(countOf(map, 2));
  // What was given stays as it was.
  expect(countOf(map, 1)).toBe(20 * 18 + 30 * 5);
});

it('keeps what a hand parts in two, and a break of two pixels', () => {
  const hand = mapOf([1, [5, 10, 15, 30]], [255, [15, 8, 35, 32]], [1, [35, 10, 45, 30]]);
  expect(withoutStrays(hand, [1])).toBe(hand);
  const broken = mapOf([1, [5, 10, 15, 30]], [1, [17, 10, 27, 30]]);
  expect(withoutStrays(broken, [1])).toBe(broken);
});

it('leaves empty masks and whole ones alone', () => {
  const map = mapOf([1, [5, 10, 15, 30]]);
  expect(withoutStrays(map, [1, 3])).toBe(map);
});
