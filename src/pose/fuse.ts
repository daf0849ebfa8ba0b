/** Makes one trajectory of a forward and a backward pass, and says how far each pose can be trusted. */

import { interpolate, rotationAngleBetween, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import type { FollowedFrame } from './follow.js';
import { stillSlides } from './footing.js';
import type { TrackedObject } from './objective.js';
import { turnBetween, turnedLike, turnedRound } from './round.js';
import type { MeasuredPose } from './smooth.js';

/** Losses this far apart make the worse pose worth e times less. */
const VALUE_SCALE = 0.015;
/** Poses farther apart than this (object radii, radians) are different answers: their mean would be neither. */
const SAME_RADII = 0.35;
const SAME_RAD = 0.35;
/** Error of a good fit in window pixels, and how it grows with what does not agree. */
const FIT_ERROR_PX = 0.35;
const ERROR_PX_PER_MISS = 5;
/** Perception's trust in a frame below this says no more: the fit itself tells a wrong pose by then. */
const MIN_TRUST = 0.1;
/** Along the view, a place on the table is known this much less well than across: the ray meets the table at a slant. */
const GROUNDED_ALONG = 2;
/** A turn shows about this much less in the outline than a shift. */
const TURN_BLINDNESS = 2;

/** Frame by frame the better of two followed poses, or their weighted mean where they agree. Same frames in the same order. */
export function fusePasses(
  forward: readonly FollowedFrame[],
  backward: readonly FollowedFrame[],
  object: TrackedObject,
): FollowedFrame[] {
  const { round } = object;
  if (!round) return fuseInSight(forward, backward, object);
  const turns = unwrapped(forward.map((f, k) => turnBetween(round, f.cameraFromObject, backward[k].cameraFromObject)));
  const unturned = backward.map((b, k) => ({
    ...b,
    cameraFromObject: turnedLike(round, b.cameraFromObject, forward[k].cameraFromObject),
  }));
  // Each pass knows the turn where it starts, and the less the longer it has followed.
  return fuseInSight(forward, unturned, object).map((frame, k) => ({
    ...frame,
    cameraFromObject: turnedRound(round, frame.cameraFromObject, (turns[k] * (k + 1)) / (turns.length + 1)),
  }));
}

/** Angles without jumps by whole turns. */
function unwrapped(angles: readonly number[]): number[] {
  let last = 0;
  return angles.map((angle) => {
    last += Math.atan2(Math.sin(angle - last), Math.cos(angle - last));
    return last;
  });
}

function fuseInSight(
  forward: readonly FollowedFrame[],
  backward: readonly FollowedFrame[],
  object: TrackedObject,
): FollowedFrame[] {
  return forward.map((f, k) => {
    const b = backward[k];
    if (f.lost || b.lost) return f.lost ? b : f;
    if (f.grounded !== b.grounded) {
      const [slid, free] = f.grounded ? [f, b] : [b, f];
      return stillSlides(slid.value, free.value) ? slid : free;
    }
    const share = 1 / (1 + Math.exp((f.value - b.value) / VALUE_SCALE));
    const apart = distance(translationOf(f.cameraFromObject), translationOf(b.cameraFromObject));
    const turned = rotationAngleBetween(f.cameraFromObject, b.cameraFromObject);
    if (apart > SAME_RADII * object.radiusM || turned > SAME_RAD) return f.value <= b.value ? f : b;
    const cameraFromObject = interpolate(b.cameraFromObject, f.cameraFromObject, share);
    return { ...(f.value <= b.value ? f : b), cameraFromObject };
  });
}

/**
 * Standard deviations of a followed pose: pixels of fit error at the object's distance. `focalPx` of the tracking window; `trust` 0..1 of
 * perception in what it saw of the object in this frame, against the best it saw. Half as much of an outline, or half as many tracks that
 * agree, average the error out less by the root of that.
 */
export function measuredPose(
  frame: FollowedFrame,
  { radiusM }: Pick<TrackedObject, 'radiusM'>,
  focalPx: number,
  trust = 1,
): MeasuredPose {
  const depth = Math.max(frame.cameraFromObject[11], 1e-3);
  const fitPx = FIT_ERROR_PX + ERROR_PX_PER_MISS * Math.max(0, 1 - frame.iou);
  const errorPx = fitPx / Math.sqrt(Math.max(MIN_TRUST, trust));
  const radiusPx = Math.max((radiusM * focalPx) / depth, 2);
  return {
    cameraFromObject: frame.lost ? null : frame.cameraFromObject,
    acrossM: (errorPx * depth) / focalPx,
    // What slides on its support is as far as the support is.
    alongM: frame.grounded ? (GROUNDED_ALONG * errorPx * depth) / focalPx : (errorPx * depth) / radiusPx,
    rotationRad: (TURN_BLINDNESS * errorPx) / radiusPx,
  };
}
