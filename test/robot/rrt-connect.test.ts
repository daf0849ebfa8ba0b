import { describe, expect, it } from 'vitest';
import { identity } from '../../src/math/se3.js';
import { clearanceToPoints, clearanceToTable, selfClearance } from '../../src/robot/collision.js';
import { createFranka } from '../../src/robot/franka.js';
import { placeArm } from '../../src/robot/placed-arm.js';
import { planJointPath } from '../../src/robot/rrt-connect.js';
import { durationOf } from '../../src/robot/timing.js';

const robot = createFranka();
const turned = (angle: number, q = robot.home): number[] => q.with(0, angle);

/** A wall of points at x = 0.35..0.75 m right ahead of the base, up to `heightM`. */
function wall(heightM: number): Float64Array {
  const points: number[] = [];
  for (let x = 0.35; x <= 0.75; x += 0.02) for (let z = 0; z <= heightM; z += 0.02) points.push(x, 0, z);
  return Float64Array.from(points);
}

const freeOf =
  (points: Float64Array, marginM = 0) =>
  (q: readonly number[]): boolean => {
    const arm = placeArm(robot, q, 0.08, identity());
    return (
      clearanceToPoints(arm, points, 1) > marginM &&
      clearanceToTable(arm) > marginM &&
      selfClearance(robot, arm) > marginM
    );
  };

describe('planJointPath', () => {
  it('goes straight where the way is free', () => {
    const way = planJointPath(robot, turned(-0.6), turned(0.6), { isFree: freeOf(new Float64Array(0)) })!;
    way.forEach((q, k) => {
      expect(q[0]).toBeCloseTo(-0.6 + (1.2 * k) / (way.length - 1), 9);
    });
  });

  it('finds its way around a wall, free all along, within the limits, the same every time', () => {
    const points = wall(0.6);
    const isFree = freeOf(points, 0.01);
    expect(isFree(turned(0))).toBe(false);
    let checks = 0;
    const counted = (q: readonly number[]): boolean => {
      checks++;
      return isFree(q);
    };
    const way = planJointPath(robot, turned(-0.6), turned(0.6), { isFree: counted })!;
    expect(way).not.toBeNull();
    console.log(`RRT-connect around a wall: ${checks} configurations looked at`);
    expect(way[0]).toEqual(turned(-0.6));
    expect(way[way.length - 1]).toEqual(turned(0.6));
    const exact = freeOf(points);
    for (let k = 1; k < way.length; k++) {
      for (let t = 0; t <= 1; t += 0.1) {
        const q = way[k].map((value, i) => way[k - 1][i] + t * (value - way[k - 1][i]));
        expect(exact(q)).toBe(true);
        robot.joints.forEach(({ lowerRad, upperRad }, i) => {
          expect(q[i]).toBeGreaterThanOrEqual(lowerRad);
          expect(q[i]).toBeLessThanOrEqual(upperRad);
        });
      }
    }
    expect(planJointPath(robot, turned(-0.6), turned(0.6), { isFree })).toEqual(way);
    // Corners are rounded: the arm does not stop at them.
    expect(durationOf(robot, { q: way })).toBeLessThan(8);
  });

  it('says null when an end is not free or nothing is', () => {
    const isFree = freeOf(wall(0.6), 0.01);
    expect(planJointPath(robot, turned(0), turned(0.6), { isFree })).toBeNull();
    const ends = (q: readonly number[]): boolean => Math.abs(q[0]) > 0.5;
    const shut = (q: readonly number[]): boolean => ends(q) && Math.abs(q[0]) < 0.7;
    expect(planJointPath(robot, turned(-0.6), turned(0.6), { isFree: shut, maxChecks: 800 })).toBeNull();
  });
});
