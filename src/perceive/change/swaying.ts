/**
 * Persons sway: a trouser leg or a shoulder at the picture's border leaves its place and is back a moment later, like a cup
 * that was poured from. But it is cut off by the border where it rests, and so is an arm.
 */

import { maskIou } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import type { Mover } from '../movers/movers.js';

/** Places that overlap this much are the same one. */
const SAME_PLACE = 0.3;
/** Outlines end this close to the border that cuts them off, px (the half-size pictures lose a pixel there). */
const BORDER_PX = 3;
/** Cut off along this share of its size or more, a thing reaches on beyond the border; a corner may touch it. */
const MIN_CUT_OFF = 0.25;

/** Did `mover` come back to its place, and is it cut off by the border there? */
export function isSwaying(clip: Clip, mover: Mover): boolean {
  const { from, to } = mover;
  if (!from || !to || maskIou(from.mask, to.mask) < SAME_PLACE) return false;
  return [from, to].some(({ mask, area }) => borderLength(clip, mask) > MIN_CUT_OFF * Math.sqrt(area));
}

/** Length along which a [H, W] mask runs into the border of the picture, or of what all frames of a moving camera show; px. */
function borderLength({ widthPx: w, heightPx: h, halfWidthPx, valid }: Clip, mask: Uint8Array): number {
  const outside = (x: number, y: number): boolean =>
    x < 0 || y < 0 || x >= w || y >= h || valid[(y >> 1) * halfWidthPx + (x >> 1)] === 0;
  let length = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const x = i % w;
    const y = Math.floor(i / w);
    const near =
      outside(x - BORDER_PX, y) || outside(x + BORDER_PX, y) || outside(x, y - BORDER_PX) || outside(x, y + BORDER_PX);
    if (near) length++;
  }
  return length / BORDER_PX;
}
