/** How many hands are in the picture, and when more than one. */
import { connectedComponents } from '../../image/components.js';
import type { ByteImage } from '../../image/image.js';
import { maskWhere } from '../../image/morphology.js';
import { HAND_ID } from '../perception.js';

/** Parts of the hand mask smaller than this share of the picture are fragments. */
const MIN_SHARE = 0.012;
/** Arms enter from the border at places at least this share of the picture's width apart. */
const MIN_APART = 0.3;

/** Number of arms that enter an id map from its border, well apart from each other. */
export function countArms({ data, widthPx: w, heightPx: h }: ByteImage): number {
  const hand = maskWhere(data, (id) => id === HAND_ID);
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
