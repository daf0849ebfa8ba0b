import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { project } from '../../src/math/camera.js';
import { compose, expTwist, fromAxisAngle, rotationAngleBetween, transformPoint } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { solvePnp } from '../../src/pose/pnp.js';

const camera = { widthPx: 96, heightPx: 96, fx: 600, fy: 600, cx: 48, cy: 48 };
const truth = fromAxisAngle([0.6, 0, 0.8], 0.5, [0.003, 0.004, 0.55]);

function targets(count: number, slipped: number) {
  const random = new Random(3);
  const points = Float64Array.from({ length: 3 * count }, () => random.uniform(-0.035, 0.035));
  const xyPx = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) {
    const p: Vec3 = [points[3 * k], points[3 * k + 1], points[3 * k + 2]];
    const [x, y] = project(camera, transformPoint(truth, p));
    const sd = k < slipped ? 20 : 0.2;
    xyPx[2 * k] = x + random.normal(0, sd);
    xyPx[2 * k + 1] = y + random.normal(0, sd);
  }
  return { points, xyPx };
}

describe('solvePnp', () => {
  const start = compose(expTwist([0.006, -0.005, 0.02, 0.15, -0.1, 0.2]), truth);

  it('finds the pose among a quarter of slipped tracks', () => {
    const found = solvePnp(targets(32, 8), camera, start)!;
    expect(rotationAngleBetween(found, truth)).toBeLessThan(0.03);
    expect(Math.hypot(found[3] - truth[3], found[7] - truth[7])).toBeLessThan(0.0005);
    expect(Math.abs(found[11] - truth[11])).toBeLessThan(0.008);
  });

  it('gives null with too few points, or when most have slipped', () => {
    expect(solvePnp(targets(5, 0), camera, start)).toBeNull();
    expect(solvePnp(targets(12, 11), camera, start)).toBeNull();
  });
});
