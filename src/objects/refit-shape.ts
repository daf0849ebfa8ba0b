/** A shape family's numbers fitted again, to the outlines of all chosen views at once. */
import { nelderMead } from '../math/nelder-mead.js';
import { compose, fromTranslation, fromYaw, type Mat4 } from '../math/se3.js';
import { transformMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import type { Parametric } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';

/** One outline: the target's camera frame takes the place of its world. */
export interface OutlineView {
  readonly target: SilhouetteTarget;
  /** Pose of the shape's own frame (base on z = 0). */
  readonly cameraFromMesh: Mat4;
  readonly weight: number;
  /** Stands on the table, which holds the scale; a carried thing's distance is not known better than its size. */
  readonly isStanding: boolean;
}

export interface Refit {
  readonly size: readonly number[];
  readonly views: readonly OutlineView[];
  /** Weighted mean of the agreement over the views, and each one's own. */
  readonly iou: number;
  readonly ious: readonly number[];
  /** `iou` less what unusual numbers cost. */
  readonly worth: number;
}

/** Rounds of fitting the shape, then each view's place. */
const ROUNDS = 2;
const SHAPE_EVALUATIONS = 34;
const PLACE_EVALUATIONS = 45;
/** First steps of a place: along the axes of the table or the camera per distance, and a turn (radians). */
const SHIFT_SHARE = 0.006;
const DEPTH_SHARE = 0.015;
const TURN_RAD = 0.04;

/** Standing views slide and turn on their plane, carried ones move freely but do not turn. */
export function refitShape(shape: Parametric, views: readonly OutlineView[], cameraFromWorld: Mat4): Refit {
  let size = [...shape.size];
  let placed = [...views];
  for (let round = 0; round < ROUNDS; round++) {
    const loss = (numbers: readonly number[]): number => shape.prior(numbers) - meanIou(shape, numbers, placed).iou;
    size = nelderMead(loss, size, shape.steps, SHAPE_EVALUATIONS * (shape.steps.length + 1), 1e-5).x;
    const mesh = shape.outlineOf(size);
    placed = placed.map((view) => placedAnew(mesh, view, cameraFromWorld).view);
  }
  const { iou, ious } = meanIou(shape, size, placed);
  return { size, views: placed, iou, ious, worth: iou - shape.prior(size) };
}

function meanIou(
  shape: Parametric,
  size: readonly number[],
  views: readonly OutlineView[],
): { iou: number; ious: number[] } {
  const mesh = shape.outlineOf(size);
  const ious = views.map(({ target, cameraFromMesh }) => silhouetteIou(transformMesh(mesh, cameraFromMesh), target));
  const total = views.reduce((sum, { weight }) => sum + weight, 0);
  return { iou: ious.reduce((sum, value, k) => sum + value * views[k].weight, 0) / total, ious };
}

/** The view with the place, near its own, at which the mesh agrees best. */
export function placedAnew(
  mesh: TriangleMesh,
  view: OutlineView,
  cameraFromWorld: Mat4,
): { view: OutlineView; iou: number } {
  const { target, cameraFromMesh, isStanding } = view;
  const distanceM = cameraFromMesh[11];
  const moved = (p: readonly number[]): Mat4 => {
    if (!isStanding) return compose(fromTranslation([p[0], p[1], p[2]]), cameraFromMesh);
    const turned = compose(cameraFromMesh, fromYaw(p[2]));
    for (const k of [0, 1, 2]) turned[4 * k + 3] += cameraFromWorld[4 * k] * p[0] + cameraFromWorld[4 * k + 1] * p[1];
    return turned;
  };
  const shift = SHIFT_SHARE * distanceM;
  const steps = [shift, shift, isStanding ? TURN_RAD : DEPTH_SHARE * distanceM];
  const loss = (p: readonly number[]): number => -silhouetteIou(transformMesh(mesh, moved(p)), target);
  const { x, value } = nelderMead(loss, [0, 0, 0], steps, PLACE_EVALUATIONS, 1e-5);
  return { view: { ...view, cameraFromMesh: moved(x) }, iou: -value };
}
