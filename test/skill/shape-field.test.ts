import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { fromTranslation, inverse } from '../../src/math/se3.js';
import { ShapeField, surfaceDistance } from '../../src/skill/shape-field.js';
import { distanceToTriangle } from '../../src/skill/triangle.js';
import { bowlMesh, boxMesh } from './synthetic.js';

describe('distanceToTriangle', () => {
  it.each([
    ['above the face', [0.25, 0.25, 2], 2],
    ['beside an edge', [0.5, -3, 0], 3],
    ['beyond a corner', [-3, -4, 0], 5],
    ['beyond the long edge', [1, 1, 0], Math.SQRT1_2],
  ] as const)('is right %s', (_, p, expected) => {
    expect(distanceToTriangle([...p], [0, 0, 0], [1, 0, 0], [0, 1, 0])).toBeCloseTo(expected, 12);
  });
});

describe('ShapeField', () => {
  const box = new ShapeField(boxMesh([0.1, 0.06, 0.08]), new Random(1));

  it('gives the signed distance to a box to a millimetre', () => {
    expect(box.distanceAt([0.08, 0, 0])).toBeCloseTo(0.03, 3);
    expect(box.distanceAt([0, 0, 0.07])).toBeCloseTo(0.03, 3);
    expect(Math.abs(box.distanceAt([0, 0, 0]) + 0.03)).toBeLessThan(0.002);
    expect(Math.abs(box.distanceAt([0.08, 0.06, 0]) - Math.hypot(0.03, 0.03))).toBeLessThan(0.002);
  });

  it('goes on growing beyond its grid', () => {
    expect(Math.abs(box.distanceAt([0.55, 0, 0]) - 0.5)).toBeLessThan(0.005);
  });

  it('knows the inside of a bowl as free and its walls as solid', () => {
    const bowl = new ShapeField(bowlMesh(), new Random(2));
    expect(bowl.distanceAt([0, 0, 0.01])).toBeGreaterThan(0.025);
    expect(bowl.distanceAt([0.0775, 0, 0])).toBeLessThan(0.001);
  });

  it('measures the gap between two boxes, negative when they overlap', () => {
    const at = (x: number): number => {
      const bFromA = fromTranslation([x, 0, 0]);
      return surfaceDistance(box, box, bFromA, inverse(bFromA));
    };
    expect(Math.abs(at(0.13) - 0.03)).toBeLessThan(0.002);
    expect(Math.abs(at(0.08) + 0.02)).toBeLessThan(0.002);
  });

  it('is the same for the same seed', () => {
    const again = new ShapeField(boxMesh([0.1, 0.06, 0.08]), new Random(1));
    expect(again.distanceAt([0.07, 0.02, 0.03])).toBe(box.distanceAt([0.07, 0.02, 0.03]));
  });
});
