import { expect, it } from 'vitest';
import { conventionalWorld } from '../../bench/pipeline/truth-as-result/perception.js';
import { axisOf, compose, fromAxisAngle, fromTranslation, fromYaw, transformPoint } from '../../src/math/se3.js';

it('re-expresses a true table with the origin on the optical axis, x to the right and y away from the camera', () => {
  // A camera 0.6 m from the table along its axis, looking down by 30 degrees from the horizon; the true origin lies elsewhere, turned.
  const tidy = compose(fromTranslation([0, 0, 0.6]), fromAxisAngle([1, 0, 0], (2 * Math.PI) / 3));
  const elsewhere = compose(tidy, fromTranslation([0.3, -0.2, 0]), fromYaw(1));
  const world = conventionalWorld(elsewhere);
  world.forEach((value, i) => {
    expect(value).toBeCloseTo(tidy[i], 12);
  });
  expect(transformPoint(world, [0, 0, 0])).toEqual([0, 0, expect.closeTo(0.6, 12)]);
  expect(axisOf(world, 1)[2]).toBeGreaterThan(0);
  expect(axisOf(world, 2)[1]).toBeLessThan(0);
});
