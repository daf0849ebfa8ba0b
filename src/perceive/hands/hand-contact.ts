/** Does a hand go along with a mover? Leaves in the wind and swaying clothes move too, but nothing that passes holds them. */
import { dilate } from '../../image/morphology.js';
import { type Transients, transientMask } from '../change/candidates.js';
import type { ColourChange } from '../change/stable-colour.js';
import type { Clip } from '../clip.js';
import { looksLikeSkin } from '../movers/colour-model.js';
import { type Mover, trackedMask } from '../movers/movers.js';
import { halved } from '../movers/visible-masks.js';

const SAMPLES = 9;
/** Width of the ring around the mover in which a hand must show, half-size px. */
const RING_PX = 4;
/** Share of the ring that must be hand: fingers on a rim cover about a tenth of it. */
const RING_SHARE = 0.05;
/** Below this share of skin among what passes, any passing pixel counts as hand. */
const SKIN_USEFUL_SHARE = 0.2;

/** Share of sampled frames between lift and set-down in which something passing (skin-coloured, where that tells) touches. */
export function contactShare(clip: Clip, mover: Mover, whole: ColourChange, transients: Transients): number {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const bySkin = transients.skinShare > SKIN_USEFUL_SHARE;
  let touched = 0;
  for (let s = 0; s < SAMPLES; s++) {
    const k = Math.round(mover.liftFrame + ((s + 0.5) / SAMPLES) * (mover.downFrame - mover.liftFrame));
    const mask = halved(trackedMask(clip, mover, k).mask, clip);
    const around = dilate(mask, w, h, RING_PX);
    const passing = transientMask(clip, whole, k);
    const lab = clip.labAt(k);
    let ring = 0;
    let hand = 0;
    for (let i = 0; i < around.length; i++) {
      if (around[i] === 0) continue;
      if (mask[i] === 0) ring++;
      // Fingers lie over the outline as well as beside it.
      if (passing[i] !== 0 && (bySkin ? looksLikeSkin(lab, i) : mask[i] === 0)) hand++;
    }
    if (hand > RING_SHARE * ring) touched++;
  }
  return touched / SAMPLES;
}
