import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { fromAxisAngle, fromTranslation, rotationAngleBetween, translationOf } from '../../src/math/se3.js';
import { distance, type Vec3 } from '../../src/math/vec3.js';
import { smoothPoses, smoothSeries } from '../../src/pose/smooth.js';

const dt = 1 / 30;

describe('smoothSeries', () => {
  it('leaves constant speed as it is', () => {
    const line = Array.from({ length: 20 }, (_, t) => 0.2 + 0.3 * t * dt);
    smoothSeries(
      line,
      line.map(() => 1e-4),
      dt,
      3,
    ).forEach(({ value }, t) => {
      expect(Math.abs(value - line[t])).toBeLessThan(1e-4);
    });
  });

  it('bridges a gap on the way that speed at both ends tells, and is less sure in its middle', () => {
    const line: (number | null)[] = Array.from({ length: 30 }, (_, t) => 0.5 * t * dt);
    for (let t = 10; t < 20; t++) line[t] = null;
    const smoothed = smoothSeries(
      line,
      line.map(() => 1e-3),
      dt,
      3,
    );
    expect(smoothed[15].value).toBeCloseTo(0.5 * 15 * dt, 3);
    expect(smoothed[15].sd).toBeGreaterThan(2 * smoothed[5].sd);
  });

  it('all unknown but one: stays near it', () => {
    const smoothed = smoothSeries([null, 0.7, null], [1, 1e-3, 1], dt, 3);
    expect(smoothed.map((s) => Math.abs(s.value - 0.7) < 0.1)).toEqual([true, true, true]);
  });
});

describe('smoothPoses', () => {
  const truth = (t: number) =>
    fromAxisAngle([0, 0.6, 0.8], 0.05 * t, [0.1 * Math.sin(t / 12), 0.02, 0.6 + 0.05 * Math.cos(t / 15)]);

  it('takes about half of the noise along the view, and keeps rotations unit', () => {
    const random = new Random(8);
    const measured = Array.from({ length: 60 }, (_, t) => {
      const m = truth(t);
      m[3] += random.normal(0, 0.001);
      m[7] += random.normal(0, 0.001);
      m[11] += random.normal(0, 0.008);
      return { cameraFromObject: m, acrossM: 0.001, alongM: 0.008, rotationRad: 0.02 };
    });
    const smoothed = smoothPoses(measured, dt)!;
    const errorOf = (z: (t: number) => number) =>
      Math.sqrt(measured.reduce((sum, _, t) => sum + (z(t) - truth(t)[11]) ** 2, 0) / 60);
    expect(errorOf((t) => smoothed[t].cameraFromObject[11])).toBeLessThan(
      0.6 * errorOf((t) => measured[t].cameraFromObject[11]),
    );
    for (const [t, { cameraFromObject: m }] of smoothed.entries()) {
      expect(Math.hypot(m[0], m[4], m[8])).toBeCloseTo(1, 9);
      expect(rotationAngleBetween(m, truth(t))).toBeLessThan(0.05);
    }
  });

  it('does not care about the sign of quaternions when turning through 180 degrees', () => {
    const turning = (t: number) => fromAxisAngle([0, 0, 1], 0.12 * t, [0, 0, 0.5]);
    const measured = Array.from({ length: 50 }, (_, t) => ({
      cameraFromObject: turning(t),
      acrossM: 0.001,
      alongM: 0.001,
      rotationRad: 0.01,
    }));
    smoothPoses(measured, dt)!.forEach(({ cameraFromObject }, t) => {
      expect(rotationAngleBetween(cameraFromObject, turning(t))).toBeLessThan(0.03);
    });
  });

  it('keeps the strokes of a quick hand when its poses are better than they are said to be', () => {
    const random = new Random(5);
    const heightM = (t: number) => 0.03 * Math.abs(Math.sin((t * Math.PI) / 10));
    const measured = Array.from({ length: 60 }, (_, t) => ({
      cameraFromObject: fromTranslation([0, heightM(t) + random.normal(0, 0.0006), 0.5]),
      acrossM: 0.004,
      alongM: 0.004,
      rotationRad: 0.05,
    }));
    const smoothed = smoothPoses(measured, dt)!;
    for (let t = 10; t <= 50; t += 10) expect(smoothed[t].cameraFromObject[7]).toBeLessThan(0.007);
    for (let t = 15; t <= 45; t += 10) expect(smoothed[t].cameraFromObject[7]).toBeGreaterThan(0.027);
  });

  it('fills lost frames and gives null when nothing was measured', () => {
    const known = { acrossM: 0.001, alongM: 0.002, rotationRad: 0.01 };
    const measured = [0, 1, 2, 3, 4, 5, 6].map((t) => ({
      ...known,
      cameraFromObject: t > 1 && t < 5 ? null : truth(t),
    }));
    const smoothed = smoothPoses(measured, dt)!;
    const at = (m: number[]): Vec3 => translationOf(m);
    expect(distance(at(smoothed[3].cameraFromObject), at(truth(3)))).toBeLessThan(0.002);
    expect(smoothPoses([{ ...known, cameraFromObject: null }], dt)).toBeNull();
  });
});
