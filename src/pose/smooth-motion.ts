/** The smoother over a motion, held to the pictures: where they contradict what it makes of a followed pose, it is to keep nearer to that. */
import type { Mat4 } from '../math/se3.js';
import { type FollowedFrame, type FollowInputs, projectedBox } from './follow.js';
import { measuredPose } from './fuse.js';
import { evaluatePose } from './objective.js';
import { boxOfId, observe, unionBox } from './observation.js';
import { keptOnGround } from './slid-frames.js';
import { type MeasuredPose, type SmoothedPose, smoothPoses } from './smooth.js';

/** Pinned ends of the smoother: a rest is known this well (metres, radians). */
const REST_SD_M = 3e-4;
const REST_SD_RAD = 3e-3;
/** A smoothed pose may cost this much more than the followed one... */
const CONTRADICTED = 0.06;
/** ...else the followed one is taken to be known so much better, and all is smoothed anew, so many times. */
const FIRMER = 0.5;
const ROUNDS = 3;

export interface MotionToSmooth {
  readonly moving: readonly FollowedFrame[];
  /** Poses of the rests before and after; null where there is none. */
  readonly before: Mat4 | null;
  readonly after: Mat4 | null;
  /** Of perception's window at the object's distance, pixels. */
  readonly focalPx: number;
  readonly fps: number;
  /** 0..1, see `measuredPose`. */
  trustIn(frameIdx: number): number;
}

/** Poses of the moving frames; null when nothing at all was measured. */
export async function smoothMotion(inputs: FollowInputs, motion: MotionToSmooth): Promise<SmoothedPose[] | null> {
  const { moving, before, after, focalPx, fps } = motion;
  const pin = (pose: Mat4 | null): MeasuredPose[] =>
    pose ? [{ cameraFromObject: pose, acrossM: REST_SD_M, alongM: REST_SD_M, rotationRad: REST_SD_RAD }] : [];
  let measured = moving.map((frame) => measuredPose(frame, inputs.object, focalPx, motion.trustIn(frame.frameIdx)));
  let compared: Compared | null = null;
  for (let round = 0; ; round++) {
    const all = smoothPoses([...pin(before), ...measured, ...pin(after)], 1 / fps);
    if (all === null) return null;
    const smoothed = all.slice(pin(before).length, pin(before).length + moving.length);
    const poses = keptOnGround(
      smoothed.map((pose) => pose.cameraFromObject),
      moving,
      inputs.object,
    );
    const held = smoothed.map((pose, k) => ({ ...pose, cameraFromObject: poses[k] }));
    if (round === ROUNDS) return held;
    compared ??= await compareWith(inputs, moving);
    const doubted = contradictedFrames(compared, poses);
    if (doubted.size === 0) return held;
    measured = measured.map((pose, k) => (doubted.has(k) ? firmer(pose) : pose));
  }
}

const firmer = (pose: MeasuredPose): MeasuredPose => ({
  ...pose,
  acrossM: FIRMER * pose.acrossM,
  alongM: FIRMER * pose.alongM,
  rotationRad: FIRMER * pose.rotationRad,
});

/** By index of a followed frame: what its picture makes of other poses in it. */
type Compared = Map<number, { readonly followed: number; lossOf(pose: Mat4): number }>;

async function compareWith(
  { object, camera, options, evidence: evidenceOf }: FollowInputs,
  moving: readonly FollowedFrame[],
): Promise<Compared> {
  const seen = { ...object, weights: { ...object.weights, contact: 0 } };
  const compared: Compared = new Map();
  for (const [k, { frameIdx, cameraFromObject, lost }] of moving.entries()) {
    if (lost) continue;
    const evidence = await evidenceOf(frameIdx);
    const box = unionBox(projectedBox(object, cameraFromObject, camera), boxOfId(evidence.idMap, object.id));
    if (box === null) continue;
    const observation = observe(evidence, object.id, camera, box, object.windowPx ?? options.poseCrop);
    const lossOf = (pose: Mat4): number => evaluatePose(seen, pose, [{ observation, tracks: null }], false).value;
    compared.set(k, { followed: lossOf(cameraFromObject), lossOf });
  }
  return compared;
}

/** Indices of the frames that are explained clearly better by their followed pose. */
const contradictedFrames = (compared: Compared, poses: readonly Mat4[]): Set<number> =>
  new Set(
    [...compared].flatMap(([k, { followed, lossOf }]) => (lossOf(poses[k]) > followed + CONTRADICTED ? [k] : [])),
  );
