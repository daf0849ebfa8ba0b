/** The whole render-and-compare loss of one object at one pose, over one or several frames in which it has that pose. */
import { compose, inverse, logRotation, type Mat4 } from '../math/se3.js';
import { cross, dot, normalize, type Vec3 } from '../math/vec3.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { createFrame, type Frame, type PreparedSet, type SplatRenderer } from '../splat/renderer.js';
import { createGradientBuffers, type GradientBuffers, imageLoss, type LossWeights } from './image-loss.js';
import type { Observation } from './observation.js';
import type { PoseOptions } from './options.js';
import { contactLoss, type PointTargets, trackLoss } from './point-loss.js';
import { type RoundAxis, withoutTurn } from './round.js';
import type { HeightField } from './support.js';

/** What stays the same while one object is tracked. */
export interface TrackedObject {
  readonly id: number;
  readonly renderer: SplatRenderer;
  readonly set: PreparedSet;
  /** What `set` was prepared from. */
  readonly gaussians: GaussianSet;
  /** Drawn at this scale, so that its soft outline lies where the mask's outline is (see `calibrate.ts`); near 1. */
  readonly scale: number;
  /** Longer side of the comparison window, pixels; absent: the option's (thin things need more, see `calibrate.ts`). */
  readonly windowPx?: number;
  /** [M, 3] points that can touch the table. */
  readonly extremes: Float64Array;
  /** Radius of the bounding sphere about the origin, metres. */
  readonly radiusM: number;
  readonly worldFromCamera: Mat4;
  /** What it can rest on besides the table; absent: nothing. */
  readonly field?: HeightField | null;
  /** Known to rest: it then touches what is under it. */
  readonly touching?: boolean;
  /** Looks the same all round this axis: only tracks and the motion before tell how it is turned about it; absent: it does not. */
  readonly round?: RoundAxis | null;
  /** A model from a file: its colours are known on all sides. */
  readonly isGiven?: boolean;
  readonly weights: LossWeights;
}

/** One frame's share of the loss. Track targets are in the pixels of the observation's window. */
export interface View {
  readonly observation: Observation;
  readonly tracks: PointTargets | null;
}

export interface Evaluation {
  readonly value: number;
  /** [6] derivative by a left perturbation of cameraFromObject; zeros unless asked for. */
  readonly gradient: Float64Array;
  readonly iou: number;
  readonly visibleFraction: number;
  /** Drawn window pixels that are cared for, mean over the views. */
  readonly drawnPx: number;
}

/** Weights by the switches. Colour counts less than the outline: on plain objects it mostly carries shading. */
export function weightsOf(options: PoseOptions): LossWeights {
  return {
    mask: options.maskLoss ? 1 : 0,
    rgb: options.rgbLoss ? 1.5 : 0,
    depth: options.depthLoss ? 0.5 : 0,
    track: options.trackLoss ? 1 : 0,
    contact: options.contact ? 1 : 0,
  };
}

/** Turning away from the expected pose by this much (radians) costs 1; a hand turns things by a few degrees per frame. */
const TURN_UNIT_RAD = 1;

interface Scratch {
  readonly frame: Frame;
  readonly gradients: GradientBuffers;
}

/** Written again and again: a window is compared hundreds of times. */
const scratches = new WeakMap<Observation, Scratch>();

function scratchOf(observation: Observation): Scratch {
  const known = scratches.get(observation);
  if (known) return known;
  const { widthPx, heightPx } = observation.crop.camera;
  const made = { frame: createFrame(widthPx, heightPx), gradients: createGradientBuffers(widthPx * heightPx) };
  scratches.set(observation, made);
  return made;
}

/** More than any pose in front of the camera costs. */
const BEHIND_CAMERA = 1e6;

export function evaluatePose(
  object: TrackedObject,
  cameraFromObject: Mat4,
  views: readonly View[],
  withGradient: boolean,
  expected: Mat4 | null = null,
): Evaluation {
  const { renderer, weights } = object;
  const gradient = new Float64Array(6);
  const byTracks = new Float64Array(6);
  let value = 0;
  let iou = 0;
  let visibleFraction = 0;
  let drawnPx = 0;
  const share = 1 / Math.max(views.length, 1);
  const instance = { set: object.set, cameraFromSet: cameraFromObject, scale: object.scale, label: 1 };
  for (const { observation, tracks } of views) {
    const { camera } = observation.crop;
    const depth = (weights.depth > 0 && observation.depthM !== null) || observation.behindM !== null;
    const { frame, gradients } = scratchOf(observation);
    renderer.render(camera, [instance], { depth }, frame);
    const image = imageLoss(frame, observation, weights, withGradient ? gradients : null);
    value += share * image.value;
    iou += share * image.iou;
    visibleFraction += share * image.visibleFraction;
    drawnPx += share * image.drawnPx;
    if (image.gradient !== null) {
      const { twist } = renderer.poseGradient(image.gradient, 0);
      for (let k = 0; k < 6; k++) gradient[k] += share * twist[k];
    }
    if (tracks !== null && weights.track > 0) {
      value += trackLoss(tracks, cameraFromObject, camera, share * weights.track, byTracks);
    }
  }
  if (weights.contact > 0) {
    const own = new Float64Array(6);
    value += contactLoss(object.extremes, cameraFromObject, object.worldFromCamera, weights.contact, own, object);
    if (withGradient) for (let k = 0; k < 6; k++) gradient[k] += own[k];
  }
  // Nothing of what was drawn changes by such a turn: its derivative is noise of the drawing's discs.
  if (object.round) withoutTurn(object.round, cameraFromObject, gradient);
  if (withGradient) for (let k = 0; k < 6; k++) gradient[k] += byTracks[k];
  if (expected !== null) {
    const shown = views.reduce((sum, { observation }) => sum + share * (observation.shownShare ?? 1), 0);
    value += turnPrior(cameraFromObject, expected, gradient);
    value += depthPrior(cameraFromObject, expected, 1 - shown, gradient);
  }
  // Beside a mask much smaller than the object it would pay to draw nothing at all.
  if (!(cameraFromObject[11] > 0)) value += BEHIND_CAMERA;
  return { value, gradient, iou, visibleFraction, drawnPx };
}

/** Share of the drawn area below which a mask is taken to have lost a part, and what lying outside of it then counts. */
const SHRUNK_MASK = 0.75;
const SHRUNK_OUTSIDE_WEIGHT = 0.1;

/**
 * A mask much smaller than the object is at its expected pose, where nothing covers it, has lost a part (a white pot in front of
 * something white): it then bounds the object from inside only.
 */
export function doubtShrunkMask(object: TrackedObject, expected: Mat4, observation: Observation): Observation {
  const { drawnPx, visibleFraction } = evaluatePose(object, expected, [{ observation, tracks: null }], false);
  const seen = { ...observation, shownShare: visibleFraction };
  return observation.areaPx < SHRUNK_MASK * drawnPx
    ? { ...seen, outsideWeight: SHRUNK_OUTSIDE_WEIGHT, colourOutside: object.isGiven ?? false }
    : seen;
}

/** Motion prior: squared angle to the expected pose. While most of an object is covered, nothing else tells its tilt. */
export function turnPrior(cameraFromObject: Mat4, expected: Mat4, gradient: Float64Array): number {
  const turn = logRotation(compose(cameraFromObject, inverse(expected)));
  const scale = 1 / (TURN_UNIT_RAD * TURN_UNIT_RAD);
  // d|log(exp(w) R)|^2 / dw = 2 log(R): exact along the axis, which is all that a squared angle has.
  for (let k = 0; k < 3; k++) gradient[3 + k] += 2 * scale * turn[k];
  return scale * (turn[0] ** 2 + turn[1] ** 2 + turn[2] ** 2);
}

/** Leaving the expected distance along the ray by this much (metres) costs 1 where nothing of the object is seen. */
const DEPTH_UNIT_M = 0.04;

/** Motion prior along the ray: what little is seen of a thing in a hand tells how far away it is no better than its tilt. */
export function depthPrior(cameraFromObject: Mat4, expected: Mat4, hidden: number, gradient: Float64Array): number {
  const ray = normalize([expected[3], expected[7], expected[11]]);
  const at: Vec3 = [cameraFromObject[3], cameraFromObject[7], cameraFromObject[11]];
  const off = dot(ray, [at[0] - expected[3], at[1] - expected[7], at[2] - expected[11]]) * (hidden / DEPTH_UNIT_M);
  const slope = (2 * off * hidden) / DEPTH_UNIT_M;
  // A left perturbation moves the object's origin by v + w x p.
  const turned = cross(at, ray);
  for (let k = 0; k < 3; k++) {
    gradient[k] += slope * ray[k];
    gradient[3 + k] += slope * turned[k];
  }
  return off * off;
}
