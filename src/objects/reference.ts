/** Which rest of an object shows it best: the shape is taken from there. */
import type { ByteImage } from '../image/image.js';
import type { PerceivedObject } from '../perceive/perception.js';
import { restIntervalOf } from './rest-view.js';

/** The first choice is kept unless more than this share of its outline is covered by something else... */
const COVERED = 0.12;
/** ...and another rest has less than this share of that. */
const MUCH_BETTER = 0.5;
/** An outline whose confidence is less than the other rest's by this factor is likely a part of the thing, or something beside it. */
const MUCH_MORE_TRUST = 1.5;
const PROBES = 5;

/** Share of an object's outline pixels that border on a hand or another object (or on the frame's edge); 1 when it is not seen. */
export function coveredShare(idMap: ByteImage, id: number): number {
  const { widthPx, heightPx, data } = idMap;
  let outline = 0;
  let covered = 0;
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      if (data[i] !== id) continue;
      if (x === 0 || y === 0 || x === widthPx - 1 || y === heightPx - 1) {
        outline++;
        covered++;
        continue;
      }
      const around = [data[i - 1], data[i + 1], data[i - widthPx], data[i + widthPx]];
      if (around.every((other) => other === id)) continue;
      outline++;
      if (around.some((other) => other !== id && other !== 0)) covered++;
    }
  }
  return outline > 0 ? covered / outline : 1;
}

/**
 * The object with its reference frame moved to the other rest, if it is much less covered there or its outline there is trusted much
 * more (a place whose beginning was not found, a fragment that changed first). Within a rest the least covered frame is taken.
 */
export async function withBestReference(
  object: PerceivedObject,
  numFrames: number,
  readMask: (frameIdx: number) => Promise<ByteImage>,
): Promise<PerceivedObject> {
  if (object.motion === null) return object;
  const share = async (frameIdx: number): Promise<number> => coveredShare(await readMask(frameIdx), object.id);
  const isBefore = object.referenceFrame < object.motion.firstFrame;
  const other = { ...object, referenceFrame: isBefore ? numFrames - 1 : 0 };
  const [ownRest, otherRest] = [object, other].map((at) => restIntervalOf(at, numFrames));
  const [ownTrust, otherTrust] = [ownRest, otherRest].map((rest) => trustIn(object, rest));
  if (otherTrust > MUCH_MORE_TRUST * ownTrust) return other;
  const own = await share(object.referenceFrame);
  if (own <= COVERED) return object;
  let best = { frameIdx: object.referenceFrame, covered: own };
  for (const [first, last] of ownTrust > MUCH_MORE_TRUST * otherTrust ? [ownRest] : [ownRest, otherRest]) {
    for (let k = 0; k < PROBES && first <= last; k++) {
      const frameIdx = Math.round(first + ((last - first) * (k + 0.5)) / PROBES);
      const covered = await share(frameIdx);
      if (covered < best.covered) best = { frameIdx, covered };
    }
  }
  return best.covered < MUCH_BETTER * own ? { ...object, referenceFrame: best.frameIdx } : object;
}

/** Median confidence in its outline during a rest; 1 where nothing is said of it, 0 for a rest without frames. */
function trustIn({ frameConfidence }: PerceivedObject, [first, last]: readonly [number, number]): number {
  if (first > last) return 0;
  const stated = frameConfidence?.slice(first, last + 1).sort((a, b) => a - b) ?? [];
  return stated.length > 0 ? stated[stated.length >> 1] : 1;
}
