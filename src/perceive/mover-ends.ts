/**
 * The two ends of a mover's way: where it rests before, and where it rests after. Each is cut out of a resting picture,
 * followed through the clip, and cut once more by what moved along.
 */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { largestComponent } from '../image/components.js';
import { labDistance2 } from '../image/lab.js';
import { closed, countSet, dilate, maskIou, opened } from '../image/morphology.js';
import { type ChangeEvent, joinEvents } from './candidates.js';
import { isShading } from './change-regions.js';
import type { Clip } from './clip.js';
import { ColourModel } from './colour-model.js';
import { type MaskTrack, MaskTracker, runTrackers } from './mask-track.js';
import { hullMask, MIN_OBJECT_SOLIDITY, motionEvidence, solidityOf } from './motion-cut.js';
import { cutObject } from './object-cut.js';
import type { Plates } from './plates.js';
import type { ColourChange } from './stable-colour.js';

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
}

/** An end that is not followed yet. */
type Outline = Omit<MoverEnd, 'track'>;

/** More events than this in one clip are noise or a task with very many objects; the best ones are followed. */
const MAX_EVENTS = 8;
/** Rounds in which outlines are cut again by what moved along. */
const MOTION_ROUNDS = 3;
/** An outline that changed less than this (IoU) need not be followed again. */
const SAME_OUTLINE = 0.85;

export function findEnds(
  clip: Clip,
  events: readonly ChangeEvent[],
  viewOf: (event: ChangeEvent) => EventView,
  ctx: StageContext,
): MoverEnd[] {
  const outlines = worthFollowing(events.slice(0, MAX_EVENTS).map((event) => cutOut(clip, event, viewOf(event))));
  let ends = withJoinedParts(clip, follow(clip, outlines, ctx), ctx);
  for (let round = 0; round < MOTION_ROUNDS; round++) {
    const cut = ends.map((end) => cutByMotion(clip, end, ends));
    const again = cut.filter((outline, e) => maskIou(outline.mask, ends[e].mask) < SAME_OUTLINE);
    const followed = follow(clip, again, ctx);
    ends = cut.map((outline, e) => followed[again.indexOf(outline)] ?? { ...outline, track: ends[e].track });
    if (again.length === 0) break;
  }
  return withoutDoubles(ends);
}

/** Two ends of one thing share at least this much of their colours (Bhattacharyya), even when one shows only a part of it. */
const MIN_SHARED_COLOURS = 0.2;
/** An event this good, as share of the best one, may be a mover by itself. */
const GOOD_SHARE = 0.35;

/** Following is the dear part: what has no possible partner and is not among the best events is left out. */
function worthFollowing(outlines: readonly Outline[]): Outline[] {
  const best = Math.max(0, ...outlines.map(({ event }) => event.score));
  return outlines.filter(({ event, colours }) => {
    if (!event.ambiguous && event.score >= GOOD_SHARE * best) return true;
    return outlines.some((other) => {
      const [left, arrived] = event.kind === 'left' ? [event, other.event] : [other.event, event];
      return (
        other.event.kind !== event.kind &&
        left.frame < arrived.frame &&
        colours.overlap(other.colours) >= MIN_SHARED_COLOURS
      );
    });
  });
}

/** Follows outlines, those of things that left forward and those of things that arrived backward in time. */
function follow(clip: Clip, outlines: readonly Outline[], ctx: StageContext): MoverEnd[] {
  throwIfCancelled(ctx);
  const trackers = outlines.map((outline) => trackerOf(clip, outline, ctx));
  const ofKind = (kind: ChangeEvent['kind']): MaskTracker[] =>
    trackers.filter((_, n) => outlines[n].event.kind === kind);
  runTrackers(clip, ofKind('left'), 1, ctx);
  runTrackers(clip, ofKind('arrived'), -1, ctx);
  return outlines.map((outline, n) => ({ ...outline, track: trackers[n].track }));
}

/** Tracking starts this long before the event (after, for arrivals): then the thing surely still rests. */
const MARGIN_SEC = 0.25;
/** ... and at most this long: hands cover more the closer they come, points are lost over time. */
const MAX_LEAD_SEC = 1;

function trackerOf(clip: Clip, { event, view, mask }: Outline, ctx: StageContext): MaskTracker {
  const isLeft = event.kind === 'left';
  const margin = Math.max(2, Math.round(MARGIN_SEC * clip.fps));
  const longest = Math.round(MAX_LEAD_SEC * clip.fps);
  const start = isLeft
    ? Math.max(0, event.frame - longest, Math.min(event.frame - margin, event.restFrame))
    : Math.min(clip.numFrames - 1, event.frame + longest, Math.max(event.frame + margin, event.restFrame));
  const visible = doubled(showsColour(clip, view.change, start, isLeft), clip);
  const random = ctx.random(`track-${event.kind}-${event.frame}-${Math.round(event.cx)}`);
  return new MaskTracker(clip, mask, visible, start, random);
}

/** Cut and region must agree this well, else the region itself is kept. */
const MIN_CUT_IOU = 0.4;

function cutOut(clip: Clip, event: ChangeEvent, view: EventView): Outline {
  const { widthPx: w, heightPx: h } = clip;
  const { plates } = view;
  const isLeft = event.kind === 'left';
  const lab = isLeft ? plates.firstLab : plates.lastLab;
  const region = withoutShading(doubled(event.mask, clip), plates, w, h);
  const cut = cutObject({
    lab,
    widthPx: w,
    heightPx: h,
    region,
    forbidden: doubled(isLeft ? view.handFirst : view.handLast, clip),
    evidence: changeEvidence(plates),
  });
  const cutIou = maskIou(cut, region);
  const usable = cutIou >= MIN_CUT_IOU && countSet(cut) < 2 * countSet(region);
  return outlineOf(event, view, usable ? cut : region, cutIou);
}

function outlineOf(event: ChangeEvent, view: EventView, mask: Uint8Array, cutIou: number): Outline {
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
/** Log odds against a pixel that looks like part of an arm. */
const ARM_PENALTY = 2.5;
/** Part of the outline that must survive, else the motion was measured wrongly. */
const MIN_KEPT_SHARE = 0.5;
/** A thing may turn out to be this many times larger at once. */
const MAX_GROWTH = 4;

/** The outline cut again with what moved along as evidence; the old one where that says nothing. */
function cutByMotion(clip: Clip, end: MoverEnd, ends: readonly MoverEnd[]): Outline {
  const { track, ...outline } = end;
  const { widthPx: w, heightPx: h } = clip;
  const { view, event, mask } = end;
  const isLeft = event.kind === 'left';
  const reachPx = Math.max(MIN_MOTION_REACH_PX, Math.round(MOTION_REACH * Math.sqrt(end.area)));
  const resting = isLeft ? view.change.first : view.change.last;
  const moved = motionEvidence(clip, track, mask, resting, reachPx);
  if (!moved) return outline;
  const evidence = changeEvidence(view.plates);
  const arm = doubled(isLeft ? view.armFirst : view.armLast, clip);
  const hull = hullMask(mask, w, h);
  for (let i = 0; i < evidence.length; i++) {
    const changed = Math.max(-1, Math.min(1.5, evidence[i]));
    const bonus = hull[i] !== 0 && moved[i] > 0 ? HULL_BONUS : 0;
    evidence[i] = changed + MOTION_WEIGHT * moved[i] + bonus - (arm[i] !== 0 && mask[i] === 0 ? ARM_PENALTY : 0);
  }
  const core = Uint8Array.from(mask, (value, i) => (value !== 0 && moved[i] > -1 ? 1 : 0));
  const parts = cutObject({
    lab: isLeft ? view.plates.firstLab : view.plates.lastLab,
    widthPx: w,
    heightPx: h,
    region: core,
    reachPx,
    maybe: dilate(hull, w, h, MIN_MOTION_REACH_PX),
    colourLimit: COLOUR_LIMIT,
    minPartShare: MIN_PART_SHARE,
    forbidden: closedToGrowth(clip, end, ends),
    evidence,
  });
  const cut = bridged(parts, w, h);
  const kept = sharedWith(cut, mask);
  const area = countSet(cut);
  if (kept < MIN_KEPT_SHARE * end.area || area > MAX_GROWTH * end.area) return outline;
  if (solidityOf(cut, w, h) < MIN_OBJECT_SOLIDITY) return outline;
  return outlineOf(event, view, cut, Math.max(end.cutIou, maskIou(cut, mask)));
}

/** An opposite event this good, as share of the own one, says what changed at its place. */
const OPPOSITE_SHARE = 0.5;

/**
 * [H, W] where a hand rested, and, beyond the outline, where something else did the opposite: a table that shows where a
 * thing left is not a part of what arrived beside it.
 */
function closedToGrowth(clip: Clip, { event, view, mask }: MoverEnd, ends: readonly MoverEnd[]): Uint8Array {
  const out = doubled(event.kind === 'left' ? view.handFirst : view.handLast, clip);
  for (const { event: other, view: otherView } of ends) {
    if (other.kind === event.kind || otherView !== view || other.ambiguous) continue;
    if (other.score < OPPOSITE_SHARE * event.score) continue;
    const place = doubled(other.mask, clip);
    for (let i = 0; i < out.length; i++) if (place[i] !== 0 && mask[i] === 0) out[i] = 1;
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

function sharedWith(a: Uint8Array, b: Uint8Array): number {
  let both = 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== 0 && b[i] !== 0) both++;
  return both;
}

/** Frames by which parts of one thing may seem to leave or arrive apart: hands cover one longer than the other. */
const PARTS_DELAY_SEC = 0.35;
/** Parts of one thing lie at most this many sizes of the larger one apart. */
const PARTS_REACH = 14;
/** Each try follows the joined outline through the clip. */
const MAX_JOIN_TRIES = 4;
/** Share of each part that must be in the joined outline in the end. */
const PART_KEPT_SHARE = 0.5;

/** Ends that move as one are parts of one thing (the tips of a stick), if what lies between them moves along too. */
function withJoinedParts(clip: Clip, ends: readonly MoverEnd[], ctx: StageContext): MoverEnd[] {
  const open = [...ends];
  const out: MoverEnd[] = [];
  let tries = MAX_JOIN_TRIES;
  while (open.length > 0) {
    let whole = open.shift()!;
    for (let n = 0; n < open.length; n++) {
      const part = open[n];
      if (tries === 0 || !mayBeParts(clip, whole, part)) continue;
      tries--;
      const joined = joinParts(clip, whole, part, ends, ctx);
      if (!joined) continue;
      whole = joined;
      open.splice(n, 1);
      n = -1;
    }
    out.push(whole);
  }
  return out;
}

/** What comes in from the picture's border is mostly an arm, and an arm moves as one with what it holds. */
const reachesBorder = (event: ChangeEvent): boolean => event.regions.some(({ touchesEdge }) => touchesEdge);

function mayBeParts(clip: Clip, a: MoverEnd, b: MoverEnd): boolean {
  if (a.event.kind !== b.event.kind || a.view !== b.view) return false;
  if (reachesBorder(a.event) || reachesBorder(b.event)) return false;
  if (Math.abs(a.event.frame - b.event.frame) > Math.max(3, PARTS_DELAY_SEC * clip.fps)) return false;
  const apart = 2 * Math.hypot(a.event.cx - b.event.cx, a.event.cy - b.event.cy);
  return apart < PARTS_REACH * Math.sqrt(Math.max(a.area, b.area));
}

function joinParts(
  clip: Clip,
  a: MoverEnd,
  b: MoverEnd,
  ends: readonly MoverEnd[],
  ctx: StageContext,
): MoverEnd | null {
  const mask = Uint8Array.from(a.mask, (value, i) => (value !== 0 || b.mask[i] !== 0 ? 1 : 0));
  const event = joinEvents(clip, a.event, b.event);
  const [both] = follow(clip, [outlineOf(event, a.view, mask, Math.max(a.cutIou, b.cutIou))], ctx);
  const cut = cutByMotion(clip, both, ends);
  const holds = [a, b].every((part) => sharedWith(cut.mask, part.mask) > PART_KEPT_SHARE * part.area);
  return holds && cut.mask !== mask ? { ...cut, track: both.track } : null;
}

/** Two ends that turned out to be the same thing: the better one is kept. */
function withoutDoubles(ends: readonly MoverEnd[]): MoverEnd[] {
  const kept: MoverEnd[] = [];
  for (const end of [...ends].sort((a, b) => b.event.score - a.event.score)) {
    const same = kept.some(
      (other) =>
        other.event.kind === end.event.kind && sharedWith(other.mask, end.mask) > 0.6 * Math.min(other.area, end.area),
    );
    if (!same) kept.push(end);
  }
  return kept;
}

/** The region without its soft shadows, unless little else is left of it (a white thing on a white table). */
function withoutShading(region: Uint8Array, plates: EventPlates, w: number, h: number): Uint8Array {
  const solid = Uint8Array.from(region, (value, i) =>
    value !== 0 && !isShading(plates.firstLab, plates.lastLab, i) ? 1 : 0,
  );
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

/** [H/2, W/2] 1 where frame `k` shows the first (or last) stable colour. */
function showsColour(clip: Clip, change: ColourChange, k: number, first: boolean): Uint8Array {
  const colour = first ? change.first : change.last;
  const out = new Uint8Array(clip.valid.length);
  for (let i = 0; i < out.length; i++) out[i] = labDistance2(clip.lab[k], i, colour, i) < 12 * 12 ? 1 : 0;
  return out;
}

/** How strongly first and last picture differ, as evidence for the cut: a place that did not change held nothing that left. */
export function changeEvidence(plates: EventPlates): Float32Array {
  const n = plates.firstLab.length / 3;
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const d = Math.sqrt(labDistance2(plates.firstLab, i, plates.lastLab, i));
    out[i] = isShading(plates.firstLab, plates.lastLab, i) ? -0.8 : Math.max(-0.8, Math.min(3.5, (d - 9) / 4));
  }
  return out;
}
