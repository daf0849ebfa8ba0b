/** Adam (Kingma & Ba 2015) on a rigid pose, in steps measured in window pixels. */
import {
  compose,
  expTwist,
  type Mat4,
  orthonormalize,
  type Twist,
  transformDirection,
  translationOf,
} from '../math/se3.js';
import { cross, dot, norm, normalize, perpendicular, scale, type Vec3 } from '../math/vec3.js';
import { type Evaluation, evaluatePose, type TrackedObject, type View } from './objective.js';
import { dropped } from './support.js';

/** Few steps from a near start: short memories. */
const BETA_1 = 0.8;
const BETA_2 = 0.95;
const EPSILON = 1e-12;
/** First and last step length, window pixels of motion. */
const FIRST_STEP_PX = 0.7;
const LAST_STEP_PX = 0.08;
/** A turn or a motion towards the camera shows less in the picture than a shift: its unit is larger. */
const DEPTH_UNITS = 1.5;
const TURN_UNITS = 1.5;

/** Directions in which a pose may move: all six, only sliding and turning on what it stands on, or also up and down. */
export type Freedom = 'free' | 'on-table' | 'upright';

/** Twists (camera frame, left perturbation) that move the object by about one window pixel each; of a round thing free to move, the last one shows nowhere. */
export function motionBasis(object: TrackedObject, cameraFromObject: Mat4, focalPx: number, freedom: Freedom): Twist[] {
  const centre = translationOf(cameraFromObject);
  const distance = Math.max(Math.hypot(...centre), 1e-3);
  const pixelM = distance / focalPx;
  const radiusPx = Math.max((object.radiusM * focalPx) / distance, 2);
  const turn = TURN_UNITS / radiusPx;
  const shift = (direction: Vec3, lengthM: number): Twist => [...scale(direction, lengthM), 0, 0, 0];
  const spin = (axis: Vec3, angle: number): Twist => {
    const w = scale(axis, angle);
    // Rotation about the object's centre: v = -w x centre.
    return [...scale(cross(w, centre), -1), ...w];
  };
  if (freedom !== 'free') {
    const w = object.worldFromCamera;
    const rows: Vec3[] = [
      [w[0], w[1], w[2]],
      [w[4], w[5], w[6]],
      [w[8], w[9], w[10]],
    ];
    const level = [shift(rows[0], pixelM), shift(rows[1], pixelM * DEPTH_UNITS), spin(rows[2], turn)];
    return freedom === 'on-table' ? level : [...level, shift(rows[2], pixelM)];
  }
  const ray = normalize(centre);
  const right = perpendicular(ray);
  const down = cross(ray, right);
  const shifts = [shift(right, pixelM), shift(down, pixelM), shift(ray, (DEPTH_UNITS * distance) / radiusPx)];
  if (!object.round) return [...shifts, spin(right, turn), spin(down, turn), spin(ray, 1 / radiusPx)];
  const axis = transformDirection(cameraFromObject, object.round.direction);
  const aside = cross(axis, ray);
  const tilt = norm(aside) > 1e-6 ? normalize(aside) : perpendicular(axis);
  return [...shifts, spin(tilt, turn), spin(cross(tilt, axis), turn), spin(axis, turn)];
}

export interface Refined extends Evaluation {
  readonly cameraFromObject: Mat4;
}

/** Descends from `start`; the best pose seen is returned. `reach` scales the first step (1: about 0.7 px a step). */
export function refinePose(
  object: TrackedObject,
  start: Mat4,
  views: readonly View[],
  settings: { readonly steps: number; readonly freedom: Freedom; readonly reach?: number; readonly expected?: Mat4 },
): Refined {
  const { steps, freedom, reach = 1, expected = null } = settings;
  const focalPx = views[0].observation.crop.camera.fx;
  const size = { free: 6, 'on-table': 3, upright: 4 }[freedom];
  const first = new Float64Array(size);
  const second = new Float64Array(size);
  let pose = start;
  let best: Refined | null = null;
  for (let step = 0; step < steps; step++) {
    const evaluation = evaluatePose(object, pose, views, true, expected);
    if (best === null || evaluation.value < best.value) best = { ...evaluation, cameraFromObject: pose };
    const basis = motionBasis(object, pose, focalPx, freedom);
    const progress = steps > 1 ? step / (steps - 1) : 1;
    const rate = reach * FIRST_STEP_PX * (LAST_STEP_PX / FIRST_STEP_PX) ** progress;
    const twist: Twist = [0, 0, 0, 0, 0, 0];
    for (let k = 0; k < size; k++) {
      const g = directional(evaluation.gradient, basis[k]);
      if (!Number.isFinite(g)) continue;
      first[k] = BETA_1 * first[k] + (1 - BETA_1) * g;
      second[k] = BETA_2 * second[k] + (1 - BETA_2) * g * g;
      const mean = first[k] / (1 - BETA_1 ** (step + 1));
      const spread = Math.sqrt(second[k] / (1 - BETA_2 ** (step + 1)));
      const move = (-rate * mean) / (spread + EPSILON);
      for (let i = 0; i < 6; i++) twist[i] += move * basis[k][i];
    }
    pose = orthonormalize(compose(expTwist(twist), pose));
    if (freedom === 'on-table' && object.field) {
      pose = dropped(object.extremes, pose, object.worldFromCamera, object.field);
    }
  }
  const last = evaluatePose(object, pose, views, false, expected);
  return best === null || last.value < best.value ? { ...last, cameraFromObject: pose } : best;
}

function directional(gradient: Float64Array, twist: Twist): number {
  return (
    dot([gradient[0], gradient[1], gradient[2]], [twist[0], twist[1], twist[2]]) +
    dot([gradient[3], gradient[4], gradient[5]], [twist[3], twist[4], twist[5]])
  );
}
