import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { openBopDataset, readInstanceMask } from '../../src/bop/dataset/dataset.js';
import type { BopEstimate } from '../../src/bop/dataset/results-csv.js';
import { imagesOf, sequenceOfTrueMasks } from '../../src/bop/dataset/sequence.js';
import { renderDepth } from '../../src/bop/draw/render-depth.js';
import { trackSequence } from '../../src/bop/track/track-sequence.js';
import { maskIou } from '../../src/image/morphology.js';
import { poseOptions } from '../../src/pose/options.js';
import { CAMERA, IMAGE_IDS, meshOf, writeSmallDataset } from './small-dataset.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-bop-'));
  await writeSmallDataset(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The pictures of the small set show nothing: outlines alone. */
const pose = resolveOptions(poseOptions, { rgbLoss: false, smooth: false });

async function track(): Promise<{ estimates: BopEstimate[]; warnings: string[] }> {
  const ctx = createContext('bop', { seed: 2 });
  const dataset = await openBopDataset(folder);
  const scene = await dataset.readScene(3);
  const sequence = await sequenceOfTrueMasks(dataset, scene, imagesOf(scene, IMAGE_IDS), ctx);
  const estimates = await trackSequence(dataset, sequence, { pose, useDepth: false }, ctx);
  return { estimates, warnings: ctx.warnings.map(({ code }) => code) };
}

/** How well the model, drawn with an estimate, covers its visible mask (intersection over union). */
async function overlap({ imageId, objId, cameraFromModel }: BopEstimate): Promise<number> {
  const scene = await (await openBopDataset(folder)).readScene(3);
  const mask = (await readInstanceMask(scene, imageId, objId - 1, 'visible'))!;
  const drawn = renderDepth(meshOf(objId as 1 | 2), cameraFromModel, CAMERA);
  return maskIou(
    Uint8Array.from(drawn, (z) => (z > 0 ? 1 : 0)),
    mask.data,
  );
}

describe('trackSequence', () => {
  it('lays both boxes on their masks, without ever looking at the true poses', async () => {
    const { estimates } = await track();
    expect(estimates.map(({ imageId, objId }) => `${imageId}/${objId}`).sort()).toEqual(['0/1', '0/2', '7/1', '7/2']);
    // The masks are 15 to 25 pixels wide: one pixel of outline is about a tenth of their area.
    for (const estimate of estimates) expect(await overlap(estimate)).toBeGreaterThan(0.85);
    const file = path.join(folder, 'test/000003/scene_gt.json');
    const truth = JSON.parse(await readFile(file, 'utf8'));
    for (const instances of Object.values<{ cam_t_m2c: number[] }[]>(truth)) {
      for (const instance of instances) instance.cam_t_m2c = [500, -300, 2000];
    }
    await writeFile(file, JSON.stringify(truth));
    const again = (await track()).estimates;
    expect(again.map((e) => e.cameraFromModel)).toEqual(estimates.map((e) => e.cameraFromModel));
  }, 60_000);

  it('starts with the first frame that shows what comes late', async () => {
    await rm(path.join(folder, 'test/000003/mask_visib/000000_000001.png'));
    const { estimates, warnings } = await track();
    expect(warnings).not.toContain('no-mask');
    const late = estimates.find(({ imageId, objId }) => imageId === 7 && objId === 2)!;
    expect(await overlap(late)).toBeGreaterThan(0.85);
  }, 60_000);

  it('leaves out, with a warning, what no frame shows', async () => {
    for (const image of ['000000', '000007']) {
      await rm(path.join(folder, `test/000003/mask_visib/${image}_000001.png`));
    }
    const { estimates, warnings } = await track();
    expect(new Set(estimates.map(({ objId }) => objId))).toEqual(new Set([1]));
    expect(warnings).toContain('no-mask');
  }, 60_000);
});
