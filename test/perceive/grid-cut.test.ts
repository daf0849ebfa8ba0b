import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { gridCut } from '../../src/perceive/movers/grid-cut.js';

type Links = [Float32Array, Float32Array, Float32Array, Float32Array];
const noLinks = (n: number): Links => [
  new Float32Array(n),
  new Float32Array(n),
  new Float32Array(n),
  new Float32Array(n),
];
const DX = [1, 0, 1, -1];
const DY = [0, 1, 1, 1];

function energyOf(labels: ArrayLike<number>, w: number, h: number, unary: Float32Array, links: Links): number {
  let energy = 0;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const i = y * w + x;
      if (labels[i] === 1) energy += unary[i];
      for (let k = 0; k < 4; k++) {
        const u = x + DX[k];
        const v = y + DY[k];
        if (u < 0 || u >= w || v >= h) continue;
        if (labels[i] !== labels[v * w + u]) energy += links[k][i];
      }
    }
  }
  return energy;
}

describe('gridCut', () => {
  it('follows the unaries where nothing links the pixels', () => {
    const unary = Float32Array.of(-1, 2, -3, 4);
    expect([...gridCut({ widthPx: 2, heightPx: 2, unary, links: noLinks(4) })]).toEqual([1, 0, 1, 0]);
  });

  it('cuts a chain at its weakest link', () => {
    const links = noLinks(5);
    links[0].set([3, 3, 0.5, 3, 0]);
    const unary = Float32Array.of(-10, 0, 0, 0, 10);
    expect([...gridCut({ widthPx: 5, heightPx: 1, unary, links })]).toEqual([1, 1, 1, 0, 0]);
  });

  it('finds the least energy of all 512 labellings, on 60 random 3x3 grids', () => {
    const random = new Random(7);
    for (let round = 0; round < 60; round++) {
      const unary = Float32Array.from({ length: 9 }, () => random.uniform(-3, 3));
      const links = noLinks(9);
      for (const link of links) for (let i = 0; i < 9; i++) link[i] = random.uniform(0, 2);
      const found = energyOf(gridCut({ widthPx: 3, heightPx: 3, unary, links }), 3, 3, unary, links);
      let best = Number.POSITIVE_INFINITY;
      for (let code = 0; code < 512; code++) {
        const labels = Array.from({ length: 9 }, (_, i) => (code >> i) & 1);
        best = Math.min(best, energyOf(labels, 3, 3, unary, links));
      }
      expect(found).toBeCloseTo(best, 4);
    }
  });

  it('cleans a noisy disc', () => {
    const n = 48;
    const random = new Random(3);
    const inside = (i: number): boolean => Math.hypot((i % n) - 24, Math.floor(i / n) - 24) < 14;
    const unary = Float32Array.from({ length: n * n }, (_, i) => (inside(i) ? -1 : 1) + random.normal(0, 1.5));
    const links = noLinks(n * n).map((link) => link.fill(1)) as Links;
    const labels = gridCut({ widthPx: n, heightPx: n, unary, links });
    const wrong = labels.filter((label, i) => (label === 1) !== inside(i)).length;
    expect(wrong / (n * n)).toBeLessThan(0.02);
  });
});
