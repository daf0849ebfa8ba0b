/** The scene behind things of which only the user knew that they move. */
import { createRgb } from '../../image/image.js';
import { rgbToLab8 } from '../../image/lab.js';
import { dilate } from '../../image/morphology.js';
import { type Clip, gainOf } from '../clip.js';
import type { Mover } from '../movers/movers.js';
import type { Segmentation } from '../providers/provider.js';

/** The plate without movers that are still in it: their place as it is in the last frame. */
export async function clearedPlate(
  clip: Clip,
  found: Segmentation,
  movers: readonly Mover[],
): Promise<Segmentation['plate']> {
  const fresh = movers.filter((mover) => !found.movers.includes(mover));
  if (fresh.length === 0) return found.plate;
  const { frameWidthPx: W, frameHeightPx: H, widthPx: w, heightPx: h } = clip;
  const rgb = createRgb(W, H, Uint8Array.from(found.plate.rgb.data));
  const lab = Uint8Array.from(found.plate.lab);
  const lastFrame = clip.numFrames - 1;
  const late = await clip.readFrame(lastFrame);
  const { data } = await clip.readWork(lastFrame);
  const lateLab = new Uint8Array(data.length);
  rgbToLab8(data, lateLab, gainOf(clip, lastFrame));
  for (const { from } of fresh) {
    if (!from) continue;
    const place = dilate(from.mask, w, h, 3);
    for (let i = 0; i < place.length; i++) {
      if (place[i] !== 0) for (let c = 0; c < 3; c++) lab[3 * i + c] = lateLab[3 * i + c];
    }
    for (let y = 0; y < H; y++) {
      const row = Math.floor((y * h) / H) * w;
      for (let x = 0; x < W; x++) {
        if (place[row + Math.floor((x * w) / W)] === 0) continue;
        const i = 3 * (y * W + x);
        for (let c = 0; c < 3; c++) rgb.data[i + c] = late.data[i + c];
      }
    }
  }
  return { rgb, lab };
}
