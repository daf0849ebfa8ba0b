/** The window of the picture in which an outline is cut: most things are small. */
import type { PixelBox } from '../../image/image.js';
import { maskBox } from '../../image/morphology.js';
import type { Plates } from '../change/plates.js';
import type { Clip } from '../clip.js';
import { cropBytes, growBox, pasteBytes } from './object-cut.js';

/** Cutting looks this far around a region, share of its size and px (object-cut.ts). */
const CUT_REACH = 0.35;
const MIN_CUT_REACH_PX = 8;

type RestPlates = Pick<Plates, 'firstLab' | 'lastLab'>;

export class CutWindow {
  readonly widthPx: number;
  readonly heightPx: number;

  private constructor(
    private readonly clip: Clip,
    private readonly box: PixelBox,
  ) {
    this.widthPx = box.x1 - box.x0;
    this.heightPx = box.y1 - box.y0;
  }

  /** Around a mask [H, W], at least `reachPx` wider; null if the mask is empty. */
  static around(clip: Clip, mask: Uint8Array, reachPx = 0): CutWindow | null {
    const { widthPx: w, heightPx: h } = clip;
    const box = maskBox(mask, w, h);
    if (!box) return null;
    const size = Math.max(box.x1 - box.x0, box.y1 - box.y0);
    const { x0, y0, x1, y1 } = growBox(box, Math.max(reachPx, Math.ceil(CUT_REACH * size) + MIN_CUT_REACH_PX), w, h);
    // Corners of half-size pixels.
    return new CutWindow(clip, { x0: x0 & ~1, y0: y0 & ~1, x1: x1 + (x1 & 1), y1: y1 + (y1 & 1) });
  }

  /** Of a picture [H, W, channels] u8. */
  crop(data: Uint8Array, channels = 1): Uint8Array {
    return cropBytes(data, this.clip.widthPx, this.box, channels);
  }

  cropFloats(values: Float32Array): Float32Array {
    const { widthPx: w, heightPx: h, box } = this;
    const out = new Float32Array(w * h);
    for (let y = 0; y < h; y++) {
      const from = (box.y0 + y) * this.clip.widthPx + box.x0;
      out.set(values.subarray(from, from + w), y * w);
    }
    return out;
  }

  plates({ firstLab, lastLab }: RestPlates): RestPlates {
    return { firstLab: this.crop(firstLab, 3), lastLab: this.crop(lastLab, 3) };
  }

  /** Of a half-size mask [H/2, W/2], at work size. */
  doubled(mask: Uint8Array): Uint8Array {
    const { widthPx: w, heightPx: h, box } = this;
    const out = new Uint8Array(w * h);
    for (let y = 0, i = 0; y < h; y++) {
      const row = ((box.y0 + y) >> 1) * this.clip.halfWidthPx + (box.x0 >> 1);
      for (let x = 0; x < w; x++, i++) out[i] = mask[row + (x >> 1)];
    }
    return out;
  }

  /** A mask of the window as one of the whole picture. */
  pasted(mask: Uint8Array): Uint8Array {
    const out = new Uint8Array(this.clip.widthPx * this.clip.heightPx);
    pasteBytes(out, this.clip.widthPx, this.box, mask);
    return out;
  }
}
