import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { differentialEvolution } from '../../src/math/differential-evolution.js';

/** Rastrigin's function: hundreds of local minima, the global one (0) at the origin. */
const rastrigin = (x: readonly number[]): number =>
  x.reduce((sum, v) => sum + v * v - 10 * Math.cos(2 * Math.PI * v) + 10, 0);

describe('differentialEvolution', () => {
  it('finds the global minimum among many local ones', () => {
    const options = { populationSize: 40, generations: 200 };
    const [best] = differentialEvolution(rastrigin, [-5, -5, -5], [5, 5, 5], new Random(3), options);
    expect(best.value).toBeLessThan(1e-6);
  });

  it('gives the same population for the same seed', () => {
    const options = { populationSize: 8, generations: 5 };
    const run = () => differentialEvolution(rastrigin, [-5, -5], [5, 5], new Random(11), options);
    expect(run()).toEqual(run());
  });

  it('stays in the box and wraps periodic coordinates', () => {
    const seen: number[][] = [];
    const loss = (x: readonly number[]) => {
      seen.push([...x]);
      // The minimum of the angle lies just across the seam, that of the other coordinate beyond the box.
      return 1 - Math.cos(x[0] - 3.1) + (x[1] - 9) ** 2;
    };
    const options = { populationSize: 12, generations: 30, periodic: [true, false] };
    const [best] = differentialEvolution(loss, [-Math.PI, 0], [Math.PI, 1], new Random(1), options);
    expect(seen.every(([a, b]) => a >= -Math.PI && a <= Math.PI && b >= 0 && b <= 1)).toBe(true);
    expect(Math.cos(best.x[0] - 3.1)).toBeGreaterThan(0.999);
    expect(best.x[1]).toBeGreaterThan(0.99);
  });

  it('keeps a seed that is already the best', () => {
    const options = { populationSize: 6, generations: 3, seeds: [[0, 0]] };
    const [best] = differentialEvolution(rastrigin, [-5, -5], [5, 5], new Random(2), options);
    expect(best.value).toBe(0);
  });
});
