/** How many hands are in the picture, and when more than one. */
import { connectedComponents } from '../../image/components.js';
import type { ByteImage } from '../../image/image.js';
import { HAND_ID } from '../perception.js';

/** Parts of the hand mask smaller than this share of the picture are fragments. */
const MIN_SHARE = 0.012;
/** Arms enter from the border at places at least this share of the picture's width apart. */
const MIN_APART = 0.3;

/** Number of arms that enter an id map from its border, well apart from each other; every second pixel is looked at. */
export function countArms(ids: ByteImage): number {
  const w = ids.widthPx >> 1;
  const h = ids.heightPx >> 1;
  const hand = new Uint8Array(w * h);
  for (let y = 0, i = 0; y < h; y++) {
    for (let x = 0; x < w; x++, i++) if (ids.data[2 * (y * ids.widthPx + x)] === HAND_ID) hand[i] = 1;
  }
  const { components } = connectedComponents(hand, w, h);
  const arms = components.filter(({ area, box }) => {
    const atBorder = box.x0 <= 1 || box.y0 <= 1 || box.x1 >= w - 1 || box.y1 >= h - 1;
    return atBorder && area >= MIN_SHARE * w * h;
  });
  const apart: typeof arms = [];
  for (const arm of arms) {
    if (apart.every((other) => Math.hypot(other.cx - arm.cx, other.cy - arm.cy) >= MIN_APART * w)) apart.push(arm);
  }
  return apart.length;
}

/** In so many seconds of the clip two arms must be seen at once to count as two hands. */
const MIN_TOGETHER_SEC = 0.5;

/** "Two hands ..." with the time in which they are seen at once, or null; `arms` is the number of arms per frame. */
export function twoHandsFinding(arms: readonly number[], fps: number): string | null {
  const together = arms.flatMap((count, k) => (count >= 2 ? [k] : []));
  if (together.length < MIN_TOGETHER_SEC * fps) return null;
  const seconds = (k: number): string => `${(k / fps).toFixed(1)} s`;
  return (
    `Two hands or arms are in the picture at once between ${seconds(together[0])} and ${seconds(together[together.length - 1])}: what both do ` +
    'together is not understood, one of them should rest outside.'
  );
}
