import { describe, expect, it } from 'vitest';
import { createRgb } from '../../src/image/image.js';
import { contactSheet, evenlySpaced } from '../../src/image/sheet.js';

describe('contactSheet', () => {
  it('puts images in reading order with a dark gap', async () => {
    const images = [10, 100, 200].map((level) => createRgb(8, 4, new Uint8Array(8 * 4 * 3).fill(level)));
    const sheet = await contactSheet(images, { columns: 2, cellWidthPx: 8, gapPx: 2 });
    expect([sheet.widthPx, sheet.heightPx]).toEqual([18, 10]);
    const at = (x: number, y: number): number => sheet.data[(y * sheet.widthPx + x) * 3];
    expect([at(0, 0), at(8, 0), at(10, 3), at(0, 6), at(12, 8)]).toEqual([10, 24, 100, 200, 24]);
  });
});

describe('evenlySpaced', () => {
  it('includes both ends and never repeats', () => {
    expect(evenlySpaced(10, 4)).toEqual([0, 3, 6, 9]);
    expect(evenlySpaced(3, 8)).toEqual([0, 1, 2]);
  });
});
