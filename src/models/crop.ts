/** Pictures as networks want them: cut, turned, scaled, normalised, in the right order of channels. */
import type { RgbImage } from '../image/image.js';
import type { Tensor } from './runtime.js';

/**
 * Maps crop pixels to picture pixels: x' = a x + b y + tx, y' = c x + d y + ty. Pixel centres at +0.5 on both sides.
 */
export interface CropMap {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly tx: number;
  readonly ty: number;
}

/** A square crop of `sizePx` about (cx, cy) with side `sidePx` in the picture, turned by `angleRad` (clockwise in the picture). */
export function squareCrop(cx: number, cy: number, sidePx: number, angleRad: number, sizePx: number): CropMap {
  const s = sidePx / sizePx;
  const cos = s * Math.cos(angleRad);
  const sin = s * Math.sin(angleRad);
  const half = sizePx / 2;
  return { a: cos, b: -sin, c: sin, d: cos, tx: cx - half * (cos - sin), ty: cy - half * (sin + cos) };
}

/** The whole picture, stretched to the crop's size. */
export function stretched(image: RgbImage, widthPx: number, heightPx: number): CropMap {
  return { a: image.widthPx / widthPx, b: 0, c: 0, d: image.heightPx / heightPx, tx: 0, ty: 0 };
}

/** The whole picture in the top-left corner, its shape kept; `scale` is crop pixels per picture pixel. */
export function letterboxed(image: RgbImage, sizePx: number): CropMap & { scale: number } {
  const scale = Math.min(sizePx / image.widthPx, sizePx / image.heightPx);
  // Whole pixels, so that the padding begins where the picture ends.
  const w = Math.floor(image.widthPx * scale);
  const h = Math.floor(image.heightPx * scale);
  return { a: image.widthPx / w, b: 0, c: 0, d: image.heightPx / h, tx: 0, ty: 0, scale };
}

export function mapPoint(m: CropMap, x: number, y: number): [number, number] {
  return [m.a * x + m.b * y + m.tx, m.c * x + m.d * y + m.ty];
}

/** How bytes become numbers: (v - mean) / deviation per channel (of R, G, B). */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
  readonly order: 'rgb' | 'bgr';
  readonly layout: 'nchw' | 'nhwc';
  /** Colour outside the picture, as bytes R, G, B. */
  readonly outside: readonly [number, number, number];
}

const three = (v: number): [number, number, number] => [v, v, v];
/** v / 255. */
export const ZERO_TO_ONE: Normalisation = {
  mean: three(0),
  deviation: three(255),
  order: 'rgb',
  layout: 'nchw',
  outside: three(0),
};
/** v / 127.5 - 1. */
export const MINUS_ONE_TO_ONE: Normalisation = { ...ZERO_TO_ONE, mean: three(127.5), deviation: three(127.5) };
/** BGR bytes as they are. */
export const BGR_BYTES: Normalisation = { ...ZERO_TO_ONE, deviation: three(1), order: 'bgr' };
/** Mean and deviation of ImageNet. */
export const IMAGENET: Normalisation = {
  ...ZERO_TO_ONE,
  mean: [123.675, 116.28, 103.53],
  deviation: [58.395, 57.12, 57.375],
};

/** Bilinear crop as a tensor [1, 3, H, W] or [1, H, W, 3], f32. */
export function cropTensor(
  image: RgbImage,
  map: CropMap,
  widthPx: number,
  heightPx: number,
  norm: Normalisation,
): Tensor & { data: Float32Array } {
  const { widthPx: W, heightPx: H, data: src } = image;
  const plane = widthPx * heightPx;
  const planar = norm.layout === 'nchw';
  const data = new Float32Array(3 * plane);
  const channels = norm.order === 'rgb' ? [0, 1, 2] : [2, 1, 0];
  for (let y = 0, o = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, o++) {
      const u = map.a * (x + 0.5) + map.b * (y + 0.5) + map.tx - 0.5;
      const v = map.c * (x + 0.5) + map.d * (y + 0.5) + map.ty - 0.5;
      const inside = u > -1 && v > -1 && u < W && v < H;
      const x0 = Math.floor(u);
      const y0 = Math.floor(v);
      const fx = u - x0;
      const fy = v - y0;
      const left = Math.max(0, x0);
      const right = Math.min(W - 1, x0 + 1);
      const top = Math.max(0, y0) * W;
      const bottom = Math.min(H - 1, y0 + 1) * W;
      for (let k = 0; k < 3; k++) {
        const c = channels[k];
        let value = norm.outside[c];
        if (inside) {
          const upper = src[3 * (top + left) + c] * (1 - fx) + src[3 * (top + right) + c] * fx;
          const lower = src[3 * (bottom + left) + c] * (1 - fx) + src[3 * (bottom + right) + c] * fx;
          value = upper * (1 - fy) + lower * fy;
        }
        data[planar ? k * plane + o : 3 * o + k] = (value - norm.mean[c]) / norm.deviation[c];
      }
    }
  }
  return { shape: planar ? [1, 3, heightPx, widthPx] : [1, heightPx, widthPx, 3], data };
}

/** Intersection over union of two boxes. */
export function boxIou(a: Box, b: Box): number {
  const w = Math.min(a.x1, b.x1) - Math.max(a.x0, b.x0);
  const h = Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0);
  if (w <= 0 || h <= 0) return 0;
  const area = (box: Box): number => (box.x1 - box.x0) * (box.y1 - box.y0);
  return (w * h) / (area(a) + area(b) - w * h);
}

export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** Non-maximum suppression: best score first, without those that overlap a better one by more than `maxIou`. */
export function suppress<T extends Box & { score: number }>(found: readonly T[], maxIou: number): T[] {
  const kept: T[] = [];
  for (const box of [...found].sort((p, q) => q.score - p.score)) {
    if (kept.every((other) => boxIou(box, other) <= maxIou)) kept.push(box);
  }
  return kept;
}

export const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
