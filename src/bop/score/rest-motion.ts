/** How much what truly rests seems to move, against the pose that it has in the middle of its rest. */
import { type Mat4, rotationAngleBetween, translationOf } from '../../math/se3.js';
import { distance } from '../../math/vec3.js';
import type { BopDataset } from '../dataset/dataset.js';
import type { BopEstimate } from '../dataset/results-csv.js';

/** Shorter stays are moments of a motion. */
const MIN_REST_FRAMES = 10;
/** True poses nearer to each other than this are one: millimetre files carry some rounding. */
const SAME_M = 1e-5;
const SAME_RAD = 1e-4;

export interface RestMotion {
  /** Largest distance and turn over all frames of its rests, and the 95th percentile of them. */
  readonly worstMm: number;
  readonly worstDeg: number;
  readonly mm95: number;
  readonly deg95: number;
  readonly frames: number;
}

/** By id of every object that rests in some scene and was found there. */
export async function restMotions(
  dataset: BopDataset,
  estimates: readonly BopEstimate[],
): Promise<Record<string, RestMotion>> {
  const out: Record<string, RestMotion> = {};
  for (const objId of new Set(estimates.map((estimate) => estimate.objId))) {
    const mm: number[] = [];
    const deg: number[] = [];
    for (const sceneId of new Set(estimates.filter((e) => e.objId === objId).map((e) => e.sceneId))) {
      const { images } = await dataset.readScene(sceneId);
      const own = estimates
        .filter((e) => e.objId === objId && e.sceneId === sceneId)
        .sort((a, b) => a.imageId - b.imageId);
      const truthOf = (e: BopEstimate): Mat4 | null =>
        images.get(e.imageId)?.instances.find((instance) => instance.objId === objId)?.cameraFromModel ?? null;
      for (const rest of runsOf(own, (a, b) => isSame(truthOf(a), truthOf(b)))) {
        if (rest.length < MIN_REST_FRAMES) continue;
        const middle = rest[rest.length >> 1].cameraFromModel;
        for (const { cameraFromModel } of rest) {
          mm.push(1000 * distance(translationOf(cameraFromModel), translationOf(middle)));
          deg.push((180 / Math.PI) * rotationAngleBetween(cameraFromModel, middle));
        }
      }
    }
    if (mm.length === 0) continue;
    const at = (values: readonly number[], share: number): number =>
      [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))];
    out[objId] = {
      worstMm: at(mm, 1),
      worstDeg: at(deg, 1),
      mm95: at(mm, 0.95),
      deg95: at(deg, 0.95),
      frames: mm.length,
    };
  }
  return out;
}

const isSame = (a: Mat4 | null, b: Mat4 | null): boolean =>
  a !== null &&
  b !== null &&
  distance(translationOf(a), translationOf(b)) < SAME_M &&
  rotationAngleBetween(a, b) < SAME_RAD;

/** Cut wherever neighbours differ. */
function runsOf<T>(items: readonly T[], belongs: (previous: T, next: T) => boolean): T[][] {
  const runs: T[][] = [];
  for (const [k, item] of items.entries()) {
    if (k > 0 && belongs(items[k - 1], item)) runs[runs.length - 1].push(item);
    else runs.push([item]);
  }
  return runs;
}
