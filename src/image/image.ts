/** Images as flat typed arrays, row-major from the top-left; pixel (x, y) has its centre at (x + 0.5, y + 0.5). */

/** [H, W, 3] u8, sRGB. */
export interface RgbImage {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array;
}

/** [H, W] u8: 0 / 1 masks, id maps, 8-bit grey. */
export interface ByteImage {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array;
}

/** [H, W] f32: grey levels, z-depth in metres (0 = none), distances. */
export interface FloatImage {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Float32Array;
}

export function createRgb(
  widthPx: number,
  heightPx: number,
  data: Uint8Array = new Uint8Array(widthPx * heightPx * 3),
): RgbImage {
  checkLength('rgb image', data.length, widthPx * heightPx * 3);
  return { widthPx, heightPx, data };
}

export function createBytes(
  widthPx: number,
  heightPx: number,
  data: Uint8Array = new Uint8Array(widthPx * heightPx),
): ByteImage {
  checkLength('byte image', data.length, widthPx * heightPx);
  return { widthPx, heightPx, data };
}

export function createFloats(
  widthPx: number,
  heightPx: number,
  data: Float32Array = new Float32Array(widthPx * heightPx),
): FloatImage {
  checkLength('float image', data.length, widthPx * heightPx);
  return { widthPx, heightPx, data };
}

function checkLength(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`${what}: ${actual} values, expected ${expected}`);
}

/** Mask of the pixels of an id map that carry `id`. */
export function maskOf(idMap: ByteImage, id: number): ByteImage {
  const mask = createBytes(idMap.widthPx, idMap.heightPx);
  for (let i = 0; i < mask.data.length; i++) mask.data[i] = idMap.data[i] === id ? 1 : 0;
  return mask;
}

/** Half-open pixel box [x0, x1) x [y0, y1). */
export interface PixelBox {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Tight box, pixel count and centroid (pixel-centre coordinates) of a mask's non-zero pixels; null when empty. */
export function maskMoments(mask: ByteImage): { box: PixelBox; area: number; cx: number; cy: number } | null {
  const { widthPx, heightPx, data } = mask;
  let area = 0;
  let sumX = 0;
  let sumY = 0;
  const box = { x0: widthPx, y0: heightPx, x1: 0, y1: 0 };
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      if (data[i] === 0) continue;
      area++;
      sumX += x + 0.5;
      sumY += y + 0.5;
      if (x < box.x0) box.x0 = x;
      if (x >= box.x1) box.x1 = x + 1;
      if (y < box.y0) box.y0 = y;
      if (y >= box.y1) box.y1 = y + 1;
    }
  }
  return area === 0 ? null : { box, area, cx: sumX / area, cy: sumY / area };
}
