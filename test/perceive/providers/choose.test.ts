import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createContext } from '../../../src/base/context.js';
import { resolveOptions } from '../../../src/base/options.js';
import { perceiveOptions } from '../../../src/perceive/options.js';
import { chooseProviders } from '../../../src/perceive/providers/choose.js';
import { fingerprintOf } from '../../../src/perceive/providers/fingerprint.js';
import { MODELS_FOLDER, modelsPresent } from '../../models/staged.js';

const choose = async (given: Record<string, unknown>) => {
  const ctx = createContext('perceive');
  const { names } = await chooseProviders(resolveOptions(perceiveOptions, given), ctx);
  return { names, warnings: ctx.warnings };
};

describe('who does which step', () => {
  let folder: string;
  let before: string | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'models-'));
    before = process.env.V2R_MODELS;
    process.env.V2R_MODELS = folder;
  });
  afterEach(async () => {
    if (before === undefined) delete process.env.V2R_MODELS;
    else process.env.V2R_MODELS = before;
    await rm(folder, { recursive: true });
  });

  it('auto is classical, without a word, where no network lies', async () => {
    const { names, warnings } = await choose({});
    expect(names).toEqual({ segment: 'classical', track: 'classical', depth: 'classical', camera: 'classical' });
    expect(warnings).toEqual([]);
  });

  it('a network that was asked for and is missing is named, and the step done without', async () => {
    const { names, warnings } = await choose({ segment: 'onnx', track: 'onnx' });
    expect(names).toMatchObject({ segment: 'classical', track: 'classical' });
    const text = warnings.map(({ message }) => message).join('\n');
    for (const id of ['palm-detection', 'hand-landmarks', 'person-mask', 'coco-boxes', 'xfeat']) {
      expect(text).toContain(`v2r models pull ${id}`);
    }
    expect(warnings.filter(({ code }) => code === 'classical-instead')).toHaveLength(2);
  });

  it('a damaged network is named even when nobody asked for it', async () => {
    await writeFile(path.join(folder, 'pydnet_pp.onnx'), 'broken');
    const { names, warnings } = await choose({});
    expect(names.depth).toBe('classical');
    expect(warnings.map(({ message }) => message).join()).toContain('pydnet is damaged');
  });

  it('files go before networks when they are named', async () => {
    const { names } = await choose({
      maskFiles: 'masks',
      trackFiles: 'tracks.npz',
      depthFiles: 'depth',
      cameraFile: 'camera.json',
    });
    expect(names).toEqual({ segment: 'files', track: 'files', depth: 'files', camera: 'files' });
    expect((await choose({ maskFiles: 'masks', segment: 'classical' })).names.segment).toBe('classical');
  });

  it.skipIf(!modelsPresent)(
    'auto takes of the networks that lie there only depth (skipped without ../shared/models)',
    async () => {
      process.env.V2R_MODELS = MODELS_FOLDER;
      const { names, warnings } = await choose({});
      expect(names).toEqual({ segment: 'classical', track: 'classical', depth: 'onnx', camera: 'classical' });
      expect(warnings).toEqual([]);
      expect((await choose({ segment: 'onnx', track: 'onnx' })).names).toMatchObject({
        segment: 'onnx',
        track: 'onnx',
      });
      expect((await choose({ camera: 'onnx' })).names).toMatchObject({ segment: 'onnx', camera: 'onnx' });
    },
  );

  it('what is already made is made again when networks or files have changed', async () => {
    const file = path.join(folder, 'tracks.npz');
    await writeFile(file, 'a');
    const options = resolveOptions(perceiveOptions, { trackFiles: file });
    const first = await fingerprintOf(options);
    expect(await fingerprintOf(options)).toEqual(first);
    await writeFile(file, 'ab');
    expect(await fingerprintOf(options)).not.toEqual(first);
  });
});
