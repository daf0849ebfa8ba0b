/** Takes the bias of soft outlines out of the tracking model. */
import type { Mat4 } from '../math/se3.js';
import { evaluatePose, type TrackedObject, type View } from './objective.js';

/** Scales tried. Discs make the outline about a pixel too wide; in a small window that is several percent of distance. */
const LOWEST = 0.88;
const HIGHEST = 1.04;
/** Golden-section steps: 0.16 * 0.618^9 = 0.2 %. */
const STEPS = 9;
/** A model that does not agree with its own rest is not calibrated on it. */
const MIN_IOU = 0.8;

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
