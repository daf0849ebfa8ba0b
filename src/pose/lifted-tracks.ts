/** Point tracks given a place on the model: where they lay on it in a frame whose pose is known. */

import type { PixelBox } from '../image/image.js';
import { type Intrinsics, project } from '../math/camera.js';
import { inverse, type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { type Crop, cropAround } from '../objects/crop.js';
import type { Tracks } from '../perceive/perception.js';
import { filterSet } from '../splat/ops.js';
import type { Frame } from '../splat/renderer.js';
import type { TrackedObject } from './objective.js';
import type { PointTargets } from './point-loss.js';

/** Points this near to the outline (in coverage) slide along it: not lifted. */
const MIN_COVERAGE = 0.9;
/** Gaussians farther than this behind the mean depth of their pixel belong to the far side (object radii). */
const FRONT_RADII = 0.25;
/** Window for the depth of the model, pixels. */
const LIFT_WINDOW_PX = 96;

export class LiftedTracks {
  /** Track index to its point in the object frame. */
  private readonly points = new Map<number, Vec3>();
  private readonly own: number[];

  constructor(
    private readonly tracks: Tracks,
    private readonly objectId: number,
  ) {
    this.own = tracks.objectIds.flatMap((id, k) => (id === objectId ? [k] : []));
  }

  /** An independent copy: what one pass adds or forgets does not reach the other. */
  copy(): LiftedTracks {
    const copy = new LiftedTracks(this.tracks, this.objectId);
    for (const [track, point] of this.points) copy.points.set(track, point);
    return copy;
  }

  /** Forgets all places: they were taken from a pose that proved wrong. */
  clear(): void {
    this.points.clear();
  }

  /** Pixel of a track in a frame, or null where it is not seen. */
  private pixelOf(track: number, frameIdx: number): [number, number] | null {
    const k = 2 * (frameIdx * this.tracks.numTracks + track);
    const [x, y] = [this.tracks.xyPx[k], this.tracks.xyPx[k + 1]];
    return Number.isFinite(x) && Number.isFinite(y) ? [x, y] : null;
  }

  /** Gives every track that is seen in this frame and has no place yet the model point under it. */
  lift(frameIdx: number, cameraFromObject: Mat4, camera: Intrinsics, box: PixelBox, object: TrackedObject): void {
    const fresh = this.own.filter((k) => !this.points.has(k) && this.pixelOf(k, frameIdx) !== null);
    if (fresh.length === 0) return;
    const crop = cropAround(camera, box, 0.1, LIFT_WINDOW_PX);
    const drawn = drawFront(object, cameraFromObject, crop);
    const objectFromCamera = inverse(cameraFromObject);
    for (const track of fresh) {
      const [x, y] = this.pixelOf(track, frameIdx)!;
      const depth = depthAt(drawn, crop, x, y);
      if (depth === null) continue;
      const inCamera: Vec3 = [((x - camera.cx) / camera.fx) * depth, ((y - camera.cy) / camera.fy) * depth, depth];
      this.points.set(track, transformPoint(objectFromCamera, inCamera));
    }
  }

  /** Points with a place that are seen in a frame, with their pixels in the crop's window. */
  targets(frameIdx: number, crop: Crop): PointTargets | null {
    const points: number[] = [];
    const xyPx: number[] = [];
    for (const [track, point] of this.points) {
      const pixel = this.pixelOf(track, frameIdx);
      if (pixel === null) continue;
      points.push(...point);
      xyPx.push((pixel[0] - crop.x0Px) * crop.scale, (pixel[1] - crop.y0Px) * crop.scale);
    }
    return xyPx.length > 0 ? { points: Float64Array.from(points), xyPx: Float64Array.from(xyPx) } : null;
  }
}

/**
 * The object without its far side: a twentieth of the far side shines through the near one, which would put points several
 * millimetres too deep (2 px of track error after a turn of 45 degrees, measured).
 */
function drawFront(object: TrackedObject, cameraFromObject: Mat4, crop: Crop): Frame {
  const { renderer, gaussians, set, scale } = object;
  const { camera } = crop;
  const all = renderer.render(camera, [{ set, cameraFromSet: cameraFromObject, scale, label: 1 }]);
  const tolerance = FRONT_RADII * object.radiusM;
  const front = filterSet(gaussians, (i) => {
    const p = gaussians.position;
    const centre: Vec3 = [scale * p[3 * i], scale * p[3 * i + 1], scale * p[3 * i + 2]];
    const inCamera = transformPoint(cameraFromObject, centre);
    const [x, y] = project(camera, inCamera).map(Math.floor);
    if (!(x >= 0 && y >= 0 && x < camera.widthPx && y < camera.heightPx)) return false;
    const k = y * camera.widthPx + x;
    return all.depthM[k] === 0 || inCamera[2] < all.depthM[k] + tolerance;
  });
  const prepared = renderer.prepare(front);
  const drawn = renderer.render(camera, [{ set: prepared, cameraFromSet: cameraFromObject, scale, label: 1 }]);
  prepared.dispose();
  return drawn;
}

function depthAt(drawn: Frame, crop: Crop, xPx: number, yPx: number): number | null {
  const x = Math.floor((xPx - crop.x0Px) * crop.scale);
  const y = Math.floor((yPx - crop.y0Px) * crop.scale);
  if (x < 0 || y < 0 || x >= drawn.widthPx || y >= drawn.heightPx) return null;
  const i = y * drawn.widthPx + x;
  return drawn.alpha[i] > MIN_COVERAGE && drawn.depthM[i] > 0 ? drawn.depthM[i] : null;
}
