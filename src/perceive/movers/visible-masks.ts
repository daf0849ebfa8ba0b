/**
 * What is seen in each frame: every object without what covers it, and the hand. Foreground is what differs from the
 * clean plate and is no shadow; what of it is object and what is hand is decided by place (the tracked outline) and
 * colour, with a minimum cut along the edges.
 */
import { type ByteImage, createBytes, type RgbImage } from '../../image/image.js';
import { countSet, countShared, dilate, opened, paint, setRange } from '../../image/morphology.js';
import { type Clip, gainOf } from '../clip.js';
import { handWithEvidence } from '../hands/evident-hand.js';
import { HAND_ID } from '../perception.js';
import { ColourModel } from './colour-model.js';
import { foregroundMask, handMask } from './hand-mask.js';
import { type Mover, trackedMask } from './movers.js';
import { boxOf } from './object-cut.js';
import { isCovered, restingLook, type SceneLooks, visiblePart } from './visible-part.js';

/** Learns the hand's colours from frames spread over the clip. */
export function learnHandColours(clip: Clip, plateHalfLab: Uint8Array, movers: readonly Mover[]): ColourModel {
  const model = new ColourModel();
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const step = Math.max(1, Math.floor(clip.numFrames / 30));
  for (let k = 0; k < clip.numFrames; k += step) {
    const lab = clip.labAt(k);
    const fg = opened(foregroundMask(lab, plateHalfLab), w, h, 1);
    for (const mover of movers) {
      const mask = halved(trackedMask(clip, mover, k).mask, clip);
      const near = dilate(mask, w, h, Math.max(2, Math.round(0.15 * Math.sqrt(countSet(mask)))));
      paint(fg, near, 0);
    }
    model.addAll(lab, fg);
  }
  return model;
}

/** Work-size mask at half size (any of the four pixels). */
export function halved(mask: Uint8Array, clip: Clip): Uint8Array {
  const { widthPx: w, halfWidthPx, halfHeightPx } = clip;
  const out = new Uint8Array(halfWidthPx * halfHeightPx);
  const box = boxOf(mask, w, clip.heightPx);
  if (!box) return out;
  for (let y = box.y0 >> 1; 2 * y < box.y1; y++) {
    for (let x = box.x0 >> 1; 2 * x < box.x1; x++) {
      const i = 2 * y * w + 2 * x;
      out[y * halfWidthPx + x] = mask[i] | mask[i + 1] | mask[i + w] | mask[i + w + 1];
    }
  }
  return out;
}

export interface FrameMasks {
  /** Id map at work size. */
  readonly ids: ByteImage;
  readonly handArea: number;
  /** Per mover: area of its outline as tracked, covered or not, and the trust in it. */
  readonly outlines: readonly { readonly area: number; readonly trust: number }[];
}

/** Things that never move, the same in all frames: ids [H, W], and 1 where they are [H/2, W/2]. */
interface Statics {
  readonly ids: Uint8Array;
  readonly half: Uint8Array;
}

const staticsOfScene = new WeakMap<SceneLooks, Statics>();

function staticsOf(clip: Clip, scene: SceneLooks): Statics {
  const known = staticsOfScene.get(scene);
  if (known) return known;
  const ids = new Uint8Array(clip.widthPx * clip.heightPx);
  for (const { id, mask } of scene.statics) paint(ids, mask, id);
  const half = new Uint8Array(clip.valid.length);
  for (const { mask } of scene.statics) paint(half, halved(mask, clip), 1);
  const statics = { ids, half };
  staticsOfScene.set(scene, statics);
  return statics;
}

/**
 * Segments one frame. The hand is found at half size; the frame itself is only read where a mover is covered or on its way.
 */
export async function segmentFrame(clip: Clip, k: number, scene: SceneLooks): Promise<FrameMasks> {
  const { widthPx: w, heightPx: h } = clip;
  const owner = new Uint8Array(w * h);
  const objectsHalf = new Uint8Array(clip.valid.length);
  const outlines: { area: number; trust: number }[] = [];
  let rgb: RgbImage | null = null;
  for (const [m, mover] of scene.movers.entries()) {
    const { mask, trust } = trackedMask(clip, mover, k);
    outlines.push({ area: countSet(mask), trust });
    const maskHalf = halved(mask, clip);
    const resting = restingLook(clip, k, scene, mover);
    let visible = mask;
    if (!resting || isCovered(clip, k, maskHalf, resting)) {
      rgb ??= await clip.readWork(k);
      visible = visiblePart(clip, rgb, gainOf(clip, k), scene, m, mask, resting);
    }
    claim(owner, visible, m + 1);
    paint(objectsHalf, maskHalf, 1);
  }
  const ownerHalf = halved(owner, clip);
  const statics = staticsOf(clip, scene);
  const alone = handMask(clip, k, scene, ownerHalf, objectsHalf, statics.half);
  const evidence = clip.evidence?.hand(k) ?? null;
  const hand = evidence ? handWithEvidence(clip, k, alone, evidence, ownerHalf, scene.plate.half, scene.hand) : alone;
  const handFull = doubledSmooth(hand, clip);
  const ids = createBytes(w, h, statics.ids.slice());
  paint(ids.data, handFull, HAND_ID);
  overlay(ids.data, owner);
  return { ids, handArea: countSet(handFull) - countShared(handFull, owner), outlines };
}

/** Gives the pixels of a mask that nobody has yet to this owner. */
function claim(owner: Uint8Array, mask: Uint8Array, id: number): void {
  const range = setRange(mask);
  if (range) for (let i = range.first; i <= range.last; i++) if (mask[i] !== 0 && owner[i] === 0) owner[i] = id;
}

/** Writes what is not 0 over `out`. */
function overlay(out: Uint8Array, values: Uint8Array): void {
  const range = setRange(values);
  if (range) for (let i = range.first; i <= range.last; i++) if (values[i] !== 0) out[i] = values[i];
}

/** Half-size mask at work size with rounded steps: majority of the four nearest half-size pixels, weighted bilinearly. */
function doubledSmooth(mask: Uint8Array, clip: Clip): Uint8Array {
  const { widthPx: w, heightPx: h, halfWidthPx, halfHeightPx } = clip;
  const out = new Uint8Array(w * h);
  const box = boxOf(mask, halfWidthPx, halfHeightPx);
  if (!box) return out;
  for (let y = Math.max(0, 2 * box.y0 - 1); y < Math.min(h, 2 * box.y1 + 1); y++) {
    const near = (y >> 1) * halfWidthPx;
    const v = (y & 1) === 0 ? Math.max(0, (y >> 1) - 1) : Math.min(halfHeightPx - 1, (y >> 1) + 1);
    const far = v * halfWidthPx;
    for (let x = Math.max(0, 2 * box.x0 - 1); x < Math.min(w, 2 * box.x1 + 1); x++) {
      const a = x >> 1;
      const b = (x & 1) === 0 ? Math.max(0, a - 1) : Math.min(halfWidthPx - 1, a + 1);
      if (9 * mask[near + a] + 3 * (mask[near + b] + mask[far + a]) + mask[far + b] >= 8) out[y * w + x] = 1;
    }
  }
  return out;
}
