/** Frames taken for motion in which an object still, or already, lies where it rests: perception tells a motion's ends to some frames only. */
import { type Mat4, rotationAngleBetween, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import { type FollowedFrame, type FollowInputs, projectedBox } from './follow.js';
import { doubtShrunkMask, evaluatePose } from './objective.js';
import { boxOfId, observe, unionBox } from './observation.js';

/** Farther from the rest than this, a followed pose is a motion, however well the rest may fit (metres, radians). */
const NEAR_M = 0.003;
const NEAR_RAD = 0.06;
/** The rest's pose explains a frame as well when its loss is at most this much higher. */
const AS_GOOD = 0.004;

/**
 * How many of `frames`, in order away from the rest, belong to it: they were followed to almost the same pose, and that of the rest
 * explains them as well. A frame in which nothing was measured belongs to it when a later one does.
 */
export async function restingFrames(
  { object, camera, options, evidence: evidenceOf }: FollowInputs,
  frames: readonly FollowedFrame[],
  rest: Mat4,
): Promise<number> {
  let resting = 0;
  for (const [k, frame] of frames.entries()) {
    if (frame.lost) continue;
    const apart = distance(translationOf(frame.cameraFromObject), translationOf(rest));
    if (apart > NEAR_M || rotationAngleBetween(frame.cameraFromObject, rest) > NEAR_RAD) break;
    const evidence = await evidenceOf(frame.frameIdx);
    const box = unionBox(projectedBox(object, rest, camera), boxOfId(evidence.idMap, object.id));
    if (box === null) break;
    const seen = observe(evidence, object.id, camera, box, object.windowPx ?? options.poseCrop);
    const views = [{ observation: doubtShrunkMask(object, rest, seen), tracks: null }];
    const lossOf = (pose: Mat4): number => evaluatePose(object, pose, views, false).value;
    if (lossOf(rest) > lossOf(frame.cameraFromObject) + AS_GOOD) break;
    resting = k + 1;
  }
  return resting;
}
