/** The synthetic world written out as the artifacts that the episodes stage reads. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeJson } from '../../src/base/files.js';
import { writeNpy } from '../../src/base/npy.js';
import { Random } from '../../src/base/random.js';
import type { EpisodeInputs } from '../../src/episode/episode.js';
import type { EpisodeFolders } from '../../src/episode/load-inputs.js';
import { extentsOf } from '../../src/episode/mesh-query.js';
import { createRgb } from '../../src/image/image.js';
import { writePng } from '../../src/image/image-io.js';
import { compose, fromTranslation } from '../../src/math/se3.js';
import type { ObjectModel } from '../../src/objects/object-model.js';
import { writeObjects } from '../../src/objects/objects-io.js';
import type { PoseFrame } from '../../src/pose/poses.js';
import { writeSkill } from '../../src/skill/skill-io.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';

export async function writeArtifacts(root: string, inputs: EpisodeInputs): Promise<EpisodeFolders> {
  const folders = Object.fromEntries(
    ['objects', 'poses', 'skill', 'scene'].map((name) => [name, path.join(root, name)]),
  ) as Record<keyof EpisodeFolders, string>;
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  const { scene, objects } = inputs;
  const standing = (id: number, x: number): number[] => {
    const { low } = extentsOf(objects.find((object) => object.id === id)!.mesh);
    return compose(scene.cameraFromWorld, fromTranslation([x, 0, -low[2]]));
  };
  const models = objects.map((object, k): ObjectModel => {
    const { low, high } = extentsOf(object.mesh);
    return {
      id: object.id,
      name: object.name,
      role: object.role,
      family: 'box',
      sizeM: [high[0] - low[0], high[1] - low[1], high[2] - low[2]],
      hollow: false,
      symmetry: object.symmetry,
      gaussians: `object-${object.id}.ply`,
      mesh: `object-${object.id}.obj`,
      referenceFrame: 0,
      cameraFromObject: standing(object.id, 0.1 * k),
      fitIou: 1,
      confidence: 1,
    };
  });
  await writeObjects(folders.objects, {
    objects: { kind: 'v2r/objects', version: 1, objects: models },
    meshes: new Map(objects.map((object) => [object.id, object.mesh])),
    gaussians: new Map(
      objects.map(({ id, mesh }, k) => [
        id,
        gaussiansFromMesh(
          mesh.vertices,
          mesh.triangles,
          () => (k === 0 ? [0.8, 0.2, 0.1] : [0.2, 0.4, 0.8]),
          0.008,
          new Random(id),
        ),
      ]),
    ),
  });
  const frame = (model: ObjectModel): PoseFrame => ({
    cameraFromObject: model.cameraFromObject,
    state: 'resting',
    visibleFraction: 1,
    loss: 0,
    sdM: 0.001,
    sdRad: 0.01,
  });
  await writeJson(path.join(folders.poses, 'poses.json'), {
    kind: 'v2r/poses',
    version: 1,
    fps: 30,
    numFrames: 1,
    cameraFromWorld: scene.cameraFromWorld,
    objects: models.map((model) => ({ id: model.id, frames: [frame(model)] })),
  });
  await writeSkill(folders.skill, inputs.skill);
  await writeJson(path.join(folders.scene, 'scene.json'), scene);
  const { widthPx, heightPx } = scene.camera;
  const grey = createRgb(widthPx, heightPx, new Uint8Array(widthPx * heightPx * 3).fill(140));
  await writePng(path.join(folders.scene, 'background.png'), grey);
  await writeNpy(path.join(folders.scene, 'depth.npy'), [heightPx, widthPx], new Float32Array(widthPx * heightPx));
  return folders;
}
