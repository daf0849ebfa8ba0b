/** Pictures of what the stages made, drawn from their artifacts. */
import { createRgb, type RgbImage } from '../../image/image.js';
import { encodeJpeg, resizeRgb } from '../../image/image-io.js';
import { contactSheet, evenlySpaced } from '../../image/sheet.js';
import { compose, fromTranslation, fromYaw, inverse, type Mat4, transformDirection } from '../../math/se3.js';
import { norm } from '../../math/vec3.js';
import type { ObjectModel } from '../../objects/object-model.js';
import { drawPerceptionOverlay } from '../../perceive/overlay.js';
import type { Poses } from '../../pose/poses.js';
import type { GaussianSet } from '../../splat/gaussians.js';
import type { SplatRenderer } from '../../splat/renderer.js';
import type { Seen } from './inputs.js';

const SHEET = { columns: 4, cellWidthPx: 300 };
const NUM_FRAMES = 8;

export async function maskSheet(seen: Seen): Promise<RgbImage> {
  const images: RgbImage[] = [];
  for (const frame of evenlySpaced(seen.frames.numFrames, NUM_FRAMES)) {
    images.push(drawPerceptionOverlay(await seen.frames.read(frame), await seen.readMask(frame), seen.perception));
  }
  return contactSheet(images, SHEET);
}

/** Objects drawn at their poses over the frames, darkened so that what was drawn stands out. */
export async function poseSheet(
  seen: Seen,
  poses: Poses,
  gaussians: ReadonlyMap<number, GaussianSet>,
  renderer: SplatRenderer,
): Promise<RgbImage> {
  const sets = new Map([...gaussians].map(([id, set]) => [id, renderer.prepare(set)]));
  const { widthPx, heightPx } = seen.perception.camera;
  const images: RgbImage[] = [];
  for (const frame of evenlySpaced(poses.numFrames, NUM_FRAMES)) {
    const image = await seen.frames.read(frame);
    const dimmed = image.data.map((value) => value * 0.45);
    const instances = poses.objects.flatMap(({ id, frames }) => {
      const cameraFromSet = frames[frame].cameraFromObject;
      const set = sets.get(id);
      return set && cameraFromSet ? [{ set, cameraFromSet, label: id }] : [];
    });
    const layer = { rgb: dimmed, depthM: new Float32Array(widthPx * heightPx) };
    const drawn = renderer.render(seen.perception.camera, instances, { layer, depth: false });
    images.push(toBytes(drawn.rgb, widthPx, heightPx));
  }
  for (const set of sets.values()) set.dispose();
  return contactSheet(images, SHEET);
}

/** An object from four sides, as a virtual camera slightly above sees it. */
export async function turntable(model: ObjectModel, set: GaussianSet, renderer: SplatRenderer): Promise<RgbImage> {
  const sizePx = 220;
  const radius = norm(model.sizeM) / 2;
  const distanceM = radius * 4;
  const camera = {
    widthPx: sizePx,
    heightPx: sizePx,
    fx: sizePx * 1.7,
    fy: sizePx * 1.7,
    cx: sizePx / 2,
    cy: sizePx / 2,
  };
  const prepared = renderer.prepare(set);
  const layer = { rgb: new Uint8Array(sizePx * sizePx * 3).fill(236), depthM: new Float32Array(sizePx * sizePx) };
  const images = [0, 1, 2, 3].map((quarter) => {
    const cameraFromSet = compose(lookDown(distanceM), fromYaw((quarter * Math.PI) / 2));
    const drawn = renderer.render(camera, [{ set: prepared, cameraFromSet, label: 1 }], { layer, depth: false });
    return toBytes(drawn.rgb, sizePx, sizePx);
  });
  prepared.dispose();
  return contactSheet(images, { columns: 4, cellWidthPx: sizePx });
}

/** cameraFromWorld of a camera 30 degrees above the horizon, looking at the origin. */
function lookDown(distanceM: number): Mat4 {
  const s = Math.sin(Math.PI / 6);
  const c = Math.cos(Math.PI / 6);
  return compose(fromTranslation([0, 0, distanceM]), [1, 0, 0, 0, 0, -s, -c, 0, 0, c, -s, 0, 0, 0, 0, 1]);
}

function toBytes(rgb: Float32Array, widthPx: number, heightPx: number): RgbImage {
  return createRgb(
    widthPx,
    heightPx,
    Uint8Array.from(rgb, (v) => Math.round(Math.min(1, Math.max(0, v)) * 255)),
  );
}

/** Small frames as data URLs, for the timeline. */
export async function thumbnails(seen: Seen, count: number): Promise<{ frame: number; href: string }[]> {
  const small: { frame: number; href: string }[] = [];
  const { widthPx, heightPx } = seen.perception.camera;
  for (const frame of evenlySpaced(seen.frames.numFrames, count)) {
    const image = await resizeRgb(await seen.frames.read(frame), 120, Math.round((120 * heightPx) / widthPx));
    const jpeg = Buffer.from(await encodeJpeg(image, 75)).toString('base64');
    small.push({ frame, href: `data:image/jpeg;base64,${jpeg}` });
  }
  return small;
}

/** Height of each object's origin above the table over time, metres; NaN where it has no pose. */
export function heightsOf(poses: Poses): Map<number, number[]> {
  const worldFromCamera = inverse(poses.cameraFromWorld);
  const up = transformDirection(poses.cameraFromWorld, [0, 0, 1]);
  return new Map(
    poses.objects.map(({ id, frames }) => [
      id,
      frames.map(({ cameraFromObject: m }) =>
        m === null ? Number.NaN : up[0] * m[3] + up[1] * m[7] + up[2] * m[11] + worldFromCamera[11],
      ),
    ]),
  );
}
