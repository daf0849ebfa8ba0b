/** Where on the table a masked object stands and how big it is, before any shape is known. World frame, metres. */
import type { ByteImage } from '../image/image.js';
import { maskMoments } from '../image/image.js';
import { type Intrinsics, rayOf } from '../math/camera.js';
import { inverse, type Mat4, transformDirection, translationOf } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';

/** Rays that meet the table farther away than this (metres) are taken to miss it: near the horizon nothing can be measured. */
const MAX_REACH_M = 6;

/** Point where a pixel's ray meets the horizontal plane z = `heightM`; null when it misses. */
export function onPlane(
  camera: Intrinsics,
  worldFromCamera: Mat4,
  xPx: number,
  yPx: number,
  heightM: number,
): Vec3 | null {
  const eye = translationOf(worldFromCamera);
  const ray = transformDirection(worldFromCamera, rayOf(camera, xPx, yPx));
  const t = (heightM - eye[2]) / ray[2];
  if (!(t > 0) || t * Math.hypot(...ray) > MAX_REACH_M) return null;
  return [eye[0] + t * ray[0], eye[1] + t * ray[1], heightM];
}

/** First guess of a standing object. */
export interface StandingGuess {
  /** Middle of the footprint. */
  readonly x: number;
  readonly y: number;
  /** Width across the view and height when it stands upright. */
  readonly widthM: number;
  readonly heightM: number;
  /** Footprint extents across and along the view if it were flat on the table. */
  readonly flatWidthM: number;
  readonly flatLengthM: number;
  readonly flatX: number;
  readonly flatY: number;
  /** Horizontal unit direction away from the camera. */
  readonly away: [number, number];
}

/**
 * Contact from the lowest mask pixels on the table, width from the mask's width there, height from the top pixel's ray at that
 * distance; and the same mask read as something flat. Null when the mask is empty or does not touch the visible table.
 */
export function guessStanding(mask: ByteImage, camera: Intrinsics, cameraFromWorld: Mat4): StandingGuess | null {
  const moments = maskMoments(mask);
  if (moments === null) return null;
  const worldFromCamera = inverse(cameraFromWorld);
  const eye = translationOf(worldFromCamera);
  const { box, cx } = moments;
  const front = onPlane(camera, worldFromCamera, cx, box.y1, 0);
  if (front === null) return null;
  const reach = Math.hypot(front[0] - eye[0], front[1] - eye[1]);
  const away: [number, number] = reach > 1e-6 ? [(front[0] - eye[0]) / reach, (front[1] - eye[1]) / reach] : [0, 1];
  const slant = Math.hypot(reach, eye[2]);
  const widthM = ((box.x1 - box.x0) / camera.fx) * slant;
  const x = front[0] + (away[0] * widthM) / 2;
  const y = front[1] + (away[1] * widthM) / 2;
  const top = transformDirection(worldFromCamera, rayOf(camera, cx, box.y0));
  const horizontal = Math.hypot(top[0], top[1]);
  // The top of the outline belongs to the far edge of a level top.
  const farReach = reach + widthM;
  const heightM = horizontal > 1e-6 ? eye[2] + (top[2] / horizontal) * farReach : 0;
  const far = onPlane(camera, worldFromCamera, cx, box.y0, 0);
  const flatLengthM = far ? Math.hypot(far[0] - front[0], far[1] - front[1]) : widthM;
  return {
    x,
    y,
    widthM,
    heightM: Math.max(heightM, 0.05 * widthM),
    flatWidthM: widthM * (1 + flatLengthM / (2 * slant)),
    flatLengthM,
    flatX: front[0] + (away[0] * flatLengthM) / 2,
    flatY: front[1] + (away[1] * flatLengthM) / 2,
    away,
  };
}
