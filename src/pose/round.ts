/** Things that look the same all round an axis: pictures do not tell how they are turned about it, only tracked points do. */
import {
  compose,
  fromAxisAngle,
  inverse,
  type Mat4,
  quaternionOf,
  transformDirection,
  transformPoint,
} from '../math/se3.js';
import { cross, dot, sub, type Vec3, vec3At } from '../math/vec3.js';

/** In the object frame, metres. */
export interface RoundAxis {
  readonly direction: Vec3;
  readonly at: Vec3;
}

/** Turn about the axis in the rotation from `from` to `to`, radians in -pi..pi (twist of the swing-twist decomposition). */
export function turnBetween({ direction }: Pick<RoundAxis, 'direction'>, from: Mat4, to: Mat4): number {
  const [w, x, y, z] = quaternionOf(compose(inverse(from), to));
  const angle = 2 * Math.atan2(dot([x, y, z], direction), w);
  return Math.atan2(Math.sin(angle), Math.cos(angle));
}

/** `pose` turned about the thing's own axis. */
export function turnedRound({ direction, at }: RoundAxis, pose: Mat4, angleRad: number): Mat4 {
  const turn = fromAxisAngle(direction, angleRad);
  return compose(pose, fromAxisAngle(direction, angleRad, sub(at, transformPoint(turn, at))));
}

/** `pose` with the turn about the axis that `other` has. */
export const turnedLike = (round: RoundAxis, pose: Mat4, other: Mat4): Mat4 =>
  turnedRound(round, pose, turnBetween(round, pose, other));

/** Takes out of the derivative by a left perturbation [v, w] what belongs to a turn about the axis; all else stays as it is. */
export function withoutTurn({ direction, at }: RoundAxis, cameraFromObject: Mat4, gradient: Float64Array): void {
  const axis = transformDirection(cameraFromObject, direction);
  const centre = transformPoint(cameraFromObject, at);
  const byTurn = dot(vec3At(gradient), cross(centre, axis)) + dot(vec3At(gradient, 3), axis);
  for (let k = 0; k < 3; k++) gradient[3 + k] -= byTurn * axis[k];
}
