import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { connectedComponents, largestComponent, withoutSmall } from '../../src/image/components.js';
import {
  boxBlurBytes,
  greyOf,
  halveBytes,
  median5,
  resizeNearest,
  shrinkRgb,
  warpBytes,
} from '../../src/image/filters.js';
import { createBytes, createRgb } from '../../src/image/image.js';
import { labDistance2, rgbToLab8 } from '../../src/image/lab.js';
import {
  closed,
  countSet,
  dilate,
  distanceTo,
  erode,
  fillHoles,
  maskBox,
  maskIou,
  opened,
} from '../../src/image/morphology.js';

describe('lab', () => {
  it('gives known values', () => {
    // White, black, and sRGB red whose Lab is (53.2, 80.1, 67.2).
    const rgb = Uint8Array.of(255, 255, 255, 0, 0, 0, 255, 0, 0);
    const lab = new Uint8Array(9);
    rgbToLab8(rgb, lab);
    expect([...lab.subarray(0, 6)]).toEqual([255, 128, 128, 0, 128, 128]);
    expect(Math.abs(lab[6] / 2.55 - 53.2)).toBeLessThan(0.6);
    expect(Math.abs(lab[7] - 128 - 80.1)).toBeLessThan(1);
    expect(Math.abs(lab[8] - 128 - 67.2)).toBeLessThan(1);
    // 0.7 * 100 for white against black.
    expect(Math.sqrt(labDistance2(lab, 0, lab, 1))).toBeCloseTo(70, 5);
  });

  it('undoes a gain', () => {
    const bright = Uint8Array.of(200, 100, 50);
    const dark = Uint8Array.of(100, 50, 25);
    const a = new Uint8Array(3);
    const b = new Uint8Array(3);
    rgbToLab8(bright, a);
    rgbToLab8(dark, b, [2, 2, 2]);
    expect(a).toEqual(b);
  });
});

describe('filters', () => {
  it('weighs grey as Rec. 601', () => {
    const image = createRgb(3, 1, Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255));
    expect([...greyOf(image).data]).toEqual([77, 149, 29]);
  });

  it('halves by averaging and blurs by the box mean', () => {
    expect([...halveBytes(Uint8Array.of(10, 20, 30, 40), 2, 2, 1)]).toEqual([25]);
    const spike = new Uint8Array(25);
    spike[12] = 90;
    const blurred = boxBlurBytes(spike, 5, 5, 1, 1);
    expect(blurred[12]).toBe(10);
    expect(blurred[0]).toBe(0);
    expect(blurred.reduce((a, b) => a + b, 0)).toBe(90);
  });

  it.each([
    [1, 3, 7, 5],
    [2, 3, 7, 5],
    [1, 1, 1, 4],
    [1, 2, 5, 1],
  ])('blurs by the definition, radius %d, %d channels, %d x %d px', (radius, channels, w, h) => {
    const random = new Random(4);
    const data = Uint8Array.from({ length: channels * w * h }, () => random.int(256));
    const clamp = (v: number, n: number): number => Math.min(n - 1, Math.max(0, v));
    const expected = data.map((_, i) => {
      const [x, y] = [Math.floor(i / channels) % w, Math.floor(i / channels / w)];
      let sum = 0;
      for (let v = y - radius; v <= y + radius; v++) {
        for (let u = x - radius; u <= x + radius; u++) {
          sum += data[channels * (clamp(v, h) * w + clamp(u, w)) + (i % channels)];
        }
      }
      const area = (2 * radius + 1) ** 2;
      return Math.floor((sum + (area >> 1)) / area);
    });
    expect(boxBlurBytes(data, w, h, channels, radius)).toEqual(expected);
  });

  it('shrinks without changing a constant, by uneven factors too', () => {
    const image = createRgb(7, 5);
    image.data.fill(77);
    expect(shrinkRgb(image, 3, 2).data.every((v) => v === 77)).toBe(true);
    expect(shrinkRgb(image, 7, 5)).toBe(image);
  });

  it('enlarges ids without inventing new ones', () => {
    const ids = createBytes(2, 1, Uint8Array.of(3, 255));
    expect([...resizeNearest(ids, 4, 2).data]).toEqual([3, 3, 255, 255, 3, 3, 255, 255]);
  });

  it('warps by a whole-pixel shift exactly and marks what left the picture', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    const valid = new Uint8Array(9).fill(1);
    const out = warpBytes(data, 3, 3, 1, [1, 0, 1, 0, 1, 0, 0, 0, 1], valid);
    expect([...out]).toEqual([2, 3, 3, 5, 6, 6, 8, 9, 9]);
    expect([...valid]).toEqual([1, 1, 0, 1, 1, 0, 1, 1, 0]);
  });

  it('takes the median of used neighbours only', () => {
    const values = Int16Array.of(1, 9, 1, 1, 100);
    const use = Uint8Array.of(1, 1, 1, 1, 0);
    expect([...median5(values, use, 5, 1)]).toEqual([1, 1, 1, 1, 100]);
  });
});

describe('morphology', () => {
  const random = new Random(9);
  const w = 23;
  const h = 17;
  const mask = Uint8Array.from({ length: w * h }, () => (random.uniform01() < 0.3 ? 1 : 0));
  const slow = (m: Uint8Array, r: number, wanted: number): Uint8Array =>
    m.map((_, i) => {
      for (let dy = -r; dy <= r; dy++) {
        for (let dx = -r; dx <= r; dx++) {
          const x = (i % w) + dx;
          const y = Math.floor(i / w) + dy;
          if (x >= 0 && y >= 0 && x < w && y < h && m[y * w + x] === wanted) return wanted;
        }
      }
      return 1 - wanted;
    });

  it.each([0, 1, 2, 5])('dilates and erodes like the definition, r = %d', (r) => {
    expect(dilate(mask, w, h, r)).toEqual(slow(mask, r, 1));
    expect(erode(mask, w, h, r)).toEqual(slow(mask, r, 0));
  });

  it('finds the box of what is set, wherever the mask lies in memory', () => {
    for (const [w, h] of [
      [8, 6],
      [7, 5],
    ]) {
      const memory = new Uint8Array(w * h + 1);
      for (const m of [memory.subarray(1), new Uint8Array(w * h)]) {
        expect(maskBox(m, w, h)).toBeNull();
        m[2 * w + 3] = 1;
        expect(maskBox(m, w, h)).toEqual({ x0: 3, y0: 2, x1: 4, y1: 3 });
        m[w * h - 1] = 255;
        m[w] = 1;
        expect(maskBox(m, w, h)).toEqual({ x0: 0, y0: 1, x1: w, y1: h });
      }
    }
  });

  it('opens downwards and closes upwards, and twice is once', () => {
    const open = opened(mask, w, h, 1);
    const close = closed(mask, w, h, 1);
    expect(open.every((v, i) => v <= mask[i])).toBe(true);
    expect(close.every((v, i) => v >= mask[i])).toBe(true);
    expect(opened(open, w, h, 1)).toEqual(open);
    expect(closed(close, w, h, 1)).toEqual(close);
  });

  it('fills a ring but not a bay', () => {
    const ring = Uint8Array.of(1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0);
    expect([...fillHoles(Uint8Array.from(ring), 4, 3)]).toEqual([1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0]);
    const bay = Uint8Array.of(1, 1, 1, 1, 0, 0, 1, 1, 1);
    expect([...fillHoles(Uint8Array.from(bay), 3, 3)]).toEqual([...bay]);
  });

  it('measures distances and overlaps', () => {
    const point = new Uint8Array(25);
    point[12] = 1;
    const d = distanceTo(point, 5, 5);
    expect(d[12]).toBe(0);
    expect(d[14]).toBe(2);
    expect(d[24]).toBeCloseTo(8 / 3, 5);
    expect(distanceTo(new Uint8Array(4), 2, 2)[0]).toBe(Number.POSITIVE_INFINITY);
    expect(maskIou(Uint8Array.of(1, 1, 0), Uint8Array.of(0, 1, 1))).toBeCloseTo(1 / 3, 10);
    expect(maskIou(new Uint8Array(3), new Uint8Array(3))).toBe(0);
  });
});

describe('components', () => {
  const mask = Uint8Array.of(1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1);

  it('joins diagonals and measures parts', () => {
    const { components, labels } = connectedComponents(mask, 4, 3);
    expect(components.map((c) => c.area)).toEqual([2, 3]);
    expect(components[0].box).toEqual({ x0: 0, y0: 0, x1: 2, y1: 2 });
    expect(components[1]).toMatchObject({ cx: 3.5, cy: 1.5 });
    expect(labels[0]).toBe(1);
  });

  it('obeys a rule that forbids links', () => {
    const { components } = connectedComponents(mask, 4, 3, (i, j) => Math.abs(i - j) !== 5);
    expect(components).toHaveLength(3);
  });

  it('keeps the largest or the large ones', () => {
    expect(countSet(largestComponent(mask, 4, 3))).toBe(3);
    expect(countSet(withoutSmall(mask, 4, 3, 3))).toBe(3);
    expect(countSet(largestComponent(new Uint8Array(4), 2, 2))).toBe(0);
  });
});
