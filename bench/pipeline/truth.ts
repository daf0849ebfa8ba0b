/** A fixture's truth as the bench needs it; layout in fixtures/truth.md. Only the bench and the fixture scripts read it. */
import path from 'node:path';
import { type Truth, TruthSchema } from '../../scripts/fixtures/truth.js';
import { readJson } from '../../src/base/files.js';
import type { ByteImage } from '../../src/image/image.js';
import { readBytes } from '../../src/image/image-io.js';
import { loadMesh } from '../../src/mesh/load-mesh.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';

export interface TrueScene {
  readonly truth: Truth;
  readonly meshes: ReadonlyMap<number, TriangleMesh>;
  /** Id map of a frame of the video: 0 background, 1..254 objects, 255 hand. */
  mask(frame: number): Promise<ByteImage>;
}

export async function readTruth(folder: string): Promise<TrueScene> {
  const truth = await readJson(path.join(folder, 'truth.json'), TruthSchema);
  const meshes = new Map<number, TriangleMesh>();
  for (const { id, mesh } of truth.objects) meshes.set(id, await loadMesh(path.join(folder, mesh)));
  const digits = /%0(\d)d/;
  const width = Number(digits.exec(truth.masks)?.[1] ?? 6);
  return {
    truth,
    meshes,
    mask: (frame) => readBytes(path.join(folder, truth.masks.replace(digits, `${frame}`.padStart(width, '0')))),
  };
}
