/**
 * The outline of one end of a mover's way: cut out of a resting picture by what changed, and once more by what moved along.
 */
import { largestComponent, withoutSmall } from '../../image/components.js';
import { labDistance2 } from '../../image/lab.js';
import {
  closed,
  countSet,
  countShared,
  dilate,
  erode,
  maskIou,
  maskWhere,
  opened,
  paint,
} from '../../image/morphology.js';
import type { ChangeEvent } from '../change/candidates.js';
import { isShading } from '../change/change-regions.js';
import type { Plates } from '../change/plates.js';
import type { ColourChange } from '../change/stable-colour.js';
import type { Clip } from '../clip.js';
import type { MaskTrack } from '../tracks/mask-track.js';
import type { Absence } from './absence.js';
import { ColourModel } from './colour-model.js';
import { CutWindow } from './cut-window.js';
import { hullMask, MIN_OBJECT_SOLIDITY, motionEvidence, solidityOf } from './motion-cut.js';
import { cutObject } from './object-cut.js';

/** [H, W, 3] u8 Lab pictures of the two states between which an event lies. */
export type EventPlates = Pick<Plates, 'firstLab' | 'lastLab'>;

/** Pictures and resting hands that belong to an event. */
export interface EventView {
  readonly change: ColourChange;
  readonly plates: EventPlates;
  /** [H/2, W/2] where a hand rested in the one / in the other state. */
  readonly handFirst: Uint8Array;
  readonly handLast: Uint8Array;
  /** [H/2, W/2] what looks like an arm and is connected to the border there. */
  readonly armFirst: Uint8Array;
  readonly armLast: Uint8Array;
  /** [H/2, W/2] the arms with the shadows they cast. */
  readonly coveredFirst: Uint8Array;
  readonly coveredLast: Uint8Array;
}

/** One end of a mover's way: where it rests before or after. */
export interface MoverEnd {
  readonly event: ChangeEvent;
  readonly view: EventView;
  /** [H, W] at work size, exact outline at rest. */
  readonly mask: Uint8Array;
  readonly area: number;
  readonly colours: ColourModel;
  /** How well outline and region agree (IoU). */
  readonly cutIou: number;
  readonly track: MaskTrack;
  /** What its place looks like while it is away; null where that is never seen. */
  readonly absence: Absence | null;
}

/** An end that is not followed yet. */
export type Outline = Omit<MoverEnd, 'track' | 'absence'>;

/** Cut and region must agree this well, else the region itself is kept. */
const MIN_CUT_IOU = 0.4;

/** The outline of what an event is about, out of the resting picture. */
export function cutOut(clip: Clip, event: ChangeEvent, view: EventView): Outline {
  const place = doubled(event.mask, clip);
  const window = CutWindow.around(clip, place);
  if (!window) return outlineOf(event, view, place, 0);
  const { widthPx: w, heightPx: h } = window;
  const isLeft = event.kind === 'left';
  const plates = window.plates(view.plates);
  const covered = window.doubled(isLeft ? view.coveredLast : view.coveredFirst);
  const region = withoutShading(uncovered(window.crop(place), covered), plates, w, h);
  const cut = cutObject({
    lab: isLeft ? plates.firstLab : plates.lastLab,
    widthPx: w,
    heightPx: h,
    region,
    forbidden: window.doubled(isLeft ? view.handFirst : view.handLast),
    evidence: changeEvidence(plates, event.kind).map((v, i) => (covered[i] !== 0 ? UNSEEN_CHANGE : v)),
  });
  const cutIou = maskIou(cut, region);
  const usable = cutIou >= MIN_CUT_IOU && countSet(cut) < 2 * countSet(region);
  return outlineOf(event, view, window.pasted(usable ? cut : region), cutIou);
}

export function outlineOf(event: ChangeEvent, view: EventView, mask: Uint8Array, cutIou: number): Outline {
  const lab = event.kind === 'left' ? view.plates.firstLab : view.plates.lastLab;
  return { event, view, mask, area: countSet(mask), colours: ColourModel.of(lab, mask), cutIou };
}

/** How far beyond its outline a thing may turn out to reach by its motion, share of its size. */
const MOTION_REACH = 0.7;
const MIN_MOTION_REACH_PX = 8;
/** What was seen to move along counts this much more than what merely changed. */
const MOTION_WEIGHT = 1.5;
/** Log odds for what lies between parts of the outline, unless it was seen to stay: things are mostly convex. */
const HULL_BONUS = 1.2;
/** Colours say no more than this here: a white lid with a red rim lies on a white table. */
const COLOUR_LIMIT = 2;
/** Log odds of having moved along, and number of pixels, from which on a part widens the hull. */
const MOVED_FOR_SURE = 1;
const MIN_MOVED_PART_PX = 12;
/** Log odds against a pixel that looks like part of an arm. */
const ARM_PENALTY = 2.5;
/** Part of the outline that must survive, else the motion was measured wrongly. */
const MIN_KEPT_SHARE = 0.5;
/** A thing may turn out to be this many times larger at once, or fill its hull. */
const MAX_GROWTH = 4;

/** The outline cut again with what moved along as evidence; the old one where that says nothing. */
export function cutByMotion(clip: Clip, end: MoverEnd, ends: readonly MoverEnd[]): Outline {
  const { track, absence: _, ...outline } = end;
  const { view, event } = end;
  const isLeft = event.kind === 'left';
  const reachPx = Math.max(MIN_MOTION_REACH_PX, Math.round(MOTION_REACH * Math.sqrt(end.area)));
  const resting = isLeft ? view.change.first : view.change.last;
  const window = CutWindow.around(clip, end.mask, reachPx + CUT_RIM_PX);
  const motion = motionEvidence(clip, track, end.mask, resting, reachPx);
  if (!motion || !window) return outline;
  const { widthPx: w, heightPx: h } = window;
  const mask = window.crop(end.mask);
  const moved = window.cropFloats(motion);
  const plates = window.plates(view.plates);
  const covered = window.doubled(isLeft ? view.coveredLast : view.coveredFirst);
  const hull = hullMask(withMovedParts(mask, moved, w, h), w, h);
  const parts = cutObject({
    lab: isLeft ? plates.firstLab : plates.lastLab,
    widthPx: w,
    heightPx: h,
    region: maskWhere(mask, (value, i) => value !== 0 && moved[i] > -1),
    likely: maskWhere(hull, (value, i) => value !== 0 && moved[i] >= 0),
    reachPx,
    maybe: dilate(hull, w, h, MIN_MOTION_REACH_PX),
    colourLimit: COLOUR_LIMIT,
    minPartShare: MIN_PART_SHARE,
    forbidden: closedToGrowth(window, end, mask, covered, ends),
    evidence: allEvidence(
      changeEvidence(plates, event.kind),
      moved,
      mask,
      hull,
      window.doubled(isLeft ? view.armFirst : view.armLast),
      covered,
    ),
  });
  const cut = bridged(window.pasted(parts), clip.widthPx, clip.heightPx);
  const kept = countShared(cut, end.mask);
  const area = countSet(cut);
  if (kept < MIN_KEPT_SHARE * end.area || area > Math.max(MAX_GROWTH * end.area, countSet(hull))) return outline;
  if (solidityOf(cut, clip.widthPx, clip.heightPx) < MIN_OBJECT_SOLIDITY) return outline;
  return outlineOf(event, view, cut, Math.max(end.cutIou, maskIou(cut, end.mask)));
}

/** Cutting looks this far beyond where an object may reach, px (object-cut.ts). */
const CUT_RIM_PX = 6;

/** Log odds of what changed, what moved along, what lies between parts and what arms hide. */
function allEvidence(
  changed: Float32Array,
  moved: Float32Array,
  mask: Uint8Array,
  hull: Uint8Array,
  arm: Uint8Array,
  covered: Uint8Array,
): Float32Array {
  const out = new Float32Array(changed.length);
  for (let i = 0; i < out.length; i++) {
    const change = Math.max(-1, Math.min(covered[i] !== 0 ? UNSEEN_CHANGE : 1.5, changed[i]));
    const bonus = hull[i] !== 0 && moved[i] >= 0 ? HULL_BONUS : 0;
    out[i] = change + MOTION_WEIGHT * moved[i] + bonus - (arm[i] !== 0 && mask[i] === 0 ? ARM_PENALTY : 0);
  }
  return out;
}

/** The outline and every part near it that surely moved along: print and rims, where the rest looks like the table. */
function withMovedParts(mask: Uint8Array, moved: Float32Array, w: number, h: number): Uint8Array {
  const sure = maskWhere(moved, (value) => value >= MOVED_FOR_SURE);
  const parts = withoutSmall(sure, w, h, MIN_MOVED_PART_PX);
  return maskWhere(mask, (value, i) => value !== 0 || parts[i] !== 0);
}

/** An opposite event this good, as share of the own one, says what changed at its place. */
const OPPOSITE_SHARE = 0.5;

/** [H, W] of the window where a hand rested, and, beyond the outline, where an arm lies in the other state and places of the opposite. */
function closedToGrowth(
  window: CutWindow,
  end: MoverEnd,
  mask: Uint8Array,
  covered: Uint8Array,
  ends: readonly MoverEnd[],
): Uint8Array {
  const { view, event } = end;
  const out = oppositePlaces(window, end, ends);
  paint(out, covered, 1);
  paint(out, mask, 0);
  paint(out, window.doubled(event.kind === 'left' ? view.handFirst : view.handLast), 1);
  return out;
}

/**
 * [H, W] of the window where something else did the opposite: a table that shows where a thing left is not a part of what arrived
 * beside it.
 */
export function oppositePlaces(
  window: CutWindow,
  { event, view }: Pick<MoverEnd, 'event' | 'view'>,
  ends: readonly MoverEnd[],
): Uint8Array {
  const out = new Uint8Array(window.widthPx * window.heightPx);
  for (const { event: other, view: otherView } of ends) {
    if (other.kind === event.kind || otherView !== view || other.ambiguous) continue;
    if (other.score >= OPPOSITE_SHARE * event.score) paint(out, window.doubled(other.mask), 1);
  }
  return out;
}

/** A part with less than this share of the outline is no part of the thing. */
const MIN_PART_SHARE = 0.2;
/** Parts belong together when what lies between them adds at most this share of their area: fingers hid it. */
const MAX_BRIDGE_SHARE = 0.6;

/** Gaps between parts that are tried, px to either side. */
const BRIDGES_PX = [3, 6, 10, 16];

/** Parts joined by what lies between them, or else the largest of them. */
function bridged(parts: Uint8Array, w: number, h: number): Uint8Array {
  const largest = largestComponent(parts, w, h);
  const area = countSet(parts);
  if (countSet(largest) === area) return parts;
  for (const gapPx of BRIDGES_PX) {
    const joined = closed(parts, w, h, gapPx);
    const total = countSet(joined);
    if (total > (1 + MAX_BRIDGE_SHARE) * area) break;
    if (countSet(largestComponent(joined, w, h)) === total) return joined;
  }
  return largest;
}

/** Evidence of motion is known to about this many px only: along the rim, colours and edges decide. */
const RIM_PX = 3;
/** A rim does not change an outline more than this (IoU). */
const MIN_SHARPENED_IOU = 0.75;

/** The outline cut along its rim by colours and edges alone. */
export function sharpened(clip: Clip, end: MoverEnd): MoverEnd {
  const window = CutWindow.around(clip, end.mask);
  if (!window) return end;
  const { widthPx: w, heightPx: h } = window;
  const { view, event } = end;
  const isLeft = event.kind === 'left';
  const mask = window.crop(end.mask);
  const plates = window.plates(view.plates);
  const cut = cutObject({
    lab: isLeft ? plates.firstLab : plates.lastLab,
    widthPx: w,
    heightPx: h,
    region: erode(mask, w, h, RIM_PX),
    likely: mask,
    maybe: dilate(mask, w, h, RIM_PX),
    reachPx: 1,
    forbidden: window.doubled(isLeft ? view.handFirst : view.handLast),
    evidence: changeEvidence(plates, event.kind),
    iterations: 2,
  });
  if (maskIou(cut, mask) < MIN_SHARPENED_IOU) return end;
  return { ...end, ...outlineOf(event, view, window.pasted(cut), end.cutIou) };
}

/** The region without what an arm rests on in the other state, unless little else is left of it. */
function uncovered(region: Uint8Array, covered: Uint8Array): Uint8Array {
  const free = maskWhere(region, (value, i) => value !== 0 && covered[i] === 0);
  return countSet(free) >= MIN_FREE_SHARE * countSet(region) ? free : region;
}
const MIN_FREE_SHARE = 0.4;
/** Log odds under an arm that rests there in the other state: colours must argue for the object. */
const UNSEEN_CHANGE = -0.8;

/** The region without its soft shadows, unless little else is left of it (a white thing on a white table). */
function withoutShading(region: Uint8Array, plates: EventPlates, w: number, h: number): Uint8Array {
  const solid = maskWhere(region, (value, i) => value !== 0 && !isShading(plates.firstLab, plates.lastLab, i));
  const clean = closed(opened(solid, w, h, 1), w, h, 2);
  return countSet(clean) >= 0.4 * countSet(region) ? clean : region;
}

/** Half-size mask at work size. */
export function doubled(mask: Uint8Array, clip: Clip): Uint8Array {
  const { widthPx: w, heightPx: h, halfWidthPx } = clip;
  const out = new Uint8Array(w * h);
  for (let y = 0, i = 0; y < h; y++) {
    const row = (y >> 1) * halfWidthPx;
    for (let x = 0; x < w; x++, i++) out[i] = mask[row + (x >> 1)];
  }
  return out;
}

/** How strongly first and last picture differ, as evidence for the cut: a place that did not change held nothing that left. */
export function changeEvidence({ firstLab, lastLab }: EventPlates, kind: ChangeEvent['kind']): Float32Array {
  const [present, absent] = kind === 'left' ? [firstLab, lastLab] : [lastLab, firstLab];
  const n = firstLab.length / 3;
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const d = Math.sqrt(labDistance2(present, i, absent, i));
    // The very same picture at both times stands for one that is not known.
    if (d === 0) continue;
    const shadow = present[3 * i] < absent[3 * i] && isShading(present, absent, i);
    out[i] = shadow ? -0.8 : Math.max(-0.8, Math.min(3.5, (d - 9) / 4));
  }
  return out;
}
