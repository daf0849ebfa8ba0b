import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { compose, fromAxisAngle, fromTranslation, type Mat4 } from '../../src/math/se3.js';
import { boxMesh, revolutionMesh } from '../../src/objects/mesh.js';
import { isBorne } from '../../src/pose/bearing.js';
import { extremePoints } from '../../src/pose/point-loss.js';
import { heightFieldOf } from '../../src/pose/support.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';

/** A stick of 20 cm along x, its middle at the origin. */
const mesh = boxMesh(0.2, 0.01, 0.01);
mesh.vertices.forEach((value, k) => {
  if (k % 3 === 2) mesh.vertices[k] = value - 0.005;
});
const gaussians = gaussiansFromMesh(mesh.vertices, mesh.triangles, () => [1, 1, 1], 0.004, new Random(1));
const stick = { gaussians, extremes: extremePoints(gaussians.position, gaussians.count) };

/** One end on the table at x = 0, the other raised by `angle`. */
const raised = (angle: number): Mat4 =>
  compose(fromTranslation([0, 0, 0.005]), fromAxisAngle([0, 1, 0], -angle), fromTranslation([0.1, 0, 0]));

describe('isBorne', () => {
  it('a stick lies on the table or stands on its end, but neither leans on nothing nor hangs over it', () => {
    expect(isBorne(stick, fromTranslation([0, 0, 0.005]), null)).toBe(true);
    expect(isBorne(stick, compose(fromTranslation([0, 0, 0.1]), fromAxisAngle([0, 1, 0], Math.PI / 2)), null)).toBe(
      true,
    );
    expect(isBorne(stick, raised(0.6), null)).toBe(false);
    expect(isBorne(stick, fromTranslation([0, 0, 0.05]), null)).toBe(false);
  });

  it('it leans on the rim of a bowl, on which no end of it lies, but not beside it', () => {
    const bowl = revolutionMesh(
      [
        { radiusM: 0.03, heightM: 0 },
        { radiusM: 0.05, heightM: 0.06 },
      ],
      48,
      0.003,
    );
    // The rim is 12 cm from the lower end of the stick, 6 cm high.
    const angle = Math.atan2(0.06, 0.12);
    const bowlAt = (y: number) => heightFieldOf([{ mesh: bowl, worldFromObject: fromTranslation([0.17, y, 0]) }]);
    expect(isBorne(stick, raised(angle), bowlAt(0))).toBe(true);
    expect(isBorne(stick, raised(angle), bowlAt(0.08))).toBe(false);
  });

  it('an error of the table of a few millimetres does not matter', () => {
    expect(isBorne(stick, fromTranslation([0, 0, 0.008]), null)).toBe(true);
  });
});
