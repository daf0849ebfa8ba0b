/**
 * The colours that every pixel held for a while: the first one, the last one, and what it showed in between. Where two of
 * them differ, something left the place or arrived there: the strongest cue for a manipulated object, without a network
 * and without a hand-free frame. Where first and last agree but something else held in between, a thing was taken away
 * and brought back, or a hand rested there.
 */

import { labDistance2 } from '../../image/lab.js';
import { opened } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { findStableRuns, type Runs, type StableRuns } from './stable-runs.js';

/** Two states of the scene and, per pixel, when one ended and the other began. All [H/2, W/2]. */
export interface ColourChange {
  /** [H/2, W/2, 3] u8 Lab. */
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  /** 1 where the two colours differ. */
  readonly changed: Uint8Array;
  /** Where changed: last frame that shows the first colour, first frame that shows the last colour; else -1. */
  readonly leaves: Int16Array;
  readonly arrives: Int16Array;
}

export interface StableColours {
  /** Frames a colour must hold to count as stable. */
  readonly windowFrames: number;
  /** First against last stable colour of the clip. */
  readonly whole: ColourChange;
  readonly runs: StableRuns;
  /**
   * [H/2, W/2] frame that shows the pixel's most usual colour, where that is neither the first nor the last one for most
   * of the time (a hand rested there at both ends); -1 elsewhere.
   */
  readonly usualFrame: Int16Array;
}

/** First colour against the one held in between, and that one against the last: things that are away for a while. */
export interface ChangesBetween {
  readonly away: ColourChange;
  readonly back: ColourChange;
  /** [H/2, W/2] a frame that shows the colour held in between where one was found, else -1. */
  readonly frame: Int16Array;
}

/** 0.2 s: shorter picks up the passing hand, longer misses short rests. */
const STABLE_SEC = 0.2;
/** Distance between first and last colour that counts as change. Above 20 white-on-white is lost, below 12 noise enters. */
export const CHANGED_DISTANCE = 14;
/** Distance within which a pixel still shows its first / last colour. */
const SAME_DISTANCE = 11;

export function findStableColours(clip: Clip): StableColours {
  const { numFrames } = clip;
  const windowFrames = Math.max(2, Math.min(Math.round(STABLE_SEC * clip.fps), Math.floor(numFrames / 6), 12));
  const runs = findStableRuns(clip, windowFrames, CHANGED_DISTANCE);
  return { windowFrames, whole: wholeChange(clip, runs), runs, usualFrame: findUsualFrames(clip, runs.first) };
}

const apart = (a: Uint8Array, b: Uint8Array, i: number, limit: number): boolean =>
  labDistance2(a, i, b, i) > limit * limit;

function wholeChange(clip: Clip, { first, last, firstStart }: StableRuns): ColourChange {
  const { numFrames, halfWidthPx: w, halfHeightPx: h } = clip;
  const raw = new Uint8Array(w * h);
  for (let i = 0; i < raw.length; i++) {
    if (clip.valid[i] !== 0 && firstStart[i] >= 0 && apart(first, last, i, CHANGED_DISTANCE)) raw[i] = 1;
  }
  const changed = opened(raw, w, h, 1);
  const leaves = new Int16Array(w * h).fill(-1);
  const arrives = new Int16Array(w * h).fill(-1);
  const places = indicesOf(changed);
  for (let k = 0; k < numFrames; k++) {
    const lab = clip.labAt(k);
    for (const i of places) {
      if (!apart(lab, first, i, SAME_DISTANCE)) leaves[i] = k;
      if (arrives[i] < 0 && !apart(lab, last, i, SAME_DISTANCE)) arrives[i] = k;
    }
  }
  for (const i of places) {
    leaves[i] = Math.max(0, leaves[i]);
    if (arrives[i] < 0) arrives[i] = numFrames - 1;
  }
  return { first, last, changed, leaves, arrives };
}

function indicesOf(mask: Uint8Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) out.push(i);
  return out;
}

/**
 * What held longest in between, where it is unlike both ends. `isArm(lab, i)` says that a colour may be that of an arm:
 * arms rest here and there, and hide what is behind the thing that is away.
 */
export function changesBetween(
  clip: Clip,
  runs: StableRuns,
  isArm: (lab: Uint8Array, i: number) => boolean,
): ChangesBetween {
  const { numFrames, halfWidthPx: w, halfHeightPx: h } = clip;
  const { first, last } = runs;
  const between = Uint8Array.from(first);
  const raw = new Uint8Array(w * h);
  const middle = new Int16Array(w * h).fill(-1);
  for (let i = 0; i < raw.length; i++) {
    if (clip.valid[i] === 0) continue;
    let chosen: Runs | null = null;
    for (const other of runs.others) {
      if (other.length[i] <= (chosen?.length[i] ?? 0)) continue;
      if (apart(other.colour, last, i, CHANGED_DISTANCE) && !isArm(other.colour, i)) chosen = other;
    }
    if (!chosen) continue;
    raw[i] = 1;
    for (let c = 0; c < 3; c++) between[3 * i + c] = chosen.colour[3 * i + c];
    middle[i] = chosen.start[i] + (chosen.longest[i] >> 1);
  }
  const changed = opened(raw, w, h, 1);
  const places = indicesOf(changed);
  const times = (): Int16Array => new Int16Array(w * h).fill(-1);
  const [leaves, goneFrom, goneTo, arrives] = [times(), times(), times(), times()];
  for (let k = 0; k < numFrames; k++) {
    const lab = clip.labAt(k);
    for (const i of places) {
      if (k <= middle[i] && !apart(lab, first, i, SAME_DISTANCE)) leaves[i] = k;
      if (!apart(lab, between, i, SAME_DISTANCE)) {
        if (goneFrom[i] < 0 && k > leaves[i]) goneFrom[i] = k;
        if (k >= middle[i]) {
          goneTo[i] = k;
          arrives[i] = -1;
        }
      } else if (k > middle[i] && arrives[i] < 0 && !apart(lab, last, i, SAME_DISTANCE)) arrives[i] = k;
    }
  }
  for (const i of places) {
    leaves[i] = Math.max(0, leaves[i]);
    if (goneFrom[i] < 0) goneFrom[i] = middle[i];
    if (goneTo[i] < 0) goneTo[i] = middle[i];
    if (arrives[i] < 0) arrives[i] = numFrames - 1;
  }
  for (let i = 0; i < changed.length; i++) if (changed[i] === 0) middle[i] = -1;
  return {
    away: { first, last: between, changed, leaves, arrives: goneFrom },
    back: { first: between, last, changed, leaves: goneTo, arrives },
    frame: middle,
  };
}

/** Frames looked at for the usual colour. */
const USUAL_SAMPLES = 31;
/** Share of frames that must show a colour other than the first for it to be called usual. */
const USUAL_SHARE = 0.45;

function findUsualFrames(clip: Clip, first: Uint8Array): Int16Array {
  const { numFrames } = clip;
  const samples = Array.from({ length: Math.min(USUAL_SAMPLES, numFrames) }, (_, s) =>
    Math.round((s * (numFrames - 1)) / Math.max(1, Math.min(USUAL_SAMPLES, numFrames) - 1)),
  );
  const frames = samples.map((k) => clip.labAt(k));
  const out = new Int16Array(clip.valid.length).fill(-1);
  const near = SAME_DISTANCE ** 2;
  const median = new Uint8Array(3);
  const series = new Uint8Array(samples.length);
  for (let i = 0; i < out.length; i++) {
    let other = 0;
    for (const frame of frames) if (apart(frame, first, i, CHANGED_DISTANCE)) other++;
    if (other < USUAL_SHARE * samples.length) continue;
    for (let c = 0; c < 3; c++) {
      frames.forEach((frame, s) => {
        series[s] = frame[3 * i + c];
      });
      median[c] = series.slice().sort()[samples.length >> 1];
    }
    let agree = 0;
    let best = -1;
    let bestDistance = near;
    frames.forEach((frame, s) => {
      const d = labDistance2(frame, i, median, 0);
      if (d < near) agree++;
      if (d < bestDistance) {
        bestDistance = d;
        best = samples[s];
      }
    });
    if (agree >= USUAL_SHARE * samples.length) out[i] = best;
  }
  return out;
}
