/** How far each object can be trusted in each frame: the trust in its track times how much of its outline is seen. */
import { countSet } from '../../image/morphology.js';
import type { Mover } from '../movers/movers.js';
import type { Target } from '../movers/target.js';
import type { FrameMasks } from '../movers/visible-masks.js';

/** Covered by this much or less, an object is seen as well as it can be. */
const FULLY_SEEN_SHARE = 0.8;

/** By object id, 0..1: the object's own confidence, lowered where its track is weak or little of it is seen. */
export function frameConfidence(
  { ids, outlines }: FrameMasks,
  movers: readonly Mover[],
  targets: readonly Target[],
): Map<number, number> {
  const seen = countIds(ids.data);
  const visible = (id: number, area: number): number => Math.min(1, seen[id] / Math.max(1, FULLY_SEEN_SHARE * area));
  const out = new Map<number, number>();
  movers.forEach((mover, m) => {
    const { area, trust } = outlines[m];
    out.set(m + 1, mover.confidence * Math.sqrt(trust) * visible(m + 1, area));
  });
  for (const { id, mask, finding } of targets) out.set(id, finding.confidence * visible(id, countSet(mask)));
  return out;
}

/** [256] number of pixels with each id. */
function countIds(ids: Uint8Array): Uint32Array {
  const out = new Uint32Array(256);
  for (let i = 0; i < ids.length; i++) out[ids[i]]++;
  return out;
}
