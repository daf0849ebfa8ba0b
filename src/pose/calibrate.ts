/** Fits the tracking model and its window to the frame that the object's shape was taken from. */
import type { ByteImage } from '../image/image.js';
import type { Mat4 } from '../math/se3.js';
import { insetSet } from './coarse-set.js';
import { evaluatePose, type TrackedObject, type View } from './objective.js';
import { boxOfId, type Observation } from './observation.js';

/**
 * Discs and the low-pass filter widen an outline by so much on all sides, window pixels, whatever the object's size. A scale alone
 * makes up for that too, but shortens a stick by 3 %: the 5 mm that it then lacked were taken for a tilt of 40 degrees.
 */
const WIDENING_PX = 0.7;
/** Scales tried: what outlines and shapes are off by besides, several percent of distance. */
const LOWEST = 0.88;
const HIGHEST = 1.04;
/** Golden-section steps: 0.16 * 0.618^9 = 0.2 %. */
const STEPS = 9;
/** A model that does not agree with its own rest is not calibrated on it. */
const MIN_IOU = 0.8;

/** The same object drawn without that widening at a pose; its prepared set is new, the old one is left as it is. */
export function withoutWidening(object: TrackedObject, cameraFromObject: Mat4, { crop }: Observation): TrackedObject {
  const insetM = Math.max(0, (WIDENING_PX * cameraFromObject[11]) / crop.camera.fx);
  return { ...object, set: object.renderer.prepare(insetSet(object.gaussians, insetM)) };
}

/**
 * The object drawn at the scale at which its outline agrees best with the masks of the rest its shape was taken from, at that
 * pose. Without this, every later frame comes out farther away by the same few percent (2 cm at 60 cm, measured).
 */
export function calibrateScale(object: TrackedObject, cameraFromObject: Mat4, views: readonly View[]): TrackedObject {
  const weights = { mask: 1, rgb: 0, depth: 0, track: 0, contact: 0 };
  const at = (scale: number): TrackedObject => ({ ...object, scale, weights });
  if (views.length === 0 || evaluatePose(at(1), cameraFromObject, views, false).iou < MIN_IOU) return object;
  const loss = (scale: number): number => evaluatePose(at(scale), cameraFromObject, views, false).value;
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [LOWEST, HIGHEST];
  let [c, d] = [b - ratio * (b - a), a + ratio * (b - a)];
  let [lossC, lossD] = [loss(c), loss(d)];
  for (let k = 0; k < STEPS; k++) {
    if (lossC < lossD) {
      [b, d, lossD] = [d, c, lossC];
      c = b - ratio * (b - a);
      lossC = loss(c);
    } else {
      [a, c, lossC] = [c, d, lossD];
      d = a + ratio * (b - a);
      lossD = loss(d);
    }
  }
  return { ...object, scale: (a + b) / 2 };
}

/** A thing should be at least this thick in the window: the soft outline of a 4 px stick is all edge. */
const MIN_THICKNESS_PX = 9;
/** The window's sides per the object's longer side, with the margins of `observe`. */
const WINDOW_PER_OBJECT = 1.6;
const LARGEST_WINDOW = 2;

/** Window for an object by its mask: the usual one, larger for thin things. */
export function windowFor(idMap: ByteImage, id: number, usualPx: number): number {
  const box = boxOfId(idMap, id);
  if (box === null) return usualPx;
  let area = 0;
  for (const value of idMap.data) if (value === id) area++;
  const length = Math.hypot(box.x1 - box.x0, box.y1 - box.y0);
  const thickness = area / length;
  const wanted = (MIN_THICKNESS_PX * WINDOW_PER_OBJECT * length) / Math.max(thickness, 1);
  return Math.round(Math.min(LARGEST_WINDOW * usualPx, Math.max(usualPx, wanted)));
}
