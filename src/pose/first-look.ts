/** A quick first look at where objects are: every other frame, one direction, no searches. What their shapes are then refined with. */
import type { StageContext } from '../base/context.js';
import { resolveOptions } from '../base/options.js';
import type { PosedFrame } from '../objects/refine-views.js';
import type { Perception, Tracks } from '../perceive/perception.js';
import { type PoseOptions, poseOptions } from './options.js';
import { type PoseInputs, trackPoses } from './track-poses.js';

/** A hand moves a thing by little in this time (seconds): frames nearer to each other are passed over. */
const STEP_SEC = 0.06;
const QUICK: Partial<PoseOptions> = {
  de: false,
  backward: false,
  smooth: false,
  restarts: 2,
  poseSteps: 12,
  poseCrop: 60,
  poseGaussians: 600,
};
/** Loss (see `image-loss.ts`) at which a pose is not worth anything. */
const WORTHLESS_LOSS = 0.5;

/** By object id, the frames in which it was found. Objects that never move are seen from one side only: they are left out. */
export async function firstLook(inputs: PoseInputs, ctx: StageContext): Promise<Map<number, PosedFrame[]>> {
  const { perception } = inputs;
  const moving = new Set(perception.objects.filter(({ motion }) => motion !== null).map(({ id }) => id));
  if (!inputs.objects.objects.some(({ id }) => moving.has(id))) return new Map();
  const stride = Math.max(1, Math.round(STEP_SEC * perception.fps));
  const quiet = { ...ctx, warn: () => {}, progress: () => {} };
  const poses = await trackPoses(everyNth(inputs, stride), { ...resolveOptions(poseOptions), ...QUICK }, quiet);
  return new Map(
    poses.objects
      .filter(({ id }) => moving.has(id))
      .map(({ id, frames }) => [
        id,
        frames.flatMap(({ cameraFromObject, state, loss, visibleFraction }, k): PosedFrame[] =>
          cameraFromObject === null || (state !== 'resting' && state !== 'moving')
            ? []
            : [
                {
                  frameIdx: k * stride,
                  cameraFromObject,
                  isResting: state === 'resting',
                  trust: visibleFraction * Math.max(0, 1 - loss / WORTHLESS_LOSS),
                },
              ],
        ),
      ]),
  );
}

/** The clip with every `stride`-th frame only. */
function everyNth(inputs: PoseInputs, stride: number): PoseInputs {
  const { frames, perception, objects, tracks, readDepth } = inputs;
  const numFrames = Math.ceil(perception.numFrames / stride);
  const nearest = (frameIdx: number): number => Math.min(numFrames - 1, Math.round(frameIdx / stride));
  return {
    ...inputs,
    frames: {
      numFrames,
      fps: frames.fps / stride,
      widthPx: frames.widthPx,
      heightPx: frames.heightPx,
      read: (k) => frames.read(k * stride),
    },
    readMask: (k) => inputs.readMask(k * stride),
    ...(readDepth && { readDepth: (k: number) => readDepth(k * stride) }),
    perception: sparsePerception(perception, numFrames, stride, nearest),
    tracks: tracks && sparseTracks(tracks, numFrames, stride),
    objects: {
      ...objects,
      objects: objects.objects.map((model) => ({ ...model, referenceFrame: nearest(model.referenceFrame) })),
    },
  };
}

function sparsePerception(
  perception: Perception,
  numFrames: number,
  stride: number,
  nearest: (frameIdx: number) => number,
): Perception {
  return {
    ...perception,
    numFrames,
    fps: perception.fps / stride,
    objects: perception.objects.map((object) => ({
      ...object,
      referenceFrame: nearest(object.referenceFrame),
      motion: object.motion && {
        firstFrame: Math.floor(object.motion.firstFrame / stride),
        lastFrame: Math.min(numFrames - 1, Math.ceil(object.motion.lastFrame / stride)),
      },
    })),
  };
}

function sparseTracks({ numTracks, xyPx, objectIds }: Tracks, numFrames: number, stride: number): Tracks {
  const row = 2 * numTracks;
  const kept = new Float32Array(numFrames * row);
  for (let k = 0; k < numFrames; k++) kept.set(xyPx.subarray(k * stride * row, (k * stride + 1) * row), k * row);
  return { numFrames, numTracks, xyPx: kept, objectIds };
}
