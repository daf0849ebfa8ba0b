import { describe, expect, it } from 'vitest';
import { nelderMead } from '../../src/math/nelder-mead.js';

describe('nelderMead', () => {
  it('finds the minimum of a tilted bowl', () => {
    const loss = ([x, y]: readonly number[]) => (x - 3) ** 2 + 4 * (y + 1) ** 2 + (x - 3) * (y + 1);
    const { x, value } = nelderMead(loss, [0, 0], [1, 1], 400, 1e-14);
    expect(x[0]).toBeCloseTo(3, 4);
    expect(x[1]).toBeCloseTo(-1, 4);
    expect(value).toBeLessThan(1e-9);
  });

  it('follows the curved valley of Rosenbrock to (1, 1)', () => {
    const loss = ([x, y]: readonly number[]) => (1 - x) ** 2 + 100 * (y - x * x) ** 2;
    const { x } = nelderMead(loss, [-1.2, 1], [0.5, 0.5], 600, 1e-16);
    expect(x[0]).toBeCloseTo(1, 3);
    expect(x[1]).toBeCloseTo(1, 3);
  });

  it('treats NaN as infinitely bad', () => {
    const loss = ([x]: readonly number[]) => (x < 0 ? Number.NaN : (x - 1) ** 2);
    expect(nelderMead(loss, [0.1], [-0.5], 100, 1e-12).x[0]).toBeCloseTo(1, 3);
  });
});
