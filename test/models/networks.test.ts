import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ManifestSchema, readManifest } from '../../src/models/manifest.js';
import { decodeBoxes } from '../../src/models/networks/coco-boxes.js';
import { COCO_WORDS } from '../../src/models/networks/coco-words.js';
import { cropOfPalm, cropOfPoints } from '../../src/models/networks/hand-landmarks.js';
import { chooseBox } from '../../src/models/networks/nanotrack.js';
import { personProbability } from '../../src/models/networks/person-mask.js';
import { matchFeatures } from '../../src/models/networks/xfeat.js';
import { contractDifference, ModelUnavailable, openModel } from '../../src/models/runtime.js';

describe('the manifest', () => {
  it('is valid, names every file once, and pins every address', async () => {
    const models = await readManifest();
    expect(ManifestSchema.safeParse({ kind: 'v2r/models', version: 1, models }).success).toBe(true);
    const files = models.flatMap((model) => model.files);
    expect(new Set(files.map(({ file }) => file)).size).toBe(files.length);
    expect(new Set(models.map(({ id }) => id)).size).toBe(models.length);
    for (const { urls } of files) for (const url of urls) expect(url.startsWith('https://')).toBe(true);
  });
});

describe('what networks say, decoded', () => {
  it('YOLOX: cell, stride and letterbox are undone', () => {
    const raw = new Float32Array(3549 * 85);
    // Second grid (stride 16, 26 x 26), cell (3, 2).
    const row = (52 * 52 + 2 * 26 + 3) * 85;
    raw.set([0.5, 0.25, Math.log(2), Math.log(4), 0.9], row);
    raw[row + 5 + COCO_WORDS.indexOf('cup')] = 0.8;
    const [box] = decodeBoxes(raw, 0.65, 0.3);
    expect(box.word).toBe('cup');
    expect(box.score).toBeCloseTo(0.72, 5);
    expect((box.x0 + box.x1) / 2).toBeCloseTo((3.5 * 16) / 0.65, 4);
    expect((box.y0 + box.y1) / 2).toBeCloseTo((2.25 * 16) / 0.65, 4);
    expect(box.x1 - box.x0).toBeCloseTo(32 / 0.65, 4);
    expect(box.y1 - box.y0).toBeCloseTo(64 / 0.65, 4);
    expect(COCO_WORDS).toHaveLength(80);
    expect([39, 41, 45, 60, 77].map((k) => COCO_WORDS[k])).toEqual([
      'bottle',
      'cup',
      'bowl',
      'dining table',
      'teddy bear',
    ]);
  });

  it('palms: the crop lies towards the fingers and turns them up', () => {
    const points = [
      [100, 100],
      [140, 90],
      [150, 100],
      [140, 110],
      [135, 115],
      [120, 85],
      [130, 80],
    ] as const;
    const crop = cropOfPalm({ score: 1, x0: 90, y0: 80, x1: 130, y1: 120, pointsPx: points });
    expect(crop.angleRad).toBeCloseTo(Math.PI / 2, 6);
    expect(crop.cx).toBeCloseTo(130, 6);
    expect(crop.cy).toBeCloseTo(100, 6);
    expect(crop.sidePx).toBeCloseTo(104, 6);
  });

  it('hand points: the next crop is about them', () => {
    const xyzPx = new Float32Array(63);
    for (let p = 0; p < 21; p++) xyzPx.set([200 + (p % 5) * 10, 100 - 3 * p, 0], 3 * p);
    xyzPx.set([220, 100, 0], 0);
    xyzPx.set([220, 60, 0], 27);
    const crop = cropOfPoints({ xyzPx, presence: 1, handedness: 0, sidePx: 1 });
    expect(crop.angleRad).toBeCloseTo(0, 6);
    expect(crop.cx).toBeCloseTo(220, 4);
    expect(crop.cy).toBeCloseTo(70, 4);
    expect(crop.sidePx).toBeCloseTo(1.7 * 60, 4);
  });

  it('DeepLab: softmax, the person class', () => {
    const logits = new Float32Array(42);
    logits[15] = Math.log(20);
    const [person, other] = personProbability(logits);
    expect(person).toBeCloseTo(0.5, 6);
    expect(other).toBeCloseTo(1 / 21, 6);
  });

  it('NanoTrack: the box of the best cell, near the middle when scores tie', () => {
    const logits = new Float32Array(450);
    const distances = new Float32Array(900).fill(20);
    logits.fill(-5, 225);
    const cell = 8 * 15 + 9;
    logits[225 + cell] = 5;
    const best = chooseBox(logits, distances, { w: 40, h: 40 });
    expect([best.cx, best.cy, best.w, best.h]).toEqual([32, 16, 40, 40]);
    expect(best.score).toBeCloseTo(1 / (1 + Math.exp(-5)), 6);
    expect(best.penalty).toBe(1);
  });

  it('XFeat: only mutual nearest descriptors match', () => {
    const unit = (k: number): number[] => Array.from({ length: 64 }, (_, c) => (c === k ? 1 : 0));
    const make = (ks: number[]) => ({
      xyPx: new Float32Array(2 * ks.length),
      descriptors: Float32Array.from(ks.flatMap(unit)),
    });
    expect(matchFeatures(make([3, 7, 9]), make([9, 3]))).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });
});

describe('networks that cannot be used', () => {
  it('are named, with what to do', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'models-'));
    await expect(openModel('coco-boxes', folder)).rejects.toThrow(
      /coco-boxes is not there.*v2r models pull coco-boxes/,
    );
    await writeFile(path.join(folder, 'yolox_nano.onnx'), 'no network');
    await expect(openModel('coco-boxes', folder)).rejects.toThrow(/coco-boxes is damaged.*10 bytes, expected/);
    await expect(openModel('coco-boxes', folder)).rejects.toThrow(ModelUnavailable);
    await rm(folder, { recursive: true });
  });

  it('are refused when their inputs or outputs differ from the contract', () => {
    const tensor = (name: string, shape: (number | string)[], type = 'float32') =>
      ({ name, isTensor: true, type, shape }) as never;
    const contract = {
      inputs: [{ name: 'image', shape: [1, 3, null, null], dtype: 'float32' }],
      outputs: [{ name: 'depth', shape: [1, null, null], dtype: 'float32' }],
    };
    const good = { inputMetadata: [tensor('image', [1, 3, 'h', 'w'])], outputMetadata: [tensor('depth', ['n', 8, 8])] };
    expect(contractDifference(contract, good)).toBeNull();
    expect(contractDifference(contract, { ...good, inputMetadata: [tensor('x', [1])] })).toBe(
      'expected input "image", found x',
    );
    expect(contractDifference(contract, { ...good, outputMetadata: [tensor('depth', [2, 8, 8])] })).toContain(
      'expected float32 [1, any, any], found float32 [2, 8, 8]',
    );
    expect(
      contractDifference(contract, { ...good, inputMetadata: [tensor('image', [1, 3, 4, 4], 'float16')] }),
    ).toContain('found float16');
  });
});
