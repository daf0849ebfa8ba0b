/** Which frames show an object from different sides, well enough and at a pose known well enough to learn its shape and colours from. */
import { inverse, type Mat4, translationOf } from '../math/se3.js';
import { dot, normalize, type Vec3 } from '../math/vec3.js';

/** One frame in which the object's pose is known. */
export interface PosedFrame {
  readonly frameIdx: number;
  readonly cameraFromObject: Mat4;
  readonly isResting: boolean;
  /** 0..1: how well the object is seen there and its pose agrees with the picture. */
  readonly trust: number;
}

/** Frames below this trust teach nothing: of views between 0.5 and 0.6 half lay wrong (a block behind a brush by a quarter turn). */
export const MIN_TRUST = 0.65;
/** A view is worth taking when its direction differs from all chosen ones by this much (radians: 7 degrees). */
const NEW_SIDE_RAD = 0.12;
/** Directions farther apart than this are equally new: a well-seen view then counts more than a farther one. */
const FULLY_NEW_RAD = 0.6;

/** Unit vector from the object to the camera, in the object frame. */
export function viewDirection(cameraFromObject: Mat4): Vec3 {
  return normalize(translationOf(inverse(cameraFromObject)));
}

/**
 * At most `count` frames, `first` always among them: each next one is the best mixture of a new direction and trust. The order is
 * that of choice.
 */
export function chooseViews(
  first: PosedFrame,
  frames: readonly PosedFrame[],
  count: number,
  minTrust = MIN_TRUST,
): PosedFrame[] {
  const chosen = [first];
  const open = frames
    .filter(({ trust, frameIdx }) => trust >= minTrust && frameIdx !== first.frameIdx)
    .map((frame) => ({ frame, direction: viewDirection(frame.cameraFromObject), newness: Number.POSITIVE_INFINITY }));
  while (chosen.length < count) {
    const last = viewDirection(chosen[chosen.length - 1].cameraFromObject);
    let best: (typeof open)[number] | null = null;
    let bestWorth = 0;
    for (const candidate of open) {
      const angle = Math.acos(Math.min(1, Math.max(-1, dot(candidate.direction, last))));
      candidate.newness = Math.min(candidate.newness, angle);
      if (candidate.newness < NEW_SIDE_RAD) continue;
      const worth = Math.min(candidate.newness, FULLY_NEW_RAD) * candidate.frame.trust ** 2;
      if (worth > bestWorth) [best, bestWorth] = [candidate, worth];
    }
    if (best === null) break;
    chosen.push(best.frame);
  }
  return chosen;
}
