import { expect, it } from 'vitest';
import type { BopDataset } from '../../src/bop/dataset/dataset.js';
import type { BopEstimate } from '../../src/bop/dataset/results-csv.js';
import { restMotions } from '../../src/bop/score/rest-motion.js';
import { compose, fromAxisAngle, fromTranslation, type Mat4 } from '../../src/math/se3.js';

/** Rests for 20 images, is carried for 5, rests elsewhere for 15. */
const truthAt = (k: number): Mat4 => fromTranslation([k < 20 ? 0 : 0.02 * Math.min(k - 19, 6), 0, 0.5]);
const images = new Map(
  Array.from({ length: 40 }, (_, id) => [
    id,
    { id, instances: [{ objId: 7, cameraFromModel: truthAt(id), visibleFraction: 1 }] },
  ]),
);
const dataset = { readScene: async () => ({ images }) } as unknown as BopDataset;
const estimate = (imageId: number, off: Mat4): BopEstimate => ({
  ...{ sceneId: 1, imageId, objId: 7, score: 1, timeSec: 0 },
  cameraFromModel: compose(off, truthAt(imageId)),
});
const still = fromTranslation([0.01, 0.02, 0.03]);

it('is zero for a constant offset, however large, and leaves the motion out', async () => {
  const estimates = [...images.keys()].map((id) =>
    estimate(id, id >= 21 && id < 25 ? fromTranslation([1, 1, 1]) : still),
  );
  const { 7: rest } = await restMotions(dataset, estimates);
  expect(rest.worstMm).toBeCloseTo(0, 9);
  expect(rest.frames).toBe(20 + 15);
});

it('tells a slip of 3 mm and of 2 degrees in one frame of a rest', async () => {
  const slip = compose(fromTranslation([0, 0.003, 0]), still);
  const turn = compose(
    still,
    fromTranslation([0, 0, 0.5]),
    fromAxisAngle([0, 0, 1], Math.PI / 90),
    fromTranslation([0, 0, -0.5]),
  );
  const estimates = [...images.keys()].map((id) => estimate(id, id === 3 ? slip : id === 5 ? turn : still));
  const { 7: rest } = await restMotions(dataset, estimates);
  expect(rest.worstMm).toBeCloseTo(3, 6);
  expect(rest.worstDeg).toBeCloseTo(2, 6);
  expect(rest.mm95).toBeCloseTo(0, 6);
});
