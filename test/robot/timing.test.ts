import { describe, expect, it } from 'vitest';
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
    // Finite differences over 80 steps see the peaks to half a percent.
    expect(durationOf(robot, line(40, turn), { limitShare: 1 }) / expected).toBeCloseTo(1, 2);
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
