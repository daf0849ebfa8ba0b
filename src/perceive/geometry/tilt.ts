/** Tilt and roll of the camera against the table's normal. */
import type { Vec3 } from '../../math/vec3.js';

/** Up direction of a table seen `tiltDeg` below the horizon by a camera rolled by `rollDeg` (clockwise picture = positive). */
export function upOf(tiltDeg: number, rollDeg = 0): Vec3 {
  const t = (tiltDeg * Math.PI) / 180;
  const r = (rollDeg * Math.PI) / 180;
  return [Math.sin(r) * Math.cos(t), -Math.cos(r) * Math.cos(t), -Math.sin(t)];
}

export function tiltOf(up: Vec3): number {
  return (Math.asin(Math.max(-1, Math.min(1, -up[2]))) * 180) / Math.PI;
}
