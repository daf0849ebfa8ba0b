/**
 * What changed between two times of a clip, and which movers explain it. Mostly first against last; when that finds no
 * thing with two ends, the two halves are looked at apart: something that is put back where it came from (a cup after
 * pouring) is gone from its place only in between.
 */
import type { StageContext } from '../base/context.js';
import { dilate } from '../image/morphology.js';
import {
  type ChangeEvent,
  collectTransients,
  formEvents,
  type JudgedRegion,
  judgeRegions,
  type Transients,
} from './candidates.js';
import { findChangeRegions } from './change-regions.js';
import type { Clip } from './clip.js';
import { ColourModel, logRatio } from './colour-model.js';
import { evidenceFrom } from './evidence.js';
import { contactShare } from './hand-contact.js';
import { findMovers, type Mover } from './movers.js';
import { buildPlates, cleanPlate, PlateChoice, type Plates } from './plates.js';
import { mergeRigidParts } from './rigid-parts.js';
import { findStableColours, type StableColours } from './stable-colour.js';
import { halved } from './visible-masks.js';

/** First against last state of a stretch of frames. */
export interface ChangeView {
  readonly stable: StableColours;
  readonly plates: Plates;
  readonly transients: Transients;
  readonly regions: readonly JudgedRegion[];
  readonly events: readonly ChangeEvent[];
  /** [H/2, W/2] where a hand rested at first / at last. */
  readonly handFirst: Uint8Array;
  readonly handLast: Uint8Array;
}

export interface ChangeAnalysis {
  readonly movers: readonly Mover[];
  /** View in whose first / last picture the movers rest at the start / at the end. */
  readonly start: ChangeView;
  readonly end: ChangeView;
  /** The scene behind everything that moved. */
  readonly plate: { readonly rgb: Plates['firstRgb']; readonly lab: Uint8Array };
}

/** Movers below this confidence are noise. */
const MIN_MOVER_CONFIDENCE = 0.45;
/** A region this hand-like is taken for a resting hand. */
const HAND_REGION = 0.6;
/** A half must hold at least this many frames to be looked at by itself. */
const MIN_HALF_FRAMES = 12;

export async function analyseChange(clip: Clip, ctx: StageContext): Promise<ChangeAnalysis> {
  const whole = await viewChange(clip, ctx);
  const movers = mergeRigidParts(
    clip,
    keepTrusted(
      clip,
      whole,
      findMovers(clip, whole.events, () => whole, ctx),
    ),
  );
  const isPair = (mover: Mover): boolean => mover.from !== null && mover.to !== null;
  const middle = clip.numFrames >> 1;
  if (!movers.some(isPair) && middle >= MIN_HALF_FRAMES) {
    const start = await viewChange(subClip(clip, 0, middle), ctx);
    const end = shifted(await viewChange(subClip(clip, middle, clip.numFrames), ctx), middle);
    const events = [
      ...start.events.filter((event) => event.kind === 'left' && !isCovered(whole, event, start.stable.last)),
      ...end.events.filter((event) => event.kind === 'arrived' && !isCovered(whole, event, end.stable.first)),
    ].sort((a, b) => b.score - a.score);
    const viewOf = (event: ChangeEvent): ChangeView => (event.kind === 'left' ? start : end);
    const returned = keepTrusted(clip, whole, findMovers(clip, events, viewOf, ctx)).filter(isPair);
    if (returned.length > 0) {
      const behind = { ...start.plates, usualRgb: end.plates.firstRgb };
      return { movers: returned, start, end, plate: cleanPlate(clip, behind, choosePlaces(clip, returned)) };
    }
  }
  return { movers, start: whole, end: whole, plate: cleanPlate(clip, whole.plates, choosePlate(clip, whole, movers)) };
}

/** Held in fewer of the frames between lift and set-down than this: moved by something else, or not at all. */
const MIN_CONTACT_SHARE = 0.4;

/** Share of an event's place that may look like what passes through the clip. */
const MAX_COVERED_SHARE = 0.4;

/**
 * Half way, a hand may rest before things that never moved: then their place shows the colours of what passes through
 * the clip, and nothing left or arrived there. `middle` [H/2, W/2, 3] is the picture half way.
 */
function isCovered(whole: ChangeView, event: ChangeEvent, middle: Uint8Array): boolean {
  const scene = new ColourModel();
  for (let i = 0; i < event.mask.length; i++) scene.add(whole.stable.first, i);
  let covered = 0;
  for (let i = 0; i < event.mask.length; i++) {
    if (event.mask[i] !== 0 && logRatio(whole.transients.colours, scene, middle, i) > 0) covered++;
  }
  return covered > MAX_COVERED_SHARE * event.area;
}

function keepTrusted(clip: Clip, { stable, transients }: ChangeView, movers: readonly Mover[]): Mover[] {
  return movers
    .filter((mover) => mover.confidence >= MIN_MOVER_CONFIDENCE)
    .filter((mover) => contactShare(clip, mover, stable, transients) >= MIN_CONTACT_SHARE)
    .sort((a, b) => a.liftFrame - b.liftFrame);
}

async function viewChange(clip: Clip, ctx: StageContext): Promise<ChangeView> {
  const stable = findStableColours(clip);
  const transients = collectTransients(clip, stable);
  const regions = judgeRegions(clip, stable, findChangeRegions(clip, stable), transients);
  const plates = await buildPlates(clip, stable, ctx);
  const handFirst = new Uint8Array(clip.valid.length);
  const handLast = new Uint8Array(clip.valid.length);
  for (const region of regions) {
    if (region.hand >= HAND_REGION) addTo(region.contrast > 0 ? handFirst : handLast, region.mask);
  }
  return { stable, plates, transients, regions, events: formEvents(clip, regions), handFirst, handLast };
}

/** Frames [from, to) of a clip as a clip of their own. */
function subClip(clip: Clip, from: number, to: number): Clip {
  return {
    ...clip,
    numFrames: to - from,
    grey: clip.grey.slice(from, to),
    lab: clip.lab.slice(from, to),
    gains: clip.gains.slice(from, to),
    evidence: evidenceFrom(clip.evidence, from),
    readFrame: (k) => clip.readFrame(from + k),
    readWork: (k) => clip.readWork(from + k),
  };
}

/** A view of a stretch that began at `offset`, with the frames of its events counted from the clip's beginning. */
function shifted(view: ChangeView, offset: number): ChangeView {
  const events = view.events.map((event) => ({
    ...event,
    frame: event.frame + offset,
    restFrame: event.restFrame + offset,
  }));
  return { ...view, events };
}

function addTo(out: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < out.length; i++) if (mask[i] !== 0) out[i] = 1;
}

function moverPlaces(clip: Clip, movers: readonly Mover[]): { starts: Uint8Array; ends: Uint8Array } {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const starts = new Uint8Array(w * h);
  const ends = new Uint8Array(w * h);
  for (const mover of movers) {
    if (mover.from) addTo(starts, halved(mover.from.mask, clip));
    if (mover.to) addTo(ends, halved(mover.to.mask, clip));
  }
  return { starts: dilate(starts, w, h, 3), ends: dilate(ends, w, h, 3) };
}

/** Which picture is clean where: the last one at places something left, the usual one where a hand rested at both ends. */
function choosePlate(clip: Clip, view: ChangeView, movers: readonly Mover[]): Uint8Array {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const left = new Uint8Array(w * h);
  for (const region of view.regions) if (region.contrast > 0) addTo(left, region.mask);
  const { starts, ends } = moverPlaces(clip, movers);
  const useLast = dilate(left, w, h, 2);
  const choice = new Uint8Array(w * h);
  for (let i = 0; i < choice.length; i++) {
    if (ends[i] !== 0 && starts[i] === 0) choice[i] = PlateChoice.first;
    else if (starts[i] !== 0) choice[i] = PlateChoice.last;
    else if (view.stable.usualFrame[i] >= 0) choice[i] = PlateChoice.usual;
    else choice[i] = useLast[i] !== 0 ? PlateChoice.last : PlateChoice.first;
  }
  return choice;
}

/** For things that came back: the picture from the middle at their places, the first one elsewhere. */
function choosePlaces(clip: Clip, movers: readonly Mover[]): Uint8Array {
  const { starts, ends } = moverPlaces(clip, movers);
  return starts.map((start, i) =>
    start !== 0 ? PlateChoice.last : ends[i] !== 0 ? PlateChoice.usual : PlateChoice.first,
  );
}
