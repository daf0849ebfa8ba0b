/** Whether the pads touch what they are said to hold. */
import { type Mat4, transformPoint } from '../math/se3.js';
import type { Gripper } from '../robot/robot-model.js';
import type { ShapeField } from '../skill/shape-field.js';

/** Pads are at the object's surface to what a one-sided view of it allows, metres. */
export const MAX_PAD_GAP_M = 0.008;

/** Distance of the farther pad's middle to the object's surface, metres; `field` and `objectFromTool` in the object's frame. */
export function padGap(
  field: ShapeField,
  { oneSided }: Pick<Gripper, 'oneSided'>,
  objectFromTool: Mat4,
  widthM: number,
): number {
  const sides = oneSided ? [0, widthM] : [-widthM / 2, widthM / 2];
  return Math.max(...sides.map((y) => Math.abs(field.distanceAt(transformPoint(objectFromTool, [0, y, 0])))));
}
