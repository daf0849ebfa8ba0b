import { describe, expect, it } from 'vitest';
import { axisOf, compose, fromAxisAngle, fromYaw, translationOf } from '../../src/math/se3.js';
import { withoutRoll } from '../../src/skill/roll.js';

describe('withoutRoll', () => {
  it('keeps places and directions of a bar and takes its rolling out', () => {
    const way = Array.from({ length: 21 }, (_, k) =>
      compose(fromYaw(k / 20, [k / 100, 0, 0.01]), fromAxisAngle([1, 0, 0], k / 30)),
    );
    withoutRoll(way).forEach((pose, k) => {
      expect(translationOf(pose)).toEqual(translationOf(way[k]));
      for (const i of [0, 1, 2]) expect(axisOf(pose, 0)[i]).toBeCloseTo(axisOf(way[k], 0)[i], 9);
      expect(axisOf(pose, 2)[2]).toBeCloseTo(1, 9);
    });
  });
});
