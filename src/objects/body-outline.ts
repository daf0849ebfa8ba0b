/** Which part of an outline is the body of a thing, and what sticks out of it. */
import { connectedComponents } from '../image/components.js';
import { type ByteImage, createBytes } from '../image/image.js';
import { countSet, distanceTo, maskWhere } from '../image/morphology.js';
import { HAND_ID } from '../perceive/perception.js';
import type { RestView } from './rest-view.js';

/** A part that sticks out covers this share of the mask at least. */
export const MIN_PART_SHARE = 0.015;

/**
 * The id map in which parts that stick out of the outline (a handle, a spout) are not cared for: a body is fitted without them.
 * They are what is left of the mask after it is opened by a disc of `thinShare` of its own greatest half thickness. The id map itself where nothing sticks out.
 */
export function withoutThinParts({ idMap, mask }: RestView, thinShare: number): ByteImage {
  const { widthPx, heightPx } = mask;
  const outside = maskWhere(mask.data, (v) => v === 0);
  const depth = distanceTo(outside, widthPx, heightPx);
  const radius = thinShare * depth.reduce((a, b) => Math.max(a, b), 0);
  const core = maskWhere(depth, (d) => d > radius);
  const opened = maskWhere(distanceTo(core, widthPx, heightPx), (d) => d <= radius + 1);
  const thin = mask.data.map((inside, i) => (inside && !opened[i] ? 1 : 0));
  const parts = largeEnough(thin, mask);
  return parts.some((v) => v === 1) ? withoutPart(idMap, parts) : idMap;
}

/** Pieces of the mask that a body does not cover, without specks. */
export function uncovered(mask: ByteImage, cover: Uint8Array): Uint8Array {
  return largeEnough(
    mask.data.map((inside, i) => (inside && !cover[i] ? 1 : 0)),
    mask,
  );
}

export function withoutPart(idMap: ByteImage, part: Uint8Array): ByteImage {
  const ids = idMap.data.map((id, i) => (part[i] ? HAND_ID : id));
  return createBytes(idMap.widthPx, idMap.heightPx, ids);
}

function largeEnough(pixels: Uint8Array, { data, widthPx, heightPx }: ByteImage): Uint8Array {
  const minArea = MIN_PART_SHARE * countSet(data);
  const { labels, components } = connectedComponents(pixels, widthPx, heightPx);
  const kept = new Set(components.filter(({ area }) => area >= minArea).map(({ label }) => label));
  return maskWhere(labels, (label) => kept.has(label));
}
