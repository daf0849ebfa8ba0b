import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import * as se3 from '../../src/math/se3.js';
import { distance, norm, type Vec3 } from '../../src/math/vec3.js';

function randomPose(random: Random): se3.Mat4 {
  const w: Vec3 = [random.normal(), random.normal(), random.normal()];
  const pose = se3.expRotation(w);
  for (const i of [3, 7, 11]) pose[i] = random.normal();
  return pose;
}

function expectClose(a: readonly number[], b: readonly number[], tolerance = 1e-12): void {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(tolerance);
}

describe('rigid transforms', () => {
  const random = new Random(11);
  const poses = Array.from({ length: 20 }, () => randomPose(random));

  it('obey the group laws', () => {
    for (let i = 0; i + 2 < poses.length; i++) {
      const [a, b, c] = poses.slice(i, i + 3);
      expectClose(se3.compose(a, se3.inverse(a)), se3.identity());
      expectClose(se3.compose(se3.compose(a, b), c), se3.compose(a, se3.compose(b, c)));
      const point: Vec3 = [0.3, -2, 5];
      expectClose(se3.transformPoint(se3.compose(a, b), point), se3.transformPoint(a, se3.transformPoint(b, point)));
    }
  });

  it('turn by hand: 90 degrees of yaw take x to y', () => {
    const turned = se3.transformPoint(se3.fromYaw(Math.PI / 2, [1, 2, 3]), [1, 0, 0]);
    expectClose(turned, [1, 3, 3]);
  });

  it('round-trip through quaternions, rotation vectors and twists', () => {
    for (const pose of poses) {
      expectClose(se3.fromQuaternion(se3.quaternionOf(pose), se3.translationOf(pose)), pose);
      const rotation = se3.expRotation(se3.logRotation(pose));
      expectClose(
        [0, 1, 2, 4, 5, 6, 8, 9, 10].map((i) => rotation[i]),
        [0, 1, 2, 4, 5, 6, 8, 9, 10].map((i) => pose[i]),
        1e-9,
      );
    }
  });

  it('find quaternions of half turns, where the trace is -1', () => {
    for (const axis of [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ] as Vec3[]) {
      const half = se3.fromAxisAngle(axis, Math.PI);
      expectClose(se3.fromQuaternion(se3.quaternionOf(half)), half);
      expect(norm(se3.logRotation(half))).toBeCloseTo(Math.PI, 9);
    }
  });

  it('exponential of a twist equals many small steps', () => {
    const twist: se3.Twist = [0.3, -0.2, 0.5, 0.4, 1.1, -0.7];
    const steps = 4000;
    const small = twist.map((x) => x / steps) as se3.Twist;
    let product = se3.identity();
    for (let i = 0; i < steps; i++) product = se3.compose(se3.expTwist(small), product);
    expectClose(product, se3.expTwist(twist), 1e-9);
    const tiny = se3.expTwist([1e-9, 0, 0, 0, 0, 1e-9]);
    expect(tiny[3]).toBeCloseTo(1e-9, 18);
  });

  it('interpolate along the shorter arc and hit both ends', () => {
    const [a, b] = poses;
    expectClose(se3.interpolate(a, b, 0), a, 1e-9);
    expectClose(se3.interpolate(a, b, 1), b, 1e-9);
    const whole = se3.rotationAngleBetween(a, b);
    expect(se3.rotationAngleBetween(a, se3.interpolate(a, b, 0.25))).toBeCloseTo(whole / 4, 9);
  });

  it('rotationBetween takes one direction onto the other, also opposite ones', () => {
    const from: Vec3 = [0, 0, 1];
    for (const to of [
      [0, 0, 1],
      [0, 0, -1],
      [0.6, 0, 0.8],
    ] as Vec3[]) {
      expect(distance(se3.transformDirection(se3.rotationBetween(from, to), from), to)).toBeLessThan(1e-12);
    }
  });
});
