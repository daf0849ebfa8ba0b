/** What a tracker is given of a BOP scene: pictures in order, masks, and whatever perception made of them; never the true poses. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { StageContext } from '../../base/context.js';
import { UserError } from '../../base/errors.js';
import { writeJson } from '../../base/files.js';
import { type ByteImage, createBytes } from '../../image/image.js';
import type { Intrinsics } from '../../math/camera.js';
import { identity } from '../../math/se3.js';
import { stabilisedFrames } from '../../perceive/clip.js';
import type { PerceiveOptions } from '../../perceive/options.js';
import { perceive } from '../../perceive/perceive.js';
import { HAND_ID, type Perception, type Tracks } from '../../perceive/perception.js';
import { readMask, readPerception, readTracks, writeMask, writePerception } from '../../perceive/store.js';
import type { FrameSource } from '../../video/frames.js';
import { type BopDataset, readInstanceMask, readSceneRgb } from './dataset.js';
import type { BopImage, BopScene } from './scene-files.js';

/** The data sets do not say; only the length of gaps that are bridged depends on it. */
export const SEQUENCE_FPS = 30;

export interface Sequence {
  readonly scene: BopScene;
  readonly images: readonly BopImage[];
  readonly camera: Intrinsics;
  /** In the pixels of frame 0, as masks, tracks and poses are. */
  readonly frames: FrameSource;
  /** Its objects have the ids of the masks. */
  readonly perception: Perception;
  readonly tracks: Tracks | null;
  /** The data set's object of each mask, where the masks say so; null: it has to be found out. */
  readonly objectOf: ReadonlyMap<number, number> | null;
  /** Whether `perception.table` is one: up to scale, and no better than its stated uncertainty. */
  readonly hasTable: boolean;
  readMask(frameIdx: number): Promise<ByteImage>;
}

export function imagesOf(scene: BopScene, imageIds: readonly number[]): BopImage[] {
  return imageIds.map((id) => {
    const image = scene.images.get(id);
    if (!image) throw new UserError(`${scene.folder}/scene_camera.json has no image ${id}`);
    return image;
  });
}

/** The data set's own visible masks: made from the true poses in most data sets, so good for trackers alone. */
export async function sequenceOfTrueMasks(
  dataset: BopDataset,
  scene: BopScene,
  images: readonly BopImage[],
  ctx: Pick<StageContext, 'warn'>,
): Promise<Sequence> {
  const objectIds = singleObjects(dataset, scene, images, ctx);
  const camera = sharedCamera(images, scene);
  const readMask = (frameIdx: number): Promise<ByteImage> => idMapOf(scene, images[frameIdx], objectIds);
  const starts = await startFrames(images.length, objectIds, readMask);
  return {
    ...{ scene, images, camera, frames: framesOf(scene, images), tracks: null, hasTable: false, readMask },
    perception: perceptionWithoutTable(camera, images.length, starts),
    objectOf: new Map(objectIds.map((id) => [id, id])),
  };
}

/** What comes late is first fitted where it shows this share of the most that is ever seen of it: at the picture's edge it is cut off. */
const SHOWN_SHARE = 0.5;

/** Frame in which tracking of each object starts: the first one, or, where its mask is empty there, the first that shows enough. */
async function startFrames(
  numFrames: number,
  objectIds: readonly number[],
  readMask: (frameIdx: number) => Promise<ByteImage>,
): Promise<Map<number, number>> {
  const areas: Int32Array[] = [];
  for (let k = 0; k < numFrames && (k === 0 || objectIds.some((id) => areas[0][id] === 0)); k++) {
    const area = new Int32Array(256);
    for (const id of (await readMask(k)).data) area[id]++;
    areas.push(area);
  }
  const startOf = (id: number): number => {
    const most = Math.max(...areas.map((area) => area[id]));
    return areas[0][id] > 0 ? 0 : areas.findIndex((area) => area[id] >= SHOWN_SHARE * most);
  };
  return new Map(objectIds.map((id) => [id, startOf(id)]));
}

/**
 * Our own perception of the pictures, which are taken for a film; the focal length is the data set's. `folder` keeps the result
 * and is used again when it holds one.
 */
export async function perceivedSequence(
  scene: BopScene,
  images: readonly BopImage[],
  options: PerceiveOptions,
  folder: string,
  ctx: StageContext,
): Promise<Sequence> {
  const camera = sharedCamera(images, scene);
  const raw = framesOf(scene, images);
  if (!existsSync(path.join(folder, 'perception.json'))) {
    const result = await perceive(raw, { focal35mm: null }, { ...options, focalPx: camera.fx }, ctx, (k, idMap) =>
      writeMask(folder, k, idMap),
    );
    await writePerception(folder, result);
  }
  const perception = await readPerception(folder);
  if (!perception.manipulated) ctx.warn('nothing-perceived', `scene ${scene.id}: ${perception.finding}`);
  return {
    ...{ scene, images, camera, objectOf: null, hasTable: true },
    frames: stabilisedFrames(raw, perception.frameFromReference),
    perception: { ...perception, camera: { ...perception.camera, ...camera } },
    tracks: await readTracks(folder),
    readMask: (frameIdx) => readMask(folder, frameIdx),
  };
}

/**
 * The data set's visible masks given to our perception as files, so that tracks and table are there as well; the hand is still ours
 * (the scale is read off it). What is known to cover an object counts as hand in the result. Masks may have been made from the true
 * poses.
 */
export async function sequenceOfMaskFiles(
  dataset: BopDataset,
  scene: BopScene,
  images: readonly BopImage[],
  options: PerceiveOptions,
  folder: string,
  ctx: StageContext,
): Promise<Sequence> {
  const objectIds = singleObjects(dataset, scene, images, ctx);
  const maskFiles = path.join(folder, 'masks-given');
  if (!existsSync(path.join(folder, 'perception.json'))) {
    for (const [k, image] of images.entries()) {
      await writeMask(maskFiles, k, await idMapOf(scene, image, objectIds));
    }
    const names = objectIds.map((id) => [id, nameOf(id)]);
    await writeJson(path.join(maskFiles, 'masks', 'objects.json'), Object.fromEntries(names));
  }
  const files = { ...options, segment: 'files' as const, maskFiles: path.join(maskFiles, 'masks') };
  const sequence = await perceivedSequence(scene, images, files, folder, ctx);
  const objectOf = sequence.perception.objects.flatMap(({ id, name }): [number, number][] => {
    const objId = objectIds.find((candidate) => nameOf(candidate) === name);
    return objId === undefined ? [] : [[id, objId]];
  });
  const { frameFromReference } = sequence.perception;
  return {
    ...sequence,
    objectOf: new Map(objectOf),
    readMask: async (frameIdx) => {
      const idMap = await sequence.readMask(frameIdx);
      // Of a camera that moves, masks are in the pixels of frame 0, the data set's are not.
      return frameFromReference ? idMap : withCovers(idMap, scene, images[frameIdx], objectIds);
    },
  };
}

/** The id map with what hides a part of the objects as the hand's. */
export async function withCovers(
  idMap: ByteImage,
  scene: BopScene,
  image: BopImage,
  objectIds: readonly number[],
): Promise<ByteImage> {
  const out = createBytes(idMap.widthPx, idMap.heightPx, Uint8Array.from(idMap.data));
  for (const [i, { objId }] of image.instances.entries()) {
    const whole = objectIds.includes(objId) ? await readInstanceMask(scene, image.id, i, 'whole') : null;
    whole?.data.forEach((value, k) => {
      if (value > 0 && out.data[k] === 0) out.data[k] = HAND_ID;
    });
  }
  return out;
}

const nameOf = (objId: number): string => `object ${objId}`;

function framesOf(scene: BopScene, images: readonly BopImage[]): FrameSource {
  return {
    numFrames: images.length,
    fps: SEQUENCE_FPS,
    widthPx: scene.widthPx,
    heightPx: scene.heightPx,
    read: (frameIdx) => readSceneRgb(scene, images[frameIdx].id),
  };
}

/** Objects of which the scene shows exactly one instance; of others it is not known which mask goes with which. */
function singleObjects(
  dataset: BopDataset,
  scene: BopScene,
  images: readonly BopImage[],
  ctx: Pick<StageContext, 'warn'>,
): number[] {
  return targetObjects(dataset, scene).filter((id) => {
    const isSingle = images.every(({ instances }) => instances.filter((i) => i.objId === id).length <= 1);
    if (!isSingle) ctx.warn('several-instances', `object ${id} appears several times in scene ${scene.id}: left out`);
    return isSingle && id >= 1 && id <= 254;
  });
}

/** Objects that the scene's targets name. */
export const targetObjects = (dataset: BopDataset, scene: BopScene): number[] => [
  ...new Set(dataset.targets.filter((t) => t.sceneId === scene.id).map((t) => t.objId)),
];

function sharedCamera(images: readonly BopImage[], scene: BopScene): Intrinsics {
  const [{ camera }] = images;
  const differs = images.find((image) => JSON.stringify(image.camera) !== JSON.stringify(camera));
  if (differs) {
    throw new UserError(
      `${scene.folder}: image ${differs.id} has other intrinsics than image ${images[0].id}`,
      'track a video',
    );
  }
  return { ...camera, widthPx: scene.widthPx, heightPx: scene.heightPx };
}

/** Visible masks of the tracked objects as one id map. */
async function idMapOf(scene: BopScene, image: BopImage, objectIds: readonly number[]): Promise<ByteImage> {
  const map = createBytes(scene.widthPx, scene.heightPx);
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

/** What the tracker asks of a perception: the camera, and that everything may move in every frame. */
function perceptionWithoutTable(
  camera: Intrinsics,
  numFrames: number,
  starts: ReadonlyMap<number, number>,
): Perception {
  return {
    kind: 'v2r/perception',
    version: 1,
    numFrames,
    fps: SEQUENCE_FPS,
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
    objects: [...starts].map(([id, referenceFrame]) => ({
      ...{ id, name: nameOf(id), role: 'passive', confidence: 1, evidence: 'given' },
      motion: { firstFrame: 0, lastFrame: numFrames - 1 },
      referenceFrame,
    })),
    finding: 'given by the data set',
    manipulated: false,
  };
}
