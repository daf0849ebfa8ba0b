/** Pictures of the scene as it was first, as it was last, and as it is behind everything that moved. */
import { inOrder } from '../../base/crew.js';
import { shrinkRgb } from '../../image/filters.js';
import { createRgb, type RgbImage } from '../../image/image.js';
import { rgbToLab8 } from '../../image/lab.js';
import { type Clip, type ClipTask, plateGain } from '../clip.js';
import type { StableColours } from './stable-colour.js';

export interface Plates {
  /** At frame size, sRGB, exposure-normalised: mean over each pixel's first / last stable window. */
  readonly firstRgb: RgbImage;
  readonly lastRgb: RgbImage;
  /** Single frames that show what held in between, else the most usual colour, else the first picture. */
  readonly betweenRgb: RgbImage;
  /** [H, W, 3] u8 Lab at work size. */
  readonly firstLab: Uint8Array;
  readonly betweenLab: Uint8Array;
  readonly lastLab: Uint8Array;
}

/** Which frames show what, per pixel: all [H/2, W/2] frame numbers. */
interface PlateFrames {
  readonly windowFrames: number;
  /** First frame of the windows that are averaged. */
  readonly firstStart: Int16Array;
  readonly lastStart: Int16Array;
  /** -1 where there is none. */
  readonly between: Int16Array;
}

/** `between` [H/2, W/2]: frames that show what held in between, -1 where there is none. */
export function buildPlates(clip: Clip, stable: StableColours, between: Int16Array): Promise<Plates> {
  const { windowFrames, runs, usualFrame } = stable;
  return clip.crew.ask(platesTask, {
    windowFrames,
    firstStart: runs.firstStart.map((start) => Math.max(0, start)),
    lastStart: runs.lastStart.map((start) => (start < 0 ? clip.numFrames - windowFrames : start)),
    between: between.map((k, i) => (k >= 0 ? k : usualFrame[i])),
  });
}

export const platesTask: ClipTask<PlateFrames, Plates> = { name: 'plates', run: platesOf };

/** Reads the frames once more and averages every pixel over its two stable windows at full size. */
async function platesOf(clip: Clip, shown: PlateFrames): Promise<Plates> {
  const { frameWidthPx: W, frameHeightPx: H, halfWidthPx: w, numFrames } = clip;
  const { windowFrames: window, firstStart, lastStart, between: betweenFrame } = shown;
  const sums = [new Uint16Array(W * H * 3), new Uint16Array(W * H * 3)];
  const needed = framesNeeded([firstStart, lastStart], window, numFrames);
  for (const k of betweenFrame) if (k >= 0) needed[k] = 1;
  const betweenRgb = createRgb(W, H);
  const halfX = Int32Array.from({ length: W }, (_, x) => Math.min(w - 1, Math.floor((x * w) / W)));
  const halfY = Int32Array.from({ length: H }, (_, y) =>
    Math.min(clip.halfHeightPx - 1, Math.floor((y * clip.halfHeightPx) / H)),
  );
  const frames = [...needed.keys()].filter((k) => needed[k] !== 0);
  let n = 0;
  for await (const { data } of inOrder(frames.length, READ_AHEAD, (m) => clip.readFrame(frames[m]))) {
    const k = frames[n++];
    const tables = clip.gains[k].map((g) => Uint8Array.from({ length: 256 }, (_, v) => Math.min(255, v * g + 0.5)));
    for (let y = 0; y < H; y++) {
      const line = data.subarray(3 * y * W, 3 * (y + 1) * W);
      for (const [m, starts] of [firstStart, lastStart].entries()) {
        addWindow(sums[m].subarray(3 * y * W), line, tables, halfX, starts.subarray(halfY[y] * w), k, window);
      }
      setShown(betweenRgb.data.subarray(3 * y * W), line, tables, halfX, betweenFrame.subarray(halfY[y] * w), k);
    }
  }
  const [firstRgb, lastRgb] = sums.map((sum) => createRgb(W, H, meanOf(sum, window)));
  for (let y = 0, p = 0; y < H; y++) {
    for (let x = 0; x < W; x++, p += 3) {
      if (betweenFrame[halfY[y] * w + halfX[x]] >= 0) continue;
      for (let c = 0; c < 3; c++) betweenRgb.data[p + c] = firstRgb.data[p + c];
    }
  }
  return {
    firstRgb,
    lastRgb,
    betweenRgb,
    firstLab: workLab(clip, firstRgb),
    betweenLab: workLab(clip, betweenRgb),
    lastLab: workLab(clip, lastRgb),
  };
}

/** Frames that are decoded while one is looked at. */
const READ_AHEAD = 3;

/** Adds a line of a frame [W, 3] where the window that begins at `starts` (half-size line) holds frame `k`. */
function addWindow(
  sums: Uint16Array,
  line: Uint8Array,
  tables: readonly Uint8Array[],
  halfX: Int32Array,
  starts: Int16Array,
  k: number,
  window: number,
): void {
  const [red, green, blue] = tables;
  for (let x = 0, p = 0; x < halfX.length; x++, p += 3) {
    const start = starts[halfX[x]];
    if (k < start || k >= start + window) continue;
    sums[p] += red[line[p]];
    sums[p + 1] += green[line[p + 1]];
    sums[p + 2] += blue[line[p + 2]];
  }
}

/** Copies a line of a frame where `shown` (half-size line) names that frame. */
function setShown(
  out: Uint8Array,
  line: Uint8Array,
  tables: readonly Uint8Array[],
  halfX: Int32Array,
  shown: Int16Array,
  k: number,
): void {
  for (let x = 0, p = 0; x < halfX.length; x++, p += 3) {
    if (shown[halfX[x]] !== k) continue;
    for (let c = 0; c < 3; c++) out[p + c] = tables[c][line[p + c]];
  }
}

function meanOf(sums: Uint16Array, count: number): Uint8Array {
  const out = new Uint8Array(sums.length);
  for (let i = 0; i < out.length; i++) out[i] = sums[i] / count + 0.5;
  return out;
}

function workLab(clip: Clip, rgb: RgbImage): Uint8Array {
  const work = shrinkRgb(rgb, clip.widthPx, clip.heightPx);
  const lab = new Uint8Array(work.data.length);
  rgbToLab8(work.data, lab, plateGain(clip));
  return lab;
}

function framesNeeded(starts: readonly Int16Array[], window: number, numFrames: number): Uint8Array {
  const needed = new Uint8Array(numFrames);
  for (const list of starts) {
    for (const start of list) needed[start] = 1;
  }
  const out = new Uint8Array(numFrames);
  for (let k = 0; k < numFrames; k++) if (needed[k] !== 0) out.fill(1, k, Math.min(numFrames, k + window));
  return out;
}

/** Which picture shows the clean scene at a place. */
export const PlateChoice = { first: 0, last: 1, between: 2 } as const;

/** The scene behind everything that moved: at frame size, and [H, W, 3] u8 Lab at work size. */
export interface CleanPlate {
  readonly rgb: RgbImage;
  readonly lab: Uint8Array;
}

/** The plate with `patch`, a picture at frame size, where `mask` [H, W] (work size) is set. */
export function patchedPlate(clip: Clip, plate: CleanPlate, patch: RgbImage, mask: Uint8Array): CleanPlate {
  const { frameWidthPx: W, frameHeightPx: H, widthPx: w, heightPx: h } = clip;
  const rgb = createRgb(W, H, Uint8Array.from(plate.rgb.data));
  for (let y = 0, p = 0; y < H; y++) {
    const row = Math.min(h - 1, Math.floor((y * h) / H)) * w;
    for (let x = 0; x < W; x++, p += 3) {
      if (mask[row + Math.min(w - 1, Math.floor((x * w) / W))] === 0) continue;
      for (let c = 0; c < 3; c++) rgb.data[p + c] = patch.data[p + c];
    }
  }
  return { rgb, lab: workLab(clip, rgb) };
}

/** The scene behind everything that moved, put together by `choice` [H/2, W/2] (values of `PlateChoice`). */
export function cleanPlate(clip: Clip, plates: Plates, choice: Uint8Array): CleanPlate {
  const { frameWidthPx: W, frameHeightPx: H, halfWidthPx: w, halfHeightPx: h } = clip;
  const rgb = createRgb(W, H, Uint8Array.from(plates.firstRgb.data));
  const sources = [plates.firstRgb.data, plates.lastRgb.data, plates.betweenRgb.data];
  for (let y = 0, p = 0; y < H; y++) {
    const row = Math.min(h - 1, Math.floor((y * h) / H)) * w;
    for (let x = 0; x < W; x++, p += 3) {
      const from = sources[choice[row + Math.min(w - 1, Math.floor((x * w) / W))]];
      for (let c = 0; c < 3; c++) rgb.data[p + c] = from[p + c];
    }
  }
  return { rgb, lab: workLab(clip, rgb) };
}
