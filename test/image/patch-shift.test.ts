import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import type { ByteImage } from '../../src/image/image.js';
import { detailOf, shiftOf } from '../../src/image/patch-shift.js';

const SIZE = 80;
const BOX = { x0: 25, y0: 25, x1: 55, y1: 55 };
const random = new Random(4);
const waves = Array.from({ length: 24 }, () => ({
  fx: random.uniform(-0.9, 0.9),
  fy: random.uniform(-0.9, 0.9),
  phase: random.uniform(0, 6),
}));

/** A pattern moved by (dx, dy), in the light of a broad shadow. */
function picture(dx: number, dy: number, shade: (x: number) => number = () => 1): ByteImage {
  const data = new Uint8Array(SIZE * SIZE);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const sum = waves.reduce((s, { fx, fy, phase }) => s + Math.sin(fx * (x - dx) + fy * (y - dy) + phase), 0);
      data[y * SIZE + x] = Math.round(shade(x) * (128 + 8 * sum));
    }
  }
  return { widthPx: SIZE, heightPx: SIZE, data };
}

function find(after: ByteImage, use: (x: number, y: number) => boolean = () => true) {
  const mask = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (use(i % SIZE, Math.floor(i / SIZE)) ? 1 : 0));
  return shiftOf(detailOf([picture(0, 0)]), detailOf([after]), mask, BOX);
}

describe('shiftOf', () => {
  it('finds shifts to a fraction of a pixel', () => {
    for (const [dx, dy] of [
      [0, 0],
      [0.3, -0.2],
      [-1.4, 0.8],
      [0.1, 1.7],
    ]) {
      const shift = find(picture(dx, dy))!;
      // Grey levels are whole numbers, and pictures are read with straight lines between pixels.
      expect(Math.hypot(shift.dxPx - dx, shift.dyPx - dy)).toBeLessThan(0.06);
    }
  });

  it('is not misled by a broad shadow', () => {
    const shift = find(picture(0.4, 0, (x) => 1 - 0.5 / (1 + Math.exp((x - 40) / 8))))!;
    expect(Math.hypot(shift.dxPx - 0.4, shift.dyPx)).toBeLessThan(0.1);
  });

  it('says nothing where too little is seen, or nothing is alike', () => {
    expect(find(picture(0.3, 0), (x, y) => x < 30 && y < 30)).toBeNull();
    const flat = { widthPx: SIZE, heightPx: SIZE, data: new Uint8Array(SIZE * SIZE).fill(90) };
    expect(shiftOf(detailOf([flat]), detailOf([picture(0, 0)]), new Uint8Array(SIZE * SIZE).fill(1), BOX)).toBeNull();
  });
});
