/** A camera the user knows: intrinsics, and maybe where the table is. Layout: `v2r perceive --explain-files`. */
import { z } from 'zod';
import { UserError } from '../../base/errors.js';
import { readJson } from '../../base/files.js';
import { resizeIntrinsics } from '../../math/camera.js';
import { axisOf, type Mat4 } from '../../math/se3.js';
import { cross, distance, dot, norm, type Vec3 } from '../../math/vec3.js';
import type { Clip } from '../clip.js';
import { Mat4Schema, PerceptionSchema } from '../perception.js';
import type { CameraFinding, CameraProvider } from './provider.js';

const Matrix3Schema = z.union([z.array(z.number()).length(9), z.array(z.array(z.number()).length(3)).length(3)]);

const CameraFileSchema = z.union([
  z.object({
    widthPx: z.number().positive(),
    heightPx: z.number().positive(),
    fx: z.number().positive(),
    fy: z.number().positive(),
    cx: z.number(),
    cy: z.number(),
    cameraFromWorld: Mat4Schema.optional(),
  }),
  z.object({
    width: z.number().positive(),
    height: z.number().positive(),
    K: Matrix3Schema,
    cameraFromWorld: Mat4Schema.optional(),
  }),
]);

/** Known well, but not exactly: 0.5 %. */
const FOCAL_LOG_SD = 0.005;
const NORMAL_SD_DEG = 0.5;
const SCALE_LOG_SD = 0.01;

/** Uses the file's camera; `estimate` gives table and scale where the file does not hold them, for that camera. */
export const filesCamera = (
  file: string,
  estimate: (camera: CameraFinding['camera']) => CameraProvider,
): CameraProvider => ({
  estimate: async (inputs, ctx) => {
    const own = await readOwn(file);
    if (own) return own;
    const { camera, cameraFromWorld } = await readCameraFile(file, inputs.clip);
    if (!cameraFromWorld) return estimate(camera).estimate(inputs, ctx);
    const up = axisOf(cameraFromWorld, 2);
    const origin: Vec3 = [cameraFromWorld[3], cameraFromWorld[7], cameraFromWorld[11]];
    // The world's origin may lie anywhere on the table: ours lies on the optical axis.
    const distanceM = dot(origin, up) / up[2];
    if (!(distanceM > 0) || !(up[2] < 0)) {
      throw new UserError(
        `${file}: cameraFromWorld does not put the table (z = 0, z up) in front of and below the camera`,
      );
    }
    return {
      camera,
      up,
      normalSdDeg: NORMAL_SD_DEG,
      normalSource: 'file',
      distance: { value: distanceM, sd: SCALE_LOG_SD, source: 'file' },
    };
  },
});

function isRigid(m: Mat4): boolean {
  const [x, y, z] = [axisOf(m, 0), axisOf(m, 1), axisOf(m, 2)];
  const unit = [x, y, z].every((axis) => Math.abs(norm(axis) - 1) < 1e-3);
  return unit && distance(cross(x, y), z) < 1e-3 && m[12] === 0 && m[13] === 0 && m[14] === 0 && m[15] === 1;
}

/** A perception.json of v2r: everything as it was found there. */
async function readOwn(file: string): Promise<CameraFinding | null> {
  const own = PerceptionSchema.safeParse(await readJson(file, z.unknown()));
  if (!own.success) return null;
  const { camera, table } = own.data;
  const m = table.cameraFromWorld;
  return {
    camera,
    up: axisOf(m, 2),
    cameraFromWorld: m,
    normalSdDeg: table.normalSdDeg,
    normalSource: table.normalSource,
    distance: { value: m[11], sd: table.scaleLogSd, source: table.scaleSource },
  };
}

async function readCameraFile(
  file: string,
  clip: Clip,
): Promise<{ camera: CameraFinding['camera']; cameraFromWorld: number[] | null }> {
  const given = await readJson(file, CameraFileSchema);
  const flat = 'K' in given ? given.K.flat() : null;
  const intrinsics =
    'K' in given && flat
      ? { widthPx: given.width, heightPx: given.height, fx: flat[0], fy: flat[4], cx: flat[2], cy: flat[5] }
      : 'fx' in given
        ? given
        : null;
  if (!intrinsics) throw new UserError(`${file}: no intrinsics`);
  const aspect = intrinsics.widthPx / intrinsics.heightPx / (clip.frameWidthPx / clip.frameHeightPx);
  if (Math.abs(aspect - 1) > 0.01) {
    throw new UserError(
      `${file}: expected a camera of ${clip.frameWidthPx}x${clip.frameHeightPx} frames or of the same shape, found ${intrinsics.widthPx}x${intrinsics.heightPx}`,
    );
  }
  const { widthPx, heightPx, fx, fy, cx, cy } = resizeIntrinsics(intrinsics, clip.frameWidthPx, clip.frameHeightPx);
  const cameraFromWorld = given.cameraFromWorld ?? null;
  if (cameraFromWorld && !isRigid(cameraFromWorld)) {
    throw new UserError(`${file}: cameraFromWorld is no rigid transform (4x4 row-major, metres)`);
  }
  return {
    camera: { widthPx, heightPx, fx, fy, cx, cy, source: 'file', focalLogSd: FOCAL_LOG_SD },
    cameraFromWorld,
  };
}
