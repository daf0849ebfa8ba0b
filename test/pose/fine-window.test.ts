import { expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { compose, identity, inverse, type Mat4, rotationAngleBetween } from '../../src/math/se3.js';
import { buildObjects } from '../../src/objects/build-objects.js';
import { objectOptions } from '../../src/objects/options.js';
import { poseOptions } from '../../src/pose/options.js';
import { trackPoses } from '../../src/pose/track-poses.js';
import { boxSolid, checker } from '../objects/synthetic-scene.js';
import { carriedClip, FIRST_MOVING, LAST_MOVING } from './synthetic-motion.js';

it('a box is followed more finely in a large window than in the usual one', async () => {
  const solid = boxSolid([0.06, 0.05, 0.07], (p) =>
    checker([0.8, 0.2, 0.1], [0.9, 0.9, 0.8], 60 * p[0] + 50, 60 * p[2] + 9),
  );
  const clip = carriedClip(solid, 0.035, 0.5);
  const built = await buildObjects(
    clip,
    resolveOptions(objectOptions, { maxGaussians: 4000 }),
    createContext('objects'),
  );
  const meanDeg = async (poseCrop: number): Promise<number> => {
    const poses = await trackPoses(
      { ...clip, tracks: null, objects: built.objects, gaussians: built.gaussians },
      resolveOptions(poseOptions, { poseCrop, smooth: false, backward: false }),
      createContext('poses', { seed: 1 }),
    );
    const found = poses.objects[0].frames.map(({ cameraFromObject }): Mat4 => cameraFromObject ?? identity());
    const offset = compose(inverse(clip.cameraFromSolid(1, 0)), found[0]);
    let sum = 0;
    for (let t = FIRST_MOVING; t <= LAST_MOVING; t++) {
      sum += rotationAngleBetween(found[t], compose(clip.cameraFromSolid(1, t), offset));
    }
    return (sum * 180) / Math.PI / (LAST_MOVING - FIRST_MOVING + 1);
  };
  const [usual, large] = [await meanDeg(72), await meanDeg(128)];
  console.log(`box: ${usual.toFixed(2)} degrees at 72 px, ${large.toFixed(2)} at 128 px`);
  expect(large).toBeLessThan(0.94 * usual);
}, 120_000);
