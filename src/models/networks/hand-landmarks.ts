/** 21 points of a hand inside a turned crop. Source: Zhang et al. 2020, "MediaPipe Hands". */
import type { RgbImage } from '../../image/image.js';
import { type CropMap, cropTensor, mapPoint, squareCrop, ZERO_TO_ONE } from '../crop.js';
import { openModel, type Session } from '../runtime.js';
import type { Palm } from './palm-detection.js';

export const NUM_HAND_POINTS = 21;
/** Indices of points that have a name of their own. */
export const HAND_POINT = {
  wrist: 0,
  thumbTip: 4,
  indexBase: 5,
  indexTip: 8,
  middleBase: 9,
  ringBase: 13,
  littleBase: 17,
};
/** Pairs of points that bones join. */
export const HAND_BONES: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  [0, 5],
  [5, 6],
  [6, 7],
  [7, 8],
  [5, 9],
  [9, 10],
  [10, 11],
  [11, 12],
  [9, 13],
  [13, 14],
  [14, 15],
  [15, 16],
  [13, 17],
  [17, 18],
  [18, 19],
  [19, 20],
  [0, 17],
];

export interface HandPoints {
  /** [21, 3] f32: x, y in picture pixels, z in pixels relative to the wrist (smaller = nearer). */
  readonly xyzPx: Float32Array;
  /** 0..1 that there is a hand in the crop. */
  readonly presence: number;
  /** 0..1 that it is a right hand, as the camera sees it (MediaPipe's word for an unmirrored picture is the other one). */
  readonly handedness: number;
  /** Side of the crop in picture pixels. */
  readonly sidePx: number;
}

/** Where to look for a hand. */
export interface HandCrop {
  readonly cx: number;
  readonly cy: number;
  readonly sidePx: number;
  readonly angleRad: number;
}

const SIZE_PX = 224;

export class HandLandmarks {
  private constructor(private readonly session: Session) {}

  static async open(folder?: string): Promise<HandLandmarks> {
    const [session] = await openModel('hand-landmarks', folder);
    return new HandLandmarks(session);
  }

  async locate(image: RgbImage, crop: HandCrop): Promise<HandPoints> {
    const map = squareCrop(crop.cx, crop.cy, crop.sidePx, crop.angleRad, SIZE_PX);
    const result = await this.session.run({ input_1: cropTensor(image, map, SIZE_PX, SIZE_PX, ZERO_TO_ONE) });
    return {
      xyzPx: toPicture(result.Identity.data, map, crop.sidePx / SIZE_PX),
      presence: result.Identity_1.data[0],
      handedness: result.Identity_2.data[0],
      sidePx: crop.sidePx,
    };
  }
}

function toPicture(points: Float32Array, map: CropMap, scale: number): Float32Array {
  const out = new Float32Array(points.length);
  for (let p = 0; p < points.length; p += 3) {
    const [x, y] = mapPoint(map, points[p], points[p + 1]);
    out[p] = x;
    out[p + 1] = y;
    out[p + 2] = points[p + 2] * scale;
  }
  return out;
}

/** Angle by which a crop is turned so that the direction (dx, dy) of the picture points up in it. */
const upright = (dx: number, dy: number): number => Math.atan2(dx, -dy);

/** Crop for a detected palm: 2.6 palm boxes wide, moved half a box towards the fingers. */
export function cropOfPalm({ x0, y0, x1, y1, pointsPx }: Palm): HandCrop {
  const [wrist, , middle] = pointsPx;
  const angleRad = upright(middle[0] - wrist[0], middle[1] - wrist[1]);
  const size = Math.max(x1 - x0, y1 - y0);
  return {
    cx: (x0 + x1) / 2 + 0.5 * size * Math.sin(angleRad),
    cy: (y0 + y1) / 2 - 0.5 * size * Math.cos(angleRad),
    sidePx: 2.6 * size,
    angleRad,
  };
}

/** The box of all points is enlarged by this: as wide as the crop of a palm on an open hand. */
const POINTS_TO_CROP = 1.7;

/** Crop for the next frame from the points of this one. */
export function cropOfPoints({ xyzPx }: HandPoints): HandCrop {
  const at = (p: number): [number, number] => [xyzPx[3 * p], xyzPx[3 * p + 1]];
  const [wx, wy] = at(HAND_POINT.wrist);
  const [mx, my] = at(HAND_POINT.middleBase);
  const angleRad = upright(mx - wx, my - wy);
  const cos = Math.cos(angleRad);
  const sin = Math.sin(angleRad);
  const along: number[] = [];
  const across: number[] = [];
  for (let p = 0; p < NUM_HAND_POINTS; p++) {
    const [x, y] = at(p);
    across.push(cos * x + sin * y);
    along.push(-sin * x + cos * y);
  }
  const u = (Math.min(...across) + Math.max(...across)) / 2;
  const v = (Math.min(...along) + Math.max(...along)) / 2;
  const size = Math.max(Math.max(...across) - Math.min(...across), Math.max(...along) - Math.min(...along));
  return { cx: cos * u - sin * v, cy: sin * u + cos * v, sidePx: POINTS_TO_CROP * size, angleRad };
}
