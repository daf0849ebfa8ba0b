/** One scene of a BOP data set: cameras, true poses and visibility of every image. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { readJson } from '../../base/files.js';
import type { Mat4 } from '../../math/se3.js';
import { METRES_PER_MM } from './models.js';
import { SceneCameraSchema, SceneGtInfoSchema, SceneGtSchema } from './schemas.js';

/** Pinhole as data sets give it: no size, no distortion. */
export interface Pinhole {
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
}

export interface BopInstance {
  readonly objId: number;
  /** Metres; null for instances that are marked as fully hidden (a translation of -1, -1, -1). */
  readonly cameraFromModel: Mat4 | null;
  /** Visible share of the whole silhouette, the part outside the image included. */
  readonly visibleFraction: number;
}

export interface BopImage {
  readonly id: number;
  readonly camera: Pinhole;
  /** Millimetres per step of the depth image; null where the data set has no depth. */
  readonly depthScaleMm: number | null;
  readonly cameraFromWorld: Mat4 | null;
  readonly instances: readonly BopInstance[];
}

/** What the JSON files of a scene say. */
export interface SceneFiles {
  readonly id: number;
  readonly folder: string;
  /** By image id, ascending. */
  readonly images: ReadonlyMap<number, BopImage>;
}

export interface BopScene extends SceneFiles {
  /** Of its pictures: scenes of home-made sets differ, such as portrait and landscape. */
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Transform in metres from a row-major rotation and a translation in millimetres; taken as given, not made orthonormal. */
export const poseFromMm = (r: readonly number[], t: readonly number[]): Mat4 => [
  ...[r[0], r[1], r[2], t[0] * METRES_PER_MM],
  ...[r[3], r[4], r[5], t[1] * METRES_PER_MM],
  ...[r[6], r[7], r[8], t[2] * METRES_PER_MM],
  ...[0, 0, 0, 1],
];

export async function readScene(splitFolder: string, sceneId: number): Promise<SceneFiles> {
  const folder = path.join(splitFolder, String(sceneId).padStart(6, '0'));
  const fileOf = (name: string): string => path.join(folder, name);
  if (!existsSync(fileOf('scene_camera.json'))) throw missingCamera(folder);
  const cameras = await readJson(fileOf('scene_camera.json'), SceneCameraSchema);
  const truths = await readJson(fileOf('scene_gt.json'), SceneGtSchema);
  const infoFile = fileOf('scene_gt_info.json');
  const infos = existsSync(infoFile) ? await readJson(infoFile, SceneGtInfoSchema) : null;
  const images = new Map<number, BopImage>();
  for (const key of Object.keys(cameras).sort((a, b) => Number(a) - Number(b))) {
    const { cam_K: k, depth_scale, cam_R_w2c, cam_t_w2c } = cameras[key];
    if (!(k[0] > 0 && k[4] > 0))
      throw new UserError(`${fileOf('scene_camera.json')}: ${key}.cam_K: focal length not positive`);
    const instances = truths[key] ?? [];
    const visible = infos?.[key];
    if (infos !== null && (visible?.length ?? 0) !== instances.length) {
      throw new UserError(
        `${infoFile}: image ${key} has ${visible?.length ?? 0} entries, scene_gt.json has ${instances.length}`,
      );
    }
    images.set(Number(key), {
      id: Number(key),
      camera: { fx: k[0], fy: k[4], cx: k[2], cy: k[5] },
      depthScaleMm: depth_scale ?? null,
      cameraFromWorld: cam_R_w2c && cam_t_w2c ? poseFromMm(cam_R_w2c, cam_t_w2c) : null,
      instances: instances.map((instance, i) => ({
        objId: instance.obj_id,
        cameraFromModel: isHidden(instance) ? null : poseFromMm(instance.cam_R_m2c, instance.cam_t_m2c),
        visibleFraction: visible?.[i].visib_fract ?? 1,
      })),
    });
  }
  return { id: sceneId, folder, images };
}

const isHidden = ({ cam_t_m2c: t }: z.infer<typeof SceneGtSchema>[string][number]): boolean =>
  t.every((value) => value === -1);

/** Newer sets name every file by sensor; their cameras need not be pinholes. */
function missingCamera(folder: string): UserError {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const bySensor = names.filter((name) => /^scene_camera_.+\.json$/.test(name));
  return bySensor.length > 0
    ? new UserError(
        `${folder}: several sensors (${bySensor.join(', ')}) are not supported`,
        'use a data set in the classic layout',
      )
    : new UserError(
        `${folder} has no scene_camera.json`,
        'every scene needs one: intrinsics and depth scale of each image',
      );
}
