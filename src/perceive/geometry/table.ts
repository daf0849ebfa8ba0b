/** Intrinsics, table plane and metric scale: measured where possible, stated priors where not, each with its uncertainty. */
import { type Intrinsics, rayOf } from '../../math/camera.js';
import { fromAxes, type Mat4 } from '../../math/se3.js';
import { cross, dot, normalize, scale, sub, type Vec3 } from '../../math/vec3.js';
import type { PerceiveOptions } from '../options.js';
import type { Perception } from '../perception.js';
import { type Estimate, fuse } from './estimate.js';
import { type LinePlane, MIN_FOCAL_SCORE, MIN_SECOND_SHARE } from './plane-from-lines.js';
import { upOf } from './tilt.js';

export type CameraEstimate = Perception['camera'];

/**
 * Cameras that film tables show 54..72 degrees on the long side (phones in video mode, web and depth cameras): 62.5 is the
 * geometric middle of their focal lengths, +-12 % covers most of them.
 */
export const ASSUMED_FOV_DEG = 62.5;
const ASSUMED_LOG_SD = 0.12;
/** Diagonal of a 35 mm film frame, mm. */
const FILM_DIAGONAL_MM = 43.27;

/** Focal length: option, else metadata, else an assumption that says so. Principal point in the middle. */
export function estimateCamera(
  widthPx: number,
  heightPx: number,
  focal35mm: number | null,
  options: Pick<PerceiveOptions, 'hfov' | 'focalPx'>,
): CameraEstimate {
  const make = (focal: number, source: CameraEstimate['source'], focalLogSd: number): CameraEstimate => ({
    widthPx,
    heightPx,
    fx: focal,
    fy: focal,
    cx: widthPx / 2,
    cy: heightPx / 2,
    source,
    focalLogSd,
  });
  const focalOf = (sidePx: number, fovDeg: number): number => sidePx / 2 / Math.tan((fovDeg * Math.PI) / 360);
  if (options.focalPx !== null) return make(options.focalPx, 'option', 0.01);
  if (options.hfov !== null) return make(focalOf(widthPx, options.hfov), 'option', 0.02);
  // Video modes crop the sensor for stabilisation, so the still-photo figure is only good to a few per cent.
  if (focal35mm !== null) return make((focal35mm / FILM_DIAGONAL_MM) * Math.hypot(widthPx, heightPx), 'metadata', 0.05);
  return make(focalOf(Math.max(widthPx, heightPx), ASSUMED_FOV_DEG), 'assumption', ASSUMED_LOG_SD);
}

/** Camera above a table, as people film: measured on staged photos 28..73 degrees down. */
export const PRIOR_TILT: Estimate = {
  value: 40,
  sd: 12,
  source: 'prior: a person films a table looking 40 degrees down',
};

export interface PlaneEstimate {
  /** Unit normal of the table, up, in the camera frame. */
  readonly up: Vec3;
  readonly sdDeg: number;
  readonly source: string;
}

/** Tilt from lines (which then already holds the prior) or the prior, and from round rims, fused; not less than `leastTiltAt` a roll. */
export function estimatePlane(
  lines: LinePlane | null,
  rims: readonly Estimate[],
  options: Pick<PerceiveOptions, 'tableTilt'>,
  leastTiltAt: (rollDeg: number) => number = () => 0,
): PlaneEstimate {
  if (options.tableTilt !== null) {
    return { up: upOf(options.tableTilt), sdDeg: 2, source: `option: tilt ${options.tableTilt} degrees` };
  }
  const base: Estimate = lines
    ? {
        value: lines.tiltDeg,
        sd: lines.tiltSdDeg,
        source: `directions of ${lines.numSegments} lines and prior (${Math.round(100 * lines.score)} % of their length agrees)`,
      }
    : PRIOR_TILT;
  const tilt = fuse([base, ...rims]);
  const rollDeg = lines && lines.score >= MIN_FOCAL_SCORE ? lines.rollDeg : 0;
  const leastDeg = leastTiltAt(rollDeg);
  if (tilt.value >= leastDeg) return { up: upOf(tilt.value, rollDeg), sdDeg: tilt.sd, source: tilt.source };
  const source = `${tilt.source}; raised from ${tilt.value.toFixed(0)} degrees, for the places of the table that were given lie below the horizon`;
  return { up: upOf(leastDeg, rollDeg), sdDeg: Math.max(tilt.sd, leastDeg - tilt.value), source };
}

/** The focal length that the lines imply, when they are fit to tell: two directions, most of the length explained. */
export function focalFromLines(camera: CameraEstimate, lines: LinePlane | null): CameraEstimate {
  const fit = lines && lines.score >= MIN_FOCAL_SCORE && lines.secondShare >= MIN_SECOND_SHARE && lines.tiltSdDeg < 3;
  if (!fit || camera.source !== 'assumption') return camera;
  return { ...camera, fx: lines.focalPx, fy: lines.focalPx, source: 'estimated', focalLogSd: 0.06 };
}

/** z-depth at which the ray through a pixel meets the plane that the optical axis meets at depth 1; null above the horizon. */
export function unitDepthAt(camera: Intrinsics, up: Vec3, xPx: number, yPx: number): number | null {
  const ray = rayOf(camera, xPx, yPx);
  const slope = dot(up, ray);
  // Nearly parallel to the plane: the crossing is far behind everything on a table.
  return slope < -0.02 ? up[2] / slope : null;
}

/** World on the table where the optical axis meets it, z up, x to the image's right. `distanceM` is that depth. */
export function worldFrame(up: Vec3, distanceM: number): Mat4 {
  const right: Vec3 = [1, 0, 0];
  const x = normalize(sub(right, scale(up, dot(right, up))));
  return fromAxes(x, cross(up, x), up, [0, 0, distanceM]);
}

/** A length seen in the picture, with what such things usually measure. */
export interface SizeCue {
  /** Length in the unit scene (optical axis meets the table at depth 1). */
  readonly unitLength: number;
  readonly usualM: number;
  /** Standard deviation of ln(true / usual). */
  readonly logSd: number;
  readonly what: string;
}

/**
 * People choose distance and zoom so that the task fills the picture, so the width of the scene in it is more alike than the
 * distance, and does not depend on an assumed focal length. Measured by eye, from things of known size (mugs, pens, letter
 * cubes, paper cups), on 16 recordings of tabletop work by others: 0.40..1.33 m, mean of the logarithms 0.70 m.
 */
const USUAL_VIEW_M = 0.7;
const USUAL_VIEW_LOG_SD = 0.35;

/** What the long side of the picture usually spans; `unitDepth` is the depth in the unit scene of the place of the task. */
export const viewCue = (longSidePx: number, focalPx: number, unitDepth: number): SizeCue => ({
  unitLength: (longSidePx * unitDepth) / focalPx,
  usualM: USUAL_VIEW_M,
  logSd: USUAL_VIEW_LOG_SD,
  what: 'usual width of the scene',
});

/** Depth in metres at which the optical axis meets the table: all size cues fused in logs. */
export function estimateDistance(cues: readonly SizeCue[]): Estimate {
  const measured = cues
    .filter(({ unitLength }) => unitLength > 0)
    .map(({ unitLength, usualM, logSd, what }) => ({
      value: Math.log(usualM / unitLength),
      sd: logSd,
      source: `${what} taken as ${Math.round(1000 * usualM)} mm`,
    }));
  const fused = fuse(measured);
  return { ...fused, value: Math.exp(fused.value) };
}
