/**
 * Arms that cannot hold every orientation turn what they carry on the way. That must not bring it against what it is brought to, where the
 * demonstration kept clear of it: a can that leans on its way into a bowl catches on the rim and is turned over in the hand.
 */
import { Random } from '../base/random.js';
import { type Mat4, transformPoint } from '../math/se3.js';
import { vec3At } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { ShapeField } from '../skill/shape-field.js';
import { shapeOf } from './object-shape.js';

/**
 * Distances are told apart up to here, and may be smaller than shown by no more than the second figure, metres. Small arms sag by 3 mm, and
 * the convex pieces of hollow things bulge as much.
 */
const CLEAR_M = 0.01;
const NEARER_M = 0.003;

const fields = new WeakMap<TriangleMesh, ShapeField>();

function fieldOf(mesh: TriangleMesh): ShapeField {
  const known = fields.get(mesh) ?? new ShapeField(mesh, new Random(6), 2 * CLEAR_M);
  fields.set(mesh, known);
  return known;
}

/** Whether `held` is nowhere nearer to `target` (targetFromHeld) on its `real` way than on the one that was `shown`, pose by pose. */
export function keepsClearAsShown(
  held: TriangleMesh,
  target: TriangleMesh,
  shown: readonly Mat4[],
  real: readonly Mat4[],
): boolean {
  const field = fieldOf(target);
  const { points } = shapeOf(held);
  const nearest = (targetFromHeld: Mat4): number => {
    let least = CLEAR_M;
    for (let k = 0; k < points.length; k += 3) {
      least = Math.min(least, field.distanceAt(transformPoint(targetFromHeld, vec3At(points, k))));
    }
    return least;
  };
  return real.every((pose, k) => nearest(pose) >= nearest(shown[k]) - NEARER_M);
}
