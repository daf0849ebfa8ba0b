/**
 * Which side of an object is up and how it is turned on the table, decided by its print at full resolution: the outline of a cube or
 * a tin says nothing about it, and from afar labels look alike.
 */
import { countSet, maskWhere } from '../../image/morphology.js';
import {
  axisOf,
  compose,
  fromAxisAngle,
  type Mat4,
  rotationAngleBetween,
  rotationBetween,
  translationOf,
} from '../../math/se3.js';
import type { TriangleMesh } from '../../objects/object-model.js';
import { refinePose } from '../../pose/adam.js';
import { imageLoss } from '../../pose/image-loss.js';
import type { TrackedObject } from '../../pose/objective.js';
import type { Observation } from '../../pose/observation.js';
import type { Frame } from '../../splat/renderer.js';
import { unexplainedShare } from './explain.js';
import { colourLine } from './match-colours.js';
import { LYING_COST, slideToFit } from './settle-together.js';
import { standingOut } from './standing-out.js';
import { isAsModelled, isBelowTable, setOnTable, UP_AXES } from './table-under.js';

/** Turns tried: a print's letters are some 15 degrees wide. */
const NUM_TURNS = 36;
/** The best of them, descended from. */
const REFINED = 10;
const REFINE_STEPS = 14;
/** Sides whose outline agrees this much less than the best one's are not up. */
export const SAME_OUTLINE = 0.06;
/** The colour loss decides the descent; the outline only keeps the object in place. */
export const OUTLINE_SHARE = 0.25;
/** What unexplained print costs in units of silhouette agreement, for a clearly patterned object. */
const PRINT_WEIGHT = 0.3;
/** Half width of the neighbourhood whose mean colour is taken off, per square root of the pixels: faces differ in light, letters do not. */
const NEIGHBOURHOOD = 0.12;
/** What lying askew costs: a thing at rest on a table stands on one of its sides, and six freedoms follow the accidents of a mask. */
const ASKEW_COST = 0.1;
/** With fewer pixels there is nothing to compare. */
const MIN_PIXELS = 40;
/** Answers nearer to each other than this are the same. */
export const SAME_RAD = 0.35;

/** Ways to stand whose costs differ by less are not told apart by one rest. */
export const AMBIGUOUS_COST = 0.04;

/** What an object's outline is held against: its mask, or the picture around a mask that may have lost a part. */
export type Fitting = 'mask' | 'picture';

export interface Standing {
  readonly cameraFromObject: Mat4;
  /** 1 - IoU (or what is unexplained of the picture) plus the share of print that is not explained. */
  readonly cost: number;
}

/** The different ways to stand on the table where `found` is seen, best first, and `found` itself among them if it does not stand. `views`: frames in which it stands there, the clearest first. */
export function waysToStand(
  object: TrackedObject,
  mesh: TriangleMesh,
  found: Mat4,
  views: readonly Observation[],
  cameraFromWorld: Mat4,
  fitting: Fitting = 'mask',
): Standing[] {
  const up = axisOf(cameraFromWorld, 2);
  const [clearest] = views;
  const missOf = fitting === 'mask' ? outlineMiss : unexplainedShare;
  const tried = UP_AXES.flatMap((axis) => {
    const upright = rotationBetween(axis, up);
    [upright[3], upright[7], upright[11]] = translationOf(found);
    const placed = setOnTable({ mesh, cameraFromObject: upright }, cameraFromWorld, Number.POSITIVE_INFINITY);
    if (placed === null) return [];
    return Array.from({ length: NUM_TURNS }, (_, k) => {
      const pose = compose(fromAxisAngle(up, (2 * Math.PI * k) / NUM_TURNS), placed);
      [pose[3], pose[7], pose[11]] = translationOf(placed);
      return { pose, miss: missOf(object, pose, [clearest]) };
    });
  });
  const least = Math.min(...tried.map(({ miss }) => miss));
  const weights = { ...object.weights, mask: OUTLINE_SHARE * object.weights.mask };
  const view = { observation: clearest, tracks: null };
  const refined = tried
    .filter(({ miss }) => miss < least + SAME_OUTLINE)
    .map(({ pose, miss }) => ({ pose, cost: miss + printCost(object, pose, [clearest]) }))
    .sort((a, b) => a.cost - b.cost)
    .slice(0, REFINED)
    .map(({ pose }) =>
      fitting === 'mask'
        ? refinePose({ ...object, weights }, pose, [view], { steps: REFINE_STEPS, freedom: 'on-table' })
        : slideToFit(object, pose, [clearest]),
    );
  const lying = (pose: Mat4): number => (fitting === 'mask' || isAsModelled(pose, cameraFromWorld) ? 0 : LYING_COST);
  const costAt = (pose: Mat4): number => missOf(object, pose, views) + printCost(object, pose, views) + lying(pose);
  const all = refined.map(({ cameraFromObject }) => ({ cameraFromObject, cost: costAt(cameraFromObject) }));
  // As it was found it fits better than set onto the table, whichever way it is turned: only if it does not stand is that an answer.
  const asFound = { mesh, cameraFromObject: found };
  const isAnswer =
    fitting === 'mask' && setOnTable(asFound, cameraFromWorld) === null && !isBelowTable(asFound, cameraFromWorld);
  if (all.length === 0 || isAnswer) {
    all.push({ cameraFromObject: found, cost: costAt(found) + ASKEW_COST });
  }
  const kept: Standing[] = [];
  for (const { cameraFromObject, cost } of all.sort((a, b) => a.cost - b.cost)) {
    const isNew = kept.every((other) => rotationAngleBetween(other.cameraFromObject, cameraFromObject) > SAME_RAD);
    if (isNew) kept.push({ cameraFromObject, cost });
  }
  return kept;
}

/** 1 - IoU, mean over the views. */
export function outlineMiss(
  { renderer, set, scale, weights }: TrackedObject,
  pose: Mat4,
  views: readonly Observation[],
): number {
  return meanOf(views, (view) => {
    const drawn = renderer.render(view.crop.camera, [{ set, cameraFromSet: pose, scale, label: 1 }], { depth: false });
    return 1 - imageLoss(drawn, view, { ...weights, rgb: 0, depth: 0 }, null).iou;
  });
}

/** What of the print is not explained, mean over the views. */
export function printCost({ renderer, set, scale }: TrackedObject, pose: Mat4, views: readonly Observation[]): number {
  return meanOf(views, (view) => {
    const drawn = renderer.render(view.crop.camera, [{ set, cameraFromSet: pose, scale, label: 1 }], { depth: false });
    return PRINT_WEIGHT * view.texture * unexplained(drawn, view);
  });
}

const meanOf = (views: readonly Observation[], cost: (view: Observation) => number): number =>
  views.reduce((sum, view) => sum + cost(view), 0) / views.length;

/**
 * How little of the print the drawing explains, 0..1: the mean of what is left of the colours' variance after the best light (gain and
 * offset per channel), and of the missing correlation of what stands out from its neighbourhood.
 */
function unexplained(drawn: Frame, { mask, rgb, crop }: Observation): number {
  const valid = maskWhere(mask.inside, (inside, i) => mask.care[i] > 0 && inside > 0.9 && drawn.alpha[i] > 0.9);
  const count = countSet(valid);
  if (count < MIN_PIXELS) return 1;
  const pixels = new Int32Array(count);
  for (let i = 0, n = 0; i < valid.length; i++) if (valid[i]) pixels[n++] = i;
  const radius = Math.max(2, Math.round(NEIGHBOURHOOD * Math.sqrt(count)));
  let [residual, total, both, own, model] = [0, 0, 0, 0, 0];
  for (let c = 0; c < 3; c++) {
    const seen = channelOf(rgb, c, valid);
    const painted = channelOf(drawn.rgb, c, valid);
    const [gain, offset] = lightBetween(painted, seen, pixels);
    const a = standingOut(seen, valid, pixels, crop.camera.widthPx, radius);
    const b = standingOut(painted, valid, pixels, crop.camera.widthPx, radius);
    let mean = 0;
    for (const i of pixels) mean += seen[i] / count;
    for (let n = 0; n < count; n++) {
      const i = pixels[n];
      residual += (seen[i] - gain * painted[i] - offset) ** 2;
      total += (seen[i] - mean) ** 2;
      both += a[n] * b[n];
      own += a[n] * a[n];
      model += b[n] * b[n];
    }
  }
  const left = total > 0 ? Math.min(1, residual / total) : 1;
  const correlation = own > 0 && model > 0 ? Math.max(0, both / Math.sqrt(own * model)) : 0;
  return (left + 1 - correlation) / 2;
}

function channelOf(rgb: Float32Array, channel: number, valid: Uint8Array): Float64Array {
  const out = new Float64Array(valid.length);
  for (let i = 0; i < out.length; i++) if (valid[i]) out[i] = rgb[3 * i + channel];
  return out;
}

function lightBetween(painted: Float64Array, seen: Float64Array, pixels: Int32Array): [gain: number, offset: number] {
  const at = (image: Float64Array): Float64Array => {
    const out = new Float64Array(pixels.length);
    for (let n = 0; n < out.length; n++) out[n] = image[pixels[n]];
    return out;
  };
  return colourLine(at(painted), at(seen));
}
