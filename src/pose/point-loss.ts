/** Losses on single points: tracked points must reproject onto their tracks, and nothing reaches into what it stands on. */
import type { Intrinsics } from '../math/camera.js';
import type { Mat4 } from '../math/se3.js';
import { clearanceOf, type HeightField } from './support.js';

/** Tracks farther off than this (window pixels) have slipped: they stop pulling (Geman-McClure scale). */
const TRACK_SCALE_PX = 4;
/** Depth below the support that costs 1, metres. */
const CONTACT_UNIT_M = 0.01;

/** K tracked points of one object in one frame. */
export interface PointTargets {
  /** [K, 3] object frame, metres. */
  readonly points: Float64Array;
  /** [K, 2] pixels of `camera`. */
  readonly xyPx: Float64Array;
}

/** Adds weight * d(loss)/d(twist) of a left perturbation to `gradient`; returns weight * loss. */
export function trackLoss(
  targets: PointTargets,
  cameraFromObject: Mat4,
  camera: Intrinsics,
  weight: number,
  gradient: Float64Array,
): number {
  const count = targets.xyPx.length / 2;
  if (count === 0) return 0;
  const m = cameraFromObject;
  const s2 = TRACK_SCALE_PX * TRACK_SCALE_PX;
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const [px, py, pz] = targets.points.subarray(3 * k, 3 * k + 3);
    const x = m[0] * px + m[1] * py + m[2] * pz + m[3];
    const y = m[4] * px + m[5] * py + m[6] * pz + m[7];
    const z = m[8] * px + m[9] * py + m[10] * pz + m[11];
    if (!(z > 0)) continue;
    const dx = (camera.fx * x) / z + camera.cx - targets.xyPx[2 * k];
    const dy = (camera.fy * y) / z + camera.cy - targets.xyPx[2 * k + 1];
    const r2 = dx * dx + dy * dy;
    sum += r2 / (r2 + s2);
    const factor = (weight / count) * ((2 * s2) / (r2 + s2) ** 2);
    const gx = (factor * dx * camera.fx) / z;
    const gy = (factor * dy * camera.fy) / z;
    addPointGradient(gradient, [x, y, z], gx, gy, -(gx * x + gy * y) / z);
  }
  return (weight * sum) / count;
}

/** Chain rule of a left perturbation: the point moves by v + w x p. */
function addPointGradient(
  gradient: Float64Array,
  p: readonly [number, number, number],
  gx: number,
  gy: number,
  gz: number,
): void {
  gradient[0] += gx;
  gradient[1] += gy;
  gradient[2] += gz;
  gradient[3] += p[1] * gz - p[2] * gy;
  gradient[4] += p[2] * gx - p[0] * gz;
  gradient[5] += p[0] * gy - p[1] * gx;
}

/**
 * Squared depth of the lowest point below what is under it; with `touching` (a thing known to rest) also its squared height above.
 * Adds its gradient like `trackLoss`.
 */
export function contactLoss(
  points: Float64Array,
  cameraFromObject: Mat4,
  worldFromCamera: Mat4,
  weight: number,
  gradient: Float64Array,
  { field = null, touching = false }: { readonly field?: HeightField | null; readonly touching?: boolean } = {},
): number {
  const { heightM, inCamera, normal } = clearanceOf(points, cameraFromObject, worldFromCamera, field);
  if (!Number.isFinite(heightM) || (heightM >= 0 && !touching)) return 0;
  const depth = heightM / CONTACT_UNIT_M;
  const factor = (2 * weight * depth) / CONTACT_UNIT_M;
  addPointGradient(gradient, inCamera, factor * normal[0], factor * normal[1], factor * normal[2]);
  return weight * depth * depth;
}

/** Points that can touch the table: the farthest along many directions. [M, 3]. */
export function extremePoints(position: ArrayLike<number>, count: number): Float64Array {
  const numDirections = 96;
  const chosen = new Set<number>();
  for (let k = 0; k < numDirections; k++) {
    // Fibonacci sphere: evenly spread directions.
    const z = 1 - (2 * k + 1) / numDirections;
    const r = Math.sqrt(1 - z * z);
    const angle = k * Math.PI * (3 - Math.sqrt(5));
    const [dx, dy] = [r * Math.cos(angle), r * Math.sin(angle)];
    let best = -1;
    let bestValue = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < count; i++) {
      const value = dx * position[3 * i] + dy * position[3 * i + 1] + z * position[3 * i + 2];
      if (value > bestValue) {
        bestValue = value;
        best = i;
      }
    }
    if (best >= 0) chosen.add(best);
  }
  return Float64Array.from([...chosen].flatMap((i) => [position[3 * i], position[3 * i + 1], position[3 * i + 2]]));
}
