/** Pictures of what the stages made, drawn from their artifacts. */
import type { RgbImage } from '../../image/image.js';
import { encodeJpeg, resizeRgb } from '../../image/image-io.js';
import { contactSheet, evenlySpaced } from '../../image/sheet.js';
import { inverse, transformDirection } from '../../math/se3.js';
import type { Vec3 } from '../../math/vec3.js';
import type { ObjectModel } from '../../objects/object-model.js';
import { drawPerceptionOverlay } from '../../perceive/overlay.js';
import { drawPoseOverlay } from '../../pose/overlay.js';
import type { Poses } from '../../pose/poses.js';
import type { GaussianSet } from '../../splat/gaussians.js';
import type { SplatRenderer } from '../../splat/renderer.js';
import { renderTurntable } from '../../splat/views.js';
import type { Seen } from './inputs.js';

const SHEET = { columns: 4, cellWidthPx: 300 };
const NUM_FRAMES = 8;
const PAPER: Vec3 = [0.93, 0.93, 0.93];
const OUTLINE_COLOURS: readonly Vec3[] = [
  [80, 255, 90],
  [255, 220, 40],
  [255, 120, 220],
  [90, 220, 255],
];

export async function maskSheet(seen: Seen): Promise<RgbImage> {
  const images: RgbImage[] = [];
  for (const frame of evenlySpaced(seen.frames.numFrames, NUM_FRAMES)) {
    images.push(drawPerceptionOverlay(await seen.frames.read(frame), await seen.readMask(frame), seen.perception));
  }
  return contactSheet(images, SHEET);
}

/** The fitted poses on the frames: outline and axes of every object. */
export async function poseSheet(
  seen: Seen,
  poses: Poses,
  objects: readonly ObjectModel[],
  gaussians: ReadonlyMap<number, GaussianSet>,
  renderer: SplatRenderer,
): Promise<RgbImage> {
  const sets = new Map([...gaussians].map(([id, set]) => [id, renderer.prepare(set)]));
  const images: RgbImage[] = [];
  for (const frame of evenlySpaced(poses.numFrames, NUM_FRAMES)) {
    const items = objects.flatMap((model, k) => {
      const set = sets.get(model.id);
      const pose = poses.objects.find((entry) => entry.id === model.id)?.frames[frame].cameraFromObject;
      if (!set || !pose) return [];
      const colour = OUTLINE_COLOURS[k % OUTLINE_COLOURS.length];
      return [{ set, cameraFromObject: pose, axisM: Math.max(...model.sizeM) * 0.6, colour }];
    });
    images.push(drawPoseOverlay(await seen.frames.read(frame), seen.perception.camera, items, renderer));
  }
  for (const set of sets.values()) set.dispose();
  return contactSheet(images, SHEET);
}

/** An object from four sides. */
export async function fourSides(set: GaussianSet, renderer: SplatRenderer): Promise<RgbImage> {
  const images = renderTurntable(renderer, set, { widthPx: 220, heightPx: 220, numFrames: 4, background: PAPER });
  return contactSheet([...images], { columns: 4, cellWidthPx: 220 });
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
