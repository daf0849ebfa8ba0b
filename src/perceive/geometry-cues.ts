/** Camera, table plane and size cues of a clip: what the pictures and outlines say, handed to the estimators. */
import { type ByteImage, createBytes } from '../image/image.js';
import { distanceTo } from '../image/morphology.js';
import { resizeIntrinsics } from '../math/camera.js';
import type { Clip } from './clip.js';
import type { Estimate } from './estimate.js';
import { findLineSegments } from './line-segments.js';
import { bestEnd, type Mover } from './movers.js';
import { boxOf } from './object-cut.js';
import type { PerceiveOptions } from './options.js';
import { HAND_ID } from './perception.js';
import { type LinePlane, planeFromLines } from './plane-from-lines.js';
import { tiltFromRim } from './rim.js';
import { type CameraEstimate, PRIOR_TILT, type SizeCue } from './table.js';
import type { Target } from './target.js';

/** Width of the hand in the picture, and the place on the table whose depth it has, work-size px. */
export interface HandWidth {
  readonly widthPx: number;
  readonly xPx: number;
  readonly yPx: number;
}

/** Lines of the clean plate, judged together with the prior on how people film tables. */
export function tableLines(clip: Clip, plateLab: Uint8Array, camera: CameraEstimate): LinePlane | null {
  const grey = createBytes(clip.widthPx, clip.heightPx);
  for (let i = 0; i < grey.data.length; i++) grey.data[i] = plateLab[3 * i];
  const work = resizeIntrinsics(camera, clip.widthPx, clip.heightPx);
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
    ...movers.flatMap((mover) => (mover.from ? [{ mask: mover.from.mask, what: 'moved object' }] : [])),
  ];
  return outlines.flatMap(({ mask, what }) => {
    const tilt = tiltFromRim(mask, clip.widthPx, clip.heightPx, work, expected, what);
    return tilt ? [tilt] : [];
  });
}

/** Widest circle inside the hand within two object sizes of the mover: about the breadth of palm or fist. */
export function handWidthNear(clip: Clip, ids: ByteImage, mask: Uint8Array): HandWidth | null {
  const { widthPx: w, heightPx: h } = clip;
  const box = boxOf(mask, w, h);
  if (!box) return null;
  const reach = 2 * Math.max(box.x1 - box.x0, box.y1 - box.y0);
  const notHand = new Uint8Array(w * h);
  for (let i = 0; i < notHand.length; i++) notHand[i] = ids.data[i] === HAND_ID ? 0 : 1;
  const d = distanceTo(notHand, w, h);
  let best = 0;
  for (let y = Math.max(0, box.y0 - reach); y < Math.min(h, box.y1 + reach); y++) {
    for (let x = Math.max(0, box.x0 - reach); x < Math.min(w, box.x1 + reach); x++) {
      const v = d[y * w + x];
      if (v > best && Number.isFinite(v)) best = v;
    }
  }
  return best < 4 ? null : { widthPx: 2 * best, xPx: (box.x0 + box.x1) / 2, yPx: box.y1 };
}

/** Root of the outline's area of things a hand carries. */
const USUAL_OBJECT_M = 0.075;
const USUAL_OBJECT_LOG_SD = 0.4;
/**
 * Hand breadth with the thumb: 104 mm for men, 92 mm for women; the back of a gripping hand is nearly that wide. Sleeves,
 * side views and the hand's height over the table blur it.
 */
const USUAL_HAND_M = 0.098;
const USUAL_HAND_LOG_SD = 0.3;

export function sizeCues(
  clip: Clip,
  movers: readonly Mover[],
  hand: HandWidth | null,
  focalWorkPx: number,
  options: PerceiveOptions,
  unitDepth: (xPx: number, yPx: number) => number | null,
): SizeCue[] {
  const cues: SizeCue[] = [];
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
    cues.push({
      unitLength: (Math.sqrt(end.area) * depth) / focalWorkPx,
      usualM: USUAL_OBJECT_M,
      logSd: USUAL_OBJECT_LOG_SD,
      what: 'size of a thing one hand carries',
    });
  });
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
