/** Everything episodes need, read from the folders of the earlier stages. */
import path from 'node:path';
import { UserError } from '../base/errors.js';
import { readJson } from '../base/files.js';
import { readNpy } from '../base/npy.js';
import { Random } from '../base/random.js';
import { readRgb, resizeRgb } from '../image/image-io.js';
import type { Intrinsics } from '../math/camera.js';
import { compose, inverse, type Mat4 } from '../math/se3.js';
import type { ObjectModel, TriangleMesh } from '../objects/object-model.js';
import { readObjectGaussians, readObjectMesh, readObjects } from '../objects/objects-io.js';
import { type Poses, PosesSchema } from '../pose/poses.js';
import { keptRobot, type OpenRobot } from '../robot/open-robot.js';
import type { RobotModel } from '../robot/robot-model.js';
import { type Scene, SceneSchema } from '../scene/scene.js';
import { ShapeField } from '../skill/shape-field.js';
import type { Skill } from '../skill/skill.js';
import { readSkill } from '../skill/skill-io.js';
import type { GaussianSet } from '../splat/gaussians.js';
import type { StaticLayer } from '../splat/renderer.js';
import type { EpisodeInputs, EpisodeObject } from './episode.js';
import { fittingLengthScale, scaledGaussians, scaledInputs } from './length-scale.js';
import { yawOf } from './motion.js';
import { openedByUse } from './open-by-use.js';
import { MAX_PAD_GAP_M, padGap } from './pad-gap.js';
import { datasetCamera } from './render.js';

/** Folders of the stages that episodes are made from. */
export interface EpisodeFolders {
  readonly objects: string;
  readonly poses: string;
  readonly skill: string;
  readonly scene: string;
}

export interface LoadedEpisodeInputs {
  readonly inputs: EpisodeInputs;
  readonly robot: OpenRobot;
  readonly objectGaussians: ReadonlyMap<number, GaussianSet>;
  /** What all lengths of the film were multiplied by so that the fingers can hold what is held (length-scale.ts). */
  readonly lengthScale: number;
}

export async function loadEpisodeInputs(folders: EpisodeFolders): Promise<LoadedEpisodeInputs> {
  const { objects: models } = await readObjects(folders.objects);
  const poses = await readJson(path.join(folders.poses, 'poses.json'), PosesSchema);
  const skill = await readSkill(folders.skill);
  const scene = await readJson(path.join(folders.scene, 'scene.json'), SceneSchema);
  const robot = await keptRobot(folders.scene);
  const objects: EpisodeObject[] = [];
  const objectGaussians = new Map<number, GaussianSet>();
  const meshes = new Map<number, TriangleMesh>();
  for (const { id } of models) meshes.set(id, await readObjectMesh(folders.objects, id));
  for (const model of models) {
    const closed = {
      mesh: meshes.get(model.id)!,
      gaussians: await readObjectGaussians(folders.objects, model.id),
      hollow: model.hollow,
    };
    const shape = await openedByUse(model, closed, meshes, skill, scene.camera);
    objectGaussians.set(model.id, shape.gaussians);
    objects.push({
      id: model.id,
      name: model.name,
      role: model.role,
      symmetry: model.symmetry,
      hollow: shape.hollow,
      mesh: shape.mesh,
      sizeSdM: model.sizeSdM ?? null,
      hold: skill.holds?.find(({ objectId }) => objectId === model.id)?.points ?? null,
      grasps: givenFor(skill, model.id, shape.mesh, robot.model),
      restYawRad: yawOf(restPose(model, poses)),
    });
  }
  const inputs = { robot: robot.model, scene, skill, objects };
  const lengthScale = fittingLengthScale(inputs, scene.scaleLogSd ?? 0);
  if (lengthScale === 1) return { inputs, robot, objectGaussians, lengthScale };
  return {
    inputs: scaledInputs(inputs, lengthScale),
    robot,
    objectGaussians: scaledGaussians(objectGaussians, lengthScale),
    lengthScale,
  };
}

/**
 * The user's own grasps of an object.
 *
 * @throws UserError for one whose pads are not at the object's surface.
 */
function givenFor(skill: Skill, id: number, mesh: TriangleMesh, robot: RobotModel): EpisodeObject['grasps'] {
  const own = (skill.grasps ?? []).filter(({ objectId }) => objectId === id);
  if (own.length === 0) return null;
  const field = new ShapeField(mesh, new Random(id));
  for (const [k, { objectFromTool, widthM }] of own.entries()) {
    const gapM = padGap(field, robot.gripper, objectFromTool, widthM);
    if (gapM <= MAX_PAD_GAP_M) continue;
    throw new UserError(
      `--grasp: number ${k + 1} of object ${id} does not hold it: a pad is ${(1000 * gapM).toFixed(0)} mm from its surface (at most ${1000 * MAX_PAD_GAP_M})`,
      'pads are at y = +-widthM / 2 of the tool; the object frame is that of its mesh (docs/formats/skill.md)',
    );
  }
  return own;
}

/** worldFromObject as it first stood: the earliest resting pose, else the pose of the shape fit. */
function restPose(model: ObjectModel, poses: Poses): Mat4 {
  const frames = poses.objects.find(({ id }) => id === model.id)?.frames ?? [];
  const resting = frames.find(({ state, cameraFromObject }) => state === 'resting' && cameraFromObject);
  return compose(inverse(poses.cameraFromWorld), resting?.cameraFromObject ?? model.cameraFromObject);
}

/** The scene's picture and depth (times `lengthScale`) at the size of the episodes' images. */
export async function loadLayer(
  folder: string,
  scene: Scene,
  widthPx: number | null,
  lengthScale: number,
): Promise<{ camera: Intrinsics; layer: StaticLayer }> {
  const camera = datasetCamera(scene.camera, widthPx);
  const picture = await readRgb(path.join(folder, 'background.png'));
  const { shape, data: depths } = await readNpy(path.join(folder, 'depth.npy'));
  const [heightPx, depthWidthPx] = shape;
  const { data: rgb } = await resizeRgb(picture, camera.widthPx, camera.heightPx);
  const depthM = new Float32Array(camera.widthPx * camera.heightPx);
  for (let y = 0; y < camera.heightPx; y++) {
    // Nearest sample: a mean of near and far depths would be a depth where nothing is.
    const fromY = Math.min(heightPx - 1, Math.floor(((y + 0.5) * heightPx) / camera.heightPx));
    for (let x = 0; x < camera.widthPx; x++) {
      const fromX = Math.min(depthWidthPx - 1, Math.floor(((x + 0.5) * depthWidthPx) / camera.widthPx));
      depthM[y * camera.widthPx + x] = lengthScale * depths[fromY * depthWidthPx + fromX];
    }
  }
  return { camera, layer: { rgb, depthM } };
}
