/**
 * The table once models say how large and how upright things are: perception alone knows its distance to some 20 % and its tilt to a
 * few degrees. Objects are then set onto it.
 */
import { axisOf, compose, type Mat4, rotationBetween, transformDirection, transformPoint } from '../../math/se3.js';
import { add, dot, normalize, scale, type Vec3 } from '../../math/vec3.js';
import type { TriangleMesh } from '../../objects/object-model.js';
import { worldFrame } from '../../perceive/geometry/table.js';
import type { Perception } from '../../perceive/perception.js';

/** An object as it was found at rest, without any table. */
export interface Rest {
  readonly mesh: TriangleMesh;
  readonly cameraFromObject: Mat4;
  /** Agreement with its mask, 0..1. */
  readonly iou: number;
  /** Pixels of its mask: a mask is wrong by about a pixel, which matters less for a large one. */
  readonly areaPx: number;
}

/** Axes of a model that may point up: data sets have z up as a thing stands, but that is a custom, and things also lie. */
export const UP_AXES: readonly Vec3[] = [
  [0, 0, 1],
  [0, 0, -1],
  [1, 0, 0],
  [-1, 0, 0],
  [0, 1, 0],
  [0, -1, 0],
];
/** One of those within this of the table's normal stands for it. */
const MAX_TILT_RAD = 0.3;
/** What perception's own normal counts, as a share of all objects' weight. */
const PERCEIVED_SHARE = 0.25;
/** Even a perfect fit is not trusted more than this disagreement. */
const FIT_FLOOR = 0.02;
/** Things that would have to move by more than this share of their own height stand on something else. */
const MAX_GAP_SHARE = 0.4;

/** Perception's table, its normal and distance as the objects found at rest have them, the best and largest counting most. */
export function tableUnder({ table }: Pick<Perception, 'table'>, rests: readonly Rest[]): Perception['table'] {
  const perceived = axisOf(table.cameraFromWorld, 2);
  // What lies askew was found wrong, or leans on something: it tells nothing of the table.
  const standing = rests.flatMap((rest) => {
    const normal = uprightAxis(rest.cameraFromObject, perceived);
    return normal ? [{ rest, normal, weight: rest.areaPx / (FIT_FLOOR + 1 - rest.iou) ** 2 }] : [];
  });
  if (standing.length === 0) return table;
  const total = standing.reduce((sum, { weight }) => sum + weight, 0);
  let sum = scale(perceived, PERCEIVED_SHARE * total);
  for (const { normal, weight } of standing) sum = add(sum, scale(normal, weight));
  const up = normalize(sum);
  const height = standing.reduce((mean, { rest, weight }) => mean + (weight / total) * extent(rest, up)[0], 0);
  return { ...table, cameraFromWorld: worldFrame(up, height / up[2]), scaleSource: 'models', scaleLogSd: 0.01 };
}

/**
 * The pose set upright and onto the table along its own line of sight; null if the object lies askew or would have to move by more
 * than `maxGapShare` of its height, because then it stands on something else.
 */
export function setOnTable(
  rest: Pick<Rest, 'mesh' | 'cameraFromObject'>,
  cameraFromWorld: Mat4,
  maxGapShare = MAX_GAP_SHARE,
): Mat4 | null {
  const up = axisOf(cameraFromWorld, 2);
  const normal = uprightAxis(rest.cameraFromObject, up);
  if (!normal) return null;
  const turn = rotationBetween(normal, up);
  const upright = compose(turn, rest.cameraFromObject);
  for (const i of [3, 7, 11]) upright[i] = rest.cameraFromObject[i];
  const [lowest, highest] = extent({ ...rest, cameraFromObject: upright }, up);
  const table = dot(up, [cameraFromWorld[3], cameraFromWorld[7], cameraFromWorld[11]]);
  if (Math.abs(lowest - table) > maxGapShare * (highest - lowest)) return null;
  const centre: Vec3 = [upright[3], upright[7], upright[11]];
  // up . (f centre) + (lowest - up . centre) = table
  const f = (table - lowest) / dot(up, centre) + 1;
  for (const i of [3, 7, 11]) upright[i] *= f;
  return upright;
}

/** Whether the model's own z axis, which by custom points up as a thing stands, does so here. */
export const isAsModelled = (cameraFromObject: Mat4, cameraFromWorld: Mat4): boolean =>
  dot(axisOf(cameraFromObject, 2), axisOf(cameraFromWorld, 2)) > Math.SQRT1_2;

/** Whether all of an object is below the table: no pose of anything that is seen. */
export function isBelowTable(rest: Pick<Rest, 'mesh' | 'cameraFromObject'>, cameraFromWorld: Mat4): boolean {
  const up = axisOf(cameraFromWorld, 2);
  return extent(rest, up)[1] < dot(up, [cameraFromWorld[3], cameraFromWorld[7], cameraFromWorld[11]]);
}

/** Distance of an object over that of the table behind it on the same line of sight; Infinity where the table is not behind it. */
export function distanceRatio(cameraFromObject: Mat4, cameraFromWorld: Mat4): number {
  const up = axisOf(cameraFromWorld, 2);
  const centre: Vec3 = [cameraFromObject[3], cameraFromObject[7], cameraFromObject[11]];
  const table = dot(up, [cameraFromWorld[3], cameraFromWorld[7], cameraFromWorld[11]]);
  const ratio = dot(up, centre) / table;
  return ratio > 0 ? ratio : Number.POSITIVE_INFINITY;
}

/** Direction of the model's axis that points most nearly up, camera frame; null if none does. */
function uprightAxis(cameraFromObject: Mat4, up: Vec3): Vec3 | null {
  const axes = UP_AXES.map((axis) => transformDirection(cameraFromObject, axis));
  const best = axes.reduce((a, b) => (dot(b, up) > dot(a, up) ? b : a));
  return dot(best, up) > Math.cos(MAX_TILT_RAD) ? best : null;
}

/** Lowest and highest extent along `up`. */
function extent({ mesh, cameraFromObject }: Pick<Rest, 'mesh' | 'cameraFromObject'>, up: Vec3): [number, number] {
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < mesh.vertices.length; i += 3) {
    const [x, y, z] = mesh.vertices.subarray(i, i + 3);
    const height = dot(up, transformPoint(cameraFromObject, [x, y, z]));
    lowest = Math.min(lowest, height);
    highest = Math.max(highest, height);
  }
  return [lowest, highest];
}
