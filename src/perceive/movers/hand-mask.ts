/** Hand and arm in one frame, without a network: foreground that is no object, by where it comes from, its colour and what it touches. */
import { type Component, connectedComponents, drawComponent } from '../../image/components.js';
import { labDistance2 } from '../../image/lab.js';
import { closed, dilate, fillHoles, opened, paint, setRange } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { sleeveMask } from '../hands/sleeve.js';
import { beatsPlate, type ColourModel, looksLikeSkin, type PlateLimits, plateLimits } from './colour-model.js';
import type { SceneLooks } from './visible-part.js';

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
export function handMask(
  clip: Clip,
  k: number,
  scene: SceneLooks,
  owner: Uint8Array,
  objects: Uint8Array,
  statics: Uint8Array,
): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const plateHalf = scene.plate.half;
  const lab = clip.labAt(k);
  const strong = opened(foregroundMask(lab, plateHalf), w, h, 1);
  paint(strong, sleeveMask(lab, plateHalf, strong, w, h), 1);
  const foreground = dilate(strong, w, h, WEAK_REACH_PX);
  paint(foreground, owner, 0);
  keepWeak(foreground, strong, lab, plateHalf, limitsOf(scene.hand));
  for (let i = 0; i < foreground.length; i++) if (clip.valid[i] === 0) foreground[i] = 0;
  const clean = closed(opened(foreground, w, h, 1), w, h, 1);
  paint(clean, owner, 0);
  const { labels, components } = connectedComponents(clean, w, h);
  const touching = dilate(objects, w, h, 3);
  const out = new Uint8Array(w * h);
  for (const part of components) {
    const seen = lookAt(labels, part, w, lab, strong, statics, touching, scene);
    if (isHand(part, seen, w, h)) drawComponent(out, labels, w, part);
  }
  const filled = fillHoles(out.slice(), w, h);
  paint(filled, owner, 0);
  paint(out, filled, 1);
  return acrossBorder(clip, out);
}

/** Leaves in `foreground`, where it is not `strong`, what the hand's colours explain better than the plate does. */
function keepWeak(
  foreground: Uint8Array,
  strong: Uint8Array,
  lab: Uint8Array,
  plateHalf: Uint8Array,
  limits: PlateLimits,
): void {
  const range = setRange(foreground);
  if (!range) return;
  for (let i = range.first; i <= range.last; i++) {
    if (foreground[i] !== 0 && strong[i] === 0 && !beatsPlate(limits, lab, i, plateHalf, i)) foreground[i] = 0;
  }
}

const limitsOfHand = new WeakMap<ColourModel, PlateLimits>();

function limitsOf(hand: ColourModel): PlateLimits {
  const known = limitsOfHand.get(hand);
  if (known) return known;
  const limits = plateLimits(hand, HALF_NOISE);
  limitsOfHand.set(hand, limits);
  return limits;
}

/** Numbers of pixels of a part of the foreground. */
interface PartLook {
  readonly skin: number;
  readonly firm: number;
  readonly onStatic: number;
  readonly atRest: number;
  readonly touch: number;
}

function lookAt(
  labels: Int32Array,
  { label, box }: Component,
  w: number,
  lab: Uint8Array,
  strong: Uint8Array,
  statics: Uint8Array,
  touching: Uint8Array,
  scene: SceneLooks,
): PartLook {
  let [skin, firm, onStatic, atRest, touch] = [0, 0, 0, 0, 0];
  for (let y = box.y0; y < box.y1; y++) {
    for (let i = y * w + box.x0; i < y * w + box.x1; i++) {
      if (labels[i] !== label) continue;
      if (looksLikeSkin(lab, i)) skin++;
      if (strong[i] !== 0) firm++;
      if (statics[i] !== 0) onStatic++;
      if (showsRest(lab, i, scene)) atRest++;
      if (touching[i] !== 0) touch++;
    }
  }
  return { skin, firm, onStatic, atRest, touch };
}

function isHand({ area, box }: Component, seen: PartLook, w: number, h: number): boolean {
  if (area < MIN_HAND_AREA || seen.firm < 0.15 * area) return false;
  // A patch within a resting thing is that thing, shaded or nudged.
  if (seen.onStatic > 0.6 * area) return false;
  const atBorder = box.x0 <= 1 || box.y0 <= 1 || box.x1 >= w - 1 || box.y1 >= h - 1;
  // What looks as it does when all is over (or not begun), and is no arm that reaches in: a part of what was put there.
  if (!atBorder && seen.atRest > MAX_REST_SHARE * area) return false;
  const skinShare = seen.skin / area;
  const large = area > LARGE_AREA;
  return (atBorder && (large || skinShare > 0.2)) || skinShare > 0.3 || (seen.touch > 0 && large);
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
