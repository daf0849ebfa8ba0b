import { describe, expect, it } from 'vitest';
import { countSet } from '../../src/image/morphology.js';
import { sleeveMask } from '../../src/perceive/hands/sleeve.js';

const W = 80;
const H = 60;
const WALL = 170;

/** A wall with a hand at (20..32, 26..34) and a band of rows 20..40 from there to the right border, darkened by `depth(y)`. */
function scene(depth: (y: number) => number): Uint8Array {
  const lab = new Uint8Array(3 * W * H);
  for (let i = 0; i < W * H; i++) {
    const [x, y] = [i % W, Math.floor(i / W)];
    lab.set([x >= 32 ? WALL * (1 - depth(y)) : WALL, 128, 130], 3 * i);
    if (x >= 20 && x < 32 && y >= 26 && y < 34) lab.set([150, 150, 155], 3 * i);
  }
  return lab;
}

describe('sleeveMask', () => {
  const plate = new Uint8Array(3 * W * H);
  for (let i = 0; i < W * H; i++) plate.set([WALL, 128, 130], 3 * i);
  const hand = Uint8Array.from({ length: W * H }, (_, i) => {
    const [x, y] = [i % W, Math.floor(i / W)];
    return x >= 20 && x < 32 && y >= 26 && y < 34 ? 1 : 0;
  });
  const cloth = scene((y) => (y >= 20 && y < 40 ? 0.3 : 0));

  it('takes what is darker, ends sharply, and joins the hand with the border', () => {
    const mask = sleeveMask(cloth, plate, hand, W, H);
    expect(mask[30 * W + 60]).toBe(1);
    expect(countSet(mask)).toBeGreaterThan(0.9 * 20 * 48);
  });

  it('leaves a shadow that fades out, and cloth that no hand belongs to', () => {
    const shadow = scene((y) => Math.max(0, 0.3 * (1 - Math.abs(y - 30) / 14)));
    expect(countSet(sleeveMask(shadow, plate, hand, W, H))).toBe(0);
    expect(countSet(sleeveMask(cloth, plate, new Uint8Array(W * H), W, H))).toBe(0);
  });
});
