/** A rigid thing is one piece: what lies apart from it in its mask, with nothing in between that could hide the rest, is something else. */
import { connectedComponents } from '../image/components.js';
import { type ByteImage, createBytes } from '../image/image.js';
import { dilate } from '../image/morphology.js';
import { boxOfId } from './observation.js';

/** Pieces nearer to each other than this share of the object's size (square root of its area) are one: masks break at bright edges. */
const GAP_SHARE = 0.15;
const MIN_GAP_PX = 3;

/** The id map without pieces of any of `ids` that lie apart; the map itself where there are none. */
export function withoutStrays(idMap: ByteImage, ids: readonly number[]): ByteImage {
  let out = idMap;
  for (const id of ids) {
    const strays = straysOf(idMap, id);
    if (strays.length === 0) continue;
    if (out === idMap) out = createBytes(idMap.widthPx, idMap.heightPx, Uint8Array.from(idMap.data));
    for (const i of strays) out.data[i] = 0;
  }
  return out;
}

/** Pixels of an id that neither touch its largest piece nor are joined to it by what may hide the part in between. */
function straysOf(idMap: ByteImage, id: number): number[] {
  const box = boxOfId(idMap, id);
  if (box === null) return [];
  const [w, h] = [box.x1 - box.x0, box.y1 - box.y0];
  const own = new Uint8Array(w * h);
  const foreign = new Uint8Array(w * h);
  let area = 0;
  for (let y = 0, k = 0; y < h; y++) {
    for (let x = 0; x < w; x++, k++) {
      const value = idMap.data[(box.y0 + y) * idMap.widthPx + box.x0 + x];
      if (value === id) own[k] = 1;
      else if (value !== 0) foreign[k] = 1;
      area += own[k];
    }
  }
  const pieces = connectedComponents(own, w, h).components;
  if (pieces.length === 1) return [];
  const reach = Math.max(MIN_GAP_PX, Math.round((GAP_SHARE * Math.sqrt(area)) / 2));
  const bridged = dilate(own, w, h, reach);
  for (let k = 0; k < bridged.length; k++) if (foreign[k]) bridged[k] = 1;
  const { labels } = connectedComponents(bridged, w, h);
  const held = new Map<number, number>();
  for (let k = 0; k < own.length; k++) if (own[k]) held.set(labels[k], (held.get(labels[k]) ?? 0) + 1);
  const main = [...held].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  const strays: number[] = [];
  for (let k = 0; k < own.length; k++) {
    if (own[k] && labels[k] !== main) {
      strays.push((box.y0 + Math.floor(k / w)) * idMap.widthPx + box.x0 + (k % w));
    }
  }
  return strays;
}
