import path from 'node:path';
import { UserError } from '../base/errors.js';
import { readJson, writeJson } from '../base/files.js';
import { readNpy, writeNpy } from '../base/npy.js';
import { createFloats } from '../image/image.js';
import { readRgb, writePng } from '../image/image-io.js';
import type { BuiltScene } from './build-scene.js';
import { SceneSchema } from './scene.js';

/** Writes `scene.json`, `background.png` and `depth.npy` into the stage's folder. */
export async function writeScene(folder: string, { scene, background, depth }: BuiltScene): Promise<void> {
  await writePng(path.join(folder, 'background.png'), background);
  await writeNpy(path.join(folder, 'depth.npy'), [depth.heightPx, depth.widthPx], depth.data);
  await writeJson(path.join(folder, 'scene.json'), SceneSchema.parse(scene));
}

export async function readScene(folder: string): Promise<BuiltScene> {
  const scene = await readJson(path.join(folder, 'scene.json'), SceneSchema);
  const background = await readRgb(path.join(folder, 'background.png'));
  const file = path.join(folder, 'depth.npy');
  const { shape, data } = await readNpy(file);
  const { widthPx, heightPx } = scene.camera;
  if (background.widthPx !== widthPx || background.heightPx !== heightPx) {
    throw new UserError(
      `${path.join(folder, 'background.png')} is ${background.widthPx}x${background.heightPx}, scene.json says ${widthPx}x${heightPx}`,
    );
  }
  if (!(data instanceof Float32Array) || shape.length !== 2 || shape[0] !== heightPx || shape[1] !== widthPx) {
    throw new UserError(`${file}: expected float32 of shape (${heightPx}, ${widthPx}), found ${shape.join('x')}`);
  }
  return { scene, background, depth: createFloats(widthPx, heightPx, data) };
}
