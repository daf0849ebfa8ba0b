/** What one frame shows of one object, cut out and resampled to the small window in which poses are compared. */
import type { ByteImage, FloatImage, PixelBox, RgbImage } from '../image/image.js';
import { distanceTo, maskWhere } from '../image/morphology.js';
import type { Intrinsics } from '../math/camera.js';
import { type Crop, cropAround, type MaskSample, sampleMask, sampleRgb } from '../objects/crop.js';
import { HAND_ID } from '../perceive/perception.js';

/** Room around the object on each side, per longer side: a hand moves it about that far between frames. */
const MARGIN = 0.3;
/** Frame pixels next to a hand or another object whose mask is not trusted. */
const GUARD_PX = 1;
/** Disagreement costs more the farther it is from the mask's outline, up to this distance (window pixels). */
const MAX_DISTANCE_PX = 10;
/** Mean colour step (0..1) between window pixels of a clearly patterned object. */
const CLEAR_PATTERN_STEP = 0.05;

export interface Observation {
  readonly crop: Crop;
  readonly mask: MaskSample;
  /** [H, W, 3] f32 0..1. */
  readonly rgb: Float32Array;
  /** [H, W] f32 metres, 0 = unknown; null without a depth map. */
  readonly depthM: Float32Array | null;
  /**
   * [H, W] f32 z-depth in metres of other, known objects where they are seen, else 0; null when there are none. Whatever is nearer
   * would hide them.
   */
  readonly behindM: Float32Array | null;
  /** [H, W] f32 window pixels to the outline of the observed mask, on both sides, capped. */
  readonly distancePx: Float32Array;
  /** Observed and cared-for coverage, window pixels. */
  readonly areaPx: number;
  /** Weight of coverage outside of the mask, default 1; less when the mask has lost a part of the object. */
  readonly outsideWeight?: number;
  /** Share of the object's silhouette at its expected pose on which it is seen; absent: not reckoned with. */
  readonly shownShare?: number;
  /** Beside a mask that has lost a part: drawn colours are held against what is seen there; only those of a given model are known all round. */
  readonly colourOutside?: boolean;
  /** 0..1: how much pattern the object shows; colours of a plain one tell its shading, not its pose. */
  readonly texture: number;
}

export interface FrameEvidence {
  readonly rgb: RgbImage;
  readonly idMap: ByteImage;
  readonly depth?: FloatImage | null;
  /** z-depth of other objects whose poses are known. */
  readonly others?: FloatImage | null;
}

/** `box` is where the object is expected, in frame pixels. */
export function observe(
  evidence: FrameEvidence,
  id: number,
  camera: Intrinsics,
  box: PixelBox,
  sizePx: number,
): Observation {
  const crop = cropAround(camera, box, MARGIN, sizePx);
  const { widthPx, heightPx } = crop.camera;
  const mask = sampleMask(evidence.idMap, id, crop, GUARD_PX);
  const hard = maskWhere(mask.inside, (v) => v >= 0.5);
  const outside = distanceTo(hard, widthPx, heightPx);
  const inwards = distanceTo(
    hard.map((v) => 1 - v),
    widthPx,
    heightPx,
  );
  const distancePx = outside.map((d, i) => Math.min(d + inwards[i], MAX_DISTANCE_PX));
  let areaPx = 0;
  for (let i = 0; i < mask.inside.length; i++) areaPx += mask.inside[i] * mask.care[i];
  const depthM = evidence.depth ? sampleDepth(evidence.depth, crop) : null;
  const behindM = evidence.others ? seenBehind(evidence.others, evidence.idMap, id, crop) : null;
  const rgb = sampleRgb(evidence.rgb, crop);
  return { crop, mask, rgb, depthM, behindM, distancePx, areaPx, texture: textureOf(rgb, mask, crop) };
}

/** Mean colour step from frame pixel to frame pixel well inside the mask, against that of a clear pattern. */
function textureOf(rgb: Float32Array, { inside, care }: MaskSample, { camera, scale }: Crop): number {
  const { widthPx } = camera;
  let sum = 0;
  let count = 0;
  const isInner = (i: number): boolean => inside[i] > 0.9 && care[i] > 0;
  for (let i = 0; i + widthPx < inside.length; i++) {
    if (!isInner(i) || !isInner(i + 1) || !isInner(i + widthPx)) continue;
    for (let c = 3 * i; c < 3 * i + 3; c++)
      sum += Math.abs(rgb[c] - rgb[c + 3]) + Math.abs(rgb[c] - rgb[c + 3 * widthPx]);
    count += 6;
  }
  // Enlarged, the same step is spread over several window pixels.
  return count > 0 ? Math.min(1, ((sum / count) * Math.max(1, scale)) / CLEAR_PATTERN_STEP) : 0;
}

/** Nearest depth value: averaging across edges would invent surfaces. */
function sampleDepth(depth: FloatImage, crop: Crop): Float32Array {
  const { widthPx, heightPx } = crop.camera;
  const out = new Float32Array(widthPx * heightPx);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      const sx = Math.floor(crop.x0Px + (x + 0.5) / crop.scale);
      const sy = Math.floor(crop.y0Px + (y + 0.5) / crop.scale);
      const inside = sx >= 0 && sy >= 0 && sx < depth.widthPx && sy < depth.heightPx;
      const value = inside ? depth.data[sy * depth.widthPx + sx] : 0;
      out[i] = value > 0 && Number.isFinite(value) ? value : 0;
    }
  }
  return out;
}

/** Depth of the other objects where the id map says that one of them is seen. */
function seenBehind(others: FloatImage, idMap: ByteImage, id: number, crop: Crop): Float32Array | null {
  const { widthPx } = crop.camera;
  const behind = sampleDepth(others, crop);
  let count = 0;
  for (let i = 0; i < behind.length; i++) {
    if (behind[i] === 0) continue;
    const x = Math.floor(crop.x0Px + ((i % widthPx) + 0.5) / crop.scale);
    const y = Math.floor(crop.y0Px + (Math.floor(i / widthPx) + 0.5) / crop.scale);
    const seen = idMap.data[y * idMap.widthPx + x];
    if (seen === 0 || seen === id || seen === HAND_ID) behind[i] = 0;
    else count++;
  }
  return count > 0 ? behind : null;
}

/** Box of an id's pixels in an id map; null when there are none. */
export function boxOfId(idMap: ByteImage, id: number): PixelBox | null {
  const { widthPx, heightPx, data } = idMap;
  const box = { x0: widthPx, y0: heightPx, x1: 0, y1: 0 };
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      if (data[i] !== id) continue;
      box.x0 = Math.min(box.x0, x);
      box.x1 = Math.max(box.x1, x + 1);
      box.y0 = Math.min(box.y0, y);
      box.y1 = Math.max(box.y1, y + 1);
    }
  }
  return box.x1 > box.x0 ? box : null;
}

export function unionBox(a: PixelBox | null, b: PixelBox | null): PixelBox | null {
  if (a === null || b === null) return a ?? b;
  return {
    x0: Math.min(a.x0, b.x0),
    y0: Math.min(a.y0, b.y0),
    x1: Math.max(a.x1, b.x1),
    y1: Math.max(a.y1, b.y1),
  };
}
