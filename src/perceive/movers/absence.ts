/**
 * What a place looks like while the thing that rests there is away: the colour that most frames show then. Unlike first and last
 * picture it is known where the thing comes back, and where it hardly differs from the table.
 */
import { inOrder } from '../../base/crew.js';
import { shrinkRgb } from '../../image/filters.js';
import { createRgb, type PixelBox, type RgbImage } from '../../image/image.js';
import { labDistance2, rgbToLab8 } from '../../image/lab.js';
import { dilate } from '../../image/morphology.js';
import { type Clip, plateGain } from '../clip.js';
import { type MaskTrack, warpMask } from '../tracks/mask-track.js';
import { binOf, type ColourSet } from './colour-model.js';
import { hullMask, stepsAway } from './motion-cut.js';
import { boxOf, cropBytes, growBox } from './object-cut.js';

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

/** Does frame `k` show what rested at these half-size pixels? */
function isThere(clip: Clip, k: number, pixels: Int32Array, present: Uint8Array): boolean {
  const lab = clip.labAt(k);
  let same = 0;
  for (const i of pixels) if (labDistance2(lab, i, present, i) < THERE_DISTANCE ** 2) same++;
  return same > THERE_SHARE * pixels.length;
}

/** Half-size pixels whose upper left corner lies in the mask [H, W]. */
function halfPixels({ widthPx: w, halfWidthPx }: Clip, mask: Uint8Array, box: PixelBox): Int32Array {
  const pixels: number[] = [];
  for (let y = (box.y0 + 1) >> 1; 2 * y < box.y1; y++) {
    for (let x = (box.x0 + 1) >> 1; 2 * x < box.x1; x++) {
      if (mask[2 * y * w + 2 * x] !== 0) pixels.push(y * halfWidthPx + x);
    }
  }
  return Int32Array.from(pixels);
}

/** Null when the thing is never seen away from its place. `reachPx`: how far around the outline, work-size px. */
export async function findAbsence(
  clip: Clip,
  place: RestPlace,
  reachPx: number,
  arm: ColourSet,
): Promise<Absence | null> {
  const { widthPx: w, heightPx: h } = clip;
  const { mask, track, present } = place;
  const box = boxOf(mask, w, h);
  if (!box) return null;
  const pixels = halfPixels(clip, mask, box);
  const steps = stepsAway(clip, track, mask).filter(({ k }) => !isThere(clip, k, pixels, present));
  if (steps.length < MIN_FRAMES) return null;
  const count = Math.min(MAX_FRAMES, steps.length);
  const chosen = Array.from({ length: count }, (_, n) => steps[Math.round((n * (steps.length - 1)) / (count - 1))]);
  const hull = hullMask(mask, w, h);
  const window = growBox(box, reachPx, w, h);
  // One more, as half-size pixels may begin a pixel before the window.
  const around = growBox(window, MARGIN_PX + 1, w, h);
  const frames = chosen.map(({ k, step }) => {
    const moved = warpMask(hull, w, h, step.fromStart, around);
    const covered = dilate(moved, around.x1 - around.x0, around.y1 - around.y0, MARGIN_PX);
    return { k, lab: clip.labAt(k), covered };
  });
  return average(clip, agreeingFrames(clip, frames, window, around, present, arm), window);
}

interface FrameAway {
  readonly k: number;
  /** [H/2, W/2, 3] u8 Lab. */
  readonly lab: Uint8Array;
  /** Where the thing may be: mask of the box `around`. */
  readonly covered: Uint8Array;
}

/** For the half-size pixels of a box: some of the frames that show what is there without the thing. */
interface AgreeingFrames {
  readonly box: PixelBox;
  /** [h, w] how many frames; 0: not known. */
  readonly count: Uint8Array;
  /** [h, w, AVERAGED] frame numbers. */
  readonly frames: Int16Array;
}

/**
 * The frames that show what is there without the thing: the colour it rests in, if that shows again (then it was only covered),
 * else the most usual one that is no arm's.
 */
function agreeingFrames(
  clip: Clip,
  frames: readonly FrameAway[],
  window: PixelBox,
  around: PixelBox,
  present: Uint8Array,
  arm: ColourSet,
): AgreeingFrames {
  const { halfWidthPx } = clip;
  const box = { x0: window.x0 >> 1, y0: window.y0 >> 1, x1: window.x1 >> 1, y1: window.y1 >> 1 };
  const boxW = box.x1 - box.x0;
  const count = new Uint8Array(boxW * (box.y1 - box.y0));
  const chosen = new Int16Array(AVERAGED * count.length);
  const hidden = new Uint8Array(clip.valid.length);
  const shownAgain = new Uint8Array(clip.valid.length);
  const votes = new PixelVotes(frames, present, arm);
  for (let y = box.y0, at = 0; y < box.y1; y++) {
    for (let x = box.x0; x < box.x1; x++, at++) {
      const i = y * halfWidthPx + x;
      if (clip.valid[i] === 0) continue;
      const verdict = votes.ask(i, (2 * y - around.y0) * (around.x1 - around.x0) + 2 * x - around.x0);
      if (verdict === 'again') shownAgain[i] = 1;
      if (verdict === 'hidden') hidden[i] = 1;
      else count[at] = votes.take(chosen, AVERAGED * at);
    }
  }
  // Beside what an arm hides all the time its blurred rim and its shadow show.
  const doubtful = dilate(hidden, halfWidthPx, clip.halfHeightPx, RIM_PX);
  for (let y = box.y0, at = 0; y < box.y1; y++) {
    for (let i = y * halfWidthPx + box.x0; i < y * halfWidthPx + box.x1; i++, at++) {
      if (doubtful[i] !== 0 && shownAgain[i] === 0) count[at] = 0;
    }
  }
  return { box, count, frames: chosen };
}

/**
 * What a pixel shows without the thing: the colour in which its place rests, again; another one; or nothing that can be told from an
 * arm.
 */
type Verdict = 'again' | 'other' | 'hidden';

/** Which of the frames agree on one pixel; asked for one pixel after the other. */
class PixelVotes {
  /** Frames in which the place is free, and those of them that agree best. */
  private readonly free: Uint8Array;
  private readonly near: Uint8Array;
  private readonly best: Uint8Array;
  private numBest = 0;

  constructor(
    private readonly frames: readonly FrameAway[],
    private readonly present: Uint8Array,
    private readonly arm: ColourSet,
  ) {
    this.free = new Uint8Array(frames.length);
    this.near = new Uint8Array(frames.length);
    this.best = new Uint8Array(frames.length);
  }

  /** `i`, `at`: index of the pixel in the half-size picture, and of its corner in the box `around`. */
  ask(i: number, at: number): Verdict {
    const { frames, present, free, best } = this;
    let numFree = 0;
    this.numBest = 0;
    for (let n = 0; n < frames.length; n++) {
      if (frames[n].covered[at] !== 0) continue;
      free[numFree++] = n;
      if (labDistance2(frames[n].lab, i, present, i) < AGREE_DISTANCE ** 2) best[this.numBest++] = n;
    }
    if (this.numBest >= MIN_AGREEING) return 'again';
    let numBare = 0;
    for (let m = 0; m < numFree; m++) {
      if (this.arm[binOf(frames[free[m]].lab, i)] === 0) free[numBare++] = free[m];
    }
    this.chooseMostUsual(i, numBare);
    return this.numBest < Math.max(MIN_AGREEING, MIN_AGREEING_SHARE * numBare) ? 'hidden' : 'other';
  }

  /** The largest group of `free` frames that look like one of them. */
  private chooseMostUsual(i: number, numBare: number): void {
    const { frames, free, near } = this;
    this.numBest = 0;
    for (let n = 0; n < numBare; n++) {
      let numNear = 0;
      for (let m = 0; m < numBare; m++) {
        const alike = labDistance2(frames[free[n]].lab, i, frames[free[m]].lab, i) < AGREE_DISTANCE ** 2;
        if (alike) near[numNear++] = free[m];
      }
      if (numNear <= this.numBest) continue;
      this.best.set(near);
      this.numBest = numNear;
    }
  }

  /** Writes numbers of at most `AVERAGED` of the agreeing frames, spread over them; returns how many. */
  take(out: Int16Array, at: number): number {
    const stride = Math.max(1, Math.floor(this.numBest / AVERAGED));
    let taken = 0;
    for (let n = 0; n < this.numBest && taken < AVERAGED; n += stride) out[at + taken++] = this.frames[this.best[n]].k;
    return taken;
  }
}

/** Frames that are decoded while one is looked at. */
const READ_AHEAD = 3;

async function average(clip: Clip, agreeing: AgreeingFrames, window: PixelBox): Promise<Absence> {
  const { widthPx: w, heightPx: h, frameWidthPx: W, frameHeightPx: H } = clip;
  const [sx, sy] = [W / w, H / h];
  const box = {
    x0: Math.floor(window.x0 * sx),
    y0: Math.floor(window.y0 * sy),
    x1: Math.min(W, Math.ceil(window.x1 * sx)),
    y1: Math.min(H, Math.ceil(window.y1 * sy)),
  };
  const places = placesOf(clip, agreeing, box);
  const sums = new Uint16Array(3 * places.length);
  const numbers = frameNumbers(agreeing);
  let done = 0;
  for await (const { data } of inOrder(numbers.length, READ_AHEAD, (m) => clip.readFrame(numbers[m]))) {
    const k = numbers[done++];
    addFrame(sums, cropBytes(data, W, box, 3), clip.gains[k], places, agreeing, k);
  }
  const rgb = createRgb(W, H);
  for (let y = box.y0, o = 0; y < box.y1; y++) {
    for (let x = box.x0; x < box.x1; x++, o++) {
      const n = places[o] < 0 ? 1 : Math.max(1, agreeing.count[places[o]]);
      for (let c = 0; c < 3; c++) rgb.data[3 * (y * W + x) + c] = sums[3 * o + c] / n + 0.5;
    }
  }
  const work = shrinkRgb(rgb, w, h);
  const lab = new Uint8Array(work.data.length);
  rgbToLab8(work.data, lab, plateGain(clip));
  return { known: knownPixels(agreeing, window, w, h), lab, rgb };
}

/** For the frame-size pixels of a box: where in the half-size box of `agreeing` they lie; -1 outside of it. */
function placesOf(clip: Clip, agreeing: AgreeingFrames, box: PixelBox): Int32Array {
  const { widthPx: w, heightPx: h, frameWidthPx: W, frameHeightPx: H } = clip;
  const { x0, y0, x1, y1 } = agreeing.box;
  const halfOf = (v: number, frameSize: number, size: number): number =>
    Math.min(size - 1, Math.floor(v / (frameSize / size))) >> 1;
  const columns = Int32Array.from({ length: box.x1 - box.x0 }, (_, n) => halfOf(box.x0 + n, W, w));
  const out = new Int32Array(columns.length * (box.y1 - box.y0)).fill(-1);
  for (let y = box.y0, o = 0; y < box.y1; y++) {
    const v = halfOf(y, H, h);
    for (const u of columns) {
      if (u >= x0 && u < x1 && v >= y0 && v < y1) out[o] = (v - y0) * (x1 - x0) + u - x0;
      o++;
    }
  }
  return out;
}

/** All frames that are of use anywhere, in order. */
function frameNumbers({ count, frames }: AgreeingFrames): number[] {
  const used = new Set<number>();
  for (let at = 0; at < count.length; at++) {
    for (let n = 0; n < count[at]; n++) used.add(frames[AVERAGED * at + n]);
  }
  return [...used].sort((a, b) => a - b);
}

/** Adds frame `k` (`rgb` [N, 3]) to the sums where it agrees. */
function addFrame(
  sums: Uint16Array,
  rgb: Uint8Array,
  gain: readonly [number, number, number],
  places: Int32Array,
  { count, frames }: AgreeingFrames,
  k: number,
): void {
  const tables = gain.map((g) => Uint8Array.from({ length: 256 }, (_, v) => Math.min(255, v * g + 0.5)));
  for (let o = 0; o < places.length; o++) {
    const at = places[o];
    if (at < 0) continue;
    for (let n = 0; n < count[at]; n++) {
      if (frames[AVERAGED * at + n] !== k) continue;
      for (let c = 0; c < 3; c++) sums[3 * o + c] += tables[c][rgb[3 * o + c]];
    }
  }
}

/** [H, W] of the window the pixels that some frame shows. */
function knownPixels({ box, count }: AgreeingFrames, window: PixelBox, w: number, h: number): Uint8Array {
  const known = new Uint8Array(w * h);
  for (let y = Math.max(window.y0, 2 * box.y0); y < Math.min(window.y1, 2 * box.y1); y++) {
    const row = ((y >> 1) - box.y0) * (box.x1 - box.x0);
    for (let x = Math.max(window.x0, 2 * box.x0); x < Math.min(window.x1, 2 * box.x1); x++) {
      if (count[row + (x >> 1) - box.x0] > 0) known[y * w + x] = 1;
    }
  }
  return known;
}
