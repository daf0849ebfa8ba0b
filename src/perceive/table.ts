/** Intrinsics, table plane and metric scale: measured where possible, stated priors where not, each with its uncertainty. */
import { type Intrinsics, rayOf } from '../math/camera.js';
import { fromAxes, type Mat4 } from '../math/se3.js';
import { cross, dot, normalize, scale, sub, type Vec3 } from '../math/vec3.js';
import { type Estimate, fuse } from './estimate.js';
import type { PerceiveOptions } from './options.js';
import type { Perception } from './perception.js';

export type CameraEstimate = Perception['camera'];

/** Phone main cameras in video mode show 54..72 degrees on the long side; 65 +-12 % in focal length covers them. */
const ASSUMED_FOV_DEG = 65;
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
const PRIOR_TILT: Estimate = { value: 40, sd: 12, source: 'prior: a person films a table looking 40 degrees down' };

export interface PlaneEstimate {
  /** Unit normal of the table, up, in the camera frame. */
  readonly up: Vec3;
  readonly sdDeg: number;
  readonly source: string;
}

/** Up direction of a table seen `tiltDeg` below the horizon by a camera rolled by `rollDeg` (clockwise picture = positive). */
export function upOf(tiltDeg: number, rollDeg = 0): Vec3 {
  const t = (tiltDeg * Math.PI) / 180;
  const r = (rollDeg * Math.PI) / 180;
  return [Math.sin(r) * Math.cos(t), -Math.cos(r) * Math.cos(t), -Math.sin(t)];
}

export function tiltOf(up: Vec3): number {
  return (Math.asin(Math.max(-1, Math.min(1, -up[2]))) * 180) / Math.PI;
}

/** Fuses measured normals with the prior (which then weighs little) in tilt and roll. */
export function estimatePlane(
  measured: readonly PlaneEstimate[],
  options: Pick<PerceiveOptions, 'tableTilt'>,
): PlaneEstimate {
  if (options.tableTilt !== null) {
    return { up: upOf(options.tableTilt), sdDeg: 2, source: `option: tilt ${options.tableTilt} degrees` };
  }
  if (measured.length === 0) return { up: upOf(PRIOR_TILT.value), sdDeg: PRIOR_TILT.sd, source: PRIOR_TILT.source };
  const tilt = fuse([
    PRIOR_TILT,
    ...measured.map(({ up, sdDeg, source }) => ({ value: tiltOf(up), sd: sdDeg, source })),
  ]);
  const roll = fuse([
    { value: 0, sd: 3, source: 'level camera' },
    ...measured.map(({ up, sdDeg, source }) => ({
      value: (Math.atan2(up[0], -up[1]) * 180) / Math.PI,
      sd: sdDeg,
      source,
    })),
  ]);
  return { up: upOf(tilt.value, roll.value), sdDeg: tilt.sd, source: tilt.source };
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

/** Filming distances of a tabletop by hand or tripod: 0.45..1 m. */
const PRIOR_DISTANCE_M = 0.68;
const PRIOR_DISTANCE_LOG_SD = 0.3;

/** Depth in metres at which the optical axis meets the table: all size cues and the usual filming distance, fused in logs. */
export function estimateDistance(cues: readonly SizeCue[]): Estimate {
  const usual: Estimate = {
    value: Math.log(PRIOR_DISTANCE_M),
    sd: PRIOR_DISTANCE_LOG_SD,
    source: `usual filming distance ${PRIOR_DISTANCE_M} m`,
  };
  const measured = cues
    .filter(({ unitLength }) => unitLength > 0)
    .map(({ unitLength, usualM, logSd, what }) => ({
      value: Math.log(usualM / unitLength),
      sd: logSd,
      source: `${what} taken as ${Math.round(1000 * usualM)} mm`,
    }));
  const fused = fuse([usual, ...measured]);
  return { ...fused, value: Math.exp(fused.value) };
}
