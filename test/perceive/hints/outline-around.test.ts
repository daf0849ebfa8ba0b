import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/base/random.js';
import { rgbToLab8 } from '../../../src/image/lab.js';
import { maskIou } from '../../../src/image/morphology.js';
import type { Clip } from '../../../src/perceive/clip.js';
import { outlineAround } from '../../../src/perceive/hints/outline-around.js';

const [W, H] = [320, 240];
const clip = {
  widthPx: W,
  heightPx: H,
  halfWidthPx: W / 2,
  halfHeightPx: H / 2,
  valid: new Uint8Array((W * H) / 4).fill(1),
  evidence: null,
} as unknown as Clip;

/** A picture with a thing of one colour, noise and a soft gradient in all of it. */
function picture(inside: (x: number, y: number) => boolean): { lab: Uint8Array; truth: Uint8Array } {
  const random = new Random(3);
  const rgb = new Uint8Array(3 * W * H);
  const truth = new Uint8Array(W * H);
  for (let i = 0; i < truth.length; i++) {
    const [x, y] = [i % W, Math.floor(i / W)];
    truth[i] = inside(x, y) ? 1 : 0;
    const colour = truth[i] ? [215, 215, 222] : [150, 115, 90];
    for (let c = 0; c < 3; c++) rgb[3 * i + c] = colour[c] + x / 16 + random.int(13);
  }
  const lab = new Uint8Array(rgb.length);
  rgbToLab8(rgb, lab);
  return { lab, truth };
}

describe('the outline around a pixel', () => {
  it.each([
    [
      'a long roll, larger than any size that is tried first',
      (x: number, y: number) => Math.abs(x - 160) < 90 && Math.abs(y - 120) < 19,
    ],
    ['a small box', (x: number, y: number) => Math.abs(x - 158) < 14 && Math.abs(y - 122) < 10],
    ['a bowl', (x: number, y: number) => Math.hypot(x - 165, 1.4 * (y - 118)) < 40],
  ])('is that of %s', (_, inside) => {
    const { lab, truth } = picture(inside);
    const mask = outlineAround(clip, lab, 120 * W + 160, 0, new Uint8Array(W * H), []);
    expect(mask).not.toBeNull();
    expect(maskIou(mask!, truth)).toBeGreaterThan(0.93);
  });

  it('is none where nothing stands out', () => {
    const { lab } = picture(() => false);
    expect(outlineAround(clip, lab, 120 * W + 160, 0, new Uint8Array(W * H), [])).toBeNull();
  });
});
