/** What every shape family's fit returns. */
import type { Mat4 } from '../math/se3.js';
import { fromYaw } from '../math/se3.js';
import type { ObjectModel, TriangleMesh } from './object-model.js';

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
}

/** Pose of a mesh standing on the table. */
export const standingAt = (x: number, y: number, yawRad = 0): Mat4 => fromYaw(yawRad, [x, y, 0]);
