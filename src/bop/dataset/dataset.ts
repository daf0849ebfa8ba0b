/**
 * Data sets in the BOP layout ("BOP classic": one folder per scene, one pinhole camera). Millimetres become metres here, and
 * nowhere else. Scenes are read when they are asked for; files from outside are not trusted.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { messageOf, UserError } from '../../base/errors.js';
import { readJson } from '../../base/files.js';
import { readDepthImage } from '../../image/depth-image.js';
import { type ByteImage, createBytes, type FloatImage, type RgbImage } from '../../image/image.js';
import { readBytes, readRgb } from '../../image/image-io.js';
import { type BopObject, METRES_PER_MM, openModels } from './models.js';
import { type BopImage, type BopScene, readScene, type SceneFiles } from './scene-files.js';
import { TargetsSchema } from './schemas.js';

/** What is scored: `instCount` instances of an object in an image. */
export interface BopTarget {
  readonly sceneId: number;
  readonly imageId: number;
  readonly objId: number;
  readonly instCount: number;
}

export interface BopDataset {
  readonly name: string;
  readonly folder: string;
  /** Name of the split's folder, such as `test` or `test_primesense`. */
  readonly split: string;
  /** Image size of the data set, by which MSPD is normalised; a scene's own may differ. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly objects: ReadonlyMap<number, BopObject>;
  /** Ids of the scenes in the split's folder, ascending. */
  readonly sceneIds: readonly number[];
  readonly targets: readonly BopTarget[];
  /** Sentences for people: what was missing and what was used instead. */
  readonly warnings: readonly string[];
  readScene(sceneId: number): Promise<BopScene>;
}

/** Instances less visible than this were no targets when the benchmark's target files were made. */
const TARGET_VISIBILITY = 0.1;

export interface OpenOptions {
  /** Folder of images; default: the one whose name begins with `test`. */
  readonly split?: string;
}

export async function openBopDataset(folder: string, options: OpenOptions = {}): Promise<BopDataset> {
  if (!existsSync(folder)) throw new UserError(`no such folder: ${folder}`, 'check the path of the data set');
  const warnings: string[] = [];
  const split = options.split ?? findSplit(folder);
  const splitFolder = path.join(folder, split);
  if (!existsSync(splitFolder))
    throw new UserError(`${folder} has no folder ${split}`, `there are: ${foldersOf(folder)}`);
  const sceneIds = readdirSync(splitFolder)
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  if (sceneIds.length === 0) throw new UserError(`${splitFolder} holds no scenes (folders named 000001 and so on)`);
  const objects = await openModels(folder, warnings);
  const scenes = new Map<number, Promise<BopScene>>();
  const [widthPx, heightPx] = await imageSizeOf(folder, () => readScene(splitFolder, sceneIds[0]));
  const load = async (sceneId: number): Promise<BopScene> => {
    const files = await readScene(splitFolder, sceneId);
    const [sceneWidthPx, sceneHeightPx] = (await pictureSize(files)) ?? [widthPx, heightPx];
    if (sceneWidthPx !== widthPx || sceneHeightPx !== heightPx) {
      const size = `${sceneWidthPx}x${sceneHeightPx}`;
      warnings.push(`scene ${sceneId}: pictures of ${size} pixels, but camera.json says ${widthPx}x${heightPx}`);
    }
    return { ...files, widthPx: sceneWidthPx, heightPx: sceneHeightPx };
  };
  const sceneOf = (sceneId: number): Promise<BopScene> => {
    const known = scenes.get(sceneId) ?? load(sceneId);
    scenes.set(sceneId, known);
    return known;
  };
  const targets = await targetsOf(folder, sceneIds, sceneOf, objects, warnings);
  return {
    name: path.basename(path.resolve(folder)),
    folder,
    split,
    widthPx,
    heightPx,
    objects,
    sceneIds,
    targets,
    warnings,
    readScene: sceneOf,
  };
}

const foldersOf = (folder: string): string =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .join(', ') || 'none';

function findSplit(folder: string): string {
  const names = readdirSync(folder).filter((name) => /^test(_|$)/.test(name) && !name.endsWith('.json'));
  if (names.length === 1) return names[0];
  const what = names.length === 0 ? 'no folder that begins with "test"' : `several: ${names.join(', ')}`;
  throw new UserError(`${folder}: ${what}`, `name one with --split; there are: ${foldersOf(folder)}`);
}

/** From camera.json, else from the first image. */
async function imageSizeOf(folder: string, firstScene: () => Promise<SceneFiles>): Promise<[number, number]> {
  const file = path.join(folder, 'camera.json');
  if (existsSync(file)) {
    const camera = await readJson(file, z.object({ width: z.int().positive(), height: z.int().positive() }));
    return [camera.width, camera.height];
  }
  const size = await pictureSize(await firstScene());
  if (!size) throw new UserError(`${folder}: no camera.json and no picture that tells the image size`);
  return size;
}

/** Of the scene's first picture; null when that is not there. */
async function pictureSize(scene: SceneFiles): Promise<[number, number] | null> {
  const [image] = scene.images.values();
  const picture = image && (findImage(scene, 'rgb', image.id) ?? findImage(scene, 'gray', image.id));
  if (!picture) return null;
  try {
    const { width, height } = await sharp(picture).metadata();
    return [width, height];
  } catch (error) {
    throw new UserError(`cannot read image ${picture}: ${messageOf(error)}`);
  }
}

async function targetsOf(
  folder: string,
  sceneIds: readonly number[],
  sceneOf: (sceneId: number) => Promise<BopScene>,
  objects: ReadonlyMap<number, BopObject>,
  warnings: string[],
): Promise<BopTarget[]> {
  const file = path.join(folder, 'test_targets_bop19.json');
  if (!existsSync(file)) {
    warnings.push(
      `no test_targets_bop19.json: every instance at least ${100 * TARGET_VISIBILITY} % visible is a target`,
    );
    return deriveTargets(sceneIds, sceneOf);
  }
  const rows = await readJson(file, TargetsSchema);
  const seen = new Set<string>();
  for (const [i, row] of rows.entries()) {
    const what = `${file}: entry ${i} (scene ${row.scene_id}, image ${row.im_id}, object ${row.obj_id})`;
    const key = `${row.scene_id}/${row.im_id}/${row.obj_id}`;
    if (seen.has(key)) throw new UserError(`${what} appears twice`);
    seen.add(key);
    if (!sceneIds.includes(row.scene_id)) throw new UserError(`${what}: the data set has no such scene`);
    if (!objects.has(row.obj_id)) throw new UserError(`${what}: models_info.json has no such object`);
  }
  return rows.map((row) => ({
    sceneId: row.scene_id,
    imageId: row.im_id,
    objId: row.obj_id,
    instCount: row.inst_count,
  }));
}

async function deriveTargets(
  sceneIds: readonly number[],
  sceneOf: (sceneId: number) => Promise<BopScene>,
): Promise<BopTarget[]> {
  const targets: BopTarget[] = [];
  for (const sceneId of sceneIds) {
    for (const image of (await sceneOf(sceneId)).images.values()) {
      const counts = new Map<number, number>();
      for (const { objId, visibleFraction } of image.instances) {
        if (visibleFraction >= TARGET_VISIBILITY) counts.set(objId, (counts.get(objId) ?? 0) + 1);
      }
      for (const [objId, instCount] of counts) targets.push({ sceneId, imageId: image.id, objId, instCount });
    }
  }
  return targets;
}

const sixDigits = (id: number): string => String(id).padStart(6, '0');

function findImage(scene: SceneFiles, kind: 'rgb' | 'gray' | 'depth', imageId: number): string | null {
  const candidates = ['png', 'jpg', 'tif'].map((end) => path.join(scene.folder, kind, `${sixDigits(imageId)}.${end}`));
  return candidates.find((file) => existsSync(file)) ?? null;
}

/** Colour image, or the grey one of sets without colour. */
export async function readSceneRgb(scene: BopScene, imageId: number): Promise<RgbImage> {
  const file = findImage(scene, 'rgb', imageId) ?? findImage(scene, 'gray', imageId);
  if (file === null) throw new UserError(`${scene.folder}: no picture of image ${imageId} in rgb/ or gray/`);
  return readRgb(file);
}

/** z-depth in metres, 0 = none; null when the scene has no depth image for this id. */
export async function readSceneDepth(scene: BopScene, image: BopImage): Promise<FloatImage | null> {
  const file = findImage(scene, 'depth', image.id);
  if (file === null) return null;
  if (image.depthScaleMm === null) {
    throw new UserError(`${scene.folder}/scene_camera.json: image ${image.id} has a depth image but no depth_scale`);
  }
  return readDepthImage(file, image.depthScaleMm * METRES_PER_MM);
}

/** Mask of an instance, 0 or 1: its visible part or its whole silhouette; null when there is no such file. */
export async function readInstanceMask(
  scene: BopScene,
  imageId: number,
  instanceIdx: number,
  part: 'visible' | 'whole',
): Promise<ByteImage | null> {
  const folder = path.join(scene.folder, part === 'visible' ? 'mask_visib' : 'mask');
  const file = path.join(folder, `${sixDigits(imageId)}_${sixDigits(instanceIdx)}.png`);
  if (!existsSync(file)) return null;
  const { widthPx, heightPx, data } = await readBytes(file);
  return createBytes(
    widthPx,
    heightPx,
    data.map((value) => (value > 0 ? 1 : 0)),
  );
}
