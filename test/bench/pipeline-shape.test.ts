import { describe, expect, it } from 'vitest';
import { compareShapes } from '../../bench/pipeline/shape.js';
import { compose, fromAxisAngle, fromTranslation, identity, inverse } from '../../src/math/se3.js';
import { boxMesh, makeMesh, transformMesh } from '../../src/objects/mesh.js';

/** Rectangle in the xy plane. */
const plate = (sizeX: number, sizeY: number) =>
  makeMesh([0, 0, 0, sizeX, 0, 0, sizeX, sizeY, 0, 0, sizeY, 0], [0, 1, 2, 0, 2, 3]);

describe('compareShapes', () => {
  it('finds no difference in a shape that was turned, moved and scaled', () => {
    const box = boxMesh(0.06, 0.08, 0.05);
    const foundFromTrue = fromAxisAngle([0.6, 0, 0.8], 1.1);
    const moved = transformMesh(box, compose(fromTranslation([0.1, -0.2, 0.3]), foundFromTrue));
    const larger = { ...moved, vertices: moved.vertices.map((x) => 1.2 * x) };
    const { scaleRatio, chamferShare } = compareShapes(larger, box, foundFromTrue);
    expect(scaleRatio).toBeCloseTo(1.2, 9);
    expect(chamferShare).toBeLessThan(1e-6);
    expect(compareShapes(larger, box, inverse(foundFromTrue)).chamferShare).toBeGreaterThan(0.02);
  });

  it('gives the difference of two plates as worked out by hand', () => {
    const { scaleRatio, chamferShare } = compareShapes(plate(0.2, 0.1), plate(0.1, 0.1), identity());
    // Mean square distance from the centre of a plate: (a^2 + b^2) / 12.
    expect(scaleRatio).toBeCloseTo(Math.sqrt(5 / 2), 9);
    // At equal size the long plate is a x a/2; it reaches over the square by out, and falls short of it by gap, on each of two sides.
    const a = 2 / Math.sqrt(5 / 2);
    const [out, gap] = [(a - 1) / 2, (1 - a / 2) / 2];
    const expected = (out ** 2 / a + gap ** 2) / 2 / Math.SQRT2;
    expect(chamferShare).toBeCloseTo(expected, 3);
  });
});
