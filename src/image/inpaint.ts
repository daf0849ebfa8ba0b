/**
 * Exemplar-based inpainting: holes are filled with patches of their surroundings, coarse to fine. Sources: Wexler, Shechtman,
 * Irani, "Space-time completion of video" (2007) for the alternation of patch search and voting; Barnes et al.,
 * "PatchMatch" (2009) for the search. Deterministic for a given random stream.
 */
import type { Random } from '../base/random.js';
import { connectedComponents } from './components.js';
import { createRgb, type PixelBox, type RgbImage } from './image.js';
import { dilate, distanceTo } from './morphology.js';
import { fillLevel, type Level } from './patch-match.js';
import { blendSeam } from './seam.js';

/** Holes nearer to each other than twice this are filled together, px. */
const GROUP_PX = 6;
/** Patches are taken from at least this far around a hole, px, and from at least the hole's own size. */
const MIN_SURROUND_PX = 48;
/** The coarsest level is where the hole is at most this thick (distance to its edge, px): there a few patches span it. */
const COARSE_THICKNESS_PX = 2.5;
const MIN_LEVEL_SIZE_PX = 24;

/** Fills the pixels where `hole` [H, W] is not 0. An image without any known pixel comes back unchanged. */
export function inpaint(image: RgbImage, hole: Uint8Array, random: Random): RgbImage {
  const { widthPx, heightPx } = image;
  const out = createRgb(widthPx, heightPx, Uint8Array.from(image.data));
  const groups = connectedComponents(dilate(hole, widthPx, heightPx, GROUP_PX), widthPx, heightPx);
  for (const group of groups.components) {
    const size = Math.max(group.box.x1 - group.box.x0, group.box.y1 - group.box.y0);
    const box = grow(group.box, Math.max(MIN_SURROUND_PX, size), widthPx, heightPx);
    const inGroup = (i: number): boolean => groups.labels[i] === group.label;
    fillBox(out, hole, inGroup, box, random);
  }
  return out;
}

function grow(box: PixelBox, by: number, widthPx: number, heightPx: number): PixelBox {
  return {
    x0: Math.max(0, box.x0 - by),
    y0: Math.max(0, box.y0 - by),
    x1: Math.min(widthPx, box.x1 + by),
    y1: Math.min(heightPx, box.y1 + by),
  };
}

/** Fills one group of holes from its box. Holes of other groups in the box are neither filled nor taken from. */
function fillBox(
  image: RgbImage,
  hole: Uint8Array,
  inGroup: (i: number) => boolean,
  box: PixelBox,
  random: Random,
): void {
  const w = box.x1 - box.x0;
  const h = box.y1 - box.y0;
  const rgb = new Float32Array(w * h * 3);
  const state = new Uint8Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const from = (y + box.y0) * image.widthPx + x + box.x0;
      const to = y * w + x;
      for (let c = 0; c < 3; c++) rgb[to * 3 + c] = image.data[from * 3 + c];
      state[to] = hole[from] === 0 ? 0 : inGroup(from) ? 1 : 2;
    }
  }
  const levels = pyramid({ widthPx: w, heightPx: h, rgb, state });
  if (levels[0].state.every((s) => s !== 0)) return;
  let coarser: Level | null = null;
  for (let i = levels.length - 1; i >= 0; i--) {
    if (!coarser) spreadInwards(levels[i]);
    fillLevel(levels[i], coarser, i === 0, random);
    coarser = levels[i];
  }
  const inside = state.map((s) => (s === 1 ? 1 : 0));
  const known = state.map((s) => (s === 0 ? 1 : 0));
  blendSeam(rgb, inside, known, w, h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const from = y * w + x;
      if (state[from] !== 1) continue;
      const to = (y + box.y0) * image.widthPx + x + box.x0;
      for (let c = 0; c < 3; c++) image.data[to * 3 + c] = Math.min(255, Math.max(0, Math.round(rgb[from * 3 + c])));
    }
  }
}

function pyramid(finest: Pick<Level, 'widthPx' | 'heightPx' | 'rgb' | 'state'>): Level[] {
  const levels: Level[] = [{ ...finest, sourceIdx: null }];
  for (;;) {
    const last = levels[levels.length - 1];
    const thin = thickness(last) <= COARSE_THICKNESS_PX;
    if (thin || Math.min(last.widthPx, last.heightPx) < 2 * MIN_LEVEL_SIZE_PX) return levels;
    levels.push(halve(last));
  }
}

/** Largest distance of a hole pixel to the edge of the hole, px. */
function thickness(level: Level): number {
  const known = level.state.map((s) => (s === 0 ? 1 : 0));
  let most = 0;
  const d = distanceTo(known, level.widthPx, level.heightPx);
  for (const value of d) if (Number.isFinite(value)) most = Math.max(most, value);
  return most;
}

/** Half size; a pixel is known if any of the four is, as the mean of those that are. */
function halve(level: Level): Level {
  const widthPx = level.widthPx >> 1;
  const heightPx = level.heightPx >> 1;
  const rgb = new Float32Array(widthPx * heightPx * 3);
  const state = new Uint8Array(widthPx * heightPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const to = y * widthPx + x;
      let count = 0;
      let fillable = false;
      for (let k = 0; k < 4; k++) {
        const from = (2 * y + (k >> 1)) * level.widthPx + 2 * x + (k & 1);
        if (level.state[from] === 1) fillable = true;
        if (level.state[from] !== 0) continue;
        count++;
        for (let c = 0; c < 3; c++) rgb[to * 3 + c] += level.rgb[from * 3 + c];
      }
      if (count > 0) for (let c = 0; c < 3; c++) rgb[to * 3 + c] /= count;
      else state[to] = fillable ? 1 : 2;
    }
  }
  return { widthPx, heightPx, rgb, state, sourceIdx: null };
}

/** First guess at the coarsest level: from the edge of the hole inwards, each pixel the mean of its filled neighbours. */
function spreadInwards({ widthPx, heightPx, rgb, state }: Level): void {
  const filled = state.map((s) => (s === 0 ? 1 : 0));
  for (let changed = true; changed; ) {
    changed = false;
    const round = Uint8Array.from(filled);
    for (let y = 0; y < heightPx; y++) {
      for (let x = 0; x < widthPx; x++) {
        const i = y * widthPx + x;
        if (filled[i] !== 0) continue;
        let count = 0;
        const sum = [0, 0, 0];
        for (let v = Math.max(0, y - 1); v <= Math.min(heightPx - 1, y + 1); v++) {
          for (let u = Math.max(0, x - 1); u <= Math.min(widthPx - 1, x + 1); u++) {
            const n = v * widthPx + u;
            if (filled[n] === 0) continue;
            count++;
            for (let c = 0; c < 3; c++) sum[c] += rgb[n * 3 + c];
          }
        }
        if (count === 0) continue;
        for (let c = 0; c < 3; c++) rgb[i * 3 + c] = sum[c] / count;
        round[i] = 1;
        changed = true;
      }
    }
    filled.set(round);
  }
}
