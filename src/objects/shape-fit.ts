/** What every shape family's fit returns. */
import type { Mat4 } from '../math/se3.js';
import { fromYaw } from '../math/se3.js';
import type { ObjectModel, TriangleMesh } from './object-model.js';

/** A family's shape as numbers, so that it can be fitted again to other views. */
export interface Parametric {
  readonly size: readonly number[];
  /** How far each number is first changed in a search. */
  readonly steps: readonly number[];
  /** Closed mesh in its own frame, base on z = 0. */
  meshOf(size: readonly number[]): TriangleMesh;
  /** The same with as few triangles as its outline needs, and without what is inside. */
  outlineOf(size: readonly number[]): TriangleMesh;
  /** What unusual numbers cost, in units of silhouette agreement. */
  prior(size: readonly number[]): number;
}

export interface ShapeFit {
  readonly family: ObjectModel['family'];
  /** Closed mesh in its own frame, base on z = 0. */
  readonly mesh: TriangleMesh;
  /** Puts the mesh on the table. */
  readonly worldFromMesh: Mat4;
  /** Silhouette agreement with the mask, 0..1. */
  readonly iou: number;
  readonly hollow: boolean;
  readonly symmetry: ObjectModel['symmetry'];
  /** Other families that explain this one rest nearly as well: further views decide. */
  readonly rivals?: readonly ShapeFit[];
  /** Absent where the shape is the outline itself or comes from a file. */
  readonly parametric?: Parametric;
  /** Of a free shape: the family's shape that it began as. */
  readonly origin?: ShapeFit;
}

/** Pose of a mesh standing on the table. */
export const standingAt = (x: number, y: number, yawRad = 0): Mat4 => fromYaw(yawRad, [x, y, 0]);
