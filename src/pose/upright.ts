/** Poses of a thing that stands as it does at its reference: turned about the vertical only, on the table or on something else. */
import { compose, fromYaw, inverse, type Mat4 } from '../math/se3.js';
import type { TrackedObject } from './objective.js';
import { turnedLike } from './round.js';
import { clearanceOf, dropped } from './support.js';

/** Distances along the ray, as factors, within which support is looked for: further off the object hangs in the air. */
const REACH = 1.4;
const REACH_SAMPLES = 57;

/** Turned about the vertical through the object's own centre. */
export function turnedUpright(
  { worldFromCamera }: Pick<TrackedObject, 'worldFromCamera'>,
  cameraFromObject: Mat4,
  yawRad: number,
): Mat4 {
  const worldFromObject = compose(worldFromCamera, cameraFromObject);
  return compose(inverse(worldFromCamera), turnedInPlace(worldFromObject, yawRad, worldFromObject));
}

/** `worldFromObject` turned about the vertical and put where `place` is. */
function turnedInPlace(worldFromObject: Mat4, yawRad: number, place: Mat4): Mat4 {
  const turned = compose(fromYaw(yawRad), worldFromObject);
  for (const k of [3, 7, 11]) turned[k] = place[k];
  return turned;
}

/** The reference's orientation at a pose's place, turned about the vertical, and if round about its own axis, as far as that pose is. */
export function uprightAt(
  { worldFromCamera, round }: Pick<TrackedObject, 'worldFromCamera' | 'round'>,
  cameraFromObject: Mat4,
  reference: Mat4,
): Mat4 {
  const wanted = compose(worldFromCamera, cameraFromObject);
  const upright = compose(worldFromCamera, reference);
  // The turn about z that brings the upright axes nearest to the wanted ones (maximises the trace).
  const rowDot = (a: Mat4, i: number, b: Mat4, j: number): number =>
    a[4 * i] * b[4 * j] + a[4 * i + 1] * b[4 * j + 1] + a[4 * i + 2] * b[4 * j + 2];
  const sine = rowDot(wanted, 1, upright, 0) - rowDot(wanted, 0, upright, 1);
  const cosine = rowDot(wanted, 0, upright, 0) + rowDot(wanted, 1, upright, 1);
  const placed = compose(inverse(worldFromCamera), turnedInPlace(upright, Math.atan2(sine, cosine), wanted));
  return round ? turnedLike(round, placed, cameraFromObject) : placed;
}

/** The poses along its viewing ray at which it just touches what is under it, the nearest one first; none beyond `reach` times its distance. */
export function supportedOnRay(
  { extremes, worldFromCamera, field = null }: Pick<TrackedObject, 'extremes' | 'worldFromCamera' | 'field'>,
  pose: Mat4,
  reach = REACH,
): Mat4[] {
  const at = (factor: number): Mat4 => pose.map((v, k) => (k === 3 || k === 7 || k === 11 ? v * factor : v));
  const heightAt = (factor: number): number => clearanceOf(extremes, at(factor), worldFromCamera, field).heightM;
  const touches: number[] = [];
  let [before, heightBefore] = [1 / reach, heightAt(1 / reach)];
  for (let k = 1; k < REACH_SAMPLES; k++) {
    const factor = reach ** ((2 * k) / (REACH_SAMPLES - 1) - 1);
    const height = heightAt(factor);
    if (heightBefore > 0 && height <= 0) {
      touches.push(before + ((factor - before) * heightBefore) / (heightBefore - height));
    }
    [before, heightBefore] = [factor, height];
  }
  return touches
    .sort((a, b) => Math.abs(Math.log(a)) - Math.abs(Math.log(b)))
    .map((factor) => dropped(extremes, at(factor), worldFromCamera, field));
}
