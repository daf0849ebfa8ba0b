import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createRgb, type RgbImage } from '../../src/image/image.js';
import {
  BGR_BYTES,
  cropTensor,
  letterboxed,
  MINUS_ONE_TO_ONE,
  type Normalisation,
  stretched,
  ZERO_TO_ONE,
} from '../../src/models/crop.js';
import type { ModelId } from '../../src/models/manifest.js';
import { centre } from '../../src/models/networks/nanotrack.js';
import { openModel, type Session, type Tensor } from '../../src/models/runtime.js';
import { MODELS_FOLDER, modelsPresent, REFERENCE_FOLDER } from './staged.js';

interface Reference {
  image_sha256: Record<string, string>;
  image_size_wh: Record<string, [number, number]>;
  feeds: Record<string, { shape: number[]; first8: number[]; mean: number }>;
  tolerance: { abs: number; rel: number };
  outputs: Record<string, { shape: number[]; min: number; max: number; mean: number; samples: Record<string, number> }>;
}

const read = (name: string): Reference =>
  JSON.parse(readFileSync(path.join(REFERENCE_FOLDER, `${name}.json`), 'utf8')) as Reference;

/** The picture that every reference was made with: a formula, checked by its hash. */
function formulaImage([widthPx, heightPx]: [number, number], sha256: string): RgbImage {
  const image = createRgb(widthPx, heightPx);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      for (let c = 0; c < 3; c++, i++) {
        image.data[i] = (7 * x + 13 * y + 61 * c + 3 * Math.floor((x * y) / 16)) % 256;
      }
    }
  }
  expect(createHash('sha256').update(image.data).digest('hex')).toBe(sha256);
  return image;
}

function onlyImage(reference: Reference): RgbImage {
  const [name] = Object.keys(reference.image_size_wh);
  return formulaImage(reference.image_size_wh[name], reference.image_sha256[name]);
}

function expectFeed(feed: Tensor, expected: Reference['feeds'][string]): void {
  expect(feed.shape).toEqual(expected.shape);
  expected.first8.forEach((value, i) => {
    expect(Number(feed.data[i])).toBeCloseTo(value, 4);
  });
  let sum = 0;
  for (const value of feed.data) sum += Number(value);
  expect(sum / feed.data.length).toBeCloseTo(expected.mean, 2);
}

async function expectOutputs(
  session: Session,
  feeds: Record<string, Tensor>,
  reference: Reference,
): ReturnType<Session['run']> {
  const outputs = await session.run(feeds);
  const { abs, rel } = reference.tolerance;
  for (const [name, expected] of Object.entries(reference.outputs)) {
    const { shape, data } = outputs[name];
    expect(shape).toEqual(expected.shape);
    const near = (found: number, value: number): void =>
      expect(Math.abs(found - value), `${name}: ${found}, expected ${value}`).toBeLessThanOrEqual(
        abs + rel * Math.abs(value),
      );
    for (const [index, value] of Object.entries(expected.samples)) near(data[Number(index)], value);
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (const value of data) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    near(min, expected.min);
    near(max, expected.max);
  }
  return outputs;
}

/** Networks of one picture and one file: reference, input, and how the wrapper prepares it. */
const CASES: [string, ModelId, string, Normalisation, 'stretched' | 'letterboxed'][] = [
  ['yolox_nano', 'coco-boxes', 'images', BGR_BYTES, 'letterboxed'],
  ['palm_detection_128', 'palm-detection', 'input', MINUS_ONE_TO_ONE, 'stretched'],
  ['hand_landmark_224', 'hand-landmarks', 'input_1', ZERO_TO_ONE, 'stretched'],
  ['deeplab_v3_voc', 'person-mask', 'sub_7', { ...MINUS_ONE_TO_ONE, layout: 'nhwc' }, 'stretched'],
  ['xfeat', 'xfeat', 'input', ZERO_TO_ONE, 'letterboxed'],
  ['pydnet_pp', 'pydnet', 'image', ZERO_TO_ONE, 'stretched'],
];

describe.skipIf(!modelsPresent)('networks against their reference outputs (skipped without ../shared/models)', () => {
  it.each(CASES)('%s', async (name, id, input, norm, fit) => {
    const reference = read(name);
    const image = onlyImage(reference);
    const { widthPx, heightPx } = image;
    const map = fit === 'letterboxed' ? letterboxed(image, widthPx) : stretched(image, widthPx, heightPx);
    const feed = cropTensor(image, map, widthPx, heightPx, norm);
    expectFeed(feed, reference.feeds[input]);
    const [session] = await openModel(id, MODELS_FOLDER);
    await expectOutputs(session, { [input]: feed }, reference);
  });

  it('nanotrack: backbone, then head on the centre of its own features', async () => {
    const [backbone, head] = await openModel('nanotrack', MODELS_FOLDER);
    const search = read('nanotrack_v3_search');
    const image = onlyImage(search);
    const feed = cropTensor(image, stretched(image, 255, 255), 255, 255, BGR_BYTES);
    expectFeed(feed, search.feeds.input);
    const { output } = await expectOutputs(backbone, { input: feed }, search);
    const reference = read('nanotrack_v3_head');
    const template = centre(output);
    expectFeed(template, reference.feeds.input1);
    await expectOutputs(head, { input1: template, input2: output }, reference);
  });
});
