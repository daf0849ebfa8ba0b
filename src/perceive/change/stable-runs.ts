/** One pass over the frames that cuts every pixel's history into runs of one colour. */
import { labDistance2 } from '../../image/lab.js';
import type { Clip } from '../clip.js';

/** One colour per pixel. */
export interface Runs {
  /** [H/2, W/2, 3] u8 Lab. */
  readonly colour: Uint8Array;
  /** [H/2, W/2] first frame of its longest run; -1: none. */
  readonly start: Int16Array;
  /** [H/2, W/2] frames in which it holds, all runs together. */
  readonly length: Int16Array;
  /** [H/2, W/2] frames of its longest run. */
  readonly longest: Int16Array;
}

export interface StableRuns {
  readonly windowFrames: number;
  /** [H/2, W/2, 3] u8 Lab of the first and the last run; where there is none, of the clip's first and last frame. */
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  /** [H/2, W/2] first frame of a window of the first / last run; -1: none. */
  readonly firstStart: Int16Array;
  readonly lastStart: Int16Array;
  /** Up to three colours unlike the first one, in no order. */
  readonly others: readonly Runs[];
}

/** A place shows a thing, what is behind it, a hand and a sleeve: more colours than that are noise. */
const NUM_OTHERS = 3;

/** Spread allowed inside a run: L in units of 0..100, a and b in Lab units. 7-10 work alike. */
const STABLE_SPREAD = 8;

/** Runs of at least `windowFrames`. Colours farther apart than `distance` are different ones. */
export function findStableRuns(clip: Clip, windowFrames: number, distance: number): StableRuns {
  const { numFrames } = clip;
  const n = clip.valid.length;
  const first = clip.labAt(0).slice();
  const last = clip.labAt(numFrames - 1).slice();
  const firstStart = new Int16Array(n).fill(-1);
  const lastStart = new Int16Array(n).fill(-1);
  const others = Array.from({ length: NUM_OTHERS }, () => emptyRuns(n));
  const limit = distance * distance;
  const spreadL = STABLE_SPREAD * 2.55;
  const low = clip.labAt(0).slice();
  const high = clip.labAt(0).slice();
  const begin = new Int16Array(n);
  const colour = new Uint8Array(3);

  const addOther = (i: number, start: number, length: number): void => {
    let slot = others.find((runs) => runs.start[i] >= 0 && labDistance2(colour, 0, runs.colour, i) <= limit);
    if (!slot) {
      slot = others.reduce((least, runs) => (runs.length[i] < least.length[i] ? runs : least));
      if (slot.length[i] >= length) return;
      slot.length[i] = 0;
      slot.longest[i] = 0;
    }
    slot.length[i] += length;
    if (slot.longest[i] >= length) return;
    slot.longest[i] = length;
    slot.start[i] = start;
    for (let c = 0; c < 3; c++) slot.colour[3 * i + c] = colour[c];
  };
  const register = (i: number, end: number): void => {
    for (let c = 0; c < 3; c++) colour[c] = (low[3 * i + c] + high[3 * i + c] + 1) >> 1;
    if (firstStart[i] < 0) {
      firstStart[i] = begin[i];
      for (let c = 0; c < 3; c++) first[3 * i + c] = colour[c];
    } else if (labDistance2(colour, 0, first, i) > limit) addOther(i, begin[i], end - begin[i]);
    lastStart[i] = end - windowFrames;
    for (let c = 0; c < 3; c++) last[3 * i + c] = colour[c];
  };

  for (let k = 1; k <= numFrames; k++) {
    const frame = k < numFrames ? clip.labAt(k) : null;
    for (let i = 0, p = 0; i < n; i++, p += 3) {
      if (frame) {
        const l = frame[p];
        const a = frame[p + 1];
        const b = frame[p + 2];
        const stays =
          l < low[p] + spreadL &&
          l > high[p] - spreadL &&
          a < low[p + 1] + STABLE_SPREAD &&
          a > high[p + 1] - STABLE_SPREAD &&
          b < low[p + 2] + STABLE_SPREAD &&
          b > high[p + 2] - STABLE_SPREAD;
        if (stays) {
          for (let c = 0; c < 3; c++) {
            if (frame[p + c] < low[p + c]) low[p + c] = frame[p + c];
            if (frame[p + c] > high[p + c]) high[p + c] = frame[p + c];
          }
          continue;
        }
      }
      if (k - begin[i] >= windowFrames) register(i, k);
      if (!frame) continue;
      begin[i] = k;
      for (let c = 0; c < 3; c++) {
        low[p + c] = frame[p + c];
        high[p + c] = frame[p + c];
      }
    }
  }
  return { windowFrames, first, last, firstStart, lastStart, others };
}

const emptyRuns = (n: number): Runs => ({
  colour: new Uint8Array(3 * n),
  start: new Int16Array(n).fill(-1),
  length: new Int16Array(n),
  longest: new Int16Array(n),
});
