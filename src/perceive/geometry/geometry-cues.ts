/** Camera, table plane and size cues of a clip: what the pictures and outlines say, handed to the estimators. */
import { type ByteImage, createBytes, type PixelBox } from '../../image/image.js';
import { countSet, distanceTo, maskWhere } from '../../image/morphology.js';
import { resizeIntrinsics } from '../../math/camera.js';
import type { Clip } from '../clip.js';
import { looksLikeSkin } from '../movers/colour-model.js';
import { bestEnd, type Mover } from '../movers/movers.js';
import { boxOf, cropBytes, growBox } from '../movers/object-cut.js';
import type { Target } from '../movers/target.js';
import type { PerceiveOptions } from '../options.js';
import { HAND_ID } from '../perception.js';
import type { Estimate } from './estimate.js';
import { findLineSegments } from './line-segments.js';
import { type LinePlane, planeFromLines } from './plane-from-lines.js';
import { tiltFromRim } from './rim.js';
import { type CameraEstimate, PRIOR_TILT, type SizeCue, viewCue } from './table.js';

/** Width of the hand in the picture, and the place on the table whose depth it has, work-size px. */
export interface HandWidth {
  readonly widthPx: number;
  readonly xPx: number;
  readonly yPx: number;
}

/** [H, W] lightness of a Lab picture at work size, where lines are looked for. */
export function lightnessOf({ widthPx, heightPx }: Pick<Clip, 'widthPx' | 'heightPx'>, lab: Uint8Array): ByteImage {
  const grey = createBytes(widthPx, heightPx);
  for (let i = 0; i < grey.data.length; i++) grey.data[i] = lab[3 * i];
  return grey;
}

/** Lines of the clean plate, judged together with the prior on how people film tables. */
export function tableLines(grey: ByteImage, camera: CameraEstimate): LinePlane | null {
  const work = resizeIntrinsics(camera, grey.widthPx, grey.heightPx);
  const segments = findLineSegments(grey, MIN_LINE_PX, MAX_LINES);
  return planeFromLines(
    segments,
    { ...work, focalLogSd: camera.focalLogSd },
    { tiltDeg: PRIOR_TILT.value, sdDeg: PRIOR_TILT.sd },
  );
}

const MIN_LINE_PX = 25;
const MAX_LINES = 250;

/** Tilts from the rims of whatever is round and upright among the objects at rest. */
export function rimTilts(
  clip: Clip,
  camera: CameraEstimate,
  movers: readonly Mover[],
  targets: readonly Target[],
  lines: LinePlane | null,
): Estimate[] {
  const work = resizeIntrinsics(camera, clip.widthPx, clip.heightPx);
  const expected = lines ? { value: lines.tiltDeg, sd: Math.max(6, lines.tiltSdDeg) } : PRIOR_TILT;
  const outlines = [
    ...targets.map(({ mask }) => ({ mask, what: 'target' })),
    ...movers.map((mover) => ({ mask: (mover.from ?? bestEnd(mover)).mask, what: 'moved object' })),
  ];
  return outlines.flatMap(({ mask, what }) => {
    const tilt = tiltFromRim(mask, clip.widthPx, clip.heightPx, work, expected, what);
    return tilt ? [tilt] : [];
  });
}

/** How far from the mover the hand is measured, in mover sizes: beyond lie wrist and sleeve. */
const HAND_REACH = 1.5;
/** With this many skin-coloured hand pixels near the mover, the others there are sleeve. */
const ENOUGH_SKIN_PX = 200;

/** Widest circle inside the hand close to the mover in frame `k`: about the breadth of the back of the hand. */
export function handWidthNear(clip: Clip, k: number, ids: ByteImage, mask: Uint8Array): HandWidth | null {
  const { widthPx: w, heightPx: h } = clip;
  const box = boxOf(mask, w, h);
  if (!box) return null;
  const near = growBox(box, Math.round(HAND_REACH * Math.max(box.x1 - box.x0, box.y1 - box.y0)), w, h);
  const hand = maskWhere(ids.data, (id) => id === HAND_ID);
  const around = boxOf(hand, w, h);
  if (!around) return null;
  // What is not hand begins right beside it.
  const window = growBox(around, 1, w, h);
  const shape = cropBytes(skinNear(clip, k, hand, around, near) ?? hand, w, window, 1);
  const width = window.x1 - window.x0;
  const distance = distanceTo(
    shape.map((value) => 1 - value),
    width,
    window.y1 - window.y0,
  );
  let best = 0;
  for (let y = Math.max(near.y0, window.y0); y < Math.min(near.y1, window.y1); y++) {
    for (let x = Math.max(near.x0, window.x0); x < Math.min(near.x1, window.x1); x++) {
      const d = distance[(y - window.y0) * width + x - window.x0];
      if (d > best && Number.isFinite(d)) best = d;
    }
  }
  return best < 4 ? null : { widthPx: 2 * best, xPx: (box.x0 + box.x1) / 2, yPx: box.y1 };
}

/** [H, W] the skin-coloured part of a hand that lies in the box `around`; null where little of it lies in the box `near`. */
function skinNear(clip: Clip, k: number, hand: Uint8Array, around: PixelBox, near: PixelBox): Uint8Array | null {
  const { widthPx: w, halfWidthPx } = clip;
  const lab = clip.labAt(k);
  const skin = new Uint8Array(hand.length);
  let numSkin = 0;
  for (let y = around.y0; y < around.y1; y++) {
    const inRows = y >= near.y0 && y < near.y1;
    for (let x = around.x0; x < around.x1; x++) {
      if (hand[y * w + x] === 0 || !looksLikeSkin(lab, (y >> 1) * halfWidthPx + (x >> 1))) continue;
      skin[y * w + x] = 1;
      if (inRows && x >= near.x0 && x < near.x1) numSkin++;
    }
  }
  return numSkin >= ENOUGH_SKIN_PX ? skin : null;
}

/**
 * Root of the outline's area of things a hand carries: toy blocks, cans, mugs, cartons, small pots. Of 13 such things in
 * recordings by others (sizes from what they are) 25..150 mm, mean of the logarithms 65 mm.
 */
const USUAL_OBJECT_M = 0.065;
const USUAL_OBJECT_LOG_SD = 0.5;
/** Thin things (pens, sticks, brushes, spoons) have little area; their length goes with that of the hand that holds them. */
const USUAL_STICK_M = 0.17;
const USUAL_STICK_LOG_SD = 0.45;
const STICK_ELONGATION = 4;
/** The same of bowls, trays, boxes, coasters and jars: between a cup and a dinner plate. */
const USUAL_TARGET_M = 0.11;
const USUAL_TARGET_LOG_SD = 0.45;
/**
 * A gripping hand seen from the camera's side is wider than it is thick (30 mm) and narrower than its breadth (84 mm, with
 * the thumb about 100 mm). The spread is that of views and grips: against things of known size in eight recordings by others
 * the cue was off by 0.28 (root mean square of the logarithm; most when the hand is half hidden or behind the thing).
 */
const USUAL_HAND_M = 0.075;
const USUAL_HAND_LOG_SD = 0.28;

export function sizeCues(
  clip: Clip,
  movers: readonly Mover[],
  targets: readonly Target[],
  hand: HandWidth | null,
  focalWorkPx: number,
  options: PerceiveOptions,
  unitDepth: (xPx: number, yPx: number) => number | null,
): SizeCue[] {
  const task = movers.length > 0 ? boxOf(bestEnd(movers[0]).mask, clip.widthPx, clip.heightPx) : null;
  const taskDepth = task && unitDepth((task.x0 + task.x1) / 2, task.y1);
  const cues = [viewCue(Math.max(clip.widthPx, clip.heightPx), focalWorkPx, taskDepth ?? 1)];
  movers.forEach((mover, m) => {
    const end = bestEnd(mover);
    const box = boxOf(end.mask, clip.widthPx, clip.heightPx);
    const depth = box && unitDepth((box.x0 + box.x1) / 2, box.y1);
    if (!box || !depth) return;
    if (m === 0 && options.knownWidth !== null) {
      const unitLength = ((box.x1 - box.x0) * depth) / focalWorkPx;
      cues.push({
        unitLength,
        usualM: options.knownWidth / 1000,
        logSd: 0.03,
        what: 'given width of the moved object',
      });
    }
    const { lengthPx, elongation } = extentOf(end.mask, clip.widthPx);
    cues.push(
      elongation >= STICK_ELONGATION
        ? {
            unitLength: (lengthPx * depth) / focalWorkPx,
            usualM: USUAL_STICK_M,
            logSd: USUAL_STICK_LOG_SD,
            what: 'length of a thin thing one hand holds',
          }
        : {
            unitLength: (Math.sqrt(end.area) * depth) / focalWorkPx,
            usualM: USUAL_OBJECT_M,
            logSd: USUAL_OBJECT_LOG_SD,
            what: 'size of a thing one hand carries',
          },
    );
  });
  for (const { mask } of targets) {
    const box = boxOf(mask, clip.widthPx, clip.heightPx);
    const depth = box && unitDepth((box.x0 + box.x1) / 2, box.y1);
    if (!box || !depth) continue;
    cues.push({
      unitLength: (Math.sqrt(countSet(mask)) * depth) / focalWorkPx,
      usualM: USUAL_TARGET_M,
      logSd: USUAL_TARGET_LOG_SD,
      what: 'size of a thing that others are brought to',
    });
  }
  const handDepth = hand && unitDepth(hand.xPx, hand.yPx);
  if (hand && handDepth) {
    cues.push({
      unitLength: (hand.widthPx * handDepth) / focalWorkPx,
      usualM: USUAL_HAND_M,
      logSd: USUAL_HAND_LOG_SD,
      what: 'widest circle inside the gripping hand',
    });
  }
  return cues;
}

/** Length along the main axis and how many times longer than wide, of the ellipse with the outline's second moments. */
export function extentOf(mask: Uint8Array, widthPx: number): { lengthPx: number; elongation: number } {
  let n = 0;
  let [sx, sy, sxx, sxy, syy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const x = i % widthPx;
    const y = Math.floor(i / widthPx);
    n++;
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
    syy += y * y;
  }
  // A pixel is 1/12 px^2 of moment wide itself.
  const xx = sxx / n - (sx / n) ** 2 + 1 / 12;
  const yy = syy / n - (sy / n) ** 2 + 1 / 12;
  const xy = sxy / n - (sx * sy) / (n * n);
  const half = Math.sqrt(((xx - yy) / 2) ** 2 + xy * xy);
  const [major, minor] = [(xx + yy) / 2 + half, (xx + yy) / 2 - half];
  return { lengthPx: 4 * Math.sqrt(major), elongation: Math.sqrt(major / minor) };
}
