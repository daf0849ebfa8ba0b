/** Where a known object may stand when its mask may be only a part of it: differential evolution over what standing on a table leaves. */
import type { Random } from '../../base/random.js';
import type { PixelBox } from '../../image/image.js';
import type { Intrinsics } from '../../math/camera.js';
import { differentialEvolution } from '../../math/differential-evolution.js';
import { axisOf, compose, fromAxisAngle, type Mat4, rotationBetween } from '../../math/se3.js';
import { dot, type Vec3 } from '../../math/vec3.js';
import type { Perception } from '../../perceive/perception.js';
import type { TrackedObject } from '../../pose/objective.js';
import { type FrameEvidence, type Observation, observe } from '../../pose/observation.js';
import { unexplainedShare } from './explain.js';
import { UP_AXES } from './table-under.js';

const POPULATION = 24;
const GENERATIONS = 18;
const WINDOW_PX = 56;
const FINE_PX = 96;
/** Half widths: the centre in radii of the object, the table's distance in standard deviations of its logarithm. */
const OFFSET_RADII = 1;
const DISTANCE_SDS = 2.25;
/** What one standard deviation of the distance costs, and the least that is believed of perception's own. */
const DISTANCE_COST = 0.01;
const MIN_DISTANCE_SD = 0.2;

/** Of a table at a factor exp(`log`) of its perceived distance, which is known to `sd` (of the logarithm). */
export const distanceCost = (log: number, sd: number): number =>
  DISTANCE_COST * (log / Math.max(MIN_DISTANCE_SD, sd)) ** 2;

export interface StandingFit {
  readonly cameraFromObject: Mat4;
  readonly cost: number;
}

/** Windows wide enough for the object at the distance of the table, whatever part of it the mask is. */
export function wideView(
  object: TrackedObject,
  evidence: FrameEvidence,
  camera: Intrinsics,
  mask: PixelBox,
  cameraFromWorld: Mat4,
  sizePx: number,
): Observation {
  const [cx, cy] = [(mask.x0 + mask.x1) / 2, (mask.y0 + mask.y1) / 2];
  const reach = (camera.fx * object.radiusM * (1 + OFFSET_RADII / 2)) / tableDepth(camera, cx, cy, cameraFromWorld);
  const box = {
    x0: Math.min(mask.x0, cx - reach),
    x1: Math.max(mask.x1, cx + reach),
    y0: Math.min(mask.y0, cy - reach),
    y1: Math.max(mask.y1, cy + reach),
  };
  return observe(evidence, object.id, camera, box, sizePx);
}

/** Turns of the most promising ways to stand that are compared at full resolution, and how many of them are kept. */
const TURNS = 24;
const TURNED_WAYS = 2;
const KEPT_TURNS = 3;

/** The best pose for each side that may be up, and the most promising of them turned. `mask`: its box in the frame. */
export function searchStanding(
  object: TrackedObject,
  evidence: FrameEvidence,
  camera: Intrinsics,
  mask: PixelBox,
  { cameraFromWorld, scaleLogSd }: Pick<Perception['table'], 'cameraFromWorld' | 'scaleLogSd'>,
  random: Random,
): StandingFit[] {
  const up = axisOf(cameraFromWorld, 2);
  const view = wideView(object, evidence, camera, mask, cameraFromWorld, WINDOW_PX);
  const [cx, cy] = [(mask.x0 + mask.x1) / 2, (mask.y0 + mask.y1) / 2];
  const depth = tableDepth(camera, cx, cy, cameraFromWorld);
  const reachLog = DISTANCE_SDS * Math.max(MIN_DISTANCE_SD, scaleLogSd);
  const ray: Vec3 = [(cx - camera.cx) / camera.fx, (cy - camera.cy) / camera.fy, 1];
  const found = UP_AXES.map((axis) => {
    const upright = rotationBetween(axis, up);
    const poseAt = ([turn, dx, dy, log]: readonly number[]): Mat4 => {
      const pose = compose(upright, fromAxisAngle(axis, 2 * Math.PI * turn));
      const z = depth * Math.exp(log);
      pose[3] = ray[0] * z + dx * object.radiusM;
      pose[7] = ray[1] * z + dy * object.radiusM;
      pose[11] = z;
      return pose;
    };
    const [best] = differentialEvolution(
      (p) => unexplainedShare(object, poseAt(p), [view]) + distanceCost(p[3], scaleLogSd),
      [0, -OFFSET_RADII, -OFFSET_RADII, -reachLog],
      [1, OFFSET_RADII, OFFSET_RADII, reachLog],
      random,
      { populationSize: POPULATION, generations: GENERATIONS, periodic: [true] },
    );
    return { cameraFromObject: poseAt(best.x), cost: best.value };
  }).sort((a, b) => a.cost - b.cost);
  const fine = wideView(object, evidence, camera, mask, cameraFromWorld, FINE_PX);
  const turned = found.slice(0, TURNED_WAYS).flatMap(({ cameraFromObject }) =>
    Array.from({ length: TURNS }, (_, k) => {
      const pose = compose(fromAxisAngle(up, (2 * Math.PI * k) / TURNS), cameraFromObject);
      for (const i of [3, 7, 11]) pose[i] = cameraFromObject[i];
      return { cameraFromObject: pose, cost: unexplainedShare(object, pose, [fine]) };
    })
      .sort((a, b) => a.cost - b.cost)
      .slice(0, KEPT_TURNS),
  );
  return [...found, ...turned];
}

/** z-depth of the table on a pixel's ray, metres. */
function tableDepth(camera: Intrinsics, xPx: number, yPx: number, cameraFromWorld: Mat4): number {
  const up = axisOf(cameraFromWorld, 2);
  const table = dot(up, [cameraFromWorld[3], cameraFromWorld[7], cameraFromWorld[11]]);
  const slope = dot(up, [(xPx - camera.cx) / camera.fx, (yPx - camera.cy) / camera.fy, 1]);
  const depth = table / slope;
  return depth > 0 ? depth : Math.abs(table);
}
