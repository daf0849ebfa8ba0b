/** The path of one object through the world, made whole: outliers dropped, gaps bridged, spin of round things removed. */
import {
  axisOf,
  compose,
  interpolate,
  inverse,
  logRotation,
  type Mat4,
  rotationAngleBetween,
  rotationBetween,
  transformDirection,
  translationOf,
} from '../math/se3.js';
import { distance, type Vec3 } from '../math/vec3.js';
import type { ObjectModel } from '../objects/object-model.js';
import type { Poses } from '../pose/poses.js';
import { median, noiseLevel } from './pose-statistics.js';
import type { RestShift } from './rest-shift.js';

export interface Trajectory {
  readonly id: number;
  readonly symmetry: ObjectModel['symmetry'];
  /** One pose per frame, world (z up, table at z = 0). */
  readonly worldFromObject: Mat4[];
  /** False where the pose was bridged over a gap or its orientation was not believed. */
  readonly observed: boolean[];
  /** True where the tracker says that the object rests. */
  readonly resting: boolean[];
  /** Frame-to-frame noise, standard deviation per axis: metres and radians. */
  readonly noiseM: number;
  readonly noiseRad: number;
  /** Slow errors too: the tracker's own estimate if it is larger than the noise. */
  readonly sdM: number;
  /** The same frame by frame: things in a hand that strikes are known less well than things at rest. */
  readonly frameSdM: readonly number[];
  /** Largest share of the distance to the camera by which rests were moved to find support, 0 if none was. */
  readonly depthDoubt: number;
  /** What the picture says about the ends of its rests; absent where no picture was looked at. */
  readonly restShifts?: readonly RestShift[];
  /** Frames in which it was hidden and its place was taken from what pushes it. */
  readonly led?: readonly [fromFrame: number, toFrame: number];
}

/** Half-width in frames of the median that outliers are judged against. */
const OUTLIER_REACH = 3;
/** A pose farther than this from the median of its neighbours is an outlier, metres (or 6 times the noise). */
const OUTLIER_M = 0.03;
/** With less than this share of its outline found in the picture, a pose was not seen but made up. */
const MIN_VISIBLE = 0.08;
/** Hands turn things by up to 10 rad/s; what turns faster is a tracker that took one side for another. */
const MAX_TURN_SPEED = 14;
/** A turn is believed again once it is this near to the last one believed, radians. */
const AGREES_RAD = 0.5;
/** The tracker's own estimate is rough: beyond this it says "do not trust me", not "off by so much". */
const MAX_SD_M = 0.02;

/** Null when the object has no usable pose in any frame. */
export function buildTrajectory(model: ObjectModel, poses: Poses): Trajectory | null {
  const found = poses.objects.find((o) => o.id === model.id);
  if (!found) return null;
  const worldFromCamera = inverse(poses.cameraFromWorld);
  const raw = found.frames.map((frame) => {
    const trusted = frame.state === 'resting' || frame.state === 'moving';
    const tracked = frame.cameraFromObject !== null && trusted && frame.visibleFraction >= MIN_VISIBLE;
    return tracked ? compose(worldFromCamera, frame.cameraFromObject!) : null;
  });
  if (raw.every((pose) => pose === null)) return null;
  const turned = model.symmetry === 'z' ? withoutSpin(raw) : raw;
  const kept = withoutFlips(turned, poses.fps);
  const firstNoise = noiseOf(kept);
  const clean = withoutOutliers(kept, firstNoise.m);
  const noise = noiseOf(clean);
  const sds = found.frames.filter((_, i) => clean[i] !== null).map((frame) => frame.sdM);
  return {
    id: model.id,
    symmetry: model.symmetry,
    worldFromObject: bridgeGaps(clean),
    observed: clean.map((pose, i) => pose !== null && pose === turned[i]),
    resting: found.frames.map((frame) => frame.state === 'resting'),
    noiseM: noise.m,
    noiseRad: noise.rad,
    depthDoubt: 0,
    sdM: Math.max(noise.m, Math.min(MAX_SD_M, median(sds) || 0)),
    frameSdM: found.frames.map((frame) => Math.max(noise.m, Math.min(MAX_SD_M, frame.sdM))),
  };
}

function noiseOf(poses: readonly (Mat4 | null)[]): { m: number; rad: number } {
  const known = poses.filter((pose): pose is Mat4 => pose !== null);
  const turns: Vec3[] = known.map((pose) => logRotation(compose(inverse(known[0]), pose)));
  return { m: noiseLevel(known.map(translationOf)), rad: noiseLevel(turns) };
}

/**
 * For bodies of revolution only the axis can be seen, and a tracker may let them spin. Keep the axis of every frame and
 * turn from one frame to the next by the shortest way (parallel transport).
 */
export function withoutSpin(poses: readonly (Mat4 | null)[]): (Mat4 | null)[] {
  let last: Mat4 | null = null;
  return poses.map((pose) => {
    if (pose === null) return null;
    if (last !== null) {
      const turned: Mat4 = compose(rotationBetween(axisOf(last, 2), axisOf(pose, 2)), last);
      turned[3] = pose[3];
      turned[7] = pose[7];
      turned[11] = pose[11];
      last = turned;
    } else last = pose;
    return last;
  });
}

/** After an impossibly fast turn the last believed orientation is kept until the tracker comes back to it; places stay. */
export function withoutFlips(poses: readonly (Mat4 | null)[], fps: number): (Mat4 | null)[] {
  let last: Mat4 | null = null;
  let lastIdx = 0;
  let doubted = false;
  return poses.map((pose, i) => {
    if (pose === null) return null;
    if (last !== null) {
      const turn = rotationAngleBetween(last, pose);
      if (doubted ? turn > AGREES_RAD : turn > (MAX_TURN_SPEED * (i - lastIdx)) / fps) {
        doubted = true;
        const kept: Mat4 = [...last];
        kept[3] = pose[3];
        kept[7] = pose[7];
        kept[11] = pose[11];
        return kept;
      }
    }
    doubted = false;
    last = pose;
    lastIdx = i;
    return pose;
  });
}

function withoutOutliers(poses: readonly (Mat4 | null)[], noiseM: number): (Mat4 | null)[] {
  const limit = Math.max(OUTLIER_M, 6 * noiseM);
  return poses.map((pose, i) => {
    if (pose === null) return null;
    const near: Vec3[] = [];
    for (let k = Math.max(0, i - OUTLIER_REACH); k <= Math.min(poses.length - 1, i + OUTLIER_REACH); k++) {
      const other = poses[k];
      if (other !== null) near.push(translationOf(other));
    }
    const middle: Vec3 = [median(near.map((p) => p[0])), median(near.map((p) => p[1])), median(near.map((p) => p[2]))];
    return distance(translationOf(pose), middle) > limit ? null : pose;
  });
}

/** Bridges gaps by interpolation (slerp, straight line); before the first and after the last known pose it stays put. */
export function bridgeGaps(poses: readonly (Mat4 | null)[]): Mat4[] {
  const known = poses.flatMap((pose, i) => (pose === null ? [] : [i]));
  let next = 0;
  return poses.map((pose, i) => {
    while (next < known.length && known[next] < i) next++;
    if (pose !== null) return pose;
    const after = known[next];
    const before = known[next - 1];
    if (after === undefined) return poses[before]!;
    if (before === undefined) return poses[after]!;
    return interpolate(poses[before]!, poses[after]!, (i - before) / (after - before));
  });
}

/** Angle in radians by which the direction that was up at `reference` has tilted at `pose`. */
export function tiltBetween(reference: Mat4, pose: Mat4): number {
  const upInObject = transformDirection(inverse(reference), [0, 0, 1]);
  const up = transformDirection(pose, upInObject);
  return Math.acos(Math.min(1, Math.max(-1, up[2])));
}
