/** Follows one object from frame to frame: a start from several guesses, Adam, and new starts when it seems lost. */
import type { Random } from '../base/random.js';
import type { PixelBox } from '../image/image.js';
import { type Intrinsics, project } from '../math/camera.js';
import {
  compose,
  expTwist,
  identity,
  interpolate,
  inverse,
  type Mat4,
  type Twist,
  transformPoint,
} from '../math/se3.js';
import { motionBasis, type Refined, refinePose } from './adam.js';
import { Footing } from './footing.js';
import type { LiftedTracks } from './lifted-tracks.js';
import { doubtShrunkMask, evaluatePose, type TrackedObject, type View } from './objective.js';
import { boxOfId, type FrameEvidence, type Observation, observe, unionBox } from './observation.js';
import type { PoseOptions } from './options.js';
import { solvePnp } from './pnp.js';
import { turnedLike } from './round.js';
import type { HeightField } from './support.js';

/** Below this agreement after new starts the object counts as lost in that frame. */
const LOST_IOU = 0.55;
/** New starts when 1 - IoU exceeds this, or twice the median of the last frames. */
const SUSPICIOUS_MISS = 0.12;
const MEDIAN_FRAMES = 15;
/** A new start must be better by this much to be believed. */
const RESTART_GAIN = 0.01;
/** Spread of random starts in the pixel units of the motion basis. */
const RESTART_SD_PX = 5;
const RESTART_STEPS = 6;
/** With less of the object than this share of its expected area in sight, its outline says nothing. */
const MIN_VISIBLE = 0.12;
/** Agreement from which new tracks are given a place on the model. */
const LIFT_IOU = 0.85;
/** Windows from this size on are looked at in half of it first, for this share of the steps. */
const LARGE_WINDOW_PX = 100;
const COARSE_SHARE = 0.4;
/** How much of the last motion is expected to go on. */
const MOMENTUM = 0.8;

export interface FollowedFrame {
  readonly frameIdx: number;
  readonly cameraFromObject: Mat4;
  /** Loss, agreement and visibility; a lost or hidden frame has `lost` set and its pose is only a guess. */
  readonly value: number;
  readonly iou: number;
  readonly visibleFraction: number;
  readonly lost: boolean;
  /** Slides on what it stands on. */
  readonly grounded: boolean;
}

export interface FollowInputs {
  readonly object: TrackedObject;
  readonly camera: Intrinsics;
  readonly lifted: LiftedTracks | null;
  readonly options: PoseOptions;
  readonly random: Random;
  /** What other objects offer to slide on. */
  readonly field?: HeightField | null;
  /** The object as it stands; absent: what was lifted is not looked for on the table again. */
  readonly reference?: Mat4;
  /** Frames in which it slides, as another pass has found. */
  readonly slides?: ReadonlySet<number>;
  evidence(frameIdx: number): Promise<FrameEvidence>;
}

/**
 * `frameIdxs` in the order of following (forwards or backwards); `start` is the pose just before the first of them, `standing`
 * whether the object stands there: until it is lifted it then can only slide and turn.
 */
export async function followObject(
  inputs: FollowInputs,
  start: Mat4,
  frameIdxs: readonly number[],
  standing: boolean,
  onFrame: () => void,
): Promise<FollowedFrame[]> {
  const followed: FollowedFrame[] = [];
  const misses: number[] = [];
  const { contact, rest } = inputs.options;
  const footing =
    contact && rest ? new Footing(standing, inputs.reference ?? null, inputs.slides ?? new Set<number>()) : null;
  let last = start;
  let beforeLast = start;
  for (const frameIdx of frameIdxs) {
    onFrame();
    const result = followFrame(inputs, await inputs.evidence(frameIdx), {
      frameIdx,
      last,
      beforeLast,
      misses,
      footing,
    });
    followed.push(result);
    if (!result.lost) misses.push(1 - result.iou);
    beforeLast = last;
    last = result.cameraFromObject;
  }
  return followed;
}

const NOWHERE = { lost: true, grounded: false } as const;

interface Situation {
  readonly frameIdx: number;
  readonly last: Mat4;
  readonly beforeLast: Mat4;
  /** 1 - IoU of the frames before. */
  readonly misses: readonly number[];
  readonly footing: Footing | null;
}

function followFrame(
  inputs: FollowInputs,
  evidence: FrameEvidence,
  { frameIdx, last, beforeLast, misses, footing }: Situation,
): FollowedFrame {
  const { object, camera, lifted, options, random } = inputs;
  const moved = compose(last, inverse(beforeLast));
  const goesOn = compose(interpolate(identity(), moved, MOMENTUM), last);
  // A hand seldom rolls a thing between its fingers.
  const expected = object.round ? turnedLike(object.round, goesOn, last) : goesOn;
  const maskBox = boxOfId(evidence.idMap, object.id);
  const hidden = { frameIdx, cameraFromObject: expected, value: Number.NaN, iou: 0, visibleFraction: 0, ...NOWHERE };
  const predictedBox = projectedBox(object, expected, camera);
  if (maskBox === null || predictedBox === null) return hidden;
  const shifted = shiftedToMask(object, expected, camera, maskBox, predictedBox);
  const box = unionBox(projectedBox(object, shifted, camera), maskBox)!;
  const observation = observe(evidence, object.id, camera, box, object.windowPx ?? options.poseCrop);
  const expectedArea =
    (predictedBox.x1 - predictedBox.x0) * (predictedBox.y1 - predictedBox.y0) * observation.crop.scale ** 2;
  if (observation.areaPx < MIN_VISIBLE * 0.6 * expectedArea) return hidden;
  const viewOf = (seen: Observation): View => ({
    observation: doubtShrunkMask(object, shifted, seen),
    tracks: options.trackLoss && lifted ? lifted.targets(frameIdx, seen.crop) : null,
  });
  const views = [viewOf(observation)];
  const [{ tracks }] = views;

  const prior = options.motionPrior ? expected : null;
  const starts = [last, expected, shifted];
  const pnp = tracks ? solvePnp(tracks, observation.crop.camera, last) : null;
  if (pnp) starts.push(pnp);
  // What is thin in its larger window would be nothing but edge in half of it.
  const isLarge = options.poseCrop >= LARGE_WINDOW_PX && (object.windowPx ?? 0) <= options.poseCrop;
  const small = isLarge ? observe(evidence, object.id, camera, box, Math.round(options.poseCrop / 2)) : null;
  const coarse = small ? [viewOf(small)] : views;
  let best = descend(object, starts, coarse, views, prior, options);
  const limit = Math.max(SUSPICIOUS_MISS, 2 * median(misses.slice(-MEDIAN_FRAMES)));
  if (!(1 - best.iou < limit)) {
    const again = restart(object, [...starts, best.cameraFromObject], coarse, views, prior, options, random);
    if (again !== null && again.value < best.value - RESTART_GAIN) {
      best = again;
      lifted?.clear();
    }
  }
  const grounded = { ...object, field: inputs.field ?? null };
  const slid = footing?.slide(grounded, frameIdx, last, best, views, options.poseSteps) ?? null;
  if (slid !== null) best = slid;
  if (!(best.iou >= LOST_IOU)) return { ...hidden, iou: best.iou, value: best.value };
  if (lifted && best.iou >= LIFT_IOU) {
    lifted.lift(frameIdx, best.cameraFromObject, camera, box, object);
  }
  const { cameraFromObject, value, iou, visibleFraction } = best;
  return { frameIdx, cameraFromObject, value, iou, visibleFraction, lost: false, grounded: slid !== null };
}

/** From the best of the starts; in a large window first through one of half its size, where a step costs a quarter and reaches twice as far. */
function descend(
  object: TrackedObject,
  starts: readonly Mat4[],
  coarse: readonly View[],
  views: readonly View[],
  prior: Mat4 | null,
  { poseSteps }: PoseOptions,
): Refined {
  const settings = { freedom: 'free', ...(prior && { expected: prior }) } as const;
  const start = cheapest(object, starts, coarse, prior);
  if (coarse === views) return refinePose(object, start, views, { steps: poseSteps, ...settings });
  const steps = Math.round(COARSE_SHARE * poseSteps);
  const { cameraFromObject } = refinePose(object, start, coarse, { steps, ...settings });
  // Drawn for the large window, it is a little too wide in the small one: where it hardly moved, that only leads away.
  const nearest = cheapest(object, [...starts, cameraFromObject], views, prior);
  return refinePose(object, nearest, views, { steps: poseSteps - steps, ...settings });
}

function cheapest(object: TrackedObject, starts: readonly Mat4[], views: readonly View[], expected: Mat4 | null): Mat4 {
  const values = starts.map((pose) => evaluatePose(object, pose, views, false, expected).value);
  const lowest = values.reduce((best, value, k) => (value < values[best] ? k : best), 0);
  return starts[lowest];
}

/** Short descents from random poses about each known guess; the best one is followed to the end. */
function restart(
  object: TrackedObject,
  guesses: readonly Mat4[],
  coarse: readonly View[],
  views: readonly View[],
  prior: Mat4 | null,
  options: PoseOptions,
  random: Random,
): Refined | null {
  const focalPx = coarse[0].observation.crop.camera.fx;
  const expected = prior ? { expected: prior } : {};
  const short = { steps: RESTART_STEPS, freedom: 'free', reach: 2, ...expected } as const;
  let best: Refined | null = null;
  for (let k = 0; k < options.restarts; k++) {
    const guess = guesses[k % guesses.length];
    const twist: Twist = [0, 0, 0, 0, 0, 0];
    const basis = motionBasis(object, guess, focalPx, 'free');
    for (const direction of object.round ? basis.slice(0, -1) : basis) {
      const amount = random.normal(0, RESTART_SD_PX);
      for (let i = 0; i < 6; i++) twist[i] += amount * direction[i];
    }
    const tried = refinePose(object, compose(expTwist(twist), guess), coarse, short);
    if (best === null || tried.value < best.value) best = tried;
  }
  return best === null
    ? null
    : refinePose(object, best.cameraFromObject, views, { steps: options.poseSteps, freedom: 'free', ...expected });
}

/** Pixel box of the object's outermost points; null when behind the camera. */
export function projectedBox(object: TrackedObject, cameraFromObject: Mat4, camera: Intrinsics): PixelBox | null {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  const { extremes } = object;
  for (let k = 0; k < extremes.length; k += 3) {
    const [x, y] = project(camera, transformPoint(cameraFromObject, [extremes[k], extremes[k + 1], extremes[k + 2]]));
    if (!Number.isFinite(x) || !Number.isFinite(y)) return null;
    box.x0 = Math.min(box.x0, x);
    box.x1 = Math.max(box.x1, x);
    box.y0 = Math.min(box.y0, y);
    box.y1 = Math.max(box.y1, y);
  }
  return box.x1 > box.x0 ? box : null;
}

/** The pose moved across the view so that its box meets the mask's box (middle to middle). */
export function shiftedToMask(
  object: TrackedObject,
  pose: Mat4,
  camera: Intrinsics,
  mask: PixelBox,
  box: PixelBox,
): Mat4 {
  const depth = Math.max(pose[11], object.radiusM);
  const dx = (((mask.x0 + mask.x1 - box.x0 - box.x1) / 2) * depth) / camera.fx;
  const dy = (((mask.y0 + mask.y1 - box.y0 - box.y1) / 2) * depth) / camera.fy;
  return compose(expTwist([dx, dy, 0, 0, 0, 0]), pose);
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
