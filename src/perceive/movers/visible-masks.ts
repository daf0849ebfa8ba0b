/**
 * What is seen in each frame: every object without what covers it, and the hand. Foreground is what differs from the
 * clean plate and is no shadow; what of it is object and what is hand is decided by place (the tracked outline) and
 * colour, with a minimum cut along the edges.
 */
import { connectedComponents, withoutSmall } from '../../image/components.js';
import { type ByteImage, createBytes, type RgbImage } from '../../image/image.js';
import { labDistance2, rgbToLab8 } from '../../image/lab.js';
import { closed, countSet, dilate, distanceTo, fillHoles, opened } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { handWithEvidence } from '../hands/evident-hand.js';
import { sleeveMask } from '../hands/sleeve.js';
import { HAND_ID } from '../perception.js';
import { ColourModel, looksLikeSkin, plateDensity } from './colour-model.js';
import { gridCut } from './grid-cut.js';
import { type Mover, trackedMask } from './movers.js';
import { boxOf, cropBytes, edgeLinks, growBox } from './object-cut.js';

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

/** [H, W, 3] u8 Lab pictures in which the movers rest at their first / last places. */
export interface RestingPictures {
  readonly firstLab: Uint8Array;
  readonly lastLab: Uint8Array;
}

export interface SceneColours {
  /** Colours of hand and arm, learned from foreground away from the objects. */
  readonly hand: ColourModel;
  readonly objects: readonly ColourModel[];
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
 * Segments one frame. `statics` are objects that never move: id and resting outline [H, W]. The hand is found at half
 * size; the frame itself is only read where a mover is covered or on its way.
 */
export async function segmentFrame(
  clip: Clip,
  k: number,
  plateHalf: Uint8Array,
  plateLab: Uint8Array,
  rests: RestingPictures,
  movers: readonly Mover[],
  statics: readonly { id: number; mask: Uint8Array }[],
  colours: SceneColours,
): Promise<FrameMasks> {
  const { widthPx: w, heightPx: h, halfWidthPx, halfHeightPx } = clip;
  const ids = createBytes(w, h);
  const owner = new Uint8Array(w * h);
  const ownerHalf = new Uint8Array(halfWidthPx * halfHeightPx);
  const objectsHalf = new Uint8Array(halfWidthPx * halfHeightPx);
  let rgb: RgbImage | null = null;
  for (const [m, mover] of movers.entries()) {
    const { mask } = trackedMask(clip, mover, k);
    const maskHalf = halved(mask, clip);
    const resting = restingPlate(clip, k, rests, mover);
    let visible = mask;
    if (!resting || coveredShare(clip, k, maskHalf, resting) > 0) {
      rgb ??= await clip.readWork(k);
      visible = visiblePart(clip, rgb, clip.gains[k], plateLab, resting, mask, colours.objects[m], colours.hand);
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
  const alone = handMask(clip, k, plateHalf, rests, ownerHalf, objectsHalf, staticsHalf, colours.hand);
  const evidence = clip.evidence?.hand(k) ?? null;
  const hand = evidence ? handWithEvidence(clip, k, alone, evidence, ownerHalf, plateHalf, colours.hand) : alone;
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

/** Share of a resting mover's pixels (half size) that do not show its resting picture, beyond scattered noise. */
function coveredShare(clip: Clip, k: number, maskHalf: Uint8Array, resting: Uint8Array): number {
  const { halfWidthPx, widthPx } = clip;
  const lab = clip.labAt(k);
  let covered = 0;
  let total = 0;
  for (let i = 0; i < maskHalf.length; i++) {
    if (maskHalf[i] === 0) continue;
    total++;
    const j = 2 * Math.floor(i / halfWidthPx) * widthPx + 2 * (i % halfWidthPx);
    // Neither of two diagonal pixels alike: outlines and texture alone do not count.
    const apart = labDistance2(lab, i, resting, j) > 400 && labDistance2(lab, i, resting, j + widthPx + 1) > 400;
    if (apart) covered++;
  }
  return covered <= 0.04 * total ? 0 : covered / total;
}

function visiblePart(
  clip: Clip,
  rgb: RgbImage,
  gain: readonly [number, number, number],
  plateLab: Uint8Array,
  resting: Uint8Array | null,
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
  const outside = inside.map((value) => 1 - value);
  const dIn = distanceTo(outside, cw, ch);
  const dOut = distanceTo(inside, cw, ch);
  const crop = cropBytes(rgb.data, w, window, 3);
  rgbToLab8(crop, crop, gain);
  const plate = cropBytes(plateLab, w, window, 3);
  const rest = resting ? cropBytes(resting, w, window, 3) : null;
  const soft = rest ? 1.2 : 1.5 + 0.05 * size;
  const unary = new Float32Array(cw * ch);
  for (let i = 0; i < unary.length; i++) {
    const d = inside[i] !== 0 ? dIn[i] : -dOut[i];
    // Place: certain 3 widths away from the outline, neutral on it.
    const place = Math.max(-4, Math.min(2, d / soft));
    let look: number;
    if (rest) {
      // At rest the object's own picture is known: either it shows, or something covers it.
      const apart = Math.sqrt(labDistance2(crop, i, rest, i));
      look = Math.max(-4, Math.min(2.5, (13 - apart) / 3));
    } else {
      const other = Math.max(hand.density(crop, i), plateDensity(crop, i, plate, i, 4));
      look = Math.max(-3, Math.min(3, Math.log(object.density(crop, i) / other)));
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
function restingPlate(clip: Clip, k: number, rests: RestingPictures, mover: Mover): Uint8Array | null {
  const margin = Math.round(0.1 * clip.fps);
  if (mover.carried !== 'to' && mover.from && k <= mover.liftFrame - margin) return rests.firstLab;
  if (mover.carried !== 'from' && mover.to && k >= mover.downFrame + margin) return rests.lastLab;
  return null;
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
  plateHalf: Uint8Array,
  rests: RestingPictures,
  owner: Uint8Array,
  objects: Uint8Array,
  statics: Uint8Array,
  colours: ColourModel,
): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
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
    if (showsRest(clip, lab, i, rests)) atRest[labels[i]]++;
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

/** Distance within which a pixel shows a resting picture (not averaged as the frames of the clip are). */
const REST_DISTANCE = 12;
const MAX_REST_SHARE = 0.6;

function showsRest(clip: Clip, lab: Uint8Array, i: number, rests: RestingPictures): boolean {
  const { halfWidthPx, widthPx } = clip;
  const j = 2 * Math.floor(i / halfWidthPx) * widthPx + 2 * (i % halfWidthPx);
  const limit = REST_DISTANCE * REST_DISTANCE;
  return labDistance2(lab, i, rests.lastLab, j) < limit || labDistance2(lab, i, rests.firstLab, j) < limit;
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
