/** What slides stands upright on what bears it, after smoothing too. */
import { compose, interpolate, inverse, type Mat4 } from '../math/se3.js';
import type { FollowedFrame } from './follow.js';
import type { TrackedObject } from './objective.js';
import { uprightAt } from './upright.js';

/** Over so many frames a thing is taken to and from the ground, so that it does not jump. */
const FEATHERED_FRAMES = 3;

/** `smoothed` with height and tilt as followed in the frames in which the object slides: smoothing mixes in those of the frames around. */
export function keptOnGround(
  smoothed: readonly Mat4[],
  followed: readonly FollowedFrame[],
  object: Pick<TrackedObject, 'worldFromCamera' | 'round'>,
): Mat4[] {
  const isSlid = followed.map(({ grounded, lost }) => grounded && !lost);
  return smoothed.map((pose, k) => {
    if (!isSlid[k]) return pose;
    let inside = 1;
    while (inside < FEATHERED_FRAMES && isSlid[k - inside] && isSlid[k + inside]) inside++;
    return interpolate(pose, standing(pose, followed[k].cameraFromObject, object), inside / FEATHERED_FRAMES);
  });
}

/** Place across the table and turn of one pose, height and tilt of another. */
function standing(
  pose: Mat4,
  grounded: Mat4,
  { worldFromCamera, round }: Pick<TrackedObject, 'worldFromCamera' | 'round'>,
): Mat4 {
  const worldFromObject = compose(worldFromCamera, uprightAt({ worldFromCamera, round }, pose, grounded));
  worldFromObject[11] = compose(worldFromCamera, grounded)[11];
  return compose(inverse(worldFromCamera), worldFromObject);
}
