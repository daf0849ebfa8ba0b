import { describe, expect, it } from 'vitest';
import { withShadow } from '../../src/perceive/change/candidates.js';
import type { ColourChange } from '../../src/perceive/change/stable-colour.js';
import type { Clip } from '../../src/perceive/clip.js';

const W = 60;
const H = 40;

/** [H, W] 1 inside columns [x0, x1) and rows [y0, y1). */
function box(x0: number, y0: number, x1: number, y1: number): Uint8Array {
  const mask = new Uint8Array(W * H);
  for (let y = y0; y < y1; y++) mask.fill(1, y * W + x0, y * W + x1);
  return mask;
}

describe('withShadow', () => {
  it('adds the dark that begins at an arm, and neither a dark place apart from it nor one of another hue', () => {
    const arm = box(20, 10, 30, 40);
    const shadow = box(31, 15, 40, 40);
    const apart = box(50, 5, 58, 15);
    const hued = box(12, 15, 19, 40);
    const before = new Uint8Array(3 * W * H);
    const after = new Uint8Array(3 * W * H);
    const changed = new Uint8Array(W * H);
    for (let i = 0; i < W * H; i++) {
      before.set([150, 136, 128], 3 * i);
      after.set(hued[i] ? [70, 160, 128] : shadow[i] || apart[i] ? [70, 135, 129] : [150, 136, 128], 3 * i);
      changed[i] = arm[i] | shadow[i] | apart[i] | hued[i];
    }
    const clip = { halfWidthPx: W, halfHeightPx: H } as unknown as Clip;
    const out = withShadow(clip, { changed } as unknown as ColourChange, arm, after, before);
    const at = (x: number, y: number): number => out[y * W + x];
    expect([at(25, 20), at(35, 25)]).toEqual([1, 1]);
    expect([at(54, 10), at(15, 25)]).toEqual([0, 0]);
  });
});
