/**
 * Our tracker on a BOP scene: models and visible masks of the data set are given, poses are not. The first frame is found by
 * differential evolution; the true poses are never looked at.
 */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { UserError } from '../base/errors.js';
import { type ByteImage, createBytes } from '../image/image.js';
import type { Intrinsics } from '../math/camera.js';
import { identity } from '../math/se3.js';
import { meshArea } from '../objects/mesh.js';
import type { ObjectModel } from '../objects/object-model.js';
import type { Perception } from '../perceive/perception.js';
import { coarsenSet } from '../pose/coarse-set.js';
import { type TrackedObject, weightsOf } from '../pose/objective.js';
import type { PoseOptions } from '../pose/options.js';
import { extremePoints } from '../pose/point-loss.js';
import { trackPoses } from '../pose/track-poses.js';
import { createRenderer } from '../splat/create-renderer.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { type BopDataset, readInstanceMask, readSceneDepth, readSceneRgb } from './dataset.js';
import { calibrateToMesh, findPose } from './find-pose.js';
import { gaussiansOfModel } from './model-gaussians.js';
import type { BopEstimate } from './results-csv.js';
import type { BopImage, BopScene } from './scene-files.js';

/** The data sets do not say; only the length of gaps that are bridged depends on it. */
const FPS = 30;

/**
 * Given models are exact, so finer pictures pay: on a real sequence with the window and count of the run's defaults a thin
 * object's soft outline put it 33 mm too far, with these 4 mm (MSSD).
 */
export const SEQUENCE_DEFAULTS = { poseCrop: 128, poseGaussians: 2000 } as const;

export interface SequenceOptions {
  readonly pose: PoseOptions;
  /** Images of the scene to use, in order. */
  readonly imageIds: readonly number[];
  /** Give the tracker the sensor's depth as well; otherwise it sees colour and masks only. */
  readonly useDepth: boolean;
}

/** One estimate per object and image in which it was not lost. */
export async function trackSequence(
  dataset: BopDataset,
  sceneId: number,
  options: SequenceOptions,
  ctx: StageContext,
): Promise<BopEstimate[]> {
  const started = performance.now();
  const scene = await dataset.readScene(sceneId);
  const images = options.imageIds.map((id) => imageOf(scene, id));
  const objectIds = trackedObjects(dataset, scene, images, ctx);
  const camera = sharedCamera(dataset, images, scene);
  // Without a table there is no contact, and without point tracks no track loss.
  const pose: PoseOptions = { ...options.pose, contact: false, depthLoss: options.useDepth && options.pose.depthLoss };
  const readMask = (frameIdx: number): Promise<ByteImage> => idMapOf(dataset, scene, images[frameIdx], objectIds);
  const readDepth = (frameIdx: number) => readSceneDepth(scene, images[frameIdx]);
  const readFrame = (frameIdx: number) => readSceneRgb(scene, images[frameIdx].id);
  const first = {
    rgb: await readFrame(0),
    idMap: await readMask(0),
    depth: options.useDepth ? await readDepth(0) : null,
  };
  const gaussians = new Map<number, GaussianSet>();
  const models: ObjectModel[] = [];
  for (const id of objectIds) {
    throwIfCancelled(ctx);
    const mesh = await dataset.objects.get(id)!.readLooks();
    const areaM2 = meshArea(mesh);
    const set = gaussiansOfModel(mesh, areaM2, ctx.random(`model-${id}`));
    const object = await prepared(id, set, pose);
    const found = findPose(object, first, camera, areaM2, pose.poseCrop, ctx.random(`start-${id}`));
    const start = found && calibrateToMesh(object, mesh, found, first, camera, pose.poseCrop);
    object.set.dispose();
    if (start === null) {
      ctx.warn('not-in-first-frame', `object ${id} is not in image ${images[0].id} and is left out`);
      continue;
    }
    gaussians.set(id, set);
    models.push(modelOf(dataset, id, start.cameraFromObject, start.iou));
  }
  const poses = await trackPoses(
    {
      frames: {
        numFrames: images.length,
        fps: FPS,
        widthPx: dataset.widthPx,
        heightPx: dataset.heightPx,
        read: readFrame,
      },
      perception: perceptionOf(camera, images.length, models),
      readMask,
      tracks: null,
      objects: { kind: 'v2r/objects', version: 1, objects: models },
      gaussians,
      ...(options.useDepth ? { readDepth } : {}),
    },
    pose,
    ctx,
  );
  const timeSec = (performance.now() - started) / 1000 / images.length;
  return poses.objects.flatMap(({ id, frames }) =>
    frames.flatMap(({ cameraFromObject }, t) =>
      cameraFromObject === null
        ? []
        : [{ sceneId, imageId: images[t].id, objId: id, score: 1, cameraFromModel: cameraFromObject, timeSec }],
    ),
  );
}

function imageOf(scene: BopScene, id: number): BopImage {
  const image = scene.images.get(id);
  if (!image) throw new UserError(`${scene.folder}/scene_camera.json has no image ${id}`);
  return image;
}

/** Objects of which the scene shows exactly one instance; of others it is not known which mask goes with which. */
function trackedObjects(
  dataset: BopDataset,
  scene: BopScene,
  images: readonly BopImage[],
  ctx: Pick<StageContext, 'warn'>,
): number[] {
  const ids = new Set(dataset.targets.filter((t) => t.sceneId === scene.id).map((t) => t.objId));
  return [...ids].filter((id) => {
    const isSingle = images.every(({ instances }) => instances.filter((i) => i.objId === id).length <= 1);
    if (!isSingle) ctx.warn('several-instances', `object ${id} appears several times in scene ${scene.id}: left out`);
    return isSingle && id >= 1 && id <= 254;
  });
}

function sharedCamera(dataset: BopDataset, images: readonly BopImage[], scene: BopScene): Intrinsics {
  const [{ camera }] = images;
  const differs = images.find((image) => JSON.stringify(image.camera) !== JSON.stringify(camera));
  if (differs) {
    throw new UserError(
      `${scene.folder}: image ${differs.id} has other intrinsics than image ${images[0].id}`,
      'track a video',
    );
  }
  return { ...camera, widthPx: dataset.widthPx, heightPx: dataset.heightPx };
}

/** Visible masks of the tracked objects as one id map. */
async function idMapOf(
  dataset: BopDataset,
  scene: BopScene,
  image: BopImage,
  objectIds: readonly number[],
): Promise<ByteImage> {
  const map = createBytes(dataset.widthPx, dataset.heightPx);
  for (const [i, { objId }] of image.instances.entries()) {
    if (!objectIds.includes(objId)) continue;
    const mask = await readInstanceMask(scene, image.id, i, 'visible');
    if (mask === null) continue;
    if (mask.data.length !== map.data.length) {
      throw new UserError(`${scene.folder}: mask ${i} of image ${image.id} is ${mask.widthPx}x${mask.heightPx}`);
    }
    mask.data.forEach((value, k) => {
      if (value > 0) map.data[k] = objId;
    });
  }
  return map;
}

async function prepared(id: number, full: GaussianSet, pose: PoseOptions): Promise<TrackedObject> {
  const renderer = await createRenderer();
  const gaussians = coarsenSet(full, pose.poseGaussians);
  let radiusM = 0;
  for (let i = 0; i < full.count; i++) {
    radiusM = Math.max(radiusM, Math.hypot(...full.position.subarray(3 * i, 3 * i + 3)));
  }
  return {
    id,
    renderer,
    gaussians,
    set: renderer.prepare(gaussians),
    scale: 1,
    extremes: extremePoints(full.position, full.count),
    radiusM,
    worldFromCamera: identity(),
    weights: weightsOf(pose),
  };
}

function modelOf(dataset: BopDataset, id: number, cameraFromObject: number[], fitIou: number): ObjectModel {
  return {
    id,
    name: `object ${id}`,
    role: 'passive',
    family: 'given',
    sizeM: dataset.objects.get(id)!.sizeM,
    hollow: false,
    symmetry: 'none',
    gaussians: '',
    mesh: '',
    referenceFrame: 0,
    cameraFromObject,
    fitIou,
    confidence: fitIou,
  };
}

/** What the tracker asks of a perception: the camera, and that everything may move in every frame. */
function perceptionOf(camera: Intrinsics, numFrames: number, models: readonly ObjectModel[]): Perception {
  return {
    kind: 'v2r/perception',
    version: 1,
    numFrames,
    fps: FPS,
    camera: { ...camera, source: 'file', focalLogSd: 0 },
    table: {
      cameraFromWorld: identity(),
      normalSource: 'none',
      normalSdDeg: 180,
      scaleSource: 'models',
      scaleLogSd: 0,
    },
    cameraMotion: { kind: 'static', maxShiftPx: 0 },
    frameFromReference: null,
    hand: { seen: false, confidence: 0, firstFrame: 0, lastFrame: 0 },
    objects: models.map(({ id, name, role, confidence }) => ({
      ...{ id, name, role, confidence },
      evidence: 'given',
      motion: { firstFrame: 0, lastFrame: numFrames - 1 },
      referenceFrame: 0,
    })),
    finding: 'given by the data set',
    manipulated: false,
  };
}
