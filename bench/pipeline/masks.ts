/** Masks: which found object is which true one, and how well the outlines agree. */
import type { ByteImage } from '../../src/image/image.js';
import { HAND_ID } from '../../src/perceive/perception.js';
import type { FoundScene } from './found.js';
import type { AlignedTruth } from './frames.js';
import { meanOf } from './stats.js';

export function iouOf(a: ByteImage, idA: number, b: ByteImage, idB: number): number | null {
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.data.length; i++) {
    const inA = a.data[i] === idA;
    const inB = b.data[i] === idB;
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return either > 0 ? both / either : null;
}

/** Less overlap than this at the reference frame is another thing. */
const MIN_IOU = 0.2;

/** True id of each found id that has one: pairs by falling IoU at the found object's reference frame, each used once. */
export async function matchObjects(
  found: FoundScene,
  truth: AlignedTruth,
  trueIds: readonly number[],
): Promise<Map<number, number>> {
  const pairs: { foundId: number; trueId: number; iou: number }[] = [];
  for (const [foundId, frame] of found.referenceFrames) {
    const seen = await found.mask(frame);
    const real = await truth.mask(frame);
    for (const trueId of trueIds) pairs.push({ foundId, trueId, iou: iouOf(seen, foundId, real, trueId) ?? 0 });
  }
  const matches = new Map<number, number>();
  const taken = new Set<number>();
  for (const { foundId, trueId, iou } of pairs.sort((a, b) => b.iou - a.iou)) {
    if (iou < MIN_IOU || matches.has(foundId) || taken.has(trueId)) continue;
    matches.set(foundId, trueId);
    taken.add(trueId);
  }
  return matches;
}

export interface MaskScores {
  /** By true object id; objects that were not found score 0. */
  objects: Map<number, number | null>;
  hand: number | null;
}

/** Mean IoU over the frames in which either of the two masks has a pixel. */
export async function scoreMasks(
  found: FoundScene,
  truth: AlignedTruth,
  trueIds: readonly number[],
  matches: ReadonlyMap<number, number>,
): Promise<MaskScores> {
  const pairs = trueIds.map((trueId) => ({
    trueId,
    foundId: [...matches].find(([, id]) => id === trueId)?.[0] ?? null,
    values: [] as (number | null)[],
  }));
  const hand: (number | null)[] = [];
  for (let k = 0; k < truth.numFrames; k++) {
    const seen = await found.mask(k);
    const real = await truth.mask(k);
    for (const { trueId, foundId, values } of pairs) {
      values.push(foundId === null ? 0 : iouOf(seen, foundId, real, trueId));
    }
    hand.push(iouOf(seen, HAND_ID, real, HAND_ID));
  }
  return { objects: new Map(pairs.map(({ trueId, values }) => [trueId, meanOf(values)])), hand: meanOf(hand) };
}
