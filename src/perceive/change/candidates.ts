/**
 * From changed regions to events: "something that is no hand left here" or "arrived here". Fragments of one event
 * (same sign, same time, close together) are joined; hands are recognised by colour, border contact and their habit of
 * visiting a place that looked like its last state before.
 */

import { connectedComponents } from '../../image/components.js';
import { labDistance2 } from '../../image/lab.js';
import { closed, dilate, erode, opened } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { ColourModel, type ColourSet, coloursOf, logRatio, looksLikeSkin } from '../movers/colour-model.js';
import type { ChangeRegion } from './change-regions.js';
import type { ColourChange } from './stable-colour.js';

export interface JudgedRegion extends ChangeRegion {
  /** 0 (no sign of a hand) to 1. */
  readonly hand: number;
  /** Rank: how much this looks like a place an object left or arrived at. */
  readonly score: number;
  /** Its edges do not tell whether something left or arrived: it is listed both ways. */
  readonly ambiguous: boolean;
}

export interface ChangeEvent {
  readonly kind: 'left' | 'arrived';
  /** [H/2, W/2] union of its regions. */
  readonly mask: Uint8Array;
  readonly area: number;
  readonly cx: number;
  readonly cy: number;
  /** left: last frame with the object at rest there; arrived: first frame with it at rest. */
  readonly frame: number;
  /** A frame before (left) or after (arrived) which the thing surely rests. */
  readonly restFrame: number;
  readonly score: number;
  /** Founded on a region that may as well be the opposite: counts only together with a partner. */
  readonly ambiguous: boolean;
  readonly regions: readonly JudgedRegion[];
}

/** What moves through the picture without ever resting: mostly the hand. */
export interface Transients {
  readonly colours: ColourModel;
  /** Share of transient pixels with a skin-like colour: tells whether skin colour is of use in this clip. */
  readonly skinShare: number;
  readonly pixelsPerFrame: number;
}

/** Distance from both stable colours at which a pixel shows something passing. */
const TRANSIENT_DISTANCE = 14;

export function collectTransients(clip: Clip, whole: ColourChange): Transients {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const colours = new ColourModel();
  const step = Math.max(1, Math.floor(clip.numFrames / 40));
  let skin = 0;
  let total = 0;
  let frames = 0;
  for (let k = 0; k < clip.numFrames; k += step) {
    const lab = clip.labAt(k);
    const passing = opened(transientMask(clip, whole, k), w, h, 1);
    frames++;
    for (let i = 0; i < passing.length; i++) {
      if (passing[i] === 0) continue;
      colours.add(lab, i);
      total++;
      if (looksLikeSkin(lab, i)) skin++;
    }
  }
  return { colours, skinShare: total > 0 ? skin / total : 0, pixelsPerFrame: total / frames };
}

/** [H/2, W/2] pixels of frame `k` that show neither their first nor their last stable colour. */
export function transientMask(clip: Clip, whole: ColourChange, k: number): Uint8Array {
  const limit = TRANSIENT_DISTANCE ** 2;
  const lab = clip.labAt(k);
  const out = new Uint8Array(clip.valid.length);
  for (let i = 0; i < out.length; i++) {
    if (clip.valid[i] === 0) continue;
    if (labDistance2(lab, i, whole.first, i) > limit && labDistance2(lab, i, whole.last, i) > limit) out[i] = 1;
  }
  return out;
}

/** Frames by which the last colour may show before the first one has ended without the place counting as visited. */
const visitSlack = (numFrames: number): number => Math.max(3, 0.02 * numFrames);

/** Below this share of skin among what passes, skin colour says nothing in this clip (gloves, odd light). */
const SKIN_USEFUL_SHARE = 0.2;
/** |contrast| below this: no telling whether something left or arrived. */
const MIN_CONTRAST = 0.15;
const MIN_SOLIDITY = 0.45;
/** A region that is all shading may still be a white thing on a white table. */
const SHADOW_PENALTY = 0.6;
/** Regions with more shading than this are not joined to others: they are shadows of them. */
const MAX_JOIN_SHADOW = 0.5;

/** A region whose edges do not tell is listed as something that left and as something that arrived. */
function bothWays(region: ChangeRegion): (ChangeRegion & { ambiguous: boolean })[] {
  if (Math.abs(region.contrast) >= MIN_CONTRAST) return [{ ...region, ambiguous: false }];
  return [1, -1].map((sign) => ({ ...region, contrast: sign * MIN_CONTRAST, ambiguous: true }));
}

/** Colours of what did not change. */
export function sceneColours(clip: Clip, whole: ColourChange): ColourModel {
  const model = new ColourModel();
  for (let i = 0; i < whole.changed.length; i++) {
    if (whole.changed[i] === 0 && clip.valid[i] !== 0) model.add(whole.first, i);
  }
  return model;
}

/** The colours that an arm may have. */
export const armColours = (transients: Transients, scene: ColourModel): ColourSet =>
  coloursOf(transients.colours, scene, ARM_LIKE);

/** Could pixel `i` of a [N, 3] Lab picture be part of an arm, by its colour? */
const isArmLike = (transients: Transients, scene: ColourModel, lab: Uint8Array, i: number): boolean =>
  logRatio(transients.colours, scene, lab, i) > ARM_LIKE;

export function judgeRegions(
  clip: Clip,
  change: ColourChange,
  regions: readonly ChangeRegion[],
  transients: Transients,
  background: ColourModel,
): JudgedRegion[] {
  const linked = [change.first, change.last].map((state) =>
    linkedToBorder(clip, change, state, transients, background),
  );
  const skinUseful = transients.skinShare > SKIN_USEFUL_SHARE;
  const slack = visitSlack(clip.numFrames);
  return regions.flatMap(bothWays).map((region) => {
    const lab = region.contrast > 0 ? change.first : change.last;
    const other = region.contrast > 0 ? change.last : change.first;
    const [reach, otherReach] = region.contrast > 0 ? linked : [...linked].reverse();
    let passing = 0;
    let skin = 0;
    let link = 0;
    let covered = 0;
    for (let i = 0; i < region.mask.length; i++) {
      if (region.mask[i] === 0) continue;
      if (reach[i] !== 0) link++;
      if (otherReach[i] !== 0 && isArmLike(transients, background, other, i)) {
        if (!isArmLike(transients, background, lab, i)) covered++;
      }
      const likely = logRatio(transients.colours, background, lab, i) > 0;
      if (likely) passing++;
      if (looksLikeSkin(lab, i) && (likely || logRatio(transients.colours, background, lab, i) > -1.5)) skin++;
    }
    // Colour of passing things counts fully only together with skin colour: what is carried passes too.
    const colour = skinUseful ? skin / region.area : (0.5 * passing) / region.area;
    // An arm reaches the picture's border; a red lid has the colour of a hand, but lies alone.
    const hand = Math.min(1, 0.95 * colour) * (ALONE_HAND + ((1 - ALONE_HAND) * link) / region.area);
    const edge = region.touchesEdge ? 0.35 : 1;
    // Last colour seen before the first one ended: the place was visited, not left for good or filled for good.
    const order = region.arrivesFrame < region.leavesFrame - slack ? 0.4 : 1;
    const shading = 1 - SHADOW_PENALTY * region.shadowShare;
    const usable = region.solidity >= MIN_SOLIDITY;
    const score = usable
      ? Math.sqrt(region.area) *
        Math.abs(region.contrast) *
        region.solidity *
        edge *
        order *
        shading *
        (1 - hand) *
        (1 - covered / region.area)
      : 0;
    return { ...region, hand, score };
  });
}

/** What is left of the suspicion of being a hand when nothing like it leads from a region to the picture's border. */
const ALONE_HAND = 0.25;
/** Pixels at least this much likelier (log ratio) for what passes than for the scene can be part of an arm. */
const ARM_LIKE = 0.7;

/** [H/2, W/2] what looks like an arm and is connected to the border, in one state of the scene. */
export function armMask(
  clip: Clip,
  change: ColourChange,
  state: Uint8Array,
  transients: Transients,
  scene: ColourModel,
): Uint8Array {
  const linked = linkedToBorder(clip, change, state, transients, scene);
  return linked.map((value, i) => (value !== 0 && isArmLike(transients, scene, state, i) ? 1 : 0));
}

/** The shadow of an arm leaves at least this share of the lightness; colours stay as near as this. */
const ARM_SHADOW_LIGHTNESS = 0.2;
const ARM_SHADOW_CHROMA = 9;
/** A shadow begins at most this far from what casts it, half-size px. */
const ARM_SHADOW_GAP_PX = 2;

/**
 * [H/2, W/2] an arm at rest in `state` with the shadow that it casts there, deeper than that of small things: what changed under them
 * says nothing of what left or arrived. `other` is the state without them.
 */
export function withShadow(
  clip: Clip,
  change: ColourChange,
  arm: Uint8Array,
  state: Uint8Array,
  other: Uint8Array,
): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const dark = change.changed.map((value, i) => (value !== 0 && arm[i] === 0 && isDarkened(state, other, i) ? 1 : 0));
  const { labels, components } = connectedComponents(opened(dark, w, h, 1), w, h);
  const near = dilate(arm, w, h, ARM_SHADOW_GAP_PX);
  const cast = new Uint8Array(components.length + 1);
  for (let i = 0; i < labels.length; i++) if (labels[i] !== 0 && near[i] !== 0) cast[labels[i]] = 1;
  return arm.map((value, i) => (value !== 0 || cast[labels[i]] !== 0 ? 1 : 0));
}

function isDarkened(state: Uint8Array, other: Uint8Array, i: number): boolean {
  const p = 3 * i;
  const ratio = state[p] / Math.max(1, other[p]);
  const chroma = Math.hypot(state[p + 1] - other[p + 1], state[p + 2] - other[p + 2]);
  return ratio < 1 && ratio > ARM_SHADOW_LIGHTNESS && chroma < ARM_SHADOW_CHROMA;
}

/** [H/2, W/2] what connects with the border through places that changed or look, in `state`, like what passes. */
function linkedToBorder(
  clip: Clip,
  change: ColourChange,
  state: Uint8Array,
  transients: Transients,
  background: ColourModel,
): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const like = change.changed.map((value, i) =>
    value !== 0 || (clip.valid[i] !== 0 && isArmLike(transients, background, state, i)) ? 1 : 0,
  );
  const { labels, components } = connectedComponents(closed(like, w, h, 2), w, h);
  const atBorder = new Uint8Array(components.length + 1);
  for (const { label, box } of components) {
    if (box.x0 <= 1 || box.y0 <= 1 || box.x1 >= w - 1 || box.y1 >= h - 1) atBorder[label] = 1;
  }
  // A hand-held video has lost its border.
  const inner = erode(clip.valid, w, h, 2);
  for (let i = 0; i < labels.length; i++) if (inner[i] === 0) atBorder[labels[i]] = 1;
  atBorder[0] = 0;
  const out = new Uint8Array(labels.length);
  for (let i = 0; i < out.length; i++) out[i] = atBorder[labels[i]];
  return out;
}

/** Regions of one event lie at most this far apart (half-size px): the size of what is there, within limits. */
const MIN_JOIN_PX = 5;
const MAX_JOIN_PX = 14;

/** Joins judged regions into events, best first. Weak regions only join a better one, they found no event. */
export function formEvents(clip: Clip, regions: readonly JudgedRegion[]): ChangeEvent[] {
  const { halfWidthPx: w, halfHeightPx: h, numFrames } = clip;
  const best = Math.max(0, ...regions.map((region) => region.score));
  const founding = Math.max(1.2, 0.12 * best);
  const maxDelay = 0.1 * numFrames;
  const slack = visitSlack(numFrames);
  const open = [...regions]
    .filter((region) => region.score > 0.3 && region.hand < 0.75)
    .sort((a, b) => b.score - a.score);
  const events: ChangeEvent[] = [];
  while (open.length > 0 && open[0].score >= founding) {
    const members = [open.shift()!];
    const kind = members[0].contrast > 0 ? 'left' : 'arrived';
    const mask = Uint8Array.from(members[0].mask);
    for (let grown = true; grown; ) {
      grown = false;
      const size = Math.sqrt(mask.reduce((sum, value) => sum + value, 0));
      const near = dilate(mask, w, h, Math.round(Math.max(MIN_JOIN_PX, Math.min(MAX_JOIN_PX, size))));
      for (let k = 0; k < open.length; k++) {
        const other = open[k];
        const sameKind = other.contrast > 0 === members[0].contrast > 0;
        const delay = delayBetween(members[0], other, slack);
        if (!sameKind || delay > maxDelay || other.shadowShare > MAX_JOIN_SHADOW || !overlaps(near, other.mask))
          continue;
        for (let i = 0; i < mask.length; i++) mask[i] |= other.mask[i];
        members.push(other);
        open.splice(k, 1);
        grown = true;
        break;
      }
    }
    events.push(summarise(kind, mask, members, w));
  }
  return events.sort((a, b) => b.score - a.score);
}

/**
 * Frames between the events of two regions. A hand may cover a part earlier or later than the rest, so it is enough if
 * one of the two times agrees, unless the region was only visited.
 */
function delayBetween(a: ChangeRegion, b: ChangeRegion, slack: number): number {
  const own = Math.abs(eventFrame(a) - eventFrame(b));
  if (a.arrivesFrame < a.leavesFrame - slack || b.arrivesFrame < b.leavesFrame - slack) return own;
  return Math.min(own, Math.abs(a.leavesFrame - b.leavesFrame), Math.abs(a.arrivesFrame - b.arrivesFrame));
}

const eventFrame = (region: ChangeRegion): number => (region.contrast > 0 ? region.leavesFrame : region.arrivesFrame);

function overlaps(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== 0 && b[i] !== 0) return true;
  return false;
}

/** One event of two that turned out to be of one thing. */
export function joinEvents(clip: Clip, a: ChangeEvent, b: ChangeEvent): ChangeEvent {
  const mask = a.mask.map((value, i) => value | b.mask[i]);
  const [first] = a.score >= b.score ? [a] : [b];
  return {
    ...summarise(a.kind, mask, [...a.regions, ...b.regions], clip.halfWidthPx),
    restFrame: a.kind === 'left' ? Math.min(a.restFrame, b.restFrame) : Math.max(a.restFrame, b.restFrame),
    frame: first.frame,
  };
}

function summarise(
  kind: 'left' | 'arrived',
  mask: Uint8Array,
  members: readonly JudgedRegion[],
  w: number,
): ChangeEvent {
  let area = 0;
  let sx = 0;
  let sy = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    area++;
    sx += (i % w) + 0.5;
    sy += Math.floor(i / w) + 0.5;
  }
  const weight = members.reduce((sum, region) => sum + region.area, 0);
  const frame = members.reduce((sum, region) => sum + region.area * eventFrame(region), 0) / weight;
  const isLeft = kind === 'left';
  const founder = members[0];
  return {
    kind,
    mask,
    area,
    restFrame: isLeft ? founder.leavesEarly : founder.arrivesLate,
    cx: sx / area,
    cy: sy / area,
    frame: Math.round(frame),
    score: Math.hypot(...members.map((region) => region.score)),
    ambiguous: founder.ambiguous,
    regions: members,
  };
}
