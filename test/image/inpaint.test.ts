import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { createRgb, type RgbImage } from '../../src/image/image.js';
import { inpaint } from '../../src/image/inpaint.js';

const W = 128;
const H = 96;

function paint(colour: (x: number, y: number) => [number, number, number]): RgbImage {
  const image = createRgb(W, H);
  for (let y = 0; y < H; y++) for (let x = 0; x < W; x++) image.data.set(colour(x, y), (y * W + x) * 3);
  return image;
}

function hole(x0: number, y0: number, x1: number, y1: number): Uint8Array {
  const mask = new Uint8Array(W * H);
  for (let y = y0; y < y1; y++) mask.fill(1, y * W + x0, y * W + x1);
  return mask;
}

/** The image with red in the hole, so that a wrong fill shows. */
function damaged(image: RgbImage, mask: Uint8Array): RgbImage {
  const data = Uint8Array.from(image.data);
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) data.set([255, 0, 0], i * 3);
  return createRgb(W, H, data);
}

function errors(a: RgbImage, b: RgbImage, mask: Uint8Array): { inside: number; outside: number } {
  let inside = 0;
  let outside = 0;
  let count = 0;
  for (let i = 0; i < mask.length; i++) {
    const d = Math.abs(a.data[i * 3] - b.data[i * 3]) + Math.abs(a.data[i * 3 + 2] - b.data[i * 3 + 2]);
    if (mask[i] !== 0) {
      inside += d / 2;
      count++;
    } else outside += d;
  }
  return { inside: inside / count, outside };
}

describe('inpaint', () => {
  it('fills a flat ground with itself and touches nothing else', () => {
    const truth = paint(() => [180, 170, 150]);
    const mask = hole(40, 30, 80, 60);
    const result = inpaint(damaged(truth, mask), mask, new Random(1));
    expect(errors(result, truth, mask)).toEqual({ inside: 0, outside: 0 });
  });

  it('goes on with stripes through the hole', () => {
    const truth = paint((x) => (Math.floor(x / 4) % 2 === 0 ? [220, 200, 180] : [90, 80, 60]));
    const mask = hole(50, 40, 76, 62);
    const { inside, outside } = errors(inpaint(damaged(truth, mask), mask, new Random(1)), truth, mask);
    expect(outside).toBe(0);
    // Random phase would be wrong by 65 on average; a few smeared edges are allowed.
    expect(inside).toBeLessThan(12);
  });

  it('goes on with an edge and a slope of brightness', () => {
    const truth = paint((x, y) => (y < 48 ? [60, 60, 60] : [150 + x / 4, 150, 150 + x / 4]));
    const mask = hole(50, 36, 74, 60);
    const { inside } = errors(inpaint(damaged(truth, mask), mask, new Random(1)), truth, mask);
    expect(inside).toBeLessThan(8);
  });

  it('fills holes at the border of the image and several at once', () => {
    const truth = paint((x, y) => [100 + (x % 5) * 10, 100, 100 + (y % 5) * 10]);
    const mask = hole(0, 0, 20, 20);
    const second = hole(90, 60, 110, 80);
    for (let i = 0; i < mask.length; i++) mask[i] |= second[i];
    const { inside, outside } = errors(inpaint(damaged(truth, mask), mask, new Random(1)), truth, mask);
    expect(outside).toBe(0);
    expect(inside).toBeLessThan(16);
  });

  it('gives the same bytes for the same seed, and the image itself when nothing is known', () => {
    const random = new Random(5);
    const truth = paint(() => [random.int(256), random.int(256), random.int(256)]);
    const mask = hole(50, 40, 76, 62);
    expect(inpaint(truth, mask, new Random(2)).data).toEqual(inpaint(truth, mask, new Random(2)).data);
    const all = new Uint8Array(W * H).fill(1);
    expect(inpaint(truth, all, new Random(2)).data).toEqual(truth.data);
  });
});
