/** Class words for objects: what a detector calls the thing that fills its outline. */
import { boxIou } from '../../models/crop.js';
import type { Clip } from '../clip.js';
import type { Mover } from '../movers/movers.js';
import { boxOf } from '../movers/object-cut.js';
import type { Target } from '../movers/target.js';
import { uniqueName } from '../naming.js';
import type { PerceivedObject } from '../perception.js';

/** The box and the outline's box must overlap this much. */
const MIN_IOU = 0.5;
/** Mean score over the looks that decides between a word and a description. */
const MIN_MEAN_SCORE = 0.3;
/** Words that are never a thing on the table that a hand carries, or what it is put into. */
const SURROUNDINGS = new Set([
  'person',
  'dining table',
  'chair',
  'couch',
  'bed',
  'bench',
  'toilet',
  'sink',
  'refrigerator',
  'oven',
]);

export const isThing = (word: string): boolean => !SURROUNDINGS.has(word);

/** Objects with class words where a detector knows them. */
export function namedByEvidence(
  clip: Clip,
  objects: readonly PerceivedObject[],
  movers: readonly Mover[],
  targets: readonly Target[],
  ownNames: ReadonlySet<string>,
): PerceivedObject[] {
  const { evidence } = clip;
  if (!evidence || evidence.boxFrames.length === 0) return [...objects];
  const taken: string[] = [...ownNames];
  return objects.map((object) => {
    if (ownNames.has(object.name)) return object;
    const looks = restsOf(clip, object.id, movers, targets);
    const votes = new Map<string, number>();
    let num = 0;
    for (const { mask, fromFrame, toFrame } of looks) {
      const box = boxOf(mask, clip.widthPx, clip.heightPx);
      if (!box) continue;
      for (const k of evidence.boxFrames) {
        if (k < fromFrame || k > toFrame) continue;
        num++;
        for (const seen of evidence.boxes(k)) {
          if (isThing(seen.word) && boxIou(seen, box) >= MIN_IOU) {
            votes.set(seen.word, (votes.get(seen.word) ?? 0) + seen.score);
          }
        }
      }
    }
    const [best] = [...votes].sort((a, b) => b[1] - a[1]);
    const known = best !== undefined && best[1] / num >= MIN_MEAN_SCORE;
    const name = known ? uniqueName(best[0], taken) : object.name;
    taken.push(name);
    return known ? { ...object, name, evidence: `${object.evidence}; a network calls it ${best[0]}` } : object;
  });
}

interface Look {
  mask: Uint8Array;
  fromFrame: number;
  toFrame: number;
}

/** Where and when an object rests. */
function restsOf(clip: Clip, id: number, movers: readonly Mover[], targets: readonly Target[]): Look[] {
  const last = clip.numFrames - 1;
  const target = targets.find((candidate) => candidate.id === id);
  if (target) return [{ mask: target.mask, fromFrame: 0, toFrame: last }];
  const mover = movers[id - 1];
  if (!mover) return [];
  const looks: Look[] = [];
  if (mover.from) looks.push({ mask: mover.from.mask, fromFrame: 0, toFrame: mover.liftFrame });
  if (mover.to) looks.push({ mask: mover.to.mask, fromFrame: mover.downFrame, toFrame: last });
  return looks;
}
