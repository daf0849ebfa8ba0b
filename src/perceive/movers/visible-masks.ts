/**
 * What is seen in each frame: every object without what covers it, and the hand. Foreground is what differs from the
 * clean plate and is no shadow; what of it is object and what is hand is decided by place (the tracked outline) and
 * colour, with a minimum cut along the edges.
 */
import { connectedComponents } from '../../image/components.js';
import { type ByteImage, createBytes, type RgbImage } from '../../image/image.js';
import { labDistance2 } from '../../image/lab.js';
import { closed, countSet, dilate, fillHoles, opened } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { handWithEvidence } from '../hands/evident-hand.js';
import { sleeveMask } from '../hands/sleeve.js';
import { HAND_ID } from '../perception.js';
import { ColourModel, looksLikeSkin, plateDensity } from './colour-model.js';
import { type Mover, trackedMask } from './movers.js';
import { boxOf } from './object-cut.js';
import { isCovered, restingLook, type SceneLooks, visiblePart } from './visible-part.js';

/** Distance from the clean plate that counts as foreground. */
const FOREGROUND_DISTANCE = 9;
/** A shadow keeps the colour (a, b within 7) and darkens by at most half. */
const SHADOW_CHROMA = 7;
const SHADOW_DEPTH = 0.5;

/** [H, W] 1 where the frame differs from the plate and is not just shadowed. */
export function foregroundMask(lab: Uint8Array, plate: Uint8Array): Uint8Array {
  const limit = FOREGROUND_DISTANCE ** 2;
  const out = new Uint8Array(lab.length / 3);
  for (let i = 0; i < out.length; i++) {
    if (labDistance2(lab, i, plate, i) <= limit) continue;
    const l = lab[3 * i];
    const l0 = plate[3 * i];
    const da = lab[3 * i + 1] - plate[3 * i + 1];
    const db = lab[3 * i + 2] - plate[3 * i + 2];
    const shadow = l < l0 && l > SHADOW_DEPTH * l0 && da * da + db * db < SHADOW_CHROMA * SHADOW_CHROMA;
    if (!shadow) out[i] = 1;
  }
  return out;
}

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
      for (let i = 0; i < fg.length; i++) if (near[i] !== 0) fg[i] = 0;
    }
    for (let i = 0; i < fg.length; i++) if (fg[i] !== 0) model.add(lab, i);
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
}

/**
 * Segments one frame. The hand is found at half size; the frame itself is only read where a mover is covered or on its way.
 */
export async function segmentFrame(clip: Clip, k: number, scene: SceneLooks): Promise<FrameMasks> {
  const { widthPx: w, heightPx: h, halfWidthPx, halfHeightPx } = clip;
  const { movers, statics } = scene;
  const ids = createBytes(w, h);
  const owner = new Uint8Array(w * h);
  const ownerHalf = new Uint8Array(halfWidthPx * halfHeightPx);
  const objectsHalf = new Uint8Array(halfWidthPx * halfHeightPx);
  let rgb: RgbImage | null = null;
  for (const [m, mover] of movers.entries()) {
    const { mask } = trackedMask(clip, mover, k);
    const maskHalf = halved(mask, clip);
    const resting = restingLook(clip, k, scene, mover);
    let visible = mask;
    if (!resting || isCovered(clip, k, maskHalf, resting)) {
      rgb ??= await clip.readWork(k);
      visible = visiblePart(clip, rgb, clip.gains[k], scene, m, mask, resting);
    }
    for (let i = 0; i < visible.length; i++) if (visible[i] !== 0 && owner[i] === 0) owner[i] = m + 1;
    for (let i = 0; i < maskHalf.length; i++) if (maskHalf[i] !== 0) objectsHalf[i] = 1;
  }
  const own = halved(owner, clip);
  for (let i = 0; i < own.length; i++) if (own[i] !== 0) ownerHalf[i] = 1;
  const staticsHalf = new Uint8Array(halfWidthPx * halfHeightPx);
  for (const { mask } of statics) {
    const part = halved(mask, clip);
    for (let i = 0; i < part.length; i++) if (part[i] !== 0) staticsHalf[i] = 1;
  }
  const alone = handMask(clip, k, scene, ownerHalf, objectsHalf, staticsHalf);
  const evidence = clip.evidence?.hand(k) ?? null;
  const hand = evidence ? handWithEvidence(clip, k, alone, evidence, ownerHalf, scene.plate.half, scene.hand) : alone;
  const handFull = doubledSmooth(hand, clip);
  for (const { id, mask } of statics) {
    for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) ids.data[i] = id;
  }
  let handArea = 0;
  for (let i = 0; i < owner.length; i++) {
    if (owner[i] !== 0) ids.data[i] = owner[i];
    else if (handFull[i] !== 0) {
      ids.data[i] = HAND_ID;
      handArea++;
    }
  }
  return { ids, handArea };
}

/** Smallest part of a hand worth keeping, half-size px. */
const MIN_HAND_AREA = 30;
/** Parts this large that enter from the border are arms whatever their colour (sleeves). */
const LARGE_AREA = 150;

/** Noise of the blurred half-size frames against the plate, Lab units. */
const HALF_NOISE = 3;
/** How far weak evidence may lie from strong one, half-size px. */
const WEAK_REACH_PX = 20;

/**
 * [H/2, W/2] what is hand or arm: foreground of no object that enters from the border, is skin, or holds an object. Weak
 * foreground (skin on wood) counts where the hand's learned colours explain it better than the plate does.
 */
function handMask(
  clip: Clip,
  k: number,
  scene: SceneLooks,
  owner: Uint8Array,
  objects: Uint8Array,
  statics: Uint8Array,
): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const { hand: colours } = scene;
  const plateHalf = scene.plate.half;
  const lab = clip.labAt(k);
  const strong = opened(foregroundMask(lab, plateHalf), w, h, 1);
  const sleeve = sleeveMask(lab, plateHalf, strong, w, h);
  for (let i = 0; i < strong.length; i++) strong[i] |= sleeve[i];
  const foreground = dilate(strong, w, h, WEAK_REACH_PX);
  for (let i = 0; i < foreground.length; i++) {
    if (foreground[i] === 0) continue;
    if (owner[i] !== 0 || clip.valid[i] === 0) foreground[i] = 0;
    else if (strong[i] === 0) {
      foreground[i] = colours.density(lab, i) > plateDensity(lab, i, plateHalf, i, HALF_NOISE) ? 1 : 0;
    }
  }
  const clean = closed(opened(foreground, w, h, 1), w, h, 1);
  for (let i = 0; i < clean.length; i++) if (owner[i] !== 0) clean[i] = 0;
  const touching = dilate(objects, w, h, 3);
  const { labels, components } = connectedComponents(clean, w, h);
  const skin = new Int32Array(components.length + 1);
  const firm = new Int32Array(components.length + 1);
  const touch = new Uint8Array(components.length + 1);
  const onStatic = new Int32Array(components.length + 1);
  const atRest = new Int32Array(components.length + 1);
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    if (looksLikeSkin(lab, i)) skin[labels[i]]++;
    if (strong[i] !== 0) firm[labels[i]]++;
    if (statics[i] !== 0) onStatic[labels[i]]++;
    if (showsRest(lab, i, scene)) atRest[labels[i]]++;
    if (touching[i] !== 0) touch[labels[i]] = 1;
  }
  const keep = new Uint8Array(components.length + 1);
  for (const { label, area, box } of components) {
    if (area < MIN_HAND_AREA || firm[label] < 0.15 * area) continue;
    // A patch within a resting thing is that thing, shaded or nudged.
    if (onStatic[label] > 0.6 * area) continue;
    const atBorder = box.x0 <= 1 || box.y0 <= 1 || box.x1 >= w - 1 || box.y1 >= h - 1;
    // What looks as it does when all is over (or not begun), and is no arm that reaches in: a part of what was put there.
    if (!atBorder && atRest[label] > MAX_REST_SHARE * area) continue;
    const skinShare = skin[label] / area;
    const large = area > LARGE_AREA;
    if ((atBorder && (large || skinShare > 0.2)) || skinShare > 0.3 || (touch[label] !== 0 && large)) keep[label] = 1;
  }
  const out = new Uint8Array(w * h);
  for (let i = 0; i < out.length; i++) out[i] = keep[labels[i]];
  const filled = fillHoles(Uint8Array.from(out), w, h);
  for (let i = 0; i < out.length; i++) if (filled[i] !== 0 && owner[i] === 0) out[i] = 1;
  return acrossBorder(clip, out);
}

/** A hand-held clip has lost a border (half-size px): what reaches it goes on in it. */
const MAX_BORDER_PX = 12;

function acrossBorder(clip: Clip, hand: Uint8Array): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  let out = hand;
  if (!clip.valid.includes(0)) return out;
  for (let r = 0; r < MAX_BORDER_PX; r++) {
    const grown = dilate(out, w, h, 1);
    out = out.map((value, i) => (clip.valid[i] === 0 && grown[i] !== 0 ? 1 : value));
  }
  return out;
}

/** Distance within which a pixel shows a resting picture. */
const REST_DISTANCE = 12;
const MAX_REST_SHARE = 0.6;

function showsRest(lab: Uint8Array, i: number, { first, last }: SceneLooks): boolean {
  const limit = REST_DISTANCE * REST_DISTANCE;
  return labDistance2(lab, i, last.half, i) < limit || labDistance2(lab, i, first.half, i) < limit;
}

/** Half-size mask at work size with rounded steps: majority of the four nearest half-size pixels, weighted bilinearly. */
function doubledSmooth(mask: Uint8Array, clip: Clip): Uint8Array {
  const { widthPx: w, heightPx: h, halfWidthPx, halfHeightPx } = clip;
  const out = new Uint8Array(w * h);
  for (let y = 0, i = 0; y < h; y++) {
    const near = (y >> 1) * halfWidthPx;
    const v = (y & 1) === 0 ? Math.max(0, (y >> 1) - 1) : Math.min(halfHeightPx - 1, (y >> 1) + 1);
    const far = v * halfWidthPx;
    for (let x = 0; x < w; x++, i++) {
      const a = x >> 1;
      const b = (x & 1) === 0 ? Math.max(0, a - 1) : Math.min(halfWidthPx - 1, a + 1);
      if (9 * mask[near + a] + 3 * (mask[near + b] + mask[far + a]) + mask[far + b] >= 8) out[i] = 1;
    }
  }
  return out;
}
