/**
 * What places of bare table that the user gave say about the plane. With metric depth they are the plane. Without depth they only
 * say how far down the camera must look to have them on a table in front of it: giving lines near them more weight than others
 * was tried on seven photos with sensor depth and helped in one, harmed in two.
 */

import type { Intrinsics } from '../../math/camera.js';
import type { Clip } from '../clip.js';
import { hullMask } from '../movers/motion-cut.js';
import { unitDepthAt } from './table.js';
import { upOf } from './tilt.js';

export interface TablePoints {
  /** In frame pixels. */
  readonly xyPx: readonly (readonly [number, number])[];
  /** [H, W] at work size: what lies between them. */
  readonly region: Uint8Array;
}

/** Null without points. */
export function tablePoints(
  { widthPx: w, heightPx: h, frameWidthPx, frameHeightPx }: Clip,
  xyPx: readonly (readonly [number, number])[],
): TablePoints | null {
  if (xyPx.length === 0) return null;
  const places = new Uint8Array(w * h);
  for (const [x, y] of xyPx) {
    const u = Math.min(w - 1, Math.floor((x * w) / frameWidthPx));
    places[Math.min(h - 1, Math.floor((y * h) / frameHeightPx)) * w + u] = 1;
  }
  return { xyPx, region: hullMask(places, w, h) };
}

/** The farthest place of a table in the picture is at most this many times as far away as the nearest. */
const MAX_DEPTH_RATIO = 4;
const STEP_DEG = 0.5;

/** Least tilt, degrees, with which all points lie below the horizon and not absurdly far away. */
export function leastTilt(camera: Intrinsics, points: TablePoints, rollDeg: number): number {
  for (let tiltDeg = 5; tiltDeg < 89; tiltDeg += STEP_DEG) {
    const up = upOf(tiltDeg, rollDeg);
    const depths = points.xyPx.map(([x, y]) => unitDepthAt(camera, up, x, y));
    if (depths.some((depth) => depth === null)) continue;
    const known = depths as number[];
    if (Math.max(...known) <= MAX_DEPTH_RATIO * Math.min(...known)) return tiltDeg;
  }
  return 89;
}
