import { describe, expect, it } from 'vitest';
import { deriveSeed, Random } from '../../src/base/random.js';

describe('Random', () => {
  it('gives the same sequence for the same seed and another for another', () => {
    const draw = (seed: number): number[] =>
      Array.from(
        { length: 5 },
        (
          (r) => () =>
            r.uint32()
        )(new Random(seed)),
      );
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('is uniform: 16 bins of 64,000 draws stay within 5 sigma of their expectation', () => {
    const random = new Random(1);
    const bins = new Array<number>(16).fill(0);
    for (let i = 0; i < 64_000; i++) bins[Math.floor(random.uniform01() * 16)]++;
    const sigma = Math.sqrt(4000 * (15 / 16));
    for (const count of bins) expect(Math.abs(count - 4000)).toBeLessThan(5 * sigma);
  });

  it('has the moments of a normal distribution', () => {
    const random = new Random(2);
    const values = Array.from({ length: 40_000 }, () => random.normal(3, 2));
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean - 3)).toBeLessThan(0.05); // 5 standard errors of 2 / sqrt(40000)
    expect(Math.abs(variance - 4)).toBeLessThan(0.15); // 5 standard errors of 4 sqrt(2 / 40000)
  });

  it('derives different streams for different labels, and label boundaries count', () => {
    expect(deriveSeed(0, 'a', 'b')).not.toBe(deriveSeed(0, 'b', 'a'));
    expect(deriveSeed(0, 'ab')).not.toBe(deriveSeed(0, 'a', 'b'));
    expect(deriveSeed(0, 'a')).not.toBe(deriveSeed(1, 'a'));
    expect(deriveSeed(5, 'episode', 12)).toBe(deriveSeed(5, 'episode', 12));
  });

  it('shuffles into a permutation', () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const shuffled = new Random(3).shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
  });
});
