/**
 * What is seen in each frame: every object without what covers it, and the hand. Foreground is what differs from the
 * clean plate and is no shadow; what of it is object and what is hand is decided by place (the tracked outline) and
 * colour, with a minimum cut along the edges.
 */
import { connectedComponents, withoutSmall } from '../image/components.js';
import { type ByteImage, createBytes } from '../image/image.js';
import { labDistance2 } from '../image/lab.js';
import { closed, countSet, dilate, distanceTo, fillHoles, opened } from '../image/morphology.js';
import type { Clip } from './clip.js';
import { ColourModel, logRatio, looksLikeSkin } from './colour-model.js';
import { gridCut } from './grid-cut.js';
import { type Mover, trackedMask } from './movers.js';
import { boxOf, cropBytes, edgeLinks, growBox } from './object-cut.js';
import { HAND_ID } from './perception.js';
import type { Plates } from './plates.js';

/** Distance from the clean plate that counts as foreground. */
const FOREGROUND_DISTANCE = 11;
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

export interface SceneColours {
  /** Colours of hand and arm, learned from foreground away from the objects. */
  readonly hand: ColourModel;
  readonly objects: readonly ColourModel[];
}

/** Learns the hand's colours from frames spread over the clip. */
export async function learnHandColours(
  clip: Clip,
  plateHalfLab: Uint8Array,
  movers: readonly Mover[],
): Promise<ColourModel> {
  const model = new ColourModel();
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const step = Math.max(1, Math.floor(clip.numFrames / 30));
  for (let k = 0; k < clip.numFrames; k += step) {
    const fg = opened(foregroundMask(clip.lab[k], plateHalfLab), w, h, 1);
    for (const mover of movers) {
      const mask = halved(trackedMask(clip, mover, k).mask, clip);
      const near = dilate(mask, w, h, Math.max(2, Math.round(0.15 * Math.sqrt(countSet(mask)))));
      for (let i = 0; i < fg.length; i++) if (near[i] !== 0) fg[i] = 0;
    }
    for (let i = 0; i < fg.length; i++) if (fg[i] !== 0) model.add(clip.lab[k], i);
  }
  return model;
}

/** Work-size mask at half size (any of the four pixels). */
export function halved(mask: Uint8Array, clip: Clip): Uint8Array {
  const { widthPx: w, halfWidthPx, halfHeightPx } = clip;
  const out = new Uint8Array(halfWidthPx * halfHeightPx);
  for (let y = 0, o = 0; y < halfHeightPx; y++) {
    for (let x = 0; x < halfWidthPx; x++, o++) {
      const i = 2 * y * w + 2 * x;
      out[o] = mask[i] | mask[i + 1] | mask[i + w] | mask[i + w + 1];
    }
  }
  return out;
}

export interface FrameMasks {
  /** Id map at work size. */
  readonly ids: ByteImage;
  readonly handArea: number;
  /** Per mover: visible area over tracked area. */
  readonly visibleShare: number[];
  /** Per mover: does the hand touch it? */
  readonly handContact: boolean[];
}

/** Segments one frame. `statics` are objects that never move: id and resting outline [H, W]. */
export function segmentFrame(
  clip: Clip,
  k: number,
  lab: Uint8Array,
  plateLab: Uint8Array,
  plates: Plates,
  movers: readonly Mover[],
  statics: readonly { id: number; mask: Uint8Array }[],
  colours: SceneColours,
): FrameMasks {
  const { widthPx: w, heightPx: h } = clip;
  const foreground = foregroundMask(lab, plateLab);
  const ids = createBytes(w, h);
  const owner = new Uint8Array(w * h);
  const tracked: Uint8Array[] = [];
  movers.forEach((mover, m) => {
    const { mask } = trackedMask(clip, mover, k);
    tracked.push(mask);
    const visible = visiblePart(clip, k, lab, plateLab, plates, mover, mask, colours.objects[m], colours.hand);
    for (let i = 0; i < visible.length; i++) if (visible[i] !== 0 && owner[i] === 0) owner[i] = m + 1;
  });
  const hand = handMask(foreground, owner, lab, w, h, tracked);
  for (const { id, mask } of statics) {
    for (let i = 0; i < mask.length; i++) if (mask[i] !== 0 && hand[i] === 0) ids.data[i] = id;
  }
  for (let i = 0; i < owner.length; i++) if (owner[i] !== 0) ids.data[i] = owner[i];
  for (let i = 0; i < hand.length; i++) if (hand[i] !== 0) ids.data[i] = HAND_ID;
  const near = dilate(hand, w, h, 4);
  return {
    ids,
    handArea: countSet(hand),
    visibleShare: tracked.map((mask, m) => {
      let seen = 0;
      for (let i = 0; i < owner.length; i++) if (owner[i] === m + 1) seen++;
      return seen / Math.max(1, countSet(mask));
    }),
    handContact: tracked.map((mask) => mask.some((value, i) => value !== 0 && near[i] !== 0)),
  };
}

function visiblePart(
  clip: Clip,
  k: number,
  lab: Uint8Array,
  plateLab: Uint8Array,
  plates: Plates,
  mover: Mover,
  mask: Uint8Array,
  object: ColourModel,
  hand: ColourModel,
): Uint8Array {
  const { widthPx: w, heightPx: h } = clip;
  const out = new Uint8Array(w * h);
  const box = boxOf(mask, w, h);
  if (!box) return out;
  const size = Math.sqrt(countSet(mask));
  const window = growBox(box, Math.ceil(4 + 0.12 * size), w, h);
  const cw = window.x1 - window.x0;
  const ch = window.y1 - window.y0;
  const inside = cropBytes(mask, w, window, 1);
  const outside = Uint8Array.from(inside, (value) => 1 - value);
  const dIn = distanceTo(outside, cw, ch);
  const dOut = distanceTo(inside, cw, ch);
  const rest = restingPlate(clip, k, plates, mover);
  const crop = cropBytes(lab, w, window, 3);
  const plate = cropBytes(plateLab, w, window, 3);
  const resting = rest ? cropBytes(rest, w, window, 3) : null;
  const soft = rest ? 1.2 : 1.5 + 0.05 * size;
  const unary = new Float32Array(cw * ch);
  for (let i = 0; i < unary.length; i++) {
    const d = inside[i] !== 0 ? dIn[i] : -dOut[i];
    // Place: certain 3 widths away from the outline, neutral on it.
    const place = Math.max(-4, Math.min(2, d / soft));
    let look: number;
    if (resting) {
      // At rest the object's own picture is known: either it shows, or something covers it.
      const apart = Math.sqrt(labDistance2(crop, i, resting, i));
      look = Math.max(-4, Math.min(2.5, (13 - apart) / 3));
    } else {
      look = logRatio(object, hand, crop, i, 3);
      const apart = Math.sqrt(labDistance2(crop, i, plate, i));
      if (apart < 8) look -= (inside[i] !== 0 && dIn[i] > soft ? 0.5 : 2) * (1 - apart / 8);
    }
    unary[i] = d < -3 * soft ? 20 : -(place + look);
  }
  const labels = gridCut({ widthPx: cw, heightPx: ch, unary, links: edgeLinks(crop, cw, ch, 1.5) });
  const kept = withoutSmall(labels, cw, ch, Math.max(6, 0.02 * size * size));
  for (let y = 0; y < ch; y++) {
    for (let x = 0; x < cw; x++) if (kept[y * cw + x] !== 0) out[(window.y0 + y) * w + window.x0 + x] = 1;
  }
  return out;
}

/** The picture of the mover at rest that holds at frame k, or null while it is on its way. */
function restingPlate(clip: Clip, k: number, plates: Plates, mover: Mover): Uint8Array | null {
  const margin = Math.round(0.1 * clip.fps);
  if (mover.from && k <= mover.liftFrame - margin) return plates.firstLab;
  if (mover.to && k >= mover.downFrame + margin) return plates.lastLab;
  return null;
}

/** Smallest part of a hand worth keeping, work-size px. */
const MIN_HAND_AREA = 120;

/** Foreground that belongs to no object and to a hand or arm: it enters from the border, is skin, or holds an object. */
function handMask(
  foreground: Uint8Array,
  owner: Uint8Array,
  lab: Uint8Array,
  w: number,
  h: number,
  tracked: readonly Uint8Array[],
): Uint8Array {
  const rest = new Uint8Array(w * h);
  for (let i = 0; i < rest.length; i++) if (foreground[i] !== 0 && owner[i] === 0) rest[i] = 1;
  const clean = closed(opened(rest, w, h, 1), w, h, 2);
  for (let i = 0; i < clean.length; i++) if (owner[i] !== 0) clean[i] = 0;
  const objects = new Uint8Array(w * h);
  for (const mask of tracked) for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) objects[i] = 1;
  const touching = dilate(objects, w, h, 6);
  const { labels, components } = connectedComponents(clean, w, h);
  const skin = new Int32Array(components.length + 1);
  const touch = new Uint8Array(components.length + 1);
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    if (looksLikeSkin(lab, i)) skin[labels[i]]++;
    if (touching[i] !== 0) touch[labels[i]] = 1;
  }
  const keep = new Uint8Array(components.length + 1);
  for (const { label, area, box } of components) {
    if (area < MIN_HAND_AREA) continue;
    const atBorder = box.x0 <= 2 || box.y0 <= 2 || box.x1 >= w - 2 || box.y1 >= h - 2;
    const skinShare = skin[label] / area;
    const large = area > 600;
    if ((atBorder && (large || skinShare > 0.2)) || skinShare > 0.3 || (touch[label] !== 0 && large)) keep[label] = 1;
  }
  const out = new Uint8Array(w * h);
  for (let i = 0; i < out.length; i++) out[i] = keep[labels[i]];
  const filled = fillHoles(Uint8Array.from(out), w, h);
  for (let i = 0; i < out.length; i++) if (filled[i] !== 0 && owner[i] === 0) out[i] = 1;
  return out;
}
