/**
 * The pose of a known object in one frame from its mask and colours: differential evolution over all six freedoms, and where the
 * table's direction is known also over those that an object standing on it has left.
 */
import type { Random } from '../../base/random.js';
import { createBytes } from '../../image/image.js';
import { maskWhere } from '../../image/morphology.js';
import type { Intrinsics } from '../../math/camera.js';
import { differentialEvolution } from '../../math/differential-evolution.js';
import {
  compose,
  fromAxisAngle,
  fromQuaternion,
  type Mat4,
  rotationAngleBetween,
  rotationBetween,
} from '../../math/se3.js';
import type { Vec3 } from '../../math/vec3.js';
import type { TriangleMesh } from '../../objects/object-model.js';
import { type Refined, refinePose } from '../../pose/adam.js';
import { calibrateScale } from '../../pose/calibrate.js';
import { evaluatePose, type TrackedObject } from '../../pose/objective.js';
import { boxOfId, type FrameEvidence, observe } from '../../pose/observation.js';
import type { PoseOptions } from '../../pose/options.js';
import { renderDepth } from '../draw/render-depth.js';
import { UP_AXES } from './table-under.js';

/** Rotations are unknown altogether: several times the population that a search on a table needs. */
const POPULATION = 72;
const GENERATIONS = 30;
const SEARCH_WINDOW_PX = 36;
/** Different poses of the last population that are refined and compared at full resolution. */
const CANDIDATES = 6;
const MIN_TURN_RAD = 0.35;
const REFINE_STEPS = 40;
/** Half widths of the search: the centre in radii of the object, the distance as a factor. */
const OFFSET_RADII = 0.6;
const DISTANCE_LOG = 0.35;

/** Up for cameras that are held level. */
const UP_IN_CAMERA: Vec3 = [0, -1, 0];
/** On a table only turn, place and distance are free. */
const TABLE_POPULATION = 24;
const TABLE_GENERATIONS = 18;
/**
 * null when the mask is empty. `areaM2`: surface of the object, for a first distance. `up`: the table's normal in the camera
 * frame, if the object may be standing on one. Without `de` an upright pose at the middle of the mask is improved, whatever its turn.
 */
export function findPose(
  object: TrackedObject,
  evidence: FrameEvidence,
  camera: Intrinsics,
  areaM2: number,
  { poseCrop: windowPx, de }: Pick<PoseOptions, 'poseCrop' | 'de'>,
  random: Random,
  up: Vec3 | null = null,
): Refined | null {
  const box = boxOfId(evidence.idMap, object.id);
  if (box === null) return null;
  let maskPx = 0;
  for (const id of evidence.idMap.data) if (id === object.id) maskPx++;
  // Seen from everywhere, a convex body shows a quarter of its surface on average (Cauchy).
  const distanceM = Math.sqrt((camera.fx * camera.fy * areaM2) / 4 / maskPx);
  const ray = [((box.x0 + box.x1) / 2 - camera.cx) / camera.fx, ((box.y0 + box.y1) / 2 - camera.cy) / camera.fy];
  const centreOf = (dx: number, dy: number, logZ: number): Vec3 => {
    const z = distanceM * Math.exp(logZ);
    return [ray[0] * z + dx * object.radiusM, ray[1] * z + dy * object.radiusM, z];
  };
  const poseOf = ([u1, u2, u3, dx, dy, logZ]: readonly number[]): Mat4 =>
    fromQuaternion(uniformRotation(u1, u2, u3), centreOf(dx, dy, logZ));
  const fine = [{ observation: observe(evidence, object.id, camera, box, windowPx), tracks: null }];
  if (!de) {
    const upright = rotationBetween(UP_AXES[0], up ?? UP_IN_CAMERA);
    [upright[3], upright[7], upright[11]] = centreOf(0, 0, 0);
    return refinePose(object, upright, fine, { steps: REFINE_STEPS, freedom: 'free' });
  }
  const coarse = [{ observation: observe(evidence, object.id, camera, box, SEARCH_WINDOW_PX), tracks: null }];
  const population = differentialEvolution(
    (p) => evaluatePose(object, poseOf(p), coarse, false).value,
    [0, 0, 0, -OFFSET_RADII, -OFFSET_RADII, -DISTANCE_LOG],
    [1, 1, 1, OFFSET_RADII, OFFSET_RADII, DISTANCE_LOG],
    random,
    { populationSize: POPULATION, generations: GENERATIONS, periodic: [false, true, true] },
  );
  const standing =
    up === null
      ? []
      : UP_AXES.map((axis) => {
          const upright = rotationBetween(axis, up);
          const poseAt = ([turn, dx, dy, logZ]: readonly number[]): Mat4 => {
            const pose = compose(upright, fromAxisAngle(axis, 2 * Math.PI * turn));
            [pose[3], pose[7], pose[11]] = centreOf(dx, dy, logZ);
            return pose;
          };
          const [best] = differentialEvolution(
            (p) => evaluatePose(object, poseAt(p), coarse, false).value,
            [0, -OFFSET_RADII, -OFFSET_RADII, -DISTANCE_LOG],
            [1, OFFSET_RADII, OFFSET_RADII, DISTANCE_LOG],
            random,
            { populationSize: TABLE_POPULATION, generations: TABLE_GENERATIONS, periodic: [true] },
          );
          return poseAt(best.x);
        });
  const kept: Mat4[] = [];
  for (const { x } of population) {
    const pose = poseOf(x);
    if (kept.every((other) => rotationAngleBetween(other, pose) > MIN_TURN_RAD)) kept.push(pose);
    if (kept.length === CANDIDATES) break;
  }
  const refined = [...kept, ...standing].map((pose) =>
    refinePose(object, pose, fine, { steps: REFINE_STEPS, freedom: 'free' }),
  );
  return refined.reduce((best, other) => (other.value < best.value ? other : best));
}

export interface Calibrated {
  /** At which the object is to be drawn. */
  readonly scale: number;
  readonly found: Refined;
}

/**
 * The object drawn at the scale at which its soft outline is that of its own mesh, at a pose near the truth, and that pose
 * improved with it. Discs and the low-pass filter widen the outline; uncorrected, the object seems up to 6 % too far.
 */
export function calibrateToMesh(
  object: TrackedObject,
  mesh: TriangleMesh,
  found: Refined,
  evidence: FrameEvidence,
  camera: Intrinsics,
  windowPx: number,
): Calibrated {
  const start = found.cameraFromObject;
  const box = boxOfId(evidence.idMap, object.id);
  if (box === null) return { scale: object.scale, found };
  const scale = scaleToMesh(object, mesh, start, evidence, camera, windowPx);
  const nearer = start.map((value, k) => (k === 3 || k === 7 || k === 11 ? value * scale : value));
  const view = { observation: observe(evidence, object.id, camera, box, windowPx), tracks: null };
  const refined = refinePose({ ...object, scale }, nearer, [view], { steps: REFINE_STEPS, freedom: 'free' });
  return { scale, found: refined };
}

/** That scale at a pose, which is left as it is. */
export function scaleToMesh(
  object: TrackedObject,
  mesh: TriangleMesh,
  pose: Mat4,
  evidence: FrameEvidence,
  camera: Intrinsics,
  windowPx: number,
): number {
  const drawn = maskWhere(renderDepth(mesh, pose, camera), (z) => z > 0).map((inside) => inside * object.id);
  const ownMask = createBytes(camera.widthPx, camera.heightPx, drawn);
  const ownBox = boxOfId(ownMask, object.id);
  if (ownBox === null) return object.scale;
  const own = observe({ rgb: evidence.rgb, idMap: ownMask }, object.id, camera, ownBox, windowPx);
  return calibrateScale(object, pose, [{ observation: own, tracks: null }]).scale;
}

/** Three uniform numbers as a uniform rotation (Shoemake 1992), wxyz. */
function uniformRotation(u1: number, u2: number, u3: number): [number, number, number, number] {
  const [a, b] = [Math.sqrt(1 - u1), Math.sqrt(u1)];
  const [s, t] = [2 * Math.PI * u2, 2 * Math.PI * u3];
  return [b * Math.cos(t), a * Math.sin(s), a * Math.cos(s), b * Math.sin(t)];
}
