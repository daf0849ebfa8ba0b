/** How much of a plan the camera would miss because the arm stands in front of what it does. */
import { compose, inverse, translationOf } from '../math/se3.js';
import { distance, lerp, type Vec3 } from '../math/vec3.js';
import { segmentDistance } from '../robot/collision.js';
import { armFrames } from '../robot/kinematics.js';
import { CAPSULE_STRIDE, placeArm } from '../robot/placed-arm.js';
import type { EpisodeInputs } from './episode.js';
import type { Leg } from './legs.js';

/** The line of sight ends this far before the tool point: what lies around it is the object and the fingers, metres. */
const BEFORE_TOOL_M = 0.04;
/** Configurations looked at along each leg, as shares of its path. */
const LOOKS = [0, 0.5, 1];

/** Share of the looked-at configurations in which a part of the arm covers the tool point from the camera, 0..1. */
export function occludedShare(inputs: EpisodeInputs, legs: readonly Leg[]): number {
  const { robot, scene } = inputs;
  const eye = translationOf(inverse(scene.cameraFromWorld));
  let looked = 0;
  let covered = 0;
  for (const leg of legs) {
    if (leg.phase === 'transit' || leg.phase === 'return') continue;
    for (const look of LOOKS) {
      const q = leg.path.q[Math.round(look * (leg.path.q.length - 1))];
      const tool = translationOf(compose(scene.worldFromBase, armFrames(robot, q).tool));
      const { capsules } = placeArm(robot, q, leg.widthM[0], scene.worldFromBase);
      looked++;
      if (isCovered(capsules, eye, tool)) covered++;
    }
  }
  return looked === 0 ? 0 : covered / looked;
}

function isCovered(capsules: Float64Array, eye: Vec3, tool: Vec3): boolean {
  const end = lerp(tool, eye, BEFORE_TOOL_M / distance(tool, eye));
  const sight = [...eye, ...end, 0];
  for (let at = 0; at < capsules.length; at += CAPSULE_STRIDE) {
    const capsule = capsules.subarray(at, at + CAPSULE_STRIDE);
    if (segmentDistance([...capsule, ...sight], 0, CAPSULE_STRIDE) < capsule[6]) return true;
  }
  return false;
}
