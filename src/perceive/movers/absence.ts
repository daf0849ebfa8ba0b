/**
 * What a place looks like while the thing that rests there is away: the colour that most frames show then. Unlike first and last
 * picture it is known where the thing comes back, and where it hardly differs from the table.
 */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import { shrinkRgb } from '../../image/filters.js';
import { createRgb, type PixelBox, type RgbImage } from '../../image/image.js';
import { labDistance2, rgbToLab8 } from '../../image/lab.js';
import { dilate } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { type MaskTrack, warpMask } from '../tracks/mask-track.js';
import { hullMask, stepsAway } from './motion-cut.js';
import { boxOf, growBox } from './object-cut.js';

export interface Absence {
  /** [H, W] at work size: 1 where it is known what shows while the thing is away. */
  readonly known: Uint8Array;
  /** [H, W, 3] u8 Lab at work size, exposure-normalised; only valid where known. */
  readonly lab: Uint8Array;
  /** The same at frame size, sRGB. */
  readonly rgb: RgbImage;
}

/** Where a thing rests. */
export interface RestPlace {
  /** [H, W] its outline there. */
  readonly mask: Uint8Array;
  readonly track: MaskTrack;
  /** [H/2, W/2, 3] u8 Lab picture of the scene with the thing there. */
  readonly present: Uint8Array;
}

/** Frames looked at, spread over the time for which the thing is away. */
const MAX_FRAMES = 24;
const MIN_FRAMES = 4;
/** The thing covers this much more than its tracked outline, work-size px: outlines of parts, blur. */
const MARGIN_PX = 6;
/** Frames agree when a pixel differs by less than this, Lab units. */
const AGREE_DISTANCE = 5;
/** So many frames must agree, and at least this share of those in which the place is free. */
const MIN_AGREEING = 3;
const MIN_AGREEING_SHARE = 0.25;
/** Width of an arm's rim, half-size px. */
const RIM_PX = 3;
/** Frames averaged. */
const AVERAGED = 5;

/** A place that shows this share of what rested there still holds it, whatever the track says. */
const THERE_SHARE = 0.4;
const THERE_DISTANCE = 8;

function isThere(clip: Clip, k: number, mask: Uint8Array, present: Uint8Array): boolean {
  const { widthPx: w, halfWidthPx, halfHeightPx } = clip;
  const lab = clip.labAt(k);
  let same = 0;
  let total = 0;
  for (let y = 0; y < halfHeightPx; y++) {
    for (let x = 0; x < halfWidthPx; x++) {
      if (mask[2 * y * w + 2 * x] === 0) continue;
      const i = y * halfWidthPx + x;
      total++;
      if (labDistance2(lab, i, present, i) < THERE_DISTANCE ** 2) same++;
    }
  }
  return same > THERE_SHARE * total;
}

/** Could pixel `i` of a [N, 3] Lab picture be part of an arm? */
export type ArmTest = (lab: Uint8Array, i: number) => boolean;

/** Null when the thing is never seen away from its place. `reachPx`: how far around the outline, work-size px. */
export async function findAbsence(
  clip: Clip,
  place: RestPlace,
  reachPx: number,
  isArm: ArmTest,
  ctx: StageContext,
): Promise<Absence | null> {
  const { widthPx: w, heightPx: h } = clip;
  const { mask, track, present } = place;
  const box = boxOf(mask, w, h);
  if (!box) return null;
  const steps = stepsAway(clip, track, mask).filter(({ k }) => !isThere(clip, k, mask, present));
  if (steps.length < MIN_FRAMES) return null;
  const count = Math.min(MAX_FRAMES, steps.length);
  const chosen = Array.from({ length: count }, (_, n) => steps[Math.round((n * (steps.length - 1)) / (count - 1))]);
  const hull = hullMask(mask, w, h);
  const frames = chosen.map(({ k, step }) => ({
    k,
    covered: dilate(warpMask(hull, w, h, step.fromStart), w, h, MARGIN_PX),
  }));
  const window = growBox(box, reachPx, w, h);
  const agreeing = agreeingFrames(clip, frames, window, present, isArm);
  return average(clip, agreeing, window, ctx);
}

/**
 * Per half-size pixel of the window (as index into the half-size picture) the frames that show what is there without the thing:
 * the colour it rests in, if that shows again (then it was only covered), else the most usual one that is no arm's.
 */
function agreeingFrames(
  clip: Clip,
  frames: readonly { k: number; covered: Uint8Array }[],
  window: PixelBox,
  present: Uint8Array,
  isArm: ArmTest,
): Map<number, number[]> {
  const { widthPx: w, halfWidthPx } = clip;
  const labs = frames.map(({ k }) => clip.labAt(k).slice());
  const near2 = AGREE_DISTANCE ** 2;
  const out = new Map<number, number[]>();
  const hidden = new Uint8Array(clip.valid.length);
  const shownAgain = new Uint8Array(clip.valid.length);
  for (let y = window.y0 >> 1; y < window.y1 >> 1; y++) {
    for (let x = window.x0 >> 1; x < window.x1 >> 1; x++) {
      const i = y * halfWidthPx + x;
      if (clip.valid[i] === 0) continue;
      const free: number[] = [];
      for (const [n, { covered }] of frames.entries()) if (covered[2 * y * w + 2 * x] === 0) free.push(n);
      const again = free.filter((n) => labDistance2(labs[n], i, present, i) < near2);
      let best = again.length >= MIN_AGREEING ? again : [];
      if (best.length > 0) shownAgain[i] = 1;
      else {
        const bare = free.filter((n) => !isArm(labs[n], i));
        for (const n of bare) {
          const near = bare.filter((m) => labDistance2(labs[n], i, labs[m], i) < near2);
          if (near.length > best.length) best = near;
        }
        if (best.length < Math.max(MIN_AGREEING, MIN_AGREEING_SHARE * bare.length)) {
          hidden[i] = 1;
          continue;
        }
      }
      const stride = Math.max(1, Math.floor(best.length / AVERAGED));
      const some = best.filter((_, n) => n % stride === 0).slice(0, AVERAGED);
      out.set(
        i,
        some.map((n) => frames[n].k),
      );
    }
  }
  // Beside what an arm hides all the time its blurred rim and its shadow show.
  const doubtful = dilate(hidden, halfWidthPx, clip.halfHeightPx, RIM_PX);
  for (let i = 0; i < doubtful.length; i++) if (doubtful[i] !== 0 && shownAgain[i] === 0) out.delete(i);
  return out;
}

async function average(
  clip: Clip,
  agreeing: ReadonlyMap<number, number[]>,
  window: PixelBox,
  ctx: StageContext,
): Promise<Absence> {
  const { widthPx: w, heightPx: h, frameWidthPx: W, frameHeightPx: H, halfWidthPx } = clip;
  const [sx, sy] = [W / w, H / h];
  const x0 = Math.floor(window.x0 * sx);
  const x1 = Math.min(W, Math.ceil(window.x1 * sx));
  const y0 = Math.floor(window.y0 * sy);
  const y1 = Math.min(H, Math.ceil(window.y1 * sy));
  const rgb = createRgb(W, H);
  const sums = new Uint16Array(3 * (x1 - x0) * (y1 - y0));
  const halfOf = (x: number, y: number): number =>
    (Math.min(h - 1, Math.floor(y / sy)) >> 1) * halfWidthPx + (Math.min(w - 1, Math.floor(x / sx)) >> 1);
  for (const k of [...new Set([...agreeing.values()].flat())].sort((a, b) => a - b)) {
    throwIfCancelled(ctx);
    const { data } = await clip.readFrame(k);
    const tables = clip.gains[k].map((g) => Uint8Array.from({ length: 256 }, (_, v) => Math.min(255, v * g + 0.5)));
    for (let y = y0, o = 0; y < y1; y++) {
      for (let x = x0; x < x1; x++, o += 3) {
        if (!agreeing.get(halfOf(x, y))?.includes(k)) continue;
        for (let c = 0; c < 3; c++) sums[o + c] += tables[c][data[3 * (y * W + x) + c]];
      }
    }
  }
  for (let y = y0, o = 0; y < y1; y++) {
    for (let x = x0; x < x1; x++, o += 3) {
      const n = agreeing.get(halfOf(x, y))?.length ?? 1;
      for (let c = 0; c < 3; c++) rgb.data[3 * (y * W + x) + c] = sums[o + c] / n + 0.5;
    }
  }
  const work = shrinkRgb(rgb, w, h);
  const lab = new Uint8Array(work.data.length);
  rgbToLab8(work.data, lab);
  const known = new Uint8Array(w * h);
  for (let y = window.y0; y < window.y1; y++) {
    for (let x = window.x0; x < window.x1; x++) {
      if (agreeing.has((y >> 1) * halfWidthPx + (x >> 1))) known[y * w + x] = 1;
    }
  }
  return { known, lab, rgb };
}
