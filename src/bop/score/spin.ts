/** How fast turning bodies seem to turn about their own axis although nothing tells: spurious rotation, degrees per second. */
import { compose, inverse, type Mat4, quaternionOf } from '../../math/se3.js';
import { dot, normalize, type Vec3 } from '../../math/vec3.js';
import type { BopDataset } from '../dataset/dataset.js';
import type { BopEstimate } from '../dataset/results-csv.js';

/** Turn about `axis` (unit) in the rotation from `truth` to `pose`, radians (twist of the swing-twist decomposition). */
export function twistAngle(pose: Mat4, truth: Mat4, axis: Vec3): number {
  const [w, x, y, z] = quaternionOf(compose(inverse(truth), pose));
  return 2 * Math.atan2(dot([x, y, z], axis), w);
}

/** Mean over the steps between images, by id of every object with a continuous symmetry that was tracked. */
export async function spinRates(
  dataset: BopDataset,
  estimates: readonly BopEstimate[],
  fps: number,
): Promise<Record<string, number>> {
  const rates: Record<string, number> = {};
  for (const object of dataset.objects.values()) {
    const [symmetry] = object.symmetries.continuous;
    if (!symmetry) continue;
    const axis = normalize(symmetry.axis);
    let turned = 0;
    let steps = 0;
    for (const sceneId of new Set(estimates.map((estimate) => estimate.sceneId))) {
      const own = estimates.filter((e) => e.objId === object.id && e.sceneId === sceneId);
      if (own.length < 2) continue;
      const { images } = await dataset.readScene(sceneId);
      const angles = own
        .sort((a, b) => a.imageId - b.imageId)
        .flatMap(({ imageId, cameraFromModel }) => {
          const truth = images.get(imageId)?.instances.find(({ objId }) => objId === object.id)?.cameraFromModel;
          return truth ? [twistAngle(cameraFromModel, truth, axis)] : [];
        });
      for (let k = 1; k < angles.length; k++) {
        const step = angles[k] - angles[k - 1];
        turned += Math.abs(Math.atan2(Math.sin(step), Math.cos(step)));
        steps++;
      }
    }
    if (steps > 0) rates[object.id] = ((turned * 180) / Math.PI / steps) * fps;
  }
  return rates;
}
