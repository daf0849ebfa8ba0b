/** What throws soft shadows in a frame: the low parts of the arm and every object. */
import { type Mat4, transformPoint } from '../math/se3.js';
import { CAPSULE_STRIDE, placeArm } from '../robot/placed-arm.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { Caster } from './contact-shadow.js';
import type { EpisodePlan } from './episode.js';

const OBJECT_STRENGTH = 0.42;
const ARM_STRENGTH = 0.35;
/** Arm parts higher than this throw nothing that could be seen, metres. */
const HIGHEST_ARM_M = 0.3;

/** Half extents of a set of points along its own x and y, and its lowest point, all metres. */
export interface ObjectOutline {
  readonly centre: readonly [number, number, number];
  readonly half: readonly [number, number, number];
}

/** Box around the points of a set, [N, 3]. */
export function outlineOf(position: ArrayLike<number>): ObjectOutline {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let k = 0; k < position.length; k++) {
    low[k % 3] = Math.min(low[k % 3], position[k]);
    high[k % 3] = Math.max(high[k % 3], position[k]);
  }
  const of = (f: (i: number) => number): [number, number, number] => [f(0), f(1), f(2)];
  return { centre: of((i) => (low[i] + high[i]) / 2), half: of((i) => (high[i] - low[i]) / 2) };
}

/** The parts of a stage that shadows depend on. */
export interface ShadowStage {
  readonly robot: RobotModel;
  readonly worldFromBase: Mat4;
  readonly outlines: ReadonlyMap<number, ObjectOutline>;
}

export function castersAt(stage: ShadowStage, plan: EpisodePlan, frame: number): Caster[] {
  const n = stage.robot.joints.length;
  const q = plan.jointPositions.subarray(frame * n, (frame + 1) * n);
  const arm = placeArm(stage.robot, q, plan.gripperWidth[frame], stage.worldFromBase);
  const casters: Caster[] = [];
  for (let at = 0; at < arm.capsules.length; at += CAPSULE_STRIDE) {
    const [ax, ay, az, bx, by, bz, radiusM] = arm.capsules.subarray(at, at + CAPSULE_STRIDE);
    const heightM = Math.min(az, bz) - radiusM;
    if (heightM > HIGHEST_ARM_M) continue;
    casters.push({ from: [ax, ay], to: [bx, by], radiusM: radiusM * 0.8, heightM, strength: ARM_STRENGTH });
  }
  for (const { id, worldFromObject } of plan.objectPoses) {
    const outline = stage.outlines.get(id);
    if (outline) casters.push(objectCaster(outline, [...worldFromObject.subarray(frame * 16, frame * 16 + 16)]));
  }
  return casters;
}

/** The box's longest level extent as a line, half its other one as the radius. */
function objectCaster({ centre, half }: ObjectOutline, worldFromObject: Mat4): Caster {
  const middle = transformPoint(worldFromObject, [...centre]);
  // Half extents of the box along the world's axes of the object: columns of its rotation seen from above.
  const axes = [0, 1, 2]
    .map((i) => ({
      x: worldFromObject[i] * half[i],
      y: worldFromObject[4 + i] * half[i],
      z: worldFromObject[8 + i] * half[i],
    }))
    .sort((a, b) => Math.hypot(b.x, b.y) - Math.hypot(a.x, a.y));
  const lowest = middle[2] - axes.reduce((sum, axis) => sum + Math.abs(axis.z), 0);
  const [long, wide] = axes;
  const longLength = Math.hypot(long.x, long.y);
  const radiusM = Math.min(Math.hypot(wide.x, wide.y), longLength);
  const share = longLength > 0 ? (longLength - radiusM) / longLength : 0;
  return {
    from: [middle[0] - share * long.x, middle[1] - share * long.y],
    to: [middle[0] + share * long.x, middle[1] + share * long.y],
    radiusM,
    heightM: lowest,
    strength: OBJECT_STRENGTH,
  };
}
