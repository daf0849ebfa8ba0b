import { describe, expect, it } from 'vitest';
import { fitPlane } from '../../src/math/plane-fit.js';
import type { Vec3 } from '../../src/math/vec3.js';

describe('fitPlane', () => {
  it('gives back the plane its points lie on, and the mean of errors above and below', () => {
    const points: Vec3[] = [-1, 0, 2].flatMap((x) =>
      [0, 1, 3].flatMap((y): Vec3[] => [0.1, -0.1].map((error) => [x, y, 2 * x - 0.5 * y + 3 + error])),
    );
    const fit = fitPlane(points)!;
    for (const [k, value] of [2, -0.5, 3].entries()) expect(fit[k]).toBeCloseTo(value, 12);
  });

  it('is null for points on a line and for none', () => {
    expect(fitPlane([0, 1, 2].map((t): Vec3 => [t, 2 * t, t]))).toBeNull();
    expect(fitPlane([])).toBeNull();
  });
});
