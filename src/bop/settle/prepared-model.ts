/** A data set's model as the tracker draws it. */
import type { Mat4 } from '../../math/se3.js';
import { coarsenSet } from '../../pose/coarse-set.js';
import { type TrackedObject, weightsOf } from '../../pose/objective.js';
import type { PoseOptions } from '../../pose/options.js';
import { extremePoints } from '../../pose/point-loss.js';
import { createRenderer } from '../../splat/create-renderer.js';
import type { GaussianSet } from '../../splat/gaussians.js';

/** A model as it is drawn in tracking; without a table until it gets one. */
export async function preparedModel(id: number, full: GaussianSet, pose: PoseOptions): Promise<TrackedObject> {
  const renderer = await createRenderer();
  const gaussians = coarsenSet(full, pose.poseGaussians);
  let radiusM = 0;
  for (let i = 0; i < full.count; i++) {
    radiusM = Math.max(radiusM, Math.hypot(...full.position.subarray(3 * i, 3 * i + 3)));
  }
  return {
    id,
    renderer,
    gaussians,
    set: renderer.prepare(gaussians),
    scale: 1,
    extremes: extremePoints(full.position, full.count),
    radiusM,
    worldFromCamera: NO_WORLD,
    weights: { ...weightsOf(pose), contact: 0 },
  };
}

/** Not asked for without contact. */
const NO_WORLD: Mat4 = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
