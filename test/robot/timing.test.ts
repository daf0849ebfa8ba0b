import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { createFranka } from '../../src/robot/franka.js';
import { durationOf, minimumJerk, sampleJointPath, steady } from '../../src/robot/timing.js';

const robot = createFranka();
const line = (count: number, turn: number): { q: number[][] } => ({
  q: Array.from({ length: count }, (_, k) => robot.home.with(0, (turn * k) / (count - 1))),
});

describe('courses', () => {
  it.each([
    ['minimumJerk', minimumJerk],
    ['steady', steady],
  ] as const)('%s goes from rest to rest, and its derivatives are those of its position', (_, course) => {
    expect(course(0)[0]).toBe(0);
    expect(course(1)[0]).toBeCloseTo(1, 12);
    for (const end of [0, 1]) {
      expect(course(end)[1]).toBeCloseTo(0, 12);
      expect(course(end)[2]).toBeCloseTo(0, 12);
    }
    const h = 1e-5;
    for (const u of [0.05, 0.13, 0.37, 0.5, 0.71, 0.9]) {
      expect((course(u + h)[0] - course(u - h)[0]) / (2 * h)).toBeCloseTo(course(u)[1], 6);
      expect((course(u + h)[1] - course(u - h)[1]) / (2 * h)).toBeCloseTo(course(u)[2], 5);
      expect((course(u + h)[2] - course(u - h)[2]) / (2 * h)).toBeCloseTo(course(u)[3], 4);
    }
  });
});

describe('durationOf', () => {
  it('of one turning joint: the larger of what velocity and acceleration ask for', () => {
    // Peak velocity of the minimum-jerk course is 15/8 of the mean, peak acceleration 10/sqrt(3) of turn / T^2.
    const turn = 2;
    const joint = robot.joints[0];
    const byVelocity = (15 / 8) * (turn / joint.maxVelocity);
    const byAcceleration = Math.sqrt(((10 / Math.sqrt(3)) * turn) / joint.maxAcceleration);
    const expected = Math.max(byVelocity, byAcceleration);
    // Two percent are kept for what may lie between the points looked at.
    expect(durationOf(robot, line(40, turn), { limitShare: 1 }) / expected).toBeCloseTo(1.02, 2);
    // Velocity binds, and time goes with the inverse of its share.
    expect(durationOf(robot, line(40, turn), { limitShare: 0.5 }) / expected).toBeCloseTo(2, 1);
  });

  it('never undercuts the wanted duration', () => {
    expect(durationOf(robot, line(10, 0.01), { minDurationSec: 1.5 })).toBe(1.5);
  });
});

describe('sampleJointPath', () => {
  it('passes through its points and continues straight lines straightly', () => {
    const path = line(9, 0.8);
    for (let k = 0; k < 9; k++) expect(sampleJointPath(path, k / 8)[0]).toBeCloseTo(path.q[k][0], 12);
    expect(sampleJointPath(path, 0.03)[0]).toBeCloseTo(0.8 * 0.03, 12);
    expect(sampleJointPath(path, 0.55)[0]).toBeCloseTo(0.8 * 0.55, 12);
  });
});

describe('limits, as a recorder at 1 kHz would see them', () => {
  const courses = { minimumJerk, steady };

  /** Largest share of any joint's limit of velocity, acceleration and jerk over the whole motion. */
  function largestShares(
    path: { q: number[][] },
    course: typeof steady,
    durationSec: number,
  ): [number, number, number] {
    const rate = 1000;
    const numSamples = Math.ceil(durationSec * rate);
    const rows = Array.from({ length: numSamples + 1 }, (_, k) =>
      sampleJointPath(path, course(Math.min(1, k / rate / durationSec))[0]),
    );
    const shares: [number, number, number] = [0, 0, 0];
    robot.joints.forEach((joint, i) => {
      // The last sample is not on the raster.
      for (let k = 0; k + 3 < numSamples; k++) {
        const [a, b, c, d] = [rows[k][i], rows[k + 1][i], rows[k + 2][i], rows[k + 3][i]];
        shares[0] = Math.max(shares[0], (Math.abs(b - a) * rate) / joint.maxVelocity);
        shares[1] = Math.max(shares[1], (Math.abs(a - 2 * b + c) * rate ** 2) / joint.maxAcceleration);
        shares[2] = Math.max(shares[2], (Math.abs(d - 3 * c + 3 * b - a) * rate ** 3) / joint.maxJerk);
      }
    });
    return shares;
  }

  it.each(['minimumJerk', 'steady'] as const)('%s keeps velocity, acceleration and jerk on any path', (name) => {
    let nearest = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.double({ min: 0.01, max: 0.3, noNaN: true }),
        fc.integer({ min: 0, max: 1e6 }),
        (numPoints, step, seed) => {
          const random = new Random(seed);
          const q: number[][] = [[...robot.home]];
          while (q.length < numPoints) q.push(q[q.length - 1].map((value) => value + random.normal(0, step)));
          const durationSec = durationOf(robot, { q }, { limitShare: 1, course: courses[name] });
          const shares = largestShares({ q }, courses[name], durationSec);
          nearest = Math.max(nearest, ...shares);
          for (const share of shares) expect(share).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 25, seed: 5, endOnFailure: true },
    );
    console.log(`${name}: nearest to a limit ${(100 * nearest).toFixed(1)} %`);
    // As fast as allowed, not merely slow enough.
    expect(nearest).toBeGreaterThan(0.9);
  });

  it('has a jerk that binds where the limit is low', () => {
    const gentle = { ...robot, joints: robot.joints.map((joint) => ({ ...joint, maxJerk: 5 })) };
    const path = line(20, 1);
    // Peak jerk of the minimum-jerk course is 60 turn / T^3, at both ends.
    expect(durationOf(gentle, path, { limitShare: 1 }) / Math.cbrt((60 * 1) / 5)).toBeCloseTo(1, 1);
    expect(durationOf(gentle, path, { limitShare: 1 })).toBeGreaterThan(durationOf(robot, path, { limitShare: 1 }));
  });
});
