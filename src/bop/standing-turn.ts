/**
 * Which side of an object is up and how it is turned on the table, decided by its print at full resolution: the outline of a cube or
 * a tin says nothing about it, and from afar labels look alike.
 */
import {
  axisOf,
  compose,
  fromAxisAngle,
  type Mat4,
  rotationAngleBetween,
  rotationBetween,
  translationOf,
} from '../math/se3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { refinePose } from '../pose/adam.js';
import { imageLoss } from '../pose/image-loss.js';
import type { TrackedObject } from '../pose/objective.js';
import type { Observation } from '../pose/observation.js';
import type { Frame } from '../splat/renderer.js';
import { colourLine } from './match-colours.js';
import { setOnTable, UP_AXES } from './table-under.js';

/** Turns tried: a print's letters are some 15 degrees wide. */
const NUM_TURNS = 36;
/** The best of them, descended from. */
const REFINED = 8;
const REFINE_STEPS = 14;
/** Sides whose outline agrees this much less than the best one's are not up. */
const SAME_OUTLINE = 0.06;
/** The colour loss decides the descent; the outline only keeps the object in place. */
const OUTLINE_SHARE = 0.25;
/** What unexplained print costs in units of silhouette agreement, for a clearly patterned object. */
const PRINT_WEIGHT = 0.3;
/** With fewer pixels there is nothing to compare. */
const MIN_PIXELS = 40;
/** Answers nearer to each other than this are the same. */
const SAME_RAD = 0.35;

export interface Standing {
  readonly cameraFromObject: Mat4;
  /** 1 - IoU plus the share of print that is not explained. */
  readonly cost: number;
}

/** The different ways to stand where `found` is, best first; at least `found` itself. `views`: frames in which it stands there, the clearest first. */
export function waysToStand(
  object: TrackedObject,
  mesh: TriangleMesh,
  found: Mat4,
  views: readonly Observation[],
  cameraFromWorld: Mat4,
): Standing[] {
  const up = axisOf(cameraFromWorld, 2);
  const [clearest] = views;
  const tried = UP_AXES.flatMap((axis) => {
    const upright = rotationBetween(axis, up);
    [upright[3], upright[7], upright[11]] = translationOf(found);
    const placed = setOnTable({ mesh, cameraFromObject: upright, iou: 1, areaPx: 1 }, cameraFromWorld);
    if (placed === null) return [];
    return Array.from({ length: NUM_TURNS }, (_, k) => {
      const pose = compose(fromAxisAngle(up, (2 * Math.PI * k) / NUM_TURNS), placed);
      [pose[3], pose[7], pose[11]] = translationOf(placed);
      return { pose, ...standingCost(object, pose, [clearest]) };
    });
  });
  const least = Math.min(...tried.map(({ miss }) => miss));
  const weights = { ...object.weights, mask: OUTLINE_SHARE * object.weights.mask };
  const view = { observation: clearest, tracks: null };
  const refined = tried
    .filter(({ miss }) => miss < least + SAME_OUTLINE)
    .sort((a, b) => a.cost - b.cost)
    .slice(0, REFINED)
    .map(({ pose }) => refinePose({ ...object, weights }, pose, [view], { steps: REFINE_STEPS, freedom: 'on-table' }));
  const all = [found, ...refined.map(({ cameraFromObject }) => cameraFromObject)].map((cameraFromObject) => ({
    cameraFromObject,
    cost: standingCost(object, cameraFromObject, views).cost,
  }));
  const kept: Standing[] = [];
  for (const { cameraFromObject, cost } of all.sort((a, b) => a.cost - b.cost)) {
    const isNew = kept.every((other) => rotationAngleBetween(other.cameraFromObject, cameraFromObject) > SAME_RAD);
    if (isNew) kept.push({ cameraFromObject, cost });
  }
  return kept;
}

function standingCost(
  { renderer, set, scale, weights }: TrackedObject,
  cameraFromObject: Mat4,
  views: readonly Observation[],
): { cost: number; miss: number } {
  let [cost, miss] = [0, 0];
  for (const view of views) {
    const drawn = renderer.render(view.crop.camera, [{ set, cameraFromSet: cameraFromObject, scale, label: 1 }], {
      depth: false,
    });
    const { iou } = imageLoss(drawn, view, { ...weights, rgb: 0, depth: 0 }, null);
    miss += (1 - iou) / views.length;
    cost += (1 - iou + PRINT_WEIGHT * view.texture * unexplained(drawn, view)) / views.length;
  }
  return { cost, miss };
}

/** Share of the colours' variance that the drawing does not explain, after the best light (gain and offset per channel); at most 1. */
function unexplained(drawn: Frame, { mask, rgb }: Observation): number {
  const pixels = [...mask.inside.keys()].filter(
    (i) => mask.care[i] > 0 && mask.inside[i] > 0.9 && drawn.alpha[i] > 0.9,
  );
  if (pixels.length < MIN_PIXELS) return 1;
  let [residual, total] = [0, 0];
  for (let c = 0; c < 3; c++) {
    const seen = pixels.map((i) => rgb[3 * i + c]);
    const mean = seen.reduce((a, b) => a + b, 0) / seen.length;
    const model = pixels.map((i) => drawn.rgb[3 * i + c]);
    const [gain, offset] = colourLine(model, seen);
    seen.forEach((value, k) => {
      residual += (value - gain * model[k] - offset) ** 2;
      total += (value - mean) ** 2;
    });
  }
  return total > 0 ? Math.min(1, residual / total) : 1;
}
