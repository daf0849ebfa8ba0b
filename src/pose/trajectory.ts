/** One object over the whole clip: one pose per rest, followed in between from both ends, fused and smoothed. */
import type { Mat4 } from '../math/se3.js';
import type { ObjectModel } from '../objects/object-model.js';
import type { Tracks } from '../perceive/perception.js';
import { refinePose } from './adam.js';
import { restingFrames } from './extend-rest.js';
import { type FollowedFrame, type FollowInputs, followObject, projectedBox } from './follow.js';
import { fusePasses } from './fuse.js';
import { LiftedTracks } from './lifted-tracks.js';
import { boxOfId, observe, unionBox } from './observation.js';
import type { PoseFrame } from './poses.js';
import { estimateRest, type RestKind, type RestPose } from './rest.js';
import { smoothMotion } from './smooth-motion.js';
import type { HeightField } from './support.js';

/** A gap longer than this is not bridged: the object is lost there (seconds). */
const MAX_GAP_SEC = 1.2;

export interface TrajectoryInputs extends Omit<FollowInputs, 'lifted'> {
  readonly model: ObjectModel;
  /** Frames in which the object's image position changes; null: it never moves. */
  readonly motion: { readonly firstFrame: number; readonly lastFrame: number } | null;
  readonly numFrames: number;
  readonly fps: number;
  readonly tracks: Tracks | null;
  /** What other objects offer to rest on in a frame. */
  supportIn(frameIdx: number): HeightField | null;
  /** 0..1 of perception in what it saw of the object in a frame, 1 where it saw it best. */
  trustIn(frameIdx: number): number;
}

/** Pose and state of every frame; loss and visibility are measured afterwards. */
export type Trajectory = Pick<PoseFrame, 'cameraFromObject' | 'state' | 'sdM' | 'sdRad'>[];

export async function trackTrajectory(inputs: TrajectoryInputs, onFrame: () => void): Promise<Trajectory> {
  const { model, motion, numFrames } = inputs;
  const start = model.cameraFromObject;
  const all: Trajectory = new Array(numFrames);
  const rests = restsOf(motion, numFrames);
  if (rests.moving === null) {
    const rest = await estimateRest({ ...inputs, lifted: null }, start, [0, numFrames - 1], { known: true });
    fillRest(all, [0, numFrames - 1], rest?.cameraFromObject ?? start, rest);
    return all;
  }
  const [first, last] = rests.moving;
  const onSupport = (fields: FollowInputs, frameIdx: number): FollowInputs => ({
    ...fields,
    object: { ...fields.object, field: inputs.supportIn(frameIdx) },
  });
  const range = Array.from({ length: last - first + 1 }, (_, k) => first + k);
  const { before, after } = rests;
  const startsAfter = after !== null && model.referenceFrame > last;
  const startsBefore = before !== null && !startsAfter;

  const reversed = [...range].reverse();
  let restBefore: RestPose | null = null;
  let restAfter: RestPose | null = null;
  let forward: FollowedFrame[] | null = null;
  let backward: FollowedFrame[] | null = null;
  // Track points that were given their place in the rest that is known best; each pass and the far rest start from these.
  const known = inputs.options.trackLoss && inputs.tracks ? new LiftedTracks(inputs.tracks, model.id) : null;
  const bare = { ...inputs, lifted: null };
  const far = (arrived: FollowedFrame): RestKind => ({ known: false, reference: start, lost: arrived.lost });
  const carried = { ...inputs, lifted: known };
  if (startsBefore) {
    restBefore = await estimateRest(bare, start, before, { known: true });
    liftInRest(inputs, known, restBefore, first);
    forward = await pass(inputs, restBefore?.cameraFromObject ?? start, known, range, true, onFrame);
    restAfter =
      after &&
      (await estimateRest(onSupport(carried, last + 1), endOf(forward), after, far(forward[forward.length - 1])));
    if (restAfter !== null && inputs.options.backward) {
      backward = await pass(
        inputs,
        restAfter.cameraFromObject,
        relifted(inputs, known, restAfter, last),
        reversed,
        restAfter.how === 'standing',
        onFrame,
        slidesOf(forward),
      );
    }
  } else if (startsAfter) {
    restAfter = await estimateRest(bare, start, after, { known: true });
    liftInRest(inputs, known, restAfter, last);
    backward = await pass(inputs, restAfter?.cameraFromObject ?? start, known, reversed, true, onFrame);
    restBefore =
      before &&
      (await estimateRest(onSupport(carried, first - 1), endOf(backward), before, far(backward[backward.length - 1])));
    if (restBefore !== null && inputs.options.backward) {
      forward = await pass(
        inputs,
        restBefore.cameraFromObject,
        relifted(inputs, known, restBefore, first),
        range,
        restBefore.how === 'standing',
        onFrame,
        slidesOf(backward),
      );
    }
  } else {
    const reference = Math.min(last, Math.max(first, model.referenceFrame));
    const pose = await refineAt(inputs, start, reference);
    const later = await pass(inputs, pose, known, range.slice(reference - first), false, onFrame);
    const earlier = await pass(inputs, pose, known, range.slice(0, reference - first).reverse(), false, onFrame);
    forward = [...earlier.reverse(), ...later];
    restAfter =
      after && (await estimateRest(onSupport(bare, last + 1), endOf(forward), after, far(forward[forward.length - 1])));
    restBefore =
      before && (await estimateRest(onSupport(bare, first - 1), forward[0].cameraFromObject, before, far(forward[0])));
  }
  backward?.reverse();
  const moving = forward && backward ? fusePasses(forward, backward, inputs.object) : (forward ?? backward ?? []);
  const stillAtFirst =
    restBefore && inputs.options.rest ? await restingFrames(bare, moving, restBefore.cameraFromObject) : 0;
  const later = moving.slice(stillAtFirst);
  const stillAtLast =
    restAfter && inputs.options.rest ? await restingFrames(bare, [...later].reverse(), restAfter.cameraFromObject) : 0;
  const truly = later.slice(0, later.length - stillAtLast);
  const ended = endOf(moving);
  if (before !== null) {
    fillRest(all, [before[0], before[1] + stillAtFirst], restBefore?.cameraFromObject ?? start, restBefore);
  }
  if (after !== null) {
    fillRest(all, [after[0] - stillAtLast, after[1]], restAfter?.cameraFromObject ?? ended, restAfter);
  }
  await fillMoving(all, inputs, truly, first + stillAtFirst, restBefore, restAfter);
  return all;
}

/** The clip cut into a rest before the motion, the motion, and a rest after it (inclusive frame ranges). */
function restsOf(
  motion: TrajectoryInputs['motion'],
  numFrames: number,
): { before: [number, number] | null; moving: [number, number] | null; after: [number, number] | null } {
  if (motion === null) return { before: null, moving: null, after: null };
  const first = Math.min(numFrames - 1, Math.max(0, motion.firstFrame));
  const last = Math.min(numFrames - 1, Math.max(first, motion.lastFrame));
  return {
    before: first > 0 ? [0, first - 1] : null,
    moving: [first, last],
    after: last < numFrames - 1 ? [last + 1, numFrames - 1] : null,
  };
}

const endOf = (frames: readonly FollowedFrame[]): Mat4 => frames[frames.length - 1].cameraFromObject;

const slidesOf = (frames: readonly FollowedFrame[]): Set<number> =>
  new Set(frames.flatMap(({ frameIdx, grounded }) => (grounded ? [frameIdx] : [])));

/** Gives tracks their places on the model in the compared frames of a rest, the one next to the motion first. */
function liftInRest(
  { object, camera }: TrajectoryInputs,
  lifted: LiftedTracks | null,
  rest: RestPose | null,
  motionFrame: number,
): void {
  const box = rest && projectedBox(object, rest.cameraFromObject, camera);
  if (lifted === null || rest === null || box === null) return;
  const near = [...rest.frameIdxs].sort((a, b) => Math.abs(a - motionFrame) - Math.abs(b - motionFrame));
  for (const frameIdx of near) lifted.lift(frameIdx, rest.cameraFromObject, camera, box, object);
}

/**
 * Tracks for the way back: a patterned object's pose at the far rest is known without them, so they get their places anew there,
 * free of what slipped on the way; a plain one's turn is known by the old places only.
 */
function relifted(
  inputs: TrajectoryInputs,
  known: LiftedTracks | null,
  rest: RestPose,
  motionFrame: number,
): LiftedTracks | null {
  if (known === null || inputs.tracks === null || rest.isPlain) return known;
  const fresh = new LiftedTracks(inputs.tracks, inputs.model.id);
  liftInRest(inputs, fresh, rest, motionFrame);
  return fresh;
}

/** Follows over a range from a known pose. */
async function pass(
  inputs: TrajectoryInputs,
  start: Mat4,
  known: LiftedTracks | null,
  frameIdxs: readonly number[],
  standing: boolean,
  onFrame: () => void,
  slides: ReadonlySet<number> = new Set(),
): Promise<FollowedFrame[]> {
  if (frameIdxs.length === 0) return [];
  const { model, supportIn } = inputs;
  const field = supportIn(frameIdxs[0]);
  return followObject(
    { ...inputs, lifted: known?.copy() ?? null, field, reference: model.cameraFromObject, slides },
    start,
    frameIdxs,
    standing,
    onFrame,
  );
}

/** The start pose corrected in one frame, for objects that never rest. */
async function refineAt(inputs: TrajectoryInputs, start: Mat4, frameIdx: number): Promise<Mat4> {
  const { object, camera, options } = inputs;
  const evidence = await inputs.evidence(frameIdx);
  const box = unionBox(projectedBox(object, start, camera), boxOfId(evidence.idMap, object.id));
  if (box === null) return start;
  const observation = observe(evidence, object.id, camera, box, object.windowPx ?? options.poseCrop);
  const settings = { steps: 2 * options.poseSteps, freedom: 'free' } as const;
  return refinePose(object, start, [{ observation, tracks: null }], settings).cameraFromObject;
}

function fillRest(all: Trajectory, [first, last]: readonly [number, number], pose: Mat4, rest: RestPose | null): void {
  const state = rest === null ? 'guessed' : 'resting';
  const uncertain = rest === null ? 10 : 1 + 10 * Math.max(0, 1 - rest.iou);
  for (let t = first; t <= last; t++) {
    all[t] = { cameraFromObject: pose, state, sdM: uncertain * 1e-3, sdRad: uncertain * 1e-2 };
  }
}

/** Smooths the motion between its pinned ends; short gaps are filled, long ones stay lost. */
async function fillMoving(
  all: Trajectory,
  inputs: TrajectoryInputs,
  moving: readonly FollowedFrame[],
  first: number,
  restBefore: RestPose | null,
  restAfter: RestPose | null,
): Promise<void> {
  const { object, camera, fps, options } = inputs;
  const extent = (2 * object.radiusM * camera.fx) / Math.max(inputs.model.cameraFromObject[11], 0.05);
  const windowFocal = (camera.fx * (object.windowPx ?? options.poseCrop)) / (1.6 * Math.max(extent, 1));
  const smoothed = await smoothMotion(
    { ...inputs, lifted: null },
    {
      moving,
      before: restBefore?.cameraFromObject ?? null,
      after: restAfter?.cameraFromObject ?? null,
      focalPx: windowFocal,
      fps,
      trustIn: inputs.trustIn,
    },
  );
  const gap = gapLengths(moving);
  moving.forEach((frame, k) => {
    const tooLong = gap[k] > MAX_GAP_SEC * fps;
    if (smoothed === null || tooLong) {
      all[first + k] = { cameraFromObject: null, state: 'lost', sdM: object.radiusM, sdRad: Math.PI };
      return;
    }
    const useSmoothed = options.smooth || frame.lost;
    all[first + k] = {
      cameraFromObject: useSmoothed ? smoothed[k].cameraFromObject : frame.cameraFromObject,
      state: frame.lost ? 'guessed' : 'moving',
      sdM: smoothed[k].sdM,
      sdRad: smoothed[k].sdRad,
    };
  });
}

/** For every lost frame the length of the gap it lies in, else 0. */
function gapLengths(frames: readonly FollowedFrame[]): number[] {
  const lengths = new Array<number>(frames.length).fill(0);
  for (let k = 0; k < frames.length; ) {
    let end = k;
    while (end < frames.length && frames[end].lost) end++;
    lengths.fill(end - k, k, end);
    k = Math.max(end, k + 1);
  }
  return lengths;
}
