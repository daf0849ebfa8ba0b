/** The `objects` artifact on disk. */
import path from 'node:path';
import { readJson, writeJson } from '../base/files.js';
import { loadMesh } from '../mesh/load-mesh.js';
import { writeObj } from '../mesh/write-obj.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { readPly, writePly } from '../splat/ply.js';
import type { BuiltObjects } from './build-objects.js';
import { type Objects, ObjectsSchema, type TriangleMesh } from './object-model.js';

const INDEX = 'objects.json';

/** Gaussians and meshes first, the index last: a folder with an index is complete. */
export async function writeObjects(folder: string, built: BuiltObjects): Promise<void> {
  for (const model of built.objects.objects) {
    const gaussians = built.gaussians.get(model.id);
    const mesh = built.meshes.get(model.id);
    if (!gaussians || !mesh) throw new Error(`object ${model.id} has no Gaussians or mesh`);
    await writePly(path.join(folder, model.gaussians), gaussians);
    await writeObj(path.join(folder, model.mesh), mesh);
  }
  await writeJson(path.join(folder, INDEX), ObjectsSchema.parse(built.objects));
}

export async function readObjects(folder: string): Promise<Objects> {
  return readJson(path.join(folder, INDEX), ObjectsSchema);
}

export async function readObjectGaussians(folder: string, id: number): Promise<GaussianSet> {
  return (await readPly(path.join(folder, `object-${id}.ply`))).set;
}

export async function readObjectMesh(folder: string, id: number): Promise<TriangleMesh> {
  const { vertices, triangles } = await loadMesh(path.join(folder, `object-${id}.obj`));
  return { vertices, triangles };
}
