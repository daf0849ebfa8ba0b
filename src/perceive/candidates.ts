/**
 * From changed regions to events: "something that is no hand left here" or "arrived here". Fragments of one event
 * (same sign, same time, close together) are joined; hands are recognised by colour, border contact and their habit of
 * visiting a place that looked like its last state before.
 */
import { labDistance2 } from '../image/lab.js';
import { dilate, opened } from '../image/morphology.js';
import type { ChangeRegion } from './change-regions.js';
import type { Clip } from './clip.js';
import { ColourModel, logRatio, looksLikeSkin } from './colour-model.js';
import type { StableColours } from './stable-colour.js';

export interface JudgedRegion extends ChangeRegion {
  /** 0 (no sign of a hand) to 1. */
  readonly hand: number;
  /** Rank: how much this looks like a place an object left or arrived at. */
  readonly score: number;
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

export function collectTransients(clip: Clip, stable: StableColours): Transients {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const colours = new ColourModel();
  const step = Math.max(1, Math.floor(clip.numFrames / 40));
  let skin = 0;
  let total = 0;
  let frames = 0;
  for (let k = 0; k < clip.numFrames; k += step) {
    const passing = opened(transientMask(clip, stable, k), w, h, 1);
    frames++;
    for (let i = 0; i < passing.length; i++) {
      if (passing[i] === 0) continue;
      colours.add(clip.lab[k], i);
      total++;
      if (looksLikeSkin(clip.lab[k], i)) skin++;
    }
  }
  return { colours, skinShare: total > 0 ? skin / total : 0, pixelsPerFrame: total / frames };
}

/** [H/2, W/2] pixels of frame `k` that show neither their first nor their last stable colour. */
export function transientMask(clip: Clip, stable: StableColours, k: number): Uint8Array {
  const limit = TRANSIENT_DISTANCE ** 2;
  const lab = clip.lab[k];
  const out = new Uint8Array(clip.valid.length);
  for (let i = 0; i < out.length; i++) {
    if (clip.valid[i] === 0) continue;
    if (labDistance2(lab, i, stable.first, i) > limit && labDistance2(lab, i, stable.last, i) > limit) out[i] = 1;
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

export function judgeRegions(
  clip: Clip,
  stable: StableColours,
  regions: readonly ChangeRegion[],
  transients: Transients,
): JudgedRegion[] {
  const background = new ColourModel();
  for (let i = 0; i < stable.changed.length; i++) {
    if (stable.changed[i] === 0 && clip.valid[i] !== 0) background.add(stable.first, i);
  }
  const skinUseful = transients.skinShare > SKIN_USEFUL_SHARE;
  const slack = visitSlack(clip.numFrames);
  return regions.map((region) => {
    const lab = region.contrast > 0 ? stable.first : stable.last;
    let passing = 0;
    let skin = 0;
    for (let i = 0; i < region.mask.length; i++) {
      if (region.mask[i] === 0) continue;
      const likely = logRatio(transients.colours, background, lab, i) > 0;
      if (likely) passing++;
      if (looksLikeSkin(lab, i) && (likely || logRatio(transients.colours, background, lab, i) > -1.5)) skin++;
    }
    // Colour of passing things counts fully only together with skin colour: what is carried passes too.
    const colour = skinUseful ? skin / region.area : (0.5 * passing) / region.area;
    const hand = Math.min(1, 0.95 * colour);
    const edge = region.touchesEdge ? 0.35 : 1;
    // Last colour seen before the first one ended: the place was visited, not left for good or filled for good.
    const order = region.arrivesFrame < region.leavesFrame - slack ? 0.4 : 1;
    const shading = 1 - SHADOW_PENALTY * region.shadowShare;
    const usable = Math.abs(region.contrast) >= MIN_CONTRAST && region.solidity >= MIN_SOLIDITY;
    const score = usable
      ? Math.sqrt(region.area) * Math.abs(region.contrast) * region.solidity * edge * order * shading * (1 - hand)
      : 0;
    return { ...region, hand, score };
  });
}

/** Regions of one event lie at most this far apart (half-size px). */
const JOIN_DISTANCE_PX = 5;

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
      const near = dilate(mask, w, h, JOIN_DISTANCE_PX);
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

function summarise(kind: 'left' | 'arrived', mask: Uint8Array, members: JudgedRegion[], w: number): ChangeEvent {
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
    regions: members,
  };
}
