/**
 * How far an object is from where it rests, measured in the picture around the moments at which its rests end and begin. Poses are known
 * to millimetres and are pinned to a rest as soon as they are near it; the picture of a thing shows a quarter of a pixel.
 */
import { greyOf } from '../image/filters.js';
import type { ByteImage, PixelBox } from '../image/image.js';
import { dilate, maskBox } from '../image/morphology.js';
import { detailOf, shiftOf } from '../image/patch-shift.js';
import type { Perception } from '../perceive/perception.js';
import type { PoseFrame, Poses } from '../pose/poses.js';
import type { FrameSource } from '../video/frames.js';

/** One end of a rest. */
export interface RestShift {
  /** 1: the rest ends here and a motion begins; -1: a motion ends here. */
  readonly step: 1 | -1;
  /** The rest's frame next to the motion, as the poses have it. */
  readonly frame: number;
  /** Metres from the rest by frame, across the view; null: too far for the picture to tell; absent: not seen well enough. */
  readonly offM: ReadonlyMap<number, number | null>;
  /** Least distance that is told from rest, metres. */
  readonly leastM: number;
}

export interface SeenMotion {
  readonly perception: Pick<Perception, 'camera'>;
  readonly poses: Poses;
  /** In the pixels that masks refer to. */
  readonly frames: FrameSource;
  readMask(frameIdx: number): Promise<ByteImage>;
}

/** Looked at on both sides of the end that the poses tell, seconds. */
const REACH_SEC = 0.4;
/** Pictures of the rest that are averaged. */
const REST_PICTURES = 3;
/** Shorter rests have no picture of their own, frames. */
const FEWEST_FRAMES = 6;
/** What stands out of the picture's noise: things at rest beside moving hands are found within 0.15 px of where they are. */
const LEAST_PX = 0.25;
/** Beyond its noise by this factor, it has moved. */
const NOISE_FACTOR = 1.5;
/** An outline belongs to the thing: so much around its mask is looked at, and so much around other things and hands is not, px. */
const OWN_MARGIN_PX = 1;
const OTHER_MARGIN_PX = 5;
/** At least this share of the thing must be seen. */
const LEAST_SEEN = 0.3;

/** All ends of all rests of every object that moves. */
export async function restShifts(seen: SeenMotion): Promise<Map<number, RestShift[]>> {
  const all = new Map<number, RestShift[]>();
  for (const { id, frames } of seen.poses.objects) {
    const shifts: RestShift[] = [];
    for (const [first, last] of restsOf(frames)) {
      if (last - first + 1 < FEWEST_FRAMES) continue;
      if (first > 0) shifts.push(await shiftsAt(seen, id, frames, [last, first], -1));
      if (last < frames.length - 1) shifts.push(await shiftsAt(seen, id, frames, [first, last], 1));
    }
    all.set(id, shifts);
  }
  return all;
}

/** First and last frames of the runs in which an object rests. */
function restsOf(frames: readonly PoseFrame[]): [number, number][] {
  const runs: [number, number][] = [];
  frames.forEach(({ state }, t) => {
    const open = runs.at(-1);
    if (state !== 'resting') return;
    if (open?.[1] === t - 1) open[1] = t;
    else runs.push([t, t]);
  });
  return runs;
}

/** `from`: the far end of the rest; `to`: the end that is looked at. */
async function shiftsAt(
  { perception, poses, frames: pictures, readMask }: SeenMotion,
  id: number,
  frames: readonly PoseFrame[],
  [from, to]: readonly [number, number],
  step: 1 | -1,
): Promise<RestShift> {
  const reach = Math.round(REACH_SEC * poses.fps);
  const greyAt = async (t: number): Promise<ByteImage> => greyOf(await pictures.read(t));
  // Deep enough in the rest to be still, else as deep as it goes.
  const within = (t: number): number => (step > 0 ? Math.max(from, t) : Math.min(from, t));
  const restFrames = Array.from({ length: REST_PICTURES }, (_, k) => within(to - step * (reach + k)));
  const before = await readMask(restFrames[0]);
  const { widthPx: w, heightPx: h } = before;
  const own = dilate(
    before.data.map((value) => (value === id ? 1 : 0)),
    w,
    h,
    OWN_MARGIN_PX,
  );
  const offM = new Map<number, number | null>();
  const depthM = frames[to].cameraFromObject?.[11] ?? 0;
  const perPxM = depthM / perception.camera.fx;
  const leastM = LEAST_PX * perPxM;
  const box = maskBox(own, w, h);
  if (!box) return { step, frame: to, offM, leastM };
  const isOther = (mask: ByteImage): Uint8Array => mask.data.map((value) => (value !== 0 && value !== id ? 1 : 0));
  const covered = isOther(before);
  const rest = detailOf(await Promise.all(restFrames.map(greyAt)));
  const area = sumIn(own, w, box);
  for (let t = to - step * reach; step > 0 ? t <= to + reach : t >= to - reach; t += step) {
    if (t < 0 || t >= frames.length) continue;
    const others = isOther(await readMask(t)).map((value, i) => value | covered[i]);
    const hidden = dilate(others, w, h, OTHER_MARGIN_PX);
    const use = own.map((value, i) => (value === 1 && hidden[i] === 0 ? 1 : 0));
    if (sumIn(use, w, box) < LEAST_SEEN * area) continue;
    const shift = shiftOf(rest, detailOf([await greyAt(t)]), use, box);
    offM.set(t, shift && Math.hypot(shift.dxPx, shift.dyPx) * perPxM);
  }
  return { step, frame: to, offM, leastM: Math.max(leastM, NOISE_FACTOR * noiseOf(offM, to, step)) };
}

/** Most that it seems to move while it surely rests (films from the hand are steadied to some tenths of a pixel only), metres. */
function noiseOf(offM: ReadonlyMap<number, number | null>, to: number, step: 1 | -1): number {
  const reach = Math.max(...[...offM.keys()].map((t) => step * (to - t)), 0);
  const deep = [...offM].filter(([t]) => step * (to - t) > reach / 2);
  return Math.max(0, ...deep.map(([, off]) => off ?? 0));
}

function sumIn(mask: Uint8Array, widthPx: number, { x0, y0, x1, y1 }: PixelBox): number {
  let sum = 0;
  for (let y = y0; y < y1; y++) for (let x = x0; x < x1; x++) sum += mask[y * widthPx + x];
  return sum;
}

/** Distances whose crossings tell the moment: the least, and so many times that. */
const FAR = 4;

/**
 * The moment at which the object leaves its rest (or arrives, looked at backwards), in frames with a fraction, when its way grows with the
 * time to the power of `power`; null where the picture does not show it.
 */
export function momentOf({ offM, leastM, step }: RestShift, power: number): number | null {
  const frames = [...offM.keys()].sort((a, b) => step * (a - b));
  /** Where the way first stays beyond `limit`; the frame before must have been within it. */
  const crossing = (limit: number): number | null => {
    for (const [k, t] of frames.entries()) {
      const off = offM.get(t)!;
      const next = offM.get(t + step);
      if (off !== null && off <= limit) continue;
      if (next !== undefined && next !== null && next <= limit) continue;
      const before = k > 0 && frames[k - 1] === t - step ? offM.get(t - step)! : null;
      if (before === null || before > limit) return null;
      return off === null ? t : t - step * ((off - limit) / (off - before));
    }
    return null;
  };
  const near = crossing(leastM);
  const far = crossing(FAR * leastM);
  if (near === null || far === null) return null;
  return near - (far - near) / (FAR ** (1 / power) - 1);
}
