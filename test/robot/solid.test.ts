import { describe, expect, it } from 'vitest';
import { FRANKA_SHAPES } from '../../src/robot/franka-shapes.js';
import { robotGaussians, spacingFor } from '../../src/robot/robot-gaussians.js';
import { type Bar, type Block, distanceTo, normalAt, surfacePoints } from '../../src/robot/solid.js';

const cylinder: Bar = { kind: 'bar', a: [0, 0, 0], b: [0, 0, 0.2], radiusAM: 0.05, radiusBM: 0.05, edgeM: 0 };
const cube: Block = { kind: 'block', centre: [0.3, 0, 0], half: [0.05, 0.05, 0.05], edgeM: 0.01 };

describe('distance functions', () => {
  it('of a bar: beside it, above it, inside it, at its rim', () => {
    const d = distanceTo({ parts: [cylinder], blendM: 0.01 });
    expect(d(0.08, 0, 0.1)).toBeCloseTo(0.03, 12);
    expect(d(0, 0, 0.25)).toBeCloseTo(0.05, 12);
    expect(d(0, 0, 0.1)).toBeCloseTo(-0.05, 12);
    expect(d(0.08, 0, 0.24)).toBeCloseTo(0.05, 12);
  });

  it('of a rounded block: faces are where they were, corners are cut', () => {
    const d = distanceTo({ parts: [cube], blendM: 0.01 });
    expect(d(0.35, 0, 0)).toBeCloseTo(0, 12);
    const corner = Math.sqrt(3) * 0.01 - 0.01;
    expect(d(0.35, 0.05, 0.05)).toBeCloseTo(corner, 12);
  });

  it('melts parts together only near their seam', () => {
    const other: Bar = { ...cylinder, a: [0.09, 0, 0], b: [0.09, 0, 0.2] };
    const d = distanceTo({ parts: [cylinder, other], blendM: 0.02 });
    expect(d(-0.06, 0, 0.1)).toBeCloseTo(0.01, 12);
    const sharp = Math.hypot(0.045, 0.05) - 0.05;
    // Both parts are equally far: the fillet takes a quarter of its width.
    expect(d(0.045, 0.05, 0.1)).toBeCloseTo(sharp - 0.005, 12);
  });

  it('has unit normals along its gradient', () => {
    const d = distanceTo({ parts: [cylinder], blendM: 0.01 });
    const n = normalAt(d, [0.03, 0.04, 0.1]);
    expect(n[0]).toBeCloseTo(0.6, 4);
    expect(n[1]).toBeCloseTo(0.8, 4);
    expect(n[2]).toBeCloseTo(0, 4);
  });
});

describe('surface points', () => {
  it('lie on the surface and cover it evenly', () => {
    const solid = { parts: [cylinder], blendM: 0.01 };
    const spacing = 0.01;
    const { points } = surfacePoints(solid, spacing);
    const d = distanceTo(solid);
    for (const p of points) expect(Math.abs(d(p[0], p[1], p[2]))).toBeLessThan(5e-4);
    const area = 2 * Math.PI * 0.05 * 0.2 + 2 * Math.PI * 0.05 * 0.05;
    const perSpacing = points.length / (area / spacing ** 2);
    // A grid plane cuts a surface 1 to sqrt(3) times per spacing squared, 1.5 on average over directions.
    expect(perSpacing).toBeGreaterThan(1);
    expect(perSpacing).toBeLessThan(1.75);
  });
});

describe('the Gaussian Franka', () => {
  it('is the same every time, within its budget, and coarser for small images', () => {
    const large = robotGaussians(FRANKA_SHAPES, 9, spacingFor(640));
    const again = robotGaussians(FRANKA_SHAPES, 9, spacingFor(640));
    const small = robotGaussians(FRANKA_SHAPES, 9, spacingFor(128));
    expect(large.count).toBeLessThan(60_000);
    expect(small.count).toBeLessThan(large.count / 3);
    expect(again.links.map((set) => set.position)).toEqual(large.links.map((set) => set.position));
    for (const set of [...large.links, ...large.fingers]) {
      expect(set.count).toBeGreaterThan(100);
      expect([...set.position, ...set.sh].every(Number.isFinite)).toBe(true);
    }
  });
});
