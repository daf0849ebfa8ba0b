/**
 * Movers: things a hand took from one place to another. The two ends of their ways ("left here", "arrived there") are joined
 * when the tracks lead from one to the other.
 */
import type { StageContext } from '../../base/context.js';
import { largestComponent } from '../../image/components.js';
import { labDistance2 } from '../../image/lab.js';
import { closed, countSet, countShared, fillHoles, maskIou, maskWhere, opened } from '../../image/morphology.js';
import type { ChangeEvent } from '../change/candidates.js';
import type { Clip } from '../clip.js';
import { warpMask } from '../tracks/mask-track.js';
import { ColourModel } from './colour-model.js';
import { changeEvidence, doubled, type EventView, type MoverEnd } from './end-outline.js';
import { movedSteps } from './motion-cut.js';
import { findEnds } from './mover-ends.js';
import type { SceneFacts } from './rest-outline.js';

export interface Mover {
  readonly from: MoverEnd | null;
  readonly to: MoverEnd | null;
  /**
   * Which end's outline is carried when: 'both' change over half way; 'from' or 'to' when the other end shows only a part
   * of the object (the rest was covered, or looked like what was behind it).
   */
  readonly carried: 'both' | 'from' | 'to';
  /** First frame off its first place, last frame before it rests for good. */
  readonly liftFrame: number;
  readonly downFrame: number;
  readonly confidence: number;
  readonly evidence: string;
}

export async function findMovers(
  clip: Clip,
  events: readonly ChangeEvent[],
  viewOf: (event: ChangeEvent) => EventView,
  facts: SceneFacts,
  ctx: StageContext,
): Promise<Mover[]> {
  return joinEnds(clip, await findEnds(clip, events, viewOf, facts, ctx)).map((mover) => completed(clip, mover));
}

export interface Pairing {
  from: MoverEnd;
  to: MoverEnd;
  /** Best overlap of a tracked mask with the outline at the other end, over both directions. */
  iou: number;
  /** The same, as share of the smaller of the two outlines. */
  contained: number;
  colour: number;
  score: number;
}

function joinEnds(clip: Clip, ends: readonly MoverEnd[]): Mover[] {
  const lefts = ends.filter((end) => end.event.kind === 'left');
  const arrivals = ends.filter((end) => end.event.kind === 'arrived');
  const pairings: Pairing[] = [];
  for (const from of lefts) {
    for (const to of arrivals) {
      const pairing = judgePair(clip, from, to);
      if (pairing) pairings.push(pairing);
    }
  }
  pairings.sort((a, b) => b.score - a.score);
  const used = new Set<MoverEnd>();
  const movers: Mover[] = [];
  for (const pairing of pairings) {
    if (used.has(pairing.from) || used.has(pairing.to)) continue;
    used.add(pairing.from);
    used.add(pairing.to);
    movers.push(pairedMover(clip, pairing));
  }
  const best = Math.max(0, ...ends.map((end) => end.event.score));
  for (const end of ends) {
    if (used.has(end)) continue;
    const single = singleMover(clip, end, best);
    if (single) movers.push(single);
  }
  return movers.sort((a, b) => b.confidence - a.confidence);
}

/** Are these the two ends of one way? */
export function judgePair(clip: Clip, from: MoverEnd, to: MoverEnd): Pairing | null {
  if (to.event.frame <= from.event.frame) return null;
  const ratio = Math.min(from.area, to.area) / Math.max(from.area, to.area);
  const colour = from.colours.overlap(to.colours) * Math.sqrt(Math.min(1, 1.5 * ratio));
  const ahead = overlapAt(clip, from, to.track.startFrame, to.mask);
  const back = overlapAt(clip, to, from.track.startFrame, from.mask);
  const iou = Math.max(ahead.iou, back.iou);
  const contained = Math.max(ahead.contained, back.contained);
  // Tracking is the judge, colour proposes: either both speak for the pair, or one of them does clearly. An outline that
  // ends up around a part of itself (the rest is covered there) counts like one that overlaps.
  const bothWays = Math.min(ahead.contained, back.contained) >= 0.5;
  const samePlace = countShared(from.mask, to.mask) / Math.min(from.area, to.area);
  // What was only covered for a while never moved; what did and is back at the very place it left is itself.
  if (samePlace >= MIN_SAME_PLACE_SHARE) {
    const cameBack = (iou >= MIN_RETURN_IOU || contained >= 0.6) && colour >= MIN_RETURN_COLOUR;
    const away = [from, to].filter((end) => wentAway(clip, end)).length;
    if (away === 0 || (!cameBack && !(away === 2 && isSameAgain(from, to, colour)))) return null;
  }
  const returned = colour >= 0.6 && maskIou(from.mask, to.mask) >= 0.6;
  const byTrack = returned || iou >= 0.35 || ((contained >= 0.75 || bothWays) && ratio > 0.08);
  // Where neither end's edges tell that anything left or arrived, a weak fit proves nothing; nor does what overlaps as it lies.
  const witnessed = !from.event.ambiguous || !to.event.ambiguous;
  const still = maskIou(from.mask, to.mask);
  const byColour =
    witnessed && ((iou - still >= 0.12 && colour >= 0.5) || (contained - samePlace >= 0.2 && colour >= 0.72));
  return byTrack || byColour
    ? { from, to, iou, contained, colour, score: Math.max(iou, 0.6 * contained) + 0.7 * colour }
    : null;
}

/** Places that overlap this much (IoU) are the same. */
const MIN_SAME_PLACE = 0.3;
/**
 * One of two places that lies within the other one by this much (what two of a size with that IoU share) is a part of it: then the
 * track must show that the thing was elsewhere in between. A hand that holds a handle leaves a small place within a large one.
 */
const MIN_SAME_PLACE_SHARE = (2 * MIN_SAME_PLACE) / (1 + MIN_SAME_PLACE);
const MIN_AWAY_SAMPLES = 4;
/** ... and, followed there and back again, ends about where it began. */
const MIN_RETURN_IOU = 0.25;
/** ... and still looks like itself (a gap between things that something pushed over it fills does not). */
const MIN_RETURN_COLOUR = 0.5;

/** Followed less well, it counts as back where both outlines are one and the same. */
const MIN_SAME_AGAIN_IOU = 0.8;
const MIN_SAME_AGAIN_COLOUR = 0.9;

/** Does the very same thing lie at the very same place as before, by edges that show that it left and came? */
const isSameAgain = (from: MoverEnd, to: MoverEnd, colour: number): boolean =>
  !from.event.ambiguous &&
  !to.event.ambiguous &&
  colour >= MIN_SAME_AGAIN_COLOUR &&
  maskIou(from.mask, to.mask) >= MIN_SAME_AGAIN_IOU;

const wentAway = (clip: Clip, end: MoverEnd): boolean =>
  movedSteps(clip, end.track, end.mask).length >= MIN_AWAY_SAMPLES;

function overlapAt(clip: Clip, end: MoverEnd, frame: number, other: Uint8Array): { iou: number; contained: number } {
  const step = end.track.steps.get(frame);
  if (!step) return { iou: 0, contained: 0 };
  const moved = warpMask(end.mask, clip.widthPx, clip.heightPx, step.fromStart);
  let both = 0;
  for (let i = 0; i < moved.length; i++) if (moved[i] !== 0 && other[i] !== 0) both++;
  return { iou: maskIou(moved, other), contained: both / Math.max(1, Math.min(countSet(moved), countSet(other))) };
}

/**
 * Both ends of a well joined mover show the same thing: what one outline has and the other lacks is added there, where
 * the place did change (a lid the colour of the table, a part that a hand covered for longer).
 */
function completed(clip: Clip, mover: Mover): Mover {
  const { from, to } = mover;
  if (!from || !to || mover.carried !== 'both') return mover;
  return {
    ...mover,
    from: outlineOfBoth(from, to) ?? withPartsOf(clip, from, to),
    to: outlineOfBoth(to, from) ?? withPartsOf(clip, to, from),
  };
}

/** An outline with less than this share of the other one's area that lies within it to this share shows a part of the thing. */
const MAX_PART_SHARE = 0.7;
const MIN_WITHIN_SHARE = 0.8;
/** Pictures less apart than this (Lab) show the same, and so they must in this share of a thing that is back where it was. */
const SAME_LOOK = 8;
const MIN_ALIKE_SHARE = 0.75;

/** Of a thing that lies again where it lay, looking as it did, one outline may have lost a half: the other one's then; else null. */
export function outlineOfBoth(end: MoverEnd, other: MoverEnd): MoverEnd | null {
  if (end.area > MAX_PART_SHARE * other.area) return null;
  if (countShared(end.mask, other.mask) < MIN_WITHIN_SHARE * end.area) return null;
  const [lab, otherLab] = [restingLab(end), restingLab(other)];
  const alike = maskWhere(other.mask, (value, i) => value !== 0 && labDistance2(lab, i, otherLab, i) < SAME_LOOK ** 2);
  if (countSet(alike) < MIN_ALIKE_SHARE * other.area) return null;
  return { ...end, mask: other.mask, area: other.area, colours: ColourModel.of(lab, other.mask) };
}

/** The other outline must fit at least this well to lend parts. */
const MIN_LENDING_IOU = 0.35;

function withPartsOf(clip: Clip, end: MoverEnd, other: MoverEnd): MoverEnd {
  const { plates, handFirst, handLast } = end.view;
  const { widthPx: w, heightPx: h } = clip;
  const step = other.track.steps.get(end.track.startFrame);
  if (!step) return end;
  const lent = warpMask(other.mask, w, h, step.fromStart);
  const before = maskIou(end.mask, lent);
  if (before < MIN_LENDING_IOU) return end;
  const hand = doubled(end.event.kind === 'left' ? handFirst : handLast, clip);
  const evidence = changeEvidence(plates, end.event.kind);
  // Where the thing itself lies at the other time, the place changed by that.
  const apart = maskIou(end.mask, other.mask) < MIN_SAME_PLACE;
  const changed = (i: number): boolean => evidence[i] > 0 && !(apart && other.mask[i] !== 0);
  const extra = lent.map((value, i) => (value !== 0 && hand[i] === 0 && (end.mask[i] !== 0 || changed(i)) ? 1 : 0));
  const clean = opened(extra, w, h, 1);
  for (let i = 0; i < clean.length; i++) if (end.mask[i] !== 0) clean[i] = 1;
  const mask = fillHoles(largestComponent(closed(clean, w, h, 1), w, h), w, h);
  if (maskIou(mask, lent) <= before) return end;
  return { ...end, mask, area: countSet(mask), colours: ColourModel.of(restingLab(end), mask) };
}

/** [H, W, 3] the picture in which the thing lies at this end. */
const restingLab = ({ event, view: { plates } }: MoverEnd): Uint8Array =>
  event.kind === 'left' ? plates.firstLab : plates.lastLab;

/** An end smaller than this share of the other shows only a part of the object. */
const PART_RATIO = 0.5;

/** One end may show only a part, or be cut out badly: then the other one's outline is carried all the way. */
function betterEnd(from: MoverEnd, to: MoverEnd, iou: number): Mover['carried'] {
  if (to.area < PART_RATIO * from.area) return 'from';
  if (from.area < PART_RATIO * to.area) return 'to';
  if (iou >= 0.45) return 'both';
  const trust = (end: MoverEnd): number => end.cutIou * Math.sqrt(end.event.score);
  if (trust(from) > 1.3 * trust(to)) return 'from';
  return trust(to) > 1.3 * trust(from) ? 'to' : 'both';
}

function pairedMover(clip: Clip, { from, to, iou, contained, colour }: Pairing): Mover {
  const strength = Math.min(1, (from.event.score + to.event.score) / 12);
  const confidence = Math.min(
    0.98,
    0.35 + 0.35 * Math.min(1, Math.max(iou / 0.5, 0.7 * contained)) + 0.2 * colour + 0.1 * strength,
  );
  const travel = Math.hypot(to.event.cx - from.event.cx, to.event.cy - from.event.cy) * 2;
  return {
    from,
    to,
    carried: betterEnd(from, to, iou),
    ...motionSpan(from, to),
    confidence,
    evidence:
      `left one place at ${seconds(clip, from.event.frame)} and arrived at another, ${Math.round(travel)} px away, at ` +
      `${seconds(clip, to.event.frame)}; tracked outline and new place overlap by ${Math.round(100 * iou)} %, colours by ${Math.round(100 * colour)} %`,
  };
}

/** First and last frame in which the tracked outline is away from its resting places; the events' frames where tracks fail. */
function motionSpan(from: MoverEnd, to: MoverEnd): { liftFrame: number; downFrame: number } {
  const liftFrame = firstAway(from, 1) ?? from.event.frame;
  const downFrame = firstAway(to, -1) ?? to.event.frame;
  return downFrame > liftFrame
    ? { liftFrame, downFrame }
    : { liftFrame: from.event.frame, downFrame: Math.max(from.event.frame + 1, to.event.frame) };
}

/** Outline centres this far from rest count as moved: noise is under 1 px. */
const MOVED_PX = 1.5;

function firstAway(end: MoverEnd, direction: 1 | -1): number | null {
  const cx = 2 * end.event.cx;
  const cy = 2 * end.event.cy;
  let run = 0;
  for (let k = end.track.startFrame + direction; ; k += direction) {
    const step = end.track.steps.get(k);
    if (!step) return null;
    const { a, b, tx, ty } = step.fromStart;
    const away = Math.hypot(a * cx - b * cy + tx - cx, b * cx + a * cy + ty - cy);
    run = away > MOVED_PX ? run + 1 : 0;
    if (run === 3) return k - 2 * direction;
    // Long past the event without motion: the track stuck to something that stays.
    if (direction * (k - end.event.frame) > 30) return null;
  }
}

/** An end without a partner counts when it stands out and its points really travel. */
function singleMover(clip: Clip, end: MoverEnd, best: number): Mover | null {
  if (end.event.ambiguous) return null;
  const isLeft = end.event.kind === 'left';
  const { travel, lastMoving } = travelOf(end, isLeft ? 1 : -1);
  const size = Math.sqrt(end.area);
  if (end.event.score < 0.35 * best || end.event.score < 2.5 || travel < 0.5 * size) return null;
  const confidence = Math.min(0.6, 0.2 + 0.03 * end.event.score + (end.cutIou > 0.6 ? 0.1 : 0));
  const when = seconds(clip, end.event.frame);
  return {
    from: isLeft ? end : null,
    to: isLeft ? null : end,
    carried: isLeft ? 'from' : 'to',
    liftFrame: isLeft ? (firstAway(end, 1) ?? end.event.frame) : Math.min(lastMoving, end.event.frame - 1),
    downFrame: isLeft ? Math.max(lastMoving, end.event.frame + 1) : end.event.frame,
    confidence,
    evidence: isLeft
      ? `left its place at ${when}; where it ended was not found`
      : `arrived at its place at ${when}; where it came from was not found`,
  };
}

/** Largest way of the outline's centre while the track can be trusted, and the outermost frame in which it still moved. */
function travelOf(end: MoverEnd, direction: 1 | -1): { travel: number; lastMoving: number } {
  let travel = 0;
  let lastMoving = end.event.frame;
  let previous: [number, number] | null = null;
  const cx = 2 * end.event.cx;
  const cy = 2 * end.event.cy;
  for (let k = end.track.startFrame; ; k += direction) {
    const step = end.track.steps.get(k);
    if (!step || step.trust < 0.1) break;
    const { a, b, tx, ty } = step.fromStart;
    const x = a * cx - b * cy + tx;
    const y = b * cx + a * cy + ty;
    travel = Math.max(travel, Math.hypot(x - cx, y - cy));
    if (previous && Math.hypot(x - previous[0], y - previous[1]) > 1) lastMoving = k;
    previous = [x, y];
  }
  return { travel, lastMoving };
}

const seconds = (clip: Clip, frame: number): string => `${(frame / clip.fps).toFixed(1)} s`;

/** The end whose outline holds at frame `k`. */
export function carriedEnd(mover: Mover, k: number): MoverEnd {
  if (mover.carried === 'from') return mover.from!;
  if (mover.carried === 'to') return mover.to!;
  return k <= (mover.liftFrame + mover.downFrame) / 2 ? mover.from! : mover.to!;
}

/** The end that shows the object best at rest. */
export const bestEnd = (mover: Mover): MoverEnd => (mover.carried === 'to' ? mover.to! : mover.from!);

/**
 * Outline of a mover in frame `k` as tracked (hand not taken out), and the trust in it. Before and after the motion it
 * stays where it lay.
 */
export function trackedMask(clip: Clip, mover: Mover, k: number): { mask: Uint8Array; trust: number } {
  const end = carriedEnd(mover, k);
  const isFrom = end === mover.from;
  const start = end.track.startFrame;
  if (isFrom ? k <= start : k >= start) return { mask: end.mask, trust: 1 };
  const at = isFrom ? Math.min(k, Math.max(start, mover.downFrame)) : Math.max(k, Math.min(start, mover.liftFrame));
  const step = end.track.steps.get(at);
  if (!step) return { mask: end.mask, trust: 0 };
  return { mask: warpMask(end.mask, clip.widthPx, clip.heightPx, step.fromStart), trust: step.trust };
}
