import { describe, expect, it } from 'vitest';
import { openSlabMesh } from '../../src/episode/open-slab.js';
import { fromTranslation } from '../../src/math/se3.js';
import { isClosed, meshBounds, meshVolume, prismMesh, transformMesh } from '../../src/objects/mesh.js';

/** An octagon of 10 cm radius, 4 cm high, about the origin. */
const PLAN = Array.from({ length: 8 }, (_, k): [number, number] => {
  const angle = ((k + 0.5) * Math.PI) / 4;
  return [0.1 * Math.cos(angle), 0.1 * Math.sin(angle)];
});
const BODY = transformMesh(prismMesh(PLAN, 0.04), fromTranslation([0, 0, -0.02]));

describe('openSlabMesh', () => {
  it('keeps the outside and has the volume of a floor of 1 mm and a wall of 3 mm', () => {
    const mesh = openSlabMesh(BODY, []);
    expect(isClosed(mesh)).toBe(true);
    expect(meshBounds(mesh)).toEqual(meshBounds(BODY));
    const area = (radius: number): number => 8 * 0.5 * radius ** 2 * Math.sin(Math.PI / 4);
    expect(meshVolume(mesh)).toBeCloseTo(0.001 * area(0.1) + 0.039 * (area(0.1) - area(0.097)), 9);
  });

  it('leaves out the wall through which something came in', () => {
    const whole = meshVolume(openSlabMesh(BODY, [])) - meshVolume(openSlabMesh(BODY, ['-x', '+x', '-y', '+y']));
    const less = meshVolume(openSlabMesh(BODY, [])) - meshVolume(openSlabMesh(BODY, ['+x']));
    expect(less).toBeGreaterThan(0.1 * whole);
    expect(less).toBeLessThan(0.4 * whole);
  });
});
