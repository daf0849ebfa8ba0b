import { describe, expect, it } from 'vitest';
import { blendSeam } from '../../src/image/seam.js';

const W = 60;
const H = 50;

/** Brightness slopes over the image; the inside of a box is off by a constant. */
function scene(offset: number): { rgb: Float32Array; inside: Uint8Array; known: Uint8Array; truth: Float32Array } {
  const rgb = new Float32Array(W * H * 3);
  const inside = new Uint8Array(W * H);
  const known = new Uint8Array(W * H);
  for (let i = 0; i < W * H; i++) {
    const x = i % W;
    const y = Math.floor(i / W);
    inside[i] = x >= 20 && x < 42 && y >= 15 && y < 33 ? 1 : 0;
    known[i] = 1 - inside[i];
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = 100 + 0.2 * x + 10 * c;
  }
  const truth = Float32Array.from(rgb);
  for (let i = 0; i < W * H; i++) if (inside[i] !== 0) for (let c = 0; c < 3; c++) rgb[i * 3 + c] += offset;
  return { rgb, inside, known, truth };
}

describe('blendSeam', () => {
  it('takes a constant step off the whole inside and touches nothing outside', () => {
    const { rgb, inside, known, truth } = scene(12);
    blendSeam(rgb, inside, known, W, H);
    for (let i = 0; i < rgb.length; i++) {
      // Windows on both sides of the edge see the slope (0.2 per px) about 4 px apart.
      if (inside[Math.floor(i / 3)] !== 0) expect(Math.abs(rgb[i] - truth[i])).toBeLessThan(1.5);
      else expect(rgb[i]).toBe(truth[i]);
    }
  });

  it('leaves what is larger than a seam: a real edge', () => {
    const { rgb, inside, known } = scene(80);
    const before = Float32Array.from(rgb);
    blendSeam(rgb, inside, known, W, H);
    expect(rgb).toEqual(before);
  });

  it('does nothing without an inside', () => {
    const { rgb, known } = scene(0);
    const before = Float32Array.from(rgb);
    blendSeam(rgb, new Uint8Array(W * H), known, W, H);
    expect(rgb).toEqual(before);
  });
});
