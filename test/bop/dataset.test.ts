import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBopDataset, readInstanceMask, readSceneDepth, readSceneRgb } from '../../src/bop/dataset/dataset.js';
import type { BopEstimate } from '../../src/bop/dataset/results-csv.js';
import { evaluateBop } from '../../src/bop/score/evaluate.js';
import { compose, fromTranslation } from '../../src/math/se3.js';
import { asciiPly, CAMERA, IMAGE_IDS, meshOf, pointCloud, truthOf, writeSmallDataset } from './small-dataset.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-bop-'));
  await writeSmallDataset(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (...parts: string[]): string => path.join(folder, ...parts);
const editJson = async (file: string, edit: (value: Record<string, never>) => unknown): Promise<void> => {
  const value = JSON.parse(await readFile(at(file), 'utf8'));
  await writeFile(at(file), JSON.stringify(edit(value) ?? value));
};

/** The truth, moved towards +x by `shiftM`. */
const estimates = (shiftM = 0): BopEstimate[] =>
  IMAGE_IDS.flatMap((imageId) =>
    [1, 2].map((objId) => ({
      sceneId: 3,
      imageId,
      objId,
      score: 1,
      cameraFromModel: compose(fromTranslation([shiftM, 0, 0]), truthOf(objId, imageId)),
      timeSec: imageId === 0 ? 0.2 : 0.4,
    })),
  );

describe('openBopDataset', () => {
  it('reads scenes, models, pictures and targets, in metres', async () => {
    const dataset = await openBopDataset(folder);
    expect(dataset).toMatchObject({ split: 'test', widthPx: 80, heightPx: 60, sceneIds: [3], warnings: [] });
    expect(dataset.targets).toHaveLength(4);
    const object = dataset.objects.get(1)!;
    expect(object.diameterM).toBeCloseTo(Math.hypot(0.1, 0.08, 0.06), 12);
    const mesh = await object.readMesh();
    meshOf(1).vertices.forEach((value, i) => {
      expect(mesh.vertices[i]).toBeCloseTo(value, 9);
    });
    expect(mesh.colourAt!(0, [1, 0, 0]).map((c) => Math.round(255 * c))).toEqual([255, 0, 51]);
    expect((await dataset.objects.get(2)!.readMesh()).colourAt).toBeNull();
    const scene = await dataset.readScene(3);
    expect([...scene.images.keys()]).toEqual(IMAGE_IDS);
    const image = scene.images.get(7)!;
    expect(image.camera).toEqual({ fx: 150, fy: 150, cx: 40, cy: 30 });
    truthOf(2, 7).forEach((value, k) => {
      expect(image.instances[1].cameraFromModel![k]).toBeCloseTo(value, 12);
    });
    const depth = (await readSceneDepth(scene, image))!;
    const mask = (await readInstanceMask(scene, 7, 0, 'visible'))!;
    const seen = depth.data.filter((_, i) => mask.data[i] > 0);
    for (const z of seen) expect(Math.abs(z - 0.7)).toBeLessThan(0.1);
    expect(await readInstanceMask(scene, 7, 5, 'visible')).toBeNull();
    expect((await readSceneRgb(scene, 7)).widthPx).toBe(80);
  });

  it('falls back with a warning without models_eval or targets', async () => {
    await rm(at('test_targets_bop19.json'));
    await editJson('test/000003/scene_gt_info.json', (info) => ({
      ...info,
      7: [{ visib_fract: 0.05 }, { visib_fract: 1 }],
    }));
    const dataset = await openBopDataset(folder);
    expect(dataset.warnings.join()).toContain('test_targets_bop19.json');
    expect(dataset.targets).toHaveLength(3);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['a folder that is not there', () => rm(folder, { recursive: true }), /no such folder/],
    ['no images', () => rm(at('test'), { recursive: true }), /no folder that begins with "test"/],
    ['no models', () => rm(at('models_eval'), { recursive: true }), /models_info\.json/],
    ['broken JSON', () => writeFile(at('test_targets_bop19.json'), '[{'), /not valid JSON/],
    [
      'models in metres',
      () =>
        editJson('models_eval/models_info.json', (m) => ({
          ...m,
          1: { diameter: 0.14, size_x: 0, size_y: 0, size_z: 0 },
        })),
      /diameter of 0\.14 mm/,
    ],
    [
      'a symmetry without axis',
      () =>
        editJson('models_eval/models_info.json', (m) => ({
          ...m,
          1: {
            diameter: 100,
            size_x: 0,
            size_y: 0,
            size_z: 0,
            symmetries_continuous: [{ axis: [0, 0, 0], offset: [0, 0, 0] }],
          },
        })),
      /axis of a continuous symmetry is zero/,
    ],
    ['a target twice', () => editJson('test_targets_bop19.json', (t) => [t[0], t[0]]), /appears twice/],
    [
      'a target in another scene',
      () => editJson('test_targets_bop19.json', () => [{ scene_id: 9, im_id: 0, obj_id: 1, inst_count: 1 }]),
      /no such scene/,
    ],
    [
      'a target of another object',
      () => editJson('test_targets_bop19.json', () => [{ scene_id: 3, im_id: 0, obj_id: 4, inst_count: 1 }]),
      /no such object/,
    ],
  ])('says what is wrong: %s', async (_, spoil, message) => {
    await spoil();
    await expect(openBopDataset(folder)).rejects.toThrow(message);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['no cameras', () => rm(at('test/000003/scene_camera.json')), /no scene_camera\.json/],
    ['no truth', () => rm(at('test/000003/scene_gt.json')), /scene_gt\.json/],
    [
      'eight numbers for a matrix',
      () => editJson('test/000003/scene_camera.json', () => ({ 0: { cam_K: [1, 0, 0, 0, 1, 0, 0, 0] } })),
      /0\.cam_K/,
    ],
    [
      'a focal length of zero',
      () => editJson('test/000003/scene_camera.json', () => ({ 0: { cam_K: [0, 0, 0, 0, 1, 0, 0, 0, 1] } })),
      /focal length/,
    ],
    [
      'a name for an id',
      () => editJson('test/000003/scene_camera.json', (c) => ({ first: c[0] })),
      /first: Invalid key/,
    ],
    [
      'other counts in scene_gt_info',
      () => editJson('test/000003/scene_gt_info.json', (i) => ({ ...i, 7: [] })),
      /image 7 has 0 entries, scene_gt\.json has 2/,
    ],
    [
      'a sensor in the name',
      async () => {
        await writeFile(at('test/000003/scene_camera_left.json'), '{}');
        await rm(at('test/000003/scene_camera.json'));
      },
      /several sensors/,
    ],
  ])('says what is wrong in a scene: %s', async (_, spoil, message) => {
    await spoil();
    const dataset = await openBopDataset(folder);
    await expect(dataset.readScene(3)).rejects.toThrow(message);
  });
});

describe('evaluateBop', () => {
  it('gives 1 for the truth and the thresholds that a known shift passes', async () => {
    const dataset = await openBopDataset(folder);
    const { report } = await evaluateBop(dataset, estimates());
    expect(report).toMatchObject({ ar: 1, arVsd: 1, arMssd: 1, arMspd: 1, recallAdd: 1, targets: 4, warnings: [] });
    expect(report.averageTimePerImageSec).toBeCloseTo(0.3, 12);
    const shifted = (await evaluateBop(dataset, estimates(0.03))).report;
    // 30 mm over diameters of 141.4 and 147.0 mm are 0.212 and 0.204: 0.25 and above pass, 6 of 10.
    expect(shifted.arMssd).toBeCloseTo(0.6, 12);
    expect(shifted.recallAdd).toBe(0);
    expect(shifted.objects['1'].arMssd).toBeCloseTo(0.6, 12);
    expect(shifted.sequences['3'].arMssd).toBeCloseTo(0.6, 12);
    // Images here are 80 wide: pixels count eightfold, 30 mm at 0.7 m are over 50.
    expect(shifted.arMspd).toBeLessThan(0.2);
  });

  it('drops what is no target, counts what is missing, and can score a part', async () => {
    const dataset = await openBopDataset(folder);
    const stray = { ...estimates()[0], imageId: 99 };
    const half = await evaluateBop(dataset, [stray, ...estimates().filter(({ objId }) => objId === 1)]);
    expect(half.report.ar).toBe(0.5);
    const part = await evaluateBop(dataset, estimates(), { isScored: ({ imageId }) => imageId === 7 });
    expect(part.report).toMatchObject({ ar: 1, targets: 2 });
    const nothing = await evaluateBop(dataset, [stray]);
    expect(nothing.report.ar).toBe(0);
    expect(nothing.report.warnings.join()).toContain('none of the 1 estimates is for a target');
  });

  it('has no VSD, and no AR, without depth images', async () => {
    await rm(at('test/000003/depth'), { recursive: true });
    const { report } = await evaluateBop(await openBopDataset(folder), estimates());
    expect(report).toMatchObject({ ar: null, arVsd: null, arMssd: 1, arMspd: 1 });
    expect(report.warnings.join()).toContain('no depth');
  });

  it('never matches instances that are marked as hidden', async () => {
    await editJson('test/000003/scene_gt.json', (gt) => {
      const images = gt as unknown as Record<string, { cam_t_m2c: number[] }[]>;
      images[0][0].cam_t_m2c = [-1, -1, -1];
      return images;
    });
    const { report } = await evaluateBop(await openBopDataset(folder), estimates());
    expect(report.arMspd).toBe(0.75);
    expect(report.arVsd).toBe(0.75);
  });

  it('refuses poses that are not finite, depth of another size and models without faces', async () => {
    const dataset = await openBopDataset(folder);
    const [first] = estimates();
    const poisoned = { ...first, cameraFromModel: first.cameraFromModel.map(() => Number.NaN) };
    await expect(evaluateBop(dataset, [poisoned])).rejects.toThrow('image 0, object 1: score or pose is not finite');
    await expect(evaluateBop(dataset, [], { isScored: () => false })).rejects.toThrow('no targets to score');
    const depthFile = at('test/000003/depth/000000.png');
    const right = await readFile(depthFile);
    const raw = { width: 81, height: 60, channels: 1 } as const;
    await sharp(new Uint16Array(81 * 60), { raw })
      .toColourspace('grey16')
      .png()
      .toFile(depthFile);
    await expect(evaluateBop(await openBopDataset(folder), estimates())).rejects.toThrow(
      '81x60 pixels, expected 80x60',
    );
    await writeFile(depthFile, right);
    await writeFile(at('models_eval/obj_000001.ply'), asciiPly(pointCloud, null));
    await expect(evaluateBop(await openBopDataset(folder), estimates())).rejects.toThrow('obj_000001.ply has no faces');
  });

  it('refuses a model of another unit than its stated diameter', async () => {
    const metres = { ...meshOf(1), vertices: meshOf(1).vertices.map((value) => value / 1000) };
    await writeFile(at('models_eval/obj_000001.ply'), asciiPly(metres, null));
    const object = (await openBopDataset(folder)).objects.get(1)!;
    await expect(object.readMesh()).rejects.toThrow(
      'obj_000001.ply spans 0.141 mm, models_info.json says a diameter of',
    );
  });

  it('renders scenes at the size of their own pictures and says that camera.json has another', async () => {
    await editJson('camera.json', (c) => ({ ...c, width: 2 * CAMERA.widthPx }));
    const { report } = await evaluateBop(await openBopDataset(folder), estimates());
    expect(report).toMatchObject({ arVsd: 1, arMssd: 1, arMspd: 1 });
    expect(report.warnings.join()).toContain('scene 3: pictures of 80x60 pixels, but camera.json says 160x60');
  });
});
