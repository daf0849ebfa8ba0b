import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { fromAxisAngle, fromTranslation, fromYaw, type Mat4, rotationAngleBetween } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { median, noiseLevel, robustMeanPose, smoothPoses } from '../../src/skill/pose-statistics.js';
import { bridgeGaps, tiltBetween, withoutFlips, withoutSpin } from '../../src/skill/trajectory.js';

describe('pose statistics', () => {
  it('takes the middle of odd and even counts', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('does not let one wild pose move the mean', () => {
    const poses = [0.1, 0.11, 0.09, 0.1, 2.5].map((yaw) => fromYaw(yaw, [yaw > 1 ? 5 : 0.3, 0, 0]));
    const mean = robustMeanPose(poses);
    expect(mean[3]).toBe(0.3);
    expect(rotationAngleBetween(mean, fromYaw(0.1))).toBeLessThan(0.01);
  });

  it('estimates noise on top of motion', () => {
    const random = new Random(3);
    const path = Array.from({ length: 400 }, (_, t): Vec3 => {
      const n = (): number => random.normal(0, 0.004);
      return [0.001 * t + n(), n(), n()];
    });
    expect(Math.abs(noiseLevel(path) - 0.004)).toBeLessThan(0.0006);
  });

  it('smooths noise and keeps both ends exactly', () => {
    const random = new Random(4);
    const poses = Array.from({ length: 60 }, (_, t) => fromYaw(t / 60, [t / 60 + random.normal(0, 0.01), 0, 0]));
    const smooth = smoothPoses(poses, 3);
    expect(smooth[0]).toEqual(poses[0]);
    expect(smooth[59]).toEqual(poses[59]);
    const roughness = (p: Mat4[]): number =>
      p.slice(2).reduce((sum, m, i) => sum + (m[3] - 2 * p[i + 1][3] + p[i][3]) ** 2, 0);
    expect(roughness(smooth)).toBeLessThan(0.05 * roughness(poses));
    expect(rotationAngleBetween(smooth[30], fromYaw(0.5))).toBeLessThan(0.01);
  });
});

describe('trajectories', () => {
  it('bridges gaps halfway in place and turn, and stays put beyond the ends', () => {
    const a = fromYaw(0, [0, 0, 0]);
    const b = fromYaw(1, [2, 0, 0]);
    const path = bridgeGaps([null, a, null, b, null]);
    expect(path[0]).toEqual(a);
    expect(path[4]).toEqual(b);
    expect(path[2][3]).toBeCloseTo(1, 12);
    expect(rotationAngleBetween(path[2], fromYaw(0.5))).toBeLessThan(1e-9);
  });

  it('takes the spin about the axis of symmetry away and keeps the tilt', () => {
    const spinning = Array.from({ length: 10 }, (_, t) => fromYaw(0.5 * t));
    for (const pose of withoutSpin(spinning)) expect(rotationAngleBetween(pose!, spinning[0])).toBeLessThan(1e-9);
    const tilting = [fromYaw(0), fromAxisAngle([1, 0, 0], 0.4)];
    expect(tiltBetween(tilting[0], withoutSpin(tilting)[1]!)).toBeCloseTo(0.4, 9);
  });

  it('keeps the orientation over turns that no hand can make, and the place', () => {
    const path = [0, 0.1, 2.6, 2.7, 0.3, 0.4].map((yaw, t) => fromYaw(yaw, [t, 0, 0]));
    const kept = withoutFlips(path, 30).map((pose) => pose!);
    expect(kept.map((pose) => pose[3])).toEqual([0, 1, 2, 3, 4, 5]);
    const yaws = kept.map((pose) => Math.atan2(pose[4], pose[0]));
    for (const [i, yaw] of [0, 0.1, 0.1, 0.1, 0.3, 0.4].entries()) expect(yaws[i]).toBeCloseTo(yaw, 9);
    // The same turn in half a second is a gesture.
    expect(withoutFlips([fromYaw(0), fromYaw(2.5)], 2)).toEqual([fromYaw(0), fromYaw(2.5)]);
  });

  it('measures tilt against the stance, not against the object axes', () => {
    const lying = fromAxisAngle([1, 0, 0], Math.PI / 2);
    expect(tiltBetween(lying, lying)).toBeCloseTo(0, 9);
    expect(tiltBetween(lying, fromTranslation([0, 0, 1]))).toBeCloseTo(Math.PI / 2, 9);
  });
});
