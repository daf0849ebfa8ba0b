/**
 * What a thing was put on or into (a coaster, a tray) lies behind it in the picture, but for a front wall that may hide its foot. Masks do
 * not tell: an outline next to that of another object may be covered by it.
 */
import { type ByteImage, createBytes } from '../image/image.js';
import type { PerceivedObject } from '../perceive/perception.js';

/** A thing at rest hides this share of its own outline's pixels of what it stands on. */
const MIN_ON_SHARE = 0.15;

/** Ids of things that never moved and part of whose place in `before` the object covers in `after` (id maps). */
export function supportsOf(
  id: number,
  objects: readonly PerceivedObject[],
  before: ByteImage,
  after: ByteImage,
): Set<number> {
  const hidden = new Map<number, number>();
  let own = 0;
  for (let i = 0; i < after.data.length; i++) {
    if (after.data[i] !== id) continue;
    own++;
    hidden.set(before.data[i], (hidden.get(before.data[i]) ?? 0) + 1);
  }
  const still = objects.filter(({ motion }) => motion === null);
  return new Set(still.filter((o) => (hidden.get(o.id) ?? 0) >= MIN_ON_SHARE * own).map((o) => o.id));
}

/** The id map in which supports are background, except straight below the object. */
export function withSupportsBehind(idMap: ByteImage, id: number, supports: ReadonlySet<number>): ByteImage {
  const { widthPx, heightPx, data } = idMap;
  const out = new Uint8Array(data);
  for (let x = 0; x < widthPx; x++) {
    let isBelow = false;
    for (let y = 0; y < heightPx; y++) {
      const i = y * widthPx + x;
      if (data[i] === id) isBelow = true;
      else if (!isBelow && supports.has(data[i])) out[i] = 0;
    }
  }
  return createBytes(widthPx, heightPx, out);
}
