/** Turning of a round bar about its own axis: pictures hardly show it, and a hand that drags a bar over a table has no need of it. */
import { axisOf, compose, type Mat4, rotationBetween } from '../math/se3.js';

/** The same way of a bar along x, which turns no more about its axis than its changing direction asks for. */
export function withoutRoll(path: readonly Mat4[]): Mat4[] {
  const out: Mat4[] = [];
  for (const pose of path) {
    const last = out[out.length - 1];
    const turned = last ? compose(rotationBetween(axisOf(last, 0), axisOf(pose, 0)), last) : [...pose];
    for (const k of [3, 7, 11]) turned[k] = pose[k];
    out.push(turned);
  }
  return out;
}
