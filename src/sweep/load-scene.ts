/** Reads the artifacts that episodes are made from. */
import path from 'node:path';
import { readJson } from '../base/files.js';
import { readNpy } from '../base/npy.js';
import type { EpisodeInputs, EpisodeObject } from '../episode/episode.js';
import type { EpisodeOptions } from '../episode/episode-options.js';
import { datasetCamera, type EpisodeStage, prepareStage } from '../episode/render.js';
import { createFloats, type FloatImage } from '../image/image.js';
import { readRgb, resizeRgb } from '../image/image-io.js';
import { compose, inverse } from '../math/se3.js';
import type { ObjectModel } from '../objects/object-model.js';
import { readObjectGaussians, readObjectMesh, readObjects } from '../objects/objects-io.js';
import { type Poses, PosesSchema } from '../pose/poses.js';
import { createFranka } from '../robot/franka.js';
import { FRANKA_SHAPES } from '../robot/franka-shapes.js';
import { robotGaussians, spacingFor } from '../robot/robot-gaussians.js';
import { SceneSchema } from '../scene/scene.js';
import { readSkill } from '../skill/skill-io.js';
import { createRenderer } from '../splat/create-renderer.js';

/** Folders of the finished stages that episodes need. */
export interface EpisodeFolders {
  readonly objects: string;
  readonly poses: string;
  readonly skill: string;
  readonly scene: string;
}

export async function loadEpisodeScene(
  folders: EpisodeFolders,
  options: EpisodeOptions,
): Promise<{ inputs: EpisodeInputs; stage: EpisodeStage }> {
  const scene = await readJson(path.join(folders.scene, 'scene.json'), SceneSchema);
  const skill = await readSkill(folders.skill);
  const { objects: models } = await readObjects(folders.objects);
  const poses = await readJson(path.join(folders.poses, 'poses.json'), PosesSchema);
  const roles = new Map(skill.roles?.map(({ id, role }) => [id, role]));
  const robot = createFranka();
  const objects: EpisodeObject[] = [];
  const objectGaussians = new Map();
  for (const model of models) {
    const role = roles.get(model.id) ?? model.role;
    objects.push({
      id: model.id,
      name: model.name,
      role,
      symmetry: model.symmetry,
      hollow: model.hollow,
      mesh: await readObjectMesh(folders.objects, model.id),
      restYawRad: restYaw(model, poses),
    });
    objectGaussians.set(model.id, await readObjectGaussians(folders.objects, model.id));
  }
  const camera = datasetCamera(scene.camera, options.width);
  const stage = prepareStage(await createRenderer(), {
    robot,
    robotGaussians: robotGaussians(FRANKA_SHAPES, robot.joints.length + 2, spacingFor(camera.widthPx)),
    objectGaussians,
    layer: await loadLayer(folders.scene, camera.widthPx, camera.heightPx),
    camera,
    cameraFromWorld: scene.cameraFromWorld,
    worldFromBase: scene.worldFromBase,
  });
  return { inputs: { robot, scene, skill, objects }, stage };
}

/** Yaw of the object in the world while it rests before it is first moved. */
function restYaw(model: ObjectModel, poses: Poses): number {
  const frames = poses.objects.find((entry) => entry.id === model.id)?.frames ?? [];
  const resting = frames.find((frame) => frame.state === 'resting' && frame.cameraFromObject !== null);
  const cameraFromObject = resting?.cameraFromObject ?? model.cameraFromObject;
  const worldFromObject = compose(inverse(poses.cameraFromWorld), cameraFromObject);
  return Math.atan2(worldFromObject[4], worldFromObject[0]);
}

async function loadLayer(
  folder: string,
  widthPx: number,
  heightPx: number,
): Promise<{ rgb: Uint8Array; depthM: Float32Array }> {
  const background = await readRgb(path.join(folder, 'background.png'));
  const rgb = await resizeRgb(background, widthPx, heightPx);
  const { shape, data } = await readNpy(path.join(folder, 'depth.npy'));
  const depth = createFloats(shape[1], shape[0], data as Float32Array);
  return { rgb: rgb.data, depthM: resizeNearest(depth, widthPx, heightPx).data };
}

/** Depth must not be averaged over edges. */
function resizeNearest(image: FloatImage, widthPx: number, heightPx: number): FloatImage {
  const out = createFloats(widthPx, heightPx);
  for (let y = 0; y < heightPx; y++) {
    const sourceY = Math.floor(((y + 0.5) * image.heightPx) / heightPx);
    for (let x = 0; x < widthPx; x++) {
      const sourceX = Math.floor(((x + 0.5) * image.widthPx) / widthPx);
      out.data[y * widthPx + x] = image.data[sourceY * image.widthPx + sourceX];
    }
  }
  return out;
}
