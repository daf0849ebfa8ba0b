import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  inverse,
  rotationAngleBetween,
  translationOf,
} from '../../src/math/se3.js';
import { distance } from '../../src/math/vec3.js';
import { buildObjects } from '../../src/objects/build-objects.js';
import { objectOptions } from '../../src/objects/options.js';
import { coarsenSet } from '../../src/pose/coarse-set.js';
import { boxOfId, observe } from '../../src/pose/observation.js';
import { extremePoints } from '../../src/pose/point-loss.js';
import { searchOnTable } from '../../src/pose/table-search.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { boxSolid, checker, lookingCamera, perceived, syntheticClip } from '../objects/synthetic-scene.js';

describe('searchOnTable', () => {
  const view = lookingCamera(360, 270, 0.6, 35);
  const solid = boxSolid([0.05, 0.08, 0.04], (p, face) =>
    checker([0.2 + 0.12 * face, 0.3, 0.3], [0.9, 0.9 - 0.1 * face, 0.2], 60 * p[0] + 50, 60 * p[1] + 60 * p[2] + 50),
  );
  const clip = syntheticClip(
    view,
    [{ id: 1, solid, worldFromSolid: () => compose(fromTranslation([0.02, 0, 0.02]), fromAxisAngle([0, 0, 1], 0.4)) }],
    [perceived(1, 'box', 'target', null)],
    1,
  );

  it('finds a box whose start was turned by 100 degrees and moved by 2 cm, from three seeds (its hidden sides copy the seen ones: up to half a turn)', async () => {
    const built = await buildObjects(clip, resolveOptions(objectOptions, { shape: 'box' }), createContext('objects'));
    const model = built.objects.objects[0];
    const renderer = await createRenderer();
    const gaussians = coarsenSet(built.gaussians.get(1)!, 500);
    const object = {
      id: 1,
      renderer,
      gaussians,
      set: renderer.prepare(gaussians),
      scale: 1,
      extremes: extremePoints(gaussians.position, gaussians.count),
      radiusM: 0.052,
      worldFromCamera: inverse(view.cameraFromWorld),
      weights: { mask: 1, rgb: 1.5, depth: 0, track: 0, contact: 0 },
    };
    const evidence = { rgb: await clip.frames.read(0), idMap: await clip.readMask(0) };
    const box = boxOfId(evidence.idMap, 1)!;
    const views = [{ observation: observe(evidence, 1, view.camera, box, 40), tracks: null }];
    const turned = compose(
      view.cameraFromWorld,
      fromTranslation([0.016, -0.012, 0]),
      inverse(view.cameraFromWorld),
      model.cameraFromObject,
      fromAxisAngle([0, 0, 1], 1.75),
    );
    for (const seed of [1, 2, 3]) {
      const random = createContext('poses', { seed }).random('search');
      const [best] = searchOnTable(object, turned, views, random);
      expect(distance(translationOf(best.cameraFromObject), translationOf(model.cameraFromObject))).toBeLessThan(0.006);
      const turn = rotationAngleBetween(best.cameraFromObject, model.cameraFromObject);
      expect(Math.min(turn, Math.PI - turn)).toBeLessThan(0.15);
    }
  });
});

describe('coarsenSet', () => {
  it('keeps the count below the limit, the extent and the mean colour', async () => {
    const view = lookingCamera(200, 150, 0.5, 35);
    const clip = syntheticClip(
      view,
      [
        {
          id: 1,
          solid: boxSolid([0.06, 0.06, 0.06], () => [0.8, 0.4, 0.2]),
          worldFromSolid: () => fromTranslation([0, 0, 0.03]),
        },
      ],
      [perceived(1, 'box', 'target', null)],
      1,
    );
    const built = await buildObjects(clip, resolveOptions(objectOptions, { shape: 'box' }), createContext('objects'));
    const full = built.gaussians.get(1)!;
    const coarse = coarsenSet(full, 300);
    expect(coarse.count).toBeLessThanOrEqual(300);
    expect(coarse.count).toBeGreaterThan(150);
    const top = (set: typeof full) => Math.max(...set.position.filter((_, i) => i % 3 === 2));
    expect(Math.abs(top(coarse) - top(full))).toBeLessThan(0.002);
    const mean = (set: typeof full) => set.sh.filter((_, i) => i % 3 === 0).reduce((a, b) => a + b, 0) / set.count;
    expect(Math.abs(mean(coarse) - mean(full))).toBeLessThan(0.25);
    expect(coarsenSet(coarse, 1000)).toBe(coarse);
  });
});
