/** Perception of a fixture against its truth: who is who, and how well the masks agree. */
import { readFound } from './found.js';
import { alignTruth } from './frames.js';
import { matchObjects, scoreMasks } from './masks.js';
import { meanOf } from './stats.js';
import type { TrueScene } from './truth.js';

export async function scorePerceived(scene: TrueScene, runFolder: string) {
  const found = await readFound(runFolder);
  const truth = alignTruth(scene, found);
  const ids = scene.truth.objects.map(({ id }) => id);
  const matches = await matchObjects(found, truth, ids);
  const masks = await scoreMasks(found, truth, ids, matches);
  /** Mean over the objects of this role; what is not found counts 0. */
  const iouOf = (role: string): number | null =>
    meanOf(scene.truth.objects.filter((o) => o.role === role).map(({ id }) => masks.objects.get(id) ?? 0));
  return { found, truth, matches, masks, iouOf };
}
