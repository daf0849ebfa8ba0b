/** What is seen of one mover in one frame: the tracked outline without what covers it. */
import { withoutSmall } from '../../image/components.js';
import { boxBlurBytes, halveBytes } from '../../image/filters.js';
import type { RgbImage } from '../../image/image.js';
import { labDistance2, rgbToLab8 } from '../../image/lab.js';
import { countSet, distanceTo, setRange } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { type ColourModel, plateDensity } from './colour-model.js';
import { gridCut } from './grid-cut.js';
import type { Mover } from './movers.js';
import { boxOf, cropBytes, edgeLinks, growBox, pasteBytes } from './object-cut.js';

/** A picture of the scene in one of its states. */
export interface Look {
  /** [H, W, 3] u8 Lab at work size. */
  readonly lab: Uint8Array;
  /** [H/2, W/2, 3] the same, averaged and blurred as the frames of the clip are. */
  readonly half: Uint8Array;
}

/** All that is known of the scene before a frame of it is segmented. */
export interface SceneLooks {
  readonly movers: readonly Mover[];
  /** Objects that never move: id and resting outline [H, W]. */
  readonly statics: readonly { id: number; mask: Uint8Array }[];
  /** The scene behind everything that moves. */
  readonly plate: Look;
  /** The scene with the movers at their first / last places. */
  readonly first: Look;
  readonly last: Look;
  /** Colours of hand and arm, learned from foreground away from the objects. */
  readonly hand: ColourModel;
  /** Colours of each mover. */
  readonly objects: readonly ColourModel[];
}

export function lookOf(clip: Clip, lab: Uint8Array): Look {
  const half = halveBytes(lab, clip.widthPx, clip.heightPx, 3);
  return { lab, half: boxBlurBytes(half, clip.halfWidthPx, clip.halfHeightPx, 3) };
}

/** The picture of the mover at rest that holds at frame k, or null while it is on its way. */
export function restingLook(clip: Clip, k: number, { first, last }: SceneLooks, mover: Mover): Look | null {
  const margin = Math.round(0.1 * clip.fps);
  if (mover.carried !== 'to' && mover.from && k <= mover.liftFrame - margin) return first;
  if (mover.carried !== 'from' && mover.to && k >= mover.downFrame + margin) return last;
  return null;
}

/** Blurred half-size frames are this close to the look they show; outlines and texture differ more, but in few pixels. */
const COVERED_DISTANCE = 8;
const MIN_COVERED_SHARE = 0.03;

/** Does frame `k` show something else than the resting picture in the mask [H/2, W/2], beyond scattered noise? */
export function isCovered(clip: Clip, k: number, maskHalf: Uint8Array, resting: Look): boolean {
  const range = setRange(maskHalf);
  if (!range) return false;
  const lab = clip.labAt(k);
  let covered = 0;
  let total = 0;
  for (let i = range.first; i <= range.last; i++) {
    if (maskHalf[i] === 0) continue;
    total++;
    if (labDistance2(lab, i, resting.half, i) > COVERED_DISTANCE ** 2) covered++;
  }
  return covered > MIN_COVERED_SHARE * total;
}

/** Noise of a frame at work size against a mean of several, Lab units. */
const REST_NOISE = 3;
const PLATE_NOISE = 4;
/** Log odds of what cannot be. */
const NEVER = 20;
/** Keeps colours possible that a resting thing never shows. */
const MIN_DENSITY = 1e-6;

/**
 * [H, W] what is seen of mover `m`, whose tracked outline is `mask`. `resting` is the look that holds if the mover rests:
 * then a pixel shows that, plain or shaded, or what covers it.
 */
export function visiblePart(
  clip: Clip,
  rgb: RgbImage,
  gain: readonly [number, number, number],
  scene: SceneLooks,
  m: number,
  mask: Uint8Array,
  resting: Look | null,
): Uint8Array {
  const { widthPx: w, heightPx: h } = clip;
  const { hand, objects } = scene;
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
  const plate = cropBytes(scene.plate.lab, w, window, 3);
  const rest = resting && cropBytes(resting.lab, w, window, 3);
  const unary = rest
    ? restingCosts(signedDistance(dIn, dOut, inside), crop, rest, hand)
    : movingCosts(signedDistance(dIn, dOut, inside), crop, plate, hand, objects[m], 1.5 + 0.05 * size);
  const labels = gridCut({ widthPx: cw, heightPx: ch, unary, links: edgeLinks(crop, cw, ch, 1.5) });
  const kept = withoutSmall(labels, cw, ch, Math.max(6, 0.02 * size * size));
  pasteBytes(out, w, window, kept);
  return out;
}

/** Distance to the outline, > 0 inside. */
const signedDistance = (dIn: Float32Array, dOut: Float32Array, inside: Uint8Array): Float32Array =>
  dIn.map((d, i) => (inside[i] !== 0 ? d : -dOut[i]));

/** Place: certain 3 widths away from the outline, neutral on it. */
const placeOdds = (distance: number, soft: number): number => Math.max(-4, Math.min(2, distance / soft));

/** The outline of what rests is known to so many px. */
const REST_SOFT_PX = 1.2;

/** Costs of being part of a thing that rests as in `rest`: beside its outline that picture shows what lies there. */
function restingCosts(distance: Float32Array, crop: Uint8Array, rest: Uint8Array, hand: ColourModel): Float32Array {
  const out = new Float32Array(distance.length);
  for (let i = 0; i < out.length; i++) {
    if (distance[i] < 0) {
      out[i] = NEVER;
      continue;
    }
    const shown = plateDensity(crop, i, rest, i, REST_NOISE) + MIN_DENSITY;
    const look = Math.max(-4, Math.min(2.5, Math.log(shown / hand.density(crop, i))));
    out[i] = -(placeOdds(distance[i], REST_SOFT_PX) + look);
  }
  return out;
}

/** Costs of being part of a thing on its way: its colours against those of hand and plate. */
function movingCosts(
  distance: Float32Array,
  crop: Uint8Array,
  plate: Uint8Array,
  hand: ColourModel,
  object: ColourModel,
  soft: number,
): Float32Array {
  const out = new Float32Array(distance.length);
  for (let i = 0; i < out.length; i++) {
    if (distance[i] < -3 * soft) {
      out[i] = NEVER;
      continue;
    }
    const other = Math.max(hand.density(crop, i), plateDensity(crop, i, plate, i, PLATE_NOISE));
    const look = Math.max(-3, Math.min(3, Math.log(object.density(crop, i) / other)));
    out[i] = -(placeOdds(distance[i], soft) + look);
  }
  return out;
}
