/** Whether anything bears an object at a pose: what nobody holds stands on a side or an edge of its hull, or touches another thing. */
import { type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { TrackedObject } from './objective.js';
import { type HeightField, supportAt } from './support.js';

/** Shapes and poses are known to about this, metres: what is so near touches. */
const TOUCH_M = 0.006;
/** A support lower than this is the table. */
const THING_M = 0.005;
/** The middle may be beside the sole by this share of its height over it: errors of shape explain that. */
const TOPPLING_SHARE = 0.2;
const DIRECTIONS = 36;

/** `field`: what else lies there; null: the bare table. */
export function isBorne(
  { extremes, gaussians }: Pick<TrackedObject, 'extremes' | 'gaussians'>,
  worldFromObject: Mat4,
  field: HeightField | null,
): boolean {
  const isStanding = standsOnTable(extremes, worldFromObject);
  return isStanding || (field !== null && touches(gaussians.position, worldFromObject, field));
}

const placed = (points: ArrayLike<number>, worldFromObject: Mat4): Vec3[] =>
  Array.from({ length: points.length / 3 }, (_, i) =>
    transformPoint(worldFromObject, [points[3 * i], points[3 * i + 1], points[3 * i + 2]]),
  );

/** Is the middle of the hull above what is lowest, and that on the table? */
function standsOnTable(extremes: Float64Array, worldFromObject: Mat4): boolean {
  const points = placed(extremes, worldFromObject);
  if (points.length === 0) return false;
  const low = Math.min(...points.map(([, , z]) => z));
  if (Math.abs(low) > TOUCH_M) return false;
  const middleOf = (c: number): number => {
    const values = points.map((point) => point[c]);
    return (Math.min(...values) + Math.max(...values)) / 2;
  };
  const [x, y, z] = [0, 1, 2].map(middleOf);
  const sole = points.filter((point) => point[2] < low + TOUCH_M);
  const allowed = TOPPLING_SHARE * (z - low);
  for (let k = 0; k < DIRECTIONS; k++) {
    const angle = (2 * Math.PI * k) / DIRECTIONS;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    // The whole sole lies this far to one side of the middle.
    if (Math.min(...sole.map(([u, v]) => c * (u - x) + s * (v - y))) > allowed) return false;
  }
  return true;
}

/** Does it come near to the upper side or the flank of what lies there? */
function touches(surface: ArrayLike<number>, worldFromObject: Mat4, field: HeightField): boolean {
  return placed(surface, worldFromObject).some(([x, y, z]) =>
    [
      [0, 0],
      [TOUCH_M, 0],
      [-TOUCH_M, 0],
      [0, TOUCH_M],
      [0, -TOUCH_M],
    ].some(([dx, dy]) => {
      const { heightM } = supportAt(field, x + dx, y + dy);
      return heightM > THING_M && heightM > z - TOUCH_M;
    }),
  );
}
