/**
 * Which of its sides a box or cube shows where no table says which way is up: turned by quarter turns its outline stays the same, and at the
 * low resolution of the first search so may its colours. Its print at full resolution decides.
 */
import { compose, expTwist, fromTranslation, type Mat4 } from '../../math/se3.js';
import { scale, type Vec3, vec3 } from '../../math/vec3.js';
import { refinePose } from '../../pose/adam.js';
import type { TrackedObject } from '../../pose/objective.js';
import type { Observation } from '../../pose/observation.js';
import { OUTLINE_SHARE, outlineMiss, printCost, SAME_OUTLINE } from './standing-turn.js';

/** Turns descended from. */
const REFINED = 4;
const REFINE_STEPS = 20;

/** `found`, or the quarter turn of it about the model's own middle and axes that explains the print better. */
export function bestQuarterTurn(object: TrackedObject, found: Mat4, view: Observation): Mat4 {
  const costOf = (pose: Mat4): number => outlineMiss(object, pose, [view]) + printCost(object, pose, [view]);
  const middle = middleOf(object.gaussians.position);
  const turns = quarterTurns().map((turn) =>
    compose(found, fromTranslation(middle), turn, fromTranslation(scale(middle, -1))),
  );
  const least = outlineMiss(object, found, [view]);
  const weights = { ...object.weights, mask: OUTLINE_SHARE * object.weights.mask };
  const tried = turns
    .filter((pose) => outlineMiss(object, pose, [view]) < least + SAME_OUTLINE)
    .map((pose) => ({ pose, cost: costOf(pose) }))
    .sort((a, b) => a.cost - b.cost)
    .slice(0, REFINED)
    .map(({ pose }) => {
      const settings = { steps: REFINE_STEPS, freedom: 'free' } as const;
      return refinePose({ ...object, weights }, pose, [{ observation: view, tracks: null }], settings).cameraFromObject;
    });
  return [found, ...tried]
    .map((pose) => ({ pose, cost: costOf(pose) }))
    .reduce((best, other) => (other.cost < best.cost ? other : best)).pose;
}

function middleOf(position: ArrayLike<number>): Vec3 {
  return vec3((c) => {
    let [low, high] = [Infinity, -Infinity];
    for (let i = c; i < position.length; i += 3) {
      low = Math.min(low, position[i]);
      high = Math.max(high, position[i]);
    }
    return (low + high) / 2;
  });
}

/** The 23 rotations of a cube other than none: each side to the front, in each of its four turns. */
function quarterTurns(): Mat4[] {
  const quarter = (axis: 0 | 1 | 2, times: number): Mat4 => {
    const turn = [0, 0, 0];
    turn[axis] = (times * Math.PI) / 2;
    return expTwist([0, 0, 0, turn[0], turn[1], turn[2]]);
  };
  const sides = [0, 1, 2, 3].map((k) => quarter(0, k)).concat([quarter(1, 1), quarter(1, 3)]);
  return sides.flatMap((side) => [0, 1, 2, 3].map((k) => compose(side, quarter(2, k)))).slice(1);
}
