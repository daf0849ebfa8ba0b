import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { maskMoments, maskOf } from '../../src/image/image.js';
import { compose, fromYaw } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { cropAround, sampleMask, sampleRgb } from '../../src/objects/crop.js';
import { fitBox } from '../../src/objects/fit-box.js';
import { innerEdgeStrength, stepImage } from '../../src/objects/inner-edges.js';
import { meshBounds } from '../../src/objects/mesh.js';
import { createSilhouetteTarget } from '../../src/objects/silhouette.js';
import { guessStanding } from '../../src/objects/standing.js';
import { boxSolid, castFrame, lookingCamera } from './synthetic-scene.js';

const view = lookingCamera(400, 300, 0.6, 35);

function look(size: Vec3, yaw: number) {
  const pose = fromYaw(yaw, [0.02, 0, size[2] / 2]);
  const actor = { id: 1, solid: boxSolid(size, () => [0.8, 0.6, 0.3]), worldFromSolid: () => pose };
  const { rgb, ids } = castFrame(view.camera, view.cameraFromWorld, [actor], 0);
  const mask = maskOf(ids, 1);
  const crop = cropAround(view.camera, maskMoments(mask)!.box, 0.2, 88);
  const sample = sampleMask(ids, 1, crop);
  const target = createSilhouetteTarget(crop, sample, view.cameraFromWorld);
  const steps = stepImage(sampleRgb(rgb, crop), sample.inside, crop.camera.widthPx, crop.camera.heightPx);
  return { target, steps, guess: guessStanding(mask, view.camera, view.cameraFromWorld)!, crop };
}

describe('inner edges of a box', () => {
  it('are strong where the faces meet and weak for a box turned by 15 degrees', () => {
    const { steps, crop } = look([0.06, 0.08, 0.05], 0.6);
    const at = (yaw: number) => {
      const cameraFromBox = compose(view.cameraFromWorld, fromYaw(yaw, [0.02, 0, 0]));
      return innerEdgeStrength(steps, crop.camera, cameraFromBox, 0.03, 0.04, 0.05)!;
    };
    expect(at(0.6)).toBeGreaterThan(0.6);
    expect(at(0.6 - 0.26)).toBeLessThan(at(0.6) - 0.25);
  });

  it('a box that shows its top only has none', () => {
    const { steps, crop } = look([0.06, 0.08, 0.05], 0.6);
    const straightDown = [1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0.5, 0, 0, 0, 1];
    expect(innerEdgeStrength(steps, crop.camera, straightDown, 0.03, 0.04, 0.05)).toBeNull();
  });

  it.each([
    [[0.045, 0.07, 0.04] as Vec3, 0.35],
    [[0.06, 0.09, 0.054] as Vec3, 1.1],
    [[0.04, 0.05, 0.08] as Vec3, 0.8],
  ])('plain box %j turned by %f rad: every side within 4 %%', (size, yaw) => {
    const { target, steps, guess } = look(size, yaw);
    const fit = fitBox(target, guess, steps, new Random(1));
    const { max } = meshBounds(fit.mesh);
    const found = [2 * max[0], 2 * max[1]].sort((a, b) => a - b);
    expect(Math.abs(found[0] / size[0] - 1)).toBeLessThan(0.04);
    expect(Math.abs(found[1] / size[1] - 1)).toBeLessThan(0.04);
    expect(Math.abs(max[2] / size[2] - 1)).toBeLessThan(0.04);
  });
});
