import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { fromTranslation, identity } from '../../src/math/se3.js';
import {
  clearanceToPoints,
  clearanceToTable,
  isClearOfPoints,
  pointSegmentDistance,
  segmentDistance,
  selfClearance,
} from '../../src/robot/collision.js';
import { createFranka } from '../../src/robot/franka.js';
import { armFrames } from '../../src/robot/kinematics.js';
import { CAPSULE_STRIDE, type PlacedArm, placeArm, placeHand } from '../../src/robot/placed-arm.js';

const robot = createFranka();

describe('distances between capsules', () => {
  it('point to segment: beside it, beyond its end, degenerate', () => {
    const bar = [0, 0, 0, 1, 0, 0, 0.1];
    expect(pointSegmentDistance(0.5, 0.3, 0.4, bar, 0)).toBeCloseTo(0.5, 12);
    expect(pointSegmentDistance(1.3, 0, 0.4, bar, 0)).toBeCloseTo(0.5, 12);
    expect(pointSegmentDistance(0, 3, 4, [0, 0, 0, 0, 0, 0, 1], 0)).toBeCloseTo(5, 12);
  });

  it('segment to segment: crossing, parallel, end to end', () => {
    const pair = (...numbers: number[]): number =>
      segmentDistance([...numbers.slice(0, 6), 0, ...numbers.slice(6)], 0, 7);
    expect(pair(-1, 0, 0, 1, 0, 0, 0, -1, 0.25, 0, 1, 0.25)).toBeCloseTo(0.25, 12);
    expect(pair(0, 0, 0, 1, 0, 0, 0.5, 0.2, 0, 1.5, 0.2, 0)).toBeCloseTo(0.2, 12);
    expect(pair(0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0)).toBeCloseTo(1, 12);
  });

  it('segment to segment equals the least of many sampled pairs', () => {
    const random = new Random(9);
    for (let k = 0; k < 20; k++) {
      const c = Array.from({ length: 14 }, () => random.uniform(-1, 1));
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i <= 200; i++) {
        const t = i / 200;
        const p = [0, 1, 2].map((e) => c[e] + t * (c[e + 3] - c[e]));
        least = Math.min(least, pointSegmentDistance(p[0], p[1], p[2], c, 7));
      }
      const exact = segmentDistance(c, 0, 7);
      expect(exact).toBeLessThanOrEqual(least + 1e-12);
      // Neighbouring samples are at most 2 sqrt(3) / 200 apart.
      expect(least - exact).toBeLessThan(0.02);
    }
  });
});

describe('clearances of the arm', () => {
  const arm: PlacedArm = { capsules: Float64Array.of(0, 0, 0.3, 0, 0, 0.5, 0.05), frames: [3] };

  it('to points and to the table, by hand', () => {
    expect(clearanceToPoints(arm, Float64Array.of(0.15, 0, 0.4))).toBeCloseTo(0.1, 12);
    expect(clearanceToPoints(arm, Float64Array.of(0.02, 0, 0.4))).toBeCloseTo(-0.03, 12);
    expect(clearanceToPoints(arm, Float64Array.of(5, 0, 0.4))).toBe(0.2);
    expect(clearanceToTable(arm)).toBeCloseTo(0.25, 12);
  });

  it('are kept where they are not less than a limit', () => {
    const random = new Random(5);
    let kept = 0;
    for (let k = 0; k < 300; k++) {
      const q = robot.joints.map(({ lowerRad, upperRad }) => random.uniform(lowerRad, upperRad));
      const placed = placeArm(robot, q, 0.05, identity());
      const points = Float64Array.from({ length: 60 }, () => random.uniform(-0.5, 0.5));
      for (const limitM of [-0.006, 0.01]) {
        const isKept = clearanceToPoints(placed, points, 1) >= limitM;
        expect(isClearOfPoints(placed, points, 1, limitM)).toBe(isKept);
        if (isKept) kept++;
      }
      const selfM = selfClearance(robot, placed);
      expect(selfClearance(robot, placed, 0.03)).toBe(Math.min(0.03, selfM));
    }
    expect(kept).toBeGreaterThan(50);
    expect(kept).toBeLessThan(550);
  });

  it('leaves out the parts below the wanted frame', () => {
    expect(clearanceToTable(arm, 4)).toBe(Number.POSITIVE_INFINITY);
    expect(clearanceToPoints(arm, Float64Array.of(0, 0, 0.4), 4)).toBe(0.2);
  });

  it('of the Franka at home: free of itself and of the table; folded up: not', () => {
    const home = placeArm(robot, robot.home, 0.04, identity());
    expect(selfClearance(robot, home)).toBeGreaterThan(0.05);
    expect(clearanceToTable(home)).toBeGreaterThan(0.05);
    const folded = placeArm(robot, [0, -1.7, 0, -3.05, 0, 0.1, 0], 0.04, identity());
    expect(selfClearance(robot, folded)).toBeLessThan(0);
  });

  it('moves with the base and with the fingers', () => {
    const at = placeArm(robot, robot.home, 0.08, fromTranslation([1, 0, 0]));
    const from = placeArm(robot, robot.home, 0.08, identity());
    expect(at.capsules[0] - from.capsules[0]).toBeCloseTo(1, 12);
    const closed = placeArm(robot, robot.home, 0, identity());
    const last = closed.capsules.length - 7;
    const moved = Math.hypot(...[0, 1, 2].map((e) => closed.capsules[last + e] - from.capsules[last + e]));
    expect(moved).toBeCloseTo(0.04, 9);
  });
});

describe('placeHand', () => {
  it('puts last link, hand and fingers where the whole arm has them, and nothing else', () => {
    const q = [0.3, -0.4, 0.2, -2.1, 0.1, 1.9, 0.7];
    const arm = placeArm(robot, q, 0.03, identity());
    const hand = placeHand(robot, armFrames(robot, q).tool, 0.03);
    const rows = arm.frames.flatMap((frame, row) => (frame >= robot.joints.length ? [row] : []));
    expect(rows.length).toBeGreaterThan(2);
    expect(hand.frames).toEqual(rows.map((row) => arm.frames[row]));
    const expected = rows.flatMap((row) => [
      ...arm.capsules.subarray(row * CAPSULE_STRIDE, (row + 1) * CAPSULE_STRIDE),
    ]);
    expect(hand.capsules.length).toBe(expected.length);
    hand.capsules.forEach((value, e) => {
      expect(value).toBeCloseTo(expected[e], 12);
    });
  });
});
