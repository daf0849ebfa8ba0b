import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { compose, fromAxisAngle, fromTranslation, interpolate, translationOf } from '../../src/math/se3.js';
import { distance } from '../../src/math/vec3.js';
import { createFranka } from '../../src/robot/franka.js';
import { solveIk } from '../../src/robot/ik.js';
import { armFrames, limitMargin } from '../../src/robot/kinematics.js';

const robot = createFranka();
const down = (x: number, y: number, z: number): number[] =>
  compose(fromTranslation([x, y, z]), fromAxisAngle([1, 0, 0], Math.PI));

describe('solveIk', () => {
  it('finds poses near its seed to a micrometre, every time', () => {
    const random = new Random(5);
    let solved = 0;
    for (let k = 0; k < 300; k++) {
      const q = robot.joints.map((joint) => random.uniform(joint.lowerRad + 0.1, joint.upperRad - 0.1));
      const target = armFrames(robot, q).tool;
      const seed = q.map((value) => value + random.normal(0, 0.1));
      const result = solveIk(robot, target, seed);
      if (!result.ok) continue;
      solved++;
      expect(distance(translationOf(armFrames(robot, result.q).tool), translationOf(target))).toBeLessThan(1e-6);
      expect(limitMargin(robot, result.q)).toBeGreaterThan(0);
    }
    console.log(`solveIk near its seed: ${solved} of 300`);
    expect(solved).toBeGreaterThanOrEqual(294);
  });

  it('follows a straight line without jumps', () => {
    const from = down(0.4, -0.3, 0.15);
    const to = down(0.6, 0.3, 0.25);
    let q = solveIk(robot, from, robot.home).q;
    for (let k = 1; k <= 100; k++) {
      const result = solveIk(robot, interpolate(from, to, k / 100), q, { preferred: robot.home, pull: 0.02 });
      expect(result.ok).toBe(true);
      expect(Math.max(...result.q.map((value, i) => Math.abs(value - q[i])))).toBeLessThan(0.06);
      q = result.q;
    }
  });

  it('says so when a pose is out of reach, and stays within the limits', () => {
    const result = solveIk(robot, down(1.2, 0, 0.1), robot.home);
    expect(result.ok).toBe(false);
    expect(result.positionErrorM).toBeGreaterThan(0.2);
    expect(limitMargin(robot, result.q)).toBeGreaterThan(0);
  });

  it('pulls the null space towards the preferred configuration without leaving the pose', () => {
    const target = down(0.5, 0.1, 0.2);
    const free = solveIk(robot, target, [1, -0.3, -1, -2, 0.5, 1.8, 0.7]);
    let q = free.q;
    for (let k = 0; k < 60; k++) {
      const result = solveIk(robot, target, q, { preferred: robot.home, pull: 0.1 });
      expect(result.ok).toBe(true);
      q = result.q;
    }
    const away = (a: number[]): number => Math.hypot(...a.map((value, i) => value - robot.home[i]));
    expect(away(q)).toBeLessThan(away(free.q));
  });
});
