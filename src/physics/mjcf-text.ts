/** How numbers and places are written in MJCF. */
import { type Mat4, quaternionOf, translationOf } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';

/** Bits of collision classes: the arm meets objects and table but not itself (the planner sees to that). */
export const ARM_BITS = 'contype="1" conaffinity="2"';
export const OBJECT_BITS = 'contype="2" conaffinity="3"';

/** Eight significant digits: far below what contacts resolve. */
export const num = (x: number): string => String(Number(x.toPrecision(8)));
export const vec = (v: Vec3): string => v.map(num).join(' ');
export const placeOf = (aFromB: Mat4): string =>
  `pos="${vec(translationOf(aFromB))}" quat="${quaternionOf(aFromB).map(num).join(' ')}"`;
