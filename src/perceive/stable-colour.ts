/**
 * First and last stable colour of every pixel, and when they end and begin. Where the two differ, something left the
 * place or arrived there: the strongest cue for a manipulated object, without a network and without a hand-free frame.
 */

import { labDistance2 } from '../image/lab.js';
import { opened } from '../image/morphology.js';
import type { Clip } from './clip.js';

export interface StableColours {
  /** Frames a colour must hold to count as stable. */
  readonly windowFrames: number;
  /** [H/2, W/2, 3] u8 Lab: mean over the first / last stable window. */
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  /** [H/2, W/2] first frame of those windows; -1 where the pixel never was stable (then the colours are the end frames'). */
  readonly firstStart: Int16Array;
  readonly lastStart: Int16Array;
  /** [H/2, W/2] 1 where the two colours differ. */
  readonly changed: Uint8Array;
  /** [H/2, W/2] where changed: last frame that shows the first colour, first frame that shows the last colour. */
  readonly leaves: Int16Array;
  readonly arrives: Int16Array;
  /**
   * [H/2, W/2] frame that shows the pixel's most usual colour, where that is neither the first nor the last one for most
   * of the time (a hand rested there at both ends); -1 elsewhere.
   */
  readonly usualFrame: Int16Array;
  /** Share of pixels that never held a colour. */
  readonly unstableShare: number;
}

/** Spread allowed inside a stable window: L in units of 0..100, a and b in Lab units. 7-10 work alike. */
const STABLE_SPREAD = 8;
/** 0.2 s: shorter picks up the passing hand, longer misses short rests. */
const STABLE_SEC = 0.2;
/** Distance between first and last colour that counts as change. Above 20 white-on-white is lost, below 12 noise enters. */
const CHANGED_DISTANCE = 14;
/** Distance within which a pixel still shows its first / last colour. */
const SAME_DISTANCE = 11;

export function findStableColours(clip: Clip): StableColours {
  const { lab, numFrames, halfWidthPx: w, halfHeightPx: h } = clip;
  const windowFrames = Math.max(2, Math.min(Math.round(STABLE_SEC * clip.fps), Math.floor(numFrames / 6), 12));
  const forward = scan(lab, windowFrames, false);
  const backward = scan(lab, windowFrames, true);
  const n = w * h;
  const raw = new Uint8Array(n);
  const limit = CHANGED_DISTANCE ** 2;
  let unstable = 0;
  for (let i = 0; i < n; i++) {
    if (clip.valid[i] === 0) continue;
    if (forward.start[i] < 0) unstable++;
    else if (labDistance2(forward.colour, i, backward.colour, i) > limit) raw[i] = 1;
  }
  const changed = opened(raw, w, h, 1);
  const leaves = new Int16Array(n).fill(-1);
  const arrives = new Int16Array(n).fill(-1);
  const same = SAME_DISTANCE ** 2;
  for (let i = 0; i < n; i++) {
    if (changed[i] === 0) continue;
    let k = numFrames - 1;
    while (k > 0 && labDistance2(lab[k], i, forward.colour, i) >= same) k--;
    leaves[i] = k;
    k = 0;
    while (k < numFrames - 1 && labDistance2(lab[k], i, backward.colour, i) >= same) k++;
    arrives[i] = k;
  }
  return {
    windowFrames,
    first: forward.colour,
    last: backward.colour,
    firstStart: forward.start,
    lastStart: backward.start,
    changed,
    leaves,
    arrives,
    usualFrame: findUsualFrames(clip, forward.colour),
    unstableShare: unstable / n,
  };
}

/** Finds per pixel the first window (from the front, or from the back) whose channels stay within the spread. */
function scan(
  lab: readonly Uint8Array[],
  windowFrames: number,
  fromBack: boolean,
): { colour: Uint8Array; start: Int16Array } {
  const numFrames = lab.length;
  const n = lab[0].length / 3;
  const start = new Int16Array(n).fill(-1);
  const colour = Uint8Array.from(lab[fromBack ? numFrames - 1 : 0]);
  const spreadL = STABLE_SPREAD * 2.55;
  let open = new Int32Array(n);
  for (let i = 0; i < n; i++) open[i] = i;
  for (let k = 0; k + windowFrames <= numFrames && open.length > 0; k++) {
    const from = fromBack ? numFrames - windowFrames - k : k;
    const rest = new Int32Array(open.length);
    let numRest = 0;
    for (const i of open) {
      const p = 3 * i;
      let stable = true;
      for (let c = 0; c < 3 && stable; c++) {
        let low = 255;
        let high = 0;
        for (let t = from; t < from + windowFrames; t++) {
          const v = lab[t][p + c];
          if (v < low) low = v;
          if (v > high) high = v;
        }
        stable = high - low < (c === 0 ? spreadL : STABLE_SPREAD);
      }
      if (!stable) {
        rest[numRest++] = i;
        continue;
      }
      start[i] = from;
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let t = from; t < from + windowFrames; t++) sum += lab[t][p + c];
        colour[p + c] = sum / windowFrames + 0.5;
      }
    }
    open = rest.subarray(0, numRest);
  }
  return { colour, start };
}

/** Frames looked at for the usual colour. */
const USUAL_SAMPLES = 31;
/** Share of frames that must show a colour other than the first for it to be called usual. */
const USUAL_SHARE = 0.45;

function findUsualFrames(clip: Clip, first: Uint8Array): Int16Array {
  const { lab, numFrames } = clip;
  const samples = Array.from({ length: Math.min(USUAL_SAMPLES, numFrames) }, (_, s) =>
    Math.round((s * (numFrames - 1)) / Math.max(1, Math.min(USUAL_SAMPLES, numFrames) - 1)),
  );
  const out = new Int16Array(clip.valid.length).fill(-1);
  const limit = CHANGED_DISTANCE ** 2;
  const near = SAME_DISTANCE ** 2;
  const median = new Uint8Array(3);
  const series = new Uint8Array(samples.length);
  for (let i = 0; i < out.length; i++) {
    let other = 0;
    for (const k of samples) if (labDistance2(lab[k], i, first, i) > limit) other++;
    if (other < USUAL_SHARE * samples.length) continue;
    for (let c = 0; c < 3; c++) {
      samples.forEach((k, s) => {
        series[s] = lab[k][3 * i + c];
      });
      median[c] = series.slice().sort()[samples.length >> 1];
    }
    let agree = 0;
    let best = -1;
    let bestDistance = near;
    for (const k of samples) {
      const d = labDistance2(lab[k], i, median, 0);
      if (d < near) agree++;
      if (d < bestDistance) {
        bestDistance = d;
        best = k;
      }
    }
    if (agree >= USUAL_SHARE * samples.length) out[i] = best;
  }
  return out;
}
