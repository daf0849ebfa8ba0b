/**
 * What changed in a clip, and which movers explain it. First against last state finds what was taken to another place; the
 * state in between finds what was away for a while and came back to its place (a cup after pouring, a brush after sweeping).
 */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import { dilate, maskIou, maskWhere } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { judgeByEvidence } from '../hands/evident-regions.js';
import { contactShare } from '../hands/hand-contact.js';
import { binOf, type ColourModel } from '../movers/colour-model.js';
import type { EventView } from '../movers/end-outline.js';
import { MIN_OBJECT_SOLIDITY, solidityOf } from '../movers/motion-cut.js';
import { bestEnd, findMovers, type Mover } from '../movers/movers.js';
import { pictureNoise } from '../movers/rest-outline.js';
import { mergeRigidParts } from '../movers/rigid-parts.js';
import { halved } from '../movers/visible-masks.js';
import {
  armColours,
  armMask,
  type ChangeEvent,
  collectTransients,
  formEvents,
  type JudgedRegion,
  judgeRegions,
  sceneColours,
  type Transients,
  withShadow,
} from './candidates.js';
import { type BetweenState, type ChangeRegion, findChangeRegions } from './change-regions.js';
import { buildPlates, type CleanPlate, cleanPlate, PlateChoice, type Plates, patchedPlate } from './plates.js';
import {
  type ChangesBetween,
  type ColourChange,
  changesBetween,
  findStableColours,
  type StableColours,
} from './stable-colour.js';
import { isSwaying } from './swaying.js';

/** One state of the scene against another. */
export interface ChangeView extends EventView {
  readonly regions: readonly JudgedRegion[];
  readonly events: readonly ChangeEvent[];
}

/** The same before the pictures are there. */
type SeenChange = Omit<ChangeView, 'plates'>;

export interface ChangeAnalysis {
  readonly movers: readonly Mover[];
  /** All events, best first. */
  readonly events: readonly ChangeEvent[];
  readonly transients: Transients;
  readonly plates: Plates;
  /** The scene behind everything that moved. */
  readonly plate: CleanPlate;
}

/** Movers below this confidence are noise. */
const MIN_MOVER_CONFIDENCE = 0.45;
/** Outlines at both ends, and colours, agree nearly fully from here on. */
const SURE_CONFIDENCE = 0.93;
/** A region more hand-like than this is not taken for a thing that was away for a while. */
const RESTING_HAND = 0.5;
/** A region this hand-like is taken for a resting hand. */
const HAND_REGION = 0.6;

export async function analyseChange(clip: Clip, ctx: StageContext): Promise<ChangeAnalysis> {
  const stable = findStableColours(clip);
  const transients = collectTransients(clip, stable.whole);
  const scene = sceneColours(clip, stable.whole);
  const arm = armColours(transients, scene);
  const between = changesBetween(clip, stable.runs, (lab, i) => arm[binOf(lab, i)] !== 0);
  const building = buildPlates(clip, stable, between.frame);
  // Should the views fail, that is what counts.
  building.catch(() => {});
  ctx.progress(0, clip.numFrames, 'background');
  // Done here while another thread builds the plates.
  const seen = (change: ColourChange, side: BetweenState['side'] | null): SeenChange => {
    const state = side && { colours: between.away.last, frame: between.frame, side };
    return viewChange(clip, change, findChangeRegions(clip, change, state), transients, scene);
  };
  const [seenWhole, seenAway, seenBack] = [
    seen(stable.whole, null),
    seen(between.away, 'last'),
    seen(between.back, 'first'),
  ];
  const plates = await building;
  throwIfCancelled(ctx);
  const { firstLab, betweenLab, lastLab } = plates;
  const whole: ChangeView = { ...seenWhole, plates: { firstLab, lastLab } };
  const away: ChangeView = { ...seenAway, plates: { firstLab, lastLab: betweenLab } };
  const back: ChangeView = { ...seenBack, plates: { firstLab: betweenLab, lastLab } };
  // What was away and comes back to the picture's border is an arm that rests there.
  const isNew = (event: ChangeEvent): boolean =>
    event.regions.every(({ touchesEdge, hand }) => !touchesEdge && hand < RESTING_HAND) &&
    !whole.events.some((other) => sameEvent(event, other));
  const gone = away.events.filter((event) => event.kind === 'left' && isNew(event));
  const returned = back.events.filter((event) => event.kind === 'arrived' && isNew(event));
  const viewOf = new Map<ChangeEvent, ChangeView>([
    ...whole.events.map((event) => [event, whole] as const),
    ...gone.map((event) => [event, away] as const),
    ...returned.map((event) => [event, back] as const),
  ]);
  const events = [...viewOf.keys()].sort((a, b) => b.score - a.score);
  const facts = { noise: pictureNoise(clip, plates), arm };
  const found = await findMovers(clip, events, (event) => viewOf.get(event)!, facts, ctx);
  // What changed only for a while was covered by an arm, unless something left there and came back to the very same place, or was
  // followed without a doubt from one place to the other: one end alone, or two that fit badly, is a hand.
  const complete = found.filter(
    ({ from, to, confidence }) =>
      [from, to].some((end) => end && viewOf.get(end.event) === whole) ||
      (from && to && (confidence >= SURE_CONFIDENCE || maskIou(from.mask, to.mask) > RETURNED_IOU)),
  );
  const movers = mergeRigidParts(clip, keepTrusted(clip, stable.whole, transients, complete));
  const chosen = cleanPlate(clip, plates, choosePlate(clip, stable, between, whole, movers));
  const plate = withAbsences(clip, chosen, movers);
  return { movers, events, transients, plates, plate };
}

function sameEvent(a: ChangeEvent, b: ChangeEvent): boolean {
  return a.kind === b.kind && maskIou(a.mask, b.mask) > 0.3;
}

/** Held in fewer of the frames between lift and set-down than this: moved by something else, or not at all. */
const MIN_CONTACT_SHARE = 0.4;

/** A thing that a hand moves covers at most this share of the picture. */
const MAX_MOVER_SHARE = 0.15;

/** Is it of a size and shape that a hand can move? Swaying people leave and arrive as well. */
function isHandy(clip: Clip, mover: Mover): boolean {
  const { widthPx: w, heightPx: h } = clip;
  const { mask, area } = bestEnd(mover);
  return area <= MAX_MOVER_SHARE * w * h && solidityOf(mask, w, h) >= MIN_OBJECT_SOLIDITY;
}

function keepTrusted(clip: Clip, whole: ColourChange, transients: Transients, movers: readonly Mover[]): Mover[] {
  return movers
    .filter((mover) => mover.confidence >= MIN_MOVER_CONFIDENCE && isHandy(clip, mover) && !isSwaying(clip, mover))
    .filter((mover) => contactShare(clip, mover, whole, transients) >= MIN_CONTACT_SHARE)
    .sort((a, b) => a.liftFrame - b.liftFrame);
}

function viewChange(
  clip: Clip,
  change: ColourChange,
  found: readonly ChangeRegion[],
  transients: Transients,
  scene: ColourModel,
): SeenChange {
  const regions = judgeByEvidence(clip, judgeRegions(clip, change, found, transients, scene));
  const events = formEvents(clip, regions);
  // What an event is founded on is not at the same time the hand that hides it: wood has the colour of skin.
  const founders = new Set(events.map(({ regions: [founder] }) => founder));
  const handFirst = new Uint8Array(clip.valid.length);
  const handLast = new Uint8Array(clip.valid.length);
  for (const region of regions) {
    if (region.hand >= HAND_REGION && !founders.has(region))
      addTo(region.contrast > 0 ? handFirst : handLast, region.mask);
  }
  const [armFirst, armLast] = [change.first, change.last].map((state) =>
    armMask(clip, change, state, transients, scene),
  );
  return {
    change,
    regions,
    events,
    handFirst,
    handLast,
    armFirst,
    armLast,
    coveredFirst: withShadow(clip, change, armFirst, change.first, change.last),
    coveredLast: withShadow(clip, change, armLast, change.last, change.first),
  };
}

function addTo(out: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < out.length; i++) if (mask[i] !== 0) out[i] = 1;
}

/** Around a mover's outline what shows while it is away is taken this far, px: its shadow goes with it. */
const ABSENCE_REACH_PX = 8;

/** The plate with what the movers' places look like while they are away, where that was seen. */
function withAbsences(clip: Clip, plate: CleanPlate, movers: readonly Mover[]): CleanPlate {
  const { widthPx: w, heightPx: h } = clip;
  return movers
    .flatMap(({ from, to }) => [from, to])
    .reduce((patched, end) => {
      if (!end?.absence) return patched;
      const { known, rgb } = end.absence;
      const near = dilate(end.mask, w, h, ABSENCE_REACH_PX);
      return patchedPlate(
        clip,
        patched,
        rgb,
        maskWhere(near, (value, i) => value !== 0 && known[i] !== 0),
      );
    }, plate);
}

/** A mover covers less than this share of its first place when it rests again: it went elsewhere. */
const RETURNED_IOU = 0.1;

/**
 * Which picture is clean where: the last one at places something left, the first one where something arrived, the one in
 * between where both is true, the usual one where a hand rested at both ends.
 */
function choosePlate(
  clip: Clip,
  stable: StableColours,
  between: ChangesBetween,
  view: ChangeView,
  movers: readonly Mover[],
): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const left = new Uint8Array(w * h);
  for (const region of view.regions) if (region.contrast > 0) addTo(left, region.mask);
  const starts = new Uint8Array(w * h);
  const ends = new Uint8Array(w * h);
  const both = new Uint8Array(w * h);
  for (const { from, to } of movers) {
    if (from) addTo(starts, halved(from.mask, clip));
    if (to) addTo(ends, halved(to.mask, clip));
    if (from && to && maskIou(from.mask, to.mask) > RETURNED_IOU) {
      addTo(both, halved(from.mask, clip));
      addTo(both, halved(to.mask, clip));
    }
  }
  const [nearStarts, nearEnds, nearBoth] = [starts, ends, both].map((mask) => dilate(mask, w, h, 3));
  const useLast = dilate(left, w, h, 2);
  const choice = new Uint8Array(w * h);
  for (let i = 0; i < choice.length; i++) {
    if (nearBoth[i] !== 0) choice[i] = PlateChoice.between;
    else if (nearEnds[i] !== 0 && nearStarts[i] === 0) choice[i] = PlateChoice.first;
    else if (nearStarts[i] !== 0) choice[i] = PlateChoice.last;
    else if (between.frame[i] < 0 && stable.usualFrame[i] >= 0 && view.armFirst[i] !== 0)
      choice[i] = PlateChoice.between;
    else choice[i] = useLast[i] !== 0 ? PlateChoice.last : PlateChoice.first;
  }
  return choice;
}
