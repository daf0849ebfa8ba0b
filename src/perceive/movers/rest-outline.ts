/**
 * The outline of a thing at rest, cut where its place looks different while it is away. Both pictures are means of several frames, so
 * that differences far below those that found the place count; how far below, the noise of the clip says.
 */
import { connectedComponents, withoutSmall } from '../../image/components.js';
import { labDistance2 } from '../../image/lab.js';
import { countSet, countShared, dilate, erode, maskIou, maskWhere } from '../../image/morphology.js';
import type { Plates } from '../change/plates.js';
import type { Clip } from '../clip.js';
import { type Absence, findAbsence } from './absence.js';
import type { ColourSet } from './colour-model.js';
import { CutWindow } from './cut-window.js';
import { type MoverEnd, oppositePlaces } from './end-outline.js';
import { hullMask, MIN_OBJECT_SOLIDITY, solidityOf } from './motion-cut.js';
import { cutObject } from './object-cut.js';

/** Median difference between first and last picture, Lab units: most of the scene never changes. */
export function pictureNoise(clip: Clip, { firstLab, lastLab }: Pick<Plates, 'firstLab' | 'lastLab'>): number {
  const counts = new Int32Array(256);
  let total = 0;
  for (let i = 0; i < clip.valid.length; i++) {
    if (clip.valid[i] === 0) continue;
    const j = 2 * Math.floor(i / clip.halfWidthPx) * clip.widthPx + 2 * (i % clip.halfWidthPx);
    const d2 = labDistance2(firstLab, j, lastLab, j);
    if (d2 === 0) continue;
    counts[Math.min(255, Math.floor(8 * Math.sqrt(d2)))]++;
    total++;
  }
  let below = 0;
  let bin = 0;
  while (bin < 255 && below + counts[bin] < total / 2) below += counts[bin++];
  return Math.max(MIN_NOISE, (bin + 0.5) / 8);
}

/** Rounding of colours alone makes this much. */
const MIN_NOISE = 1;
/** A difference of so many times the noise says nothing; up to the last figure, more says more. */
const NEUTRAL_NOISES = 3.2;
const UNIT_NOISES = 1.3;
const MAX_NEUTRAL = 9;
const MAX_EVIDENCE = 3.5;
const MIN_EVIDENCE = -2;
/** Log odds of a pixel that only seems shaded. */
const SHADED = -0.8;
/** A shadow keeps at least this share of the lightness. */
const SHADOW_LIGHTNESS = 0.4;
/**
 * Colours of a shaded place stay this near, Lab units, what the lost light alone would make of them. Among what is known to be of the
 * thing its own dark side is likelier than a shadow, so the noise sets a narrower limit.
 */
const SHADOW_CHROMA = 6;
const SHADOW_NOISES = 2.2;
const MIN_SHADOW_CHROMA = 2.5;

/** Chroma left, Lab units, when `present` is taken for shaded `absent`; infinite where it cannot be. */
function shadowResidual(present: Uint8Array, absent: Uint8Array, i: number): number {
  const ratio = present[3 * i] / Math.max(1, absent[3 * i]);
  if (ratio >= 1 || ratio < SHADOW_LIGHTNESS) return Number.POSITIVE_INFINITY;
  const da = present[3 * i + 1] - 128 - ratio * (absent[3 * i + 1] - 128);
  const db = present[3 * i + 2] - 128 - ratio * (absent[3 * i + 2] - 128);
  return Math.hypot(da, db);
}

/**
 * May the light alone have changed at pixel `i`? The thing's shadow goes with it, and an arm that holds it casts one on its place.
 * `isLikely`: the pixel lies within the outline as known so far.
 */
function isShadow(present: Uint8Array, absent: Uint8Array, i: number, noise: number, isLikely: boolean): boolean {
  if (isLikely) {
    const limit = Math.min(SHADOW_CHROMA, Math.max(MIN_SHADOW_CHROMA, SHADOW_NOISES * noise));
    return shadowResidual(present, absent, i) < limit;
  }
  return Math.min(shadowResidual(present, absent, i), shadowResidual(absent, present, i)) < SHADOW_CHROMA;
}

/** How far around the outline the thing may turn out to reach, share of its size. */
const REACH = 0.8;
const MIN_REACH_PX = 12;
/** Log odds for what lies between sure parts: things are mostly convex. */
const HULL_BONUS = 1.2;
const SURE = 1.5;
/** Log odds beyond the outline where nothing is known. */
const UNKNOWN_OUTSIDE = -0.5;
/** Share of the contrast around a pixel that it must have itself. */
const BLEND = 0.4;
const MIN_SURE_PART_PX = 12;
const COLOUR_LIMIT = 1.5;
/** Part of the old outline that must survive; and how much larger the thing may turn out to be. */
const MIN_KEPT_SHARE = 0.5;
const MAX_GROWTH = 6;

/** What was learned of the clip as a whole. */
export interface SceneFacts {
  /** What pictures of the same thing differ by, Lab units. */
  readonly noise: number;
  /** Colours that an arm may have. */
  readonly arm: ColourSet;
}

/** What grew by this factor is looked at anew: it may reach farther than was looked. */
const GROWN = 1.3;
const MAX_ROUNDS = 4;

/** An outline cut anew, and what that was done by. */
export interface RestCut {
  readonly mask: Uint8Array;
  readonly cutIou: number;
  readonly absence: Absence;
}

/** The outline cut anew by what its place looks like while the thing is away; null where that is not seen. `ends`: all there are. */
export async function cutAtRest(
  clip: Clip,
  end: MoverEnd,
  ends: readonly MoverEnd[],
  { noise, arm }: SceneFacts,
): Promise<RestCut | null> {
  const { change } = end.view;
  const present = end.event.kind === 'left' ? change.first : change.last;
  let cut: RestCut | null = null;
  let now: Cut = end;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const place = { mask: now.mask, track: end.track, present };
    const absence = await findAbsence(clip, place, reachOf(now) + WINDOW_MARGIN_PX, arm);
    if (!absence) break;
    const before = now.area;
    now = cutAgainst(clip, end, ends, now, absence, noise) ?? now;
    cut = { mask: now.mask, cutIou: now.cutIou, absence };
    if (now.area < GROWN * before) break;
  }
  return cut;
}

type Cut = Pick<MoverEnd, 'mask' | 'area' | 'cutIou'>;

const reachOf = ({ area }: Cut): number => Math.max(MIN_REACH_PX, Math.round(REACH * Math.sqrt(area)));
const WINDOW_MARGIN_PX = 8;

/** [H, W] log odds for the thing; what its place looks like without it is not known everywhere: there the old outline holds. */
function evidenceAgainst(
  lab: Uint8Array,
  absent: Uint8Array,
  known: Uint8Array,
  mask: Uint8Array,
  noise: number,
  w: number,
  h: number,
): Float32Array {
  const likely = hullMask(mask, w, h);
  const distance = new Float32Array(w * h);
  for (let i = 0; i < distance.length; i++) {
    if (known[i] !== 0) distance[i] = Math.sqrt(labDistance2(lab, i, absent, i));
  }
  const neutral = Math.min(MAX_NEUTRAL, NEUTRAL_NOISES * noise);
  const unit = (neutral * UNIT_NOISES) / NEUTRAL_NOISES;
  const out = new Float32Array(w * h);
  for (let i = 0; i < out.length; i++) {
    if (known[i] === 0) {
      out[i] = mask[i] !== 0 ? SURE : UNKNOWN_OUTSIDE;
      continue;
    }
    // A pixel on the outline shows some of the thing and some of the table: the outline is where it is half of each.
    const half = distance[i] > neutral ? BLEND * mostAround(distance, i, w, h) : 0;
    const value = Math.max(MIN_EVIDENCE, Math.min(MAX_EVIDENCE, (distance[i] - Math.max(neutral, half)) / unit));
    out[i] = value > SHADED && isShadow(lab, absent, i, noise, likely[i] !== 0) ? SHADED : value;
  }
  return out;
}

/** Largest value in the 3 x 3 neighbourhood. */
function mostAround(values: Float32Array, i: number, w: number, h: number): number {
  const x = i % w;
  const y = Math.floor(i / w);
  let most = 0;
  for (let v = Math.max(0, y - 1); v <= Math.min(h - 1, y + 1); v++) {
    for (let u = Math.max(0, x - 1); u <= Math.min(w - 1, x + 1); u++) most = Math.max(most, values[v * w + u]);
  }
  return most;
}

/** What is seen of a place without the thing is what lay there in the other state when it differs from that by less than this (Lab). */
const SAME_LOOK = 6;

/** The outline `now` of an end cut anew; null where that goes wrong. */
function cutAgainst(
  clip: Clip,
  end: MoverEnd,
  ends: readonly MoverEnd[],
  now: Cut,
  absence: Absence,
  noise: number,
): Cut | null {
  const { view, event } = end;
  const window = CutWindow.around(clip, now.mask, reachOf(now) + WINDOW_MARGIN_PX);
  if (!window) return null;
  const { widthPx: w, heightPx: h } = window;
  const isLeft = event.kind === 'left';
  const { firstLab, lastLab } = window.plates(view.plates);
  const [lab, other] = isLeft ? [firstLab, lastLab] : [lastLab, firstLab];
  const absent = window.crop(absence.lab, 3);
  const known = window.crop(absence.known);
  const mask = window.crop(now.mask);
  const evidence = evidenceAgainst(lab, absent, known, mask, noise, w, h);
  const hand = window.doubled(isLeft ? view.handFirst : view.handLast);
  const arm = reachingIn(window.doubled(isLeft ? view.armFirst : view.armLast), mask, w, h);
  // Beside the outline a place without it may show what rested there and went: the thing itself, if this is only its front.
  const opposite = oppositePlaces(window, end, ends);
  const closed = maskWhere(hand, (value, i) => {
    if (value !== 0) return true;
    return opposite[i] !== 0 && mask[i] === 0 && labDistance2(absent, i, other, i) < SAME_LOOK ** 2;
  });
  const sure = maskWhere(evidence, (value, i) => value >= SURE && closed[i] === 0 && arm[i] === 0);
  const near = connectedTo(mask, withoutSmall(sure, w, h, MIN_SURE_PART_PX), w, h);
  const hull = hullMask(near, w, h);
  for (let i = 0; i < hull.length; i++) if (hull[i] !== 0 && known[i] !== 0) evidence[i] += HULL_BONUS;
  const part = cutObject({
    lab,
    widthPx: w,
    heightPx: h,
    region: maskWhere(mask, (value, i) => value !== 0 && near[i] !== 0),
    likely: near,
    maybe: dilate(near, w, h, 3),
    reachPx: 2,
    colourLimit: COLOUR_LIMIT,
    background: absent,
    forbidden: closed,
    evidence,
    iterations: 2,
  });
  const area = countSet(part);
  if (countShared(part, mask) < MIN_KEPT_SHARE * now.area || area > MAX_GROWTH * now.area) return null;
  if (solidityOf(part, w, h) < MIN_OBJECT_SOLIDITY) return null;
  return { mask: window.pasted(part), area, cutIou: Math.max(now.cutIou, maskIou(part, mask)) };
}

/** An arm reaches in from outside: what lies within the outline by this share is the thing, though wood and red paint have an arm's colour. */
const MAX_ARM_WITHIN = 0.5;

/** The parts of `arm` that lie for the most part beyond the outline. */
function reachingIn(arm: Uint8Array, mask: Uint8Array, w: number, h: number): Uint8Array {
  const { labels, components } = connectedComponents(arm, w, h);
  const within = new Int32Array(components.length + 1);
  for (let i = 0; i < labels.length; i++) if (mask[i] !== 0) within[labels[i]]++;
  const isArm = new Uint8Array(components.length + 1);
  for (const { label, area } of components) if (within[label] <= MAX_ARM_WITHIN * area) isArm[label] = 1;
  return maskWhere(labels, (label) => isArm[label] !== 0);
}

/** The parts of `sure` that hang together with the mask, over gaps of a few pixels. */
function connectedTo(mask: Uint8Array, sure: Uint8Array, w: number, h: number): Uint8Array {
  const shared = maskWhere(mask, (value, i) => value !== 0 && sure[i] !== 0);
  if (countSet(shared) > 0) return grownWithin(sure, shared, w, h);
  const core = erode(mask, w, h, 1);
  const near = dilate(core, w, h, GAP_PX);
  const start = maskWhere(sure, (value, i) => value !== 0 && near[i] !== 0);
  return countSet(start) <= countSet(core) ? start : grownWithin(sure, start, w, h);
}

const GAP_PX = 2;

/** All of `sure` that can be reached from `start` in steps of at most `GAP_PX` to a side. */
function grownWithin(sure: Uint8Array, start: Uint8Array, w: number, h: number): Uint8Array {
  const out = start.slice();
  const open: number[] = [];
  for (let i = 0; i < out.length; i++) if (out[i] !== 0) open.push(i);
  while (open.length > 0) {
    const i = open.pop()!;
    const x = i % w;
    const y = Math.floor(i / w);
    for (let v = Math.max(0, y - GAP_PX); v <= Math.min(h - 1, y + GAP_PX); v++) {
      for (let u = Math.max(0, x - GAP_PX); u <= Math.min(w - 1, x + GAP_PX); u++) {
        const j = v * w + u;
        if (sure[j] === 0 || out[j] !== 0) continue;
        out[j] = 1;
        open.push(j);
      }
    }
  }
  return out;
}
