/**
 * Boxes that turn out to be open. From one outline a tray, a drawer or a dustpan looks like a closed box; where the film shows another
 * thing end inside of it, it cannot be one: its top is taken off, and those sides through which the other thing came in.
 */
import { type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { boxMesh, joinMeshes, meshBounds, transformMesh } from '../objects/mesh.js';
import type { TriangleMesh } from '../objects/object-model.js';

/** A side of the box: outward along x or y of the object frame. */
export type Side = '-x' | '+x' | '-y' | '+y';

/** This deep below the top, a point of another thing is inside and not on top, metres. */
export const DEEP_M = 0.008;
/** Share of the other thing's points that must be inside at the end of its way. */
export const MIN_INSIDE = 0.3;
/** Share of the points that came in through a side for that side to be open. */
export const MIN_THROUGH = 0.15;
export const WALL_M = 0.003;
/** Thin, because what lies inside was seen to lie as low as the table. */
export const FLOOR_M = 0.001;

/**
 * Which sides are open when `points` [M, 3] of another thing move along `boxFromOther` into the box `body`; empty when only the top is.
 * Null when the thing does not end inside.
 */
export function openSides(body: TriangleMesh, points: Float64Array, boxFromOther: readonly Mat4[]): Side[] | null {
  const { min, max } = meshBounds(body);
  const last = boxFromOther.length - 1;
  const entered: Record<Side, number> = { '-x': 0, '+x': 0, '-y': 0, '+y': 0 };
  let inside = 0;
  for (let i = 0; i < points.length; i += 3) {
    const at = (k: number): Vec3 => transformPoint(boxFromOther[k], [points[i], points[i + 1], points[i + 2]]);
    const isInside = (p: Vec3): boolean =>
      p[0] > min[0] && p[0] < max[0] && p[1] > min[1] && p[1] < max[1] && p[2] < max[2] - DEEP_M;
    if (!isInside(at(last))) continue;
    inside++;
    let k = last;
    while (k > 0 && isInside(at(k - 1))) k--;
    if (k === 0) continue;
    const before = at(k - 1);
    if (before[0] <= min[0]) entered['-x']++;
    else if (before[0] >= max[0]) entered['+x']++;
    else if (before[1] <= min[1]) entered['-y']++;
    else if (before[1] >= max[1]) entered['+y']++;
  }
  if (inside < (MIN_INSIDE * points.length) / 3) return null;
  return (['-x', '+x', '-y', '+y'] as const).filter((side) => entered[side] > MIN_THROUGH * inside);
}

/** Play on either side of what slides into a box, metres. */
const PLAY_M = 0.002;
/** What fills less than this share of the width is no drawer. */
const FILLS_SHARE = 0.7;

/**
 * The bounds `wide` with room across for `points` [M, 3] (box frame) of what slid in through a side: the sizes of both are known to some
 * share only, and the case is wider than its drawer. Grown from `bounds` by no more than the standard deviation of the box's own size.
 */
export function roomFor(
  points: Float64Array,
  side: Side,
  wide: { readonly min: Vec3; readonly max: Vec3 },
  bounds: { readonly min: Vec3; readonly max: Vec3 },
  sizeSdM: Vec3,
): { min: Vec3; max: Vec3 } {
  const across = side.endsWith('x') ? 1 : 0;
  const room = PLAY_M + WALL_M;
  const [min, max]: [Vec3, Vec3] = [[...wide.min], [...wide.max]];
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = across; i < points.length; i += 3) {
    low = Math.min(low, points[i]);
    high = Math.max(high, points[i]);
  }
  if (high - low < FILLS_SHARE * (bounds.max[across] - bounds.min[across])) return { min, max };
  min[across] = Math.min(min[across], low - room);
  max[across] = Math.max(max[across], high + room);
  min[across] = Math.max(min[across], bounds.min[across] - sizeSdM[across] / 2);
  max[across] = Math.min(max[across], bounds.max[across] + sizeSdM[across] / 2);
  return { min, max };
}

/** A box of this size without its top and without `open` sides: floor and walls, closed each for itself, that touch. */
export function openBoxMesh(min: Vec3, max: Vec3, open: readonly Side[]): TriangleMesh {
  const slab = (low: Vec3, high: Vec3): TriangleMesh => {
    const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    const box = boxMesh(high[0] - low[0], high[1] - low[1], high[2] - low[2]);
    return transformMesh(box, [1, 0, 0, middle[0], 0, 1, 0, middle[1], 0, 0, 1, low[2], 0, 0, 0, 1]);
  };
  const wall = Math.min(WALL_M, (max[0] - min[0]) / 8, (max[1] - min[1]) / 8);
  const floorTop = min[2] + Math.min(FLOOR_M, (max[2] - min[2]) / 4);
  const [x0, x1] = [min[0] + wall, max[0] - wall];
  const walls: Record<Side, TriangleMesh> = {
    '-x': slab([min[0], min[1], floorTop], [x0, max[1], max[2]]),
    '+x': slab([x1, min[1], floorTop], max),
    '-y': slab([x0, min[1], floorTop], [x1, min[1] + wall, max[2]]),
    '+y': slab([x0, max[1] - wall, floorTop], [x1, max[1], max[2]]),
  };
  const standing = (['-x', '+x', '-y', '+y'] as const).filter((side) => !open.includes(side)).map((s) => walls[s]);
  return joinMeshes(slab(min, [max[0], max[1], floorTop]), ...standing);
}
