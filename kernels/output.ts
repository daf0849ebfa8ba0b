/** From the accumulators of a tile to the pictures. */

import { LAYER } from './blend';
import { BLOCK_BYTES, T_HALF, TILE_H, TILE_W } from './layout';

/**
 * Addresses of the output pictures of one frame (0 = not wanted), each exactly width x height:
 * rgb [H, W, 3] f32 or u8, alpha f32, depth f32 (expected), label u8, median f32.
 * A layer's colours stand in `rgb` already (as u8, or as f32 0..1) and its depths in `layerDepth`.
 */
let rgbF32: usize = 0;
let rgbU8: usize = 0;
let alphaAt: usize = 0;
let depthAt: usize = 0;
let labelAt: usize = 0;
let medianAt: usize = 0;
let layerDepth: usize = 0;
let hasLayer: bool = false;

export function setOutputs(
  rgbFloats: usize,
  rgbBytes: usize,
  alpha: usize,
  depth: usize,
  label: usize,
  median: usize,
  layer: usize,
): void {
  rgbF32 = rgbFloats;
  rgbU8 = rgbBytes;
  alphaAt = alpha;
  depthAt = depth;
  labelAt = label;
  medianAt = median;
  layerDepth = layer;
  hasLayer = layer !== 0;
}

/** Nearest and farthest layer depth of the tile last loaded. */
export let layerMin: f32 = Infinity;
export let layerMax: f32 = Infinity;

/** Brings the layer's depths of a tile into LAYER, block by block; 0 becomes infinite. */
export function loadLayer(tileX: i32, tileY: i32, width: i32, height: i32): void {
  layerMin = Infinity;
  layerMax = Infinity;
  if (!hasLayer) return;
  layerMax = 0;
  const x0 = tileX * TILE_W;
  const y0 = tileY * TILE_H;
  for (let y = y0; y < min(y0 + TILE_H, height); y++) {
    const row = layerDepth + ((<usize>(y * width)) << 2);
    for (let x = x0; x < min(x0 + TILE_W, width); x++) {
      let z = load<f32>(row + ((<usize>x) << 2));
      if (!(z > 0)) z = Infinity;
      layerMin = min(layerMin, z);
      layerMax = max(layerMax, z);
      const block = (<usize>((((y - y0) >> 1) << 3) + ((x - x0) >> 2))) << 5;
      store<f32>(LAYER + block + ((<usize>(((y - y0) & 1) << 2) + ((x - x0) & 3)) << 2), z);
    }
  }
}

/** u8 of 0..1, rounded. */
function toByte(value: f32): u32 {
  return <u32>(min<f32>(max<f32>(value, 0), 1) * 255 + 0.5);
}

/** Writes the finished tile. */
export function writeTile(blocks: usize, tileX: i32, tileY: i32, width: i32, height: i32): void {
  const x0 = tileX * TILE_W;
  const y0 = tileY * TILE_H;
  for (let y = y0; y < min(y0 + TILE_H, height); y++) {
    for (let x = x0; x < min(x0 + TILE_W, width); x += 4) {
      const block =
        blocks + <usize>((((y - y0) >> 1) << 3) + ((x - x0) >> 2)) * BLOCK_BYTES + ((<usize>((y - y0) & 1)) << 4);
      const pixel = <usize>(y * width + x);
      const n = min(4, width - x);
      // Blocks that nothing touched keep what was there: the layer, or zeros.
      if (i32x4.all_true(f32x4.eq(v128.load(block), f32x4.splat(1)))) continue;
      for (let k: usize = 0; k < <usize>n; k++) writePixel(block + (k << 2), pixel + k);
    }
  }
}

function writePixel(at: usize, pixel: usize): void {
  const t = load<f32>(at);
  const alpha: f32 = <f32>1 - t;
  if (rgbU8 !== 0) {
    const to = rgbU8 + pixel * 3;
    const k = hasLayer ? t * <f32>(1.0 / 255) : 0;
    const r = load<f32>(at, 32) + k * <f32>load<u8>(to);
    const g = load<f32>(at, 64) + k * <f32>load<u8>(to, 1);
    const b = load<f32>(at, 96) + k * <f32>load<u8>(to, 2);
    store<u8>(to, toByte(r));
    store<u8>(to, toByte(g), 1);
    store<u8>(to, toByte(b), 2);
  } else {
    const to = rgbF32 + pixel * 12;
    const k = hasLayer ? t : 0;
    store<f32>(to, load<f32>(at, 32) + k * load<f32>(to));
    store<f32>(to, load<f32>(at, 64) + k * load<f32>(to, 4), 4);
    store<f32>(to, load<f32>(at, 96) + k * load<f32>(to, 8), 8);
  }
  if (alphaAt !== 0) store<f32>(alphaAt + (pixel << 2), alpha);
  if (labelAt !== 0 && t <= T_HALF) {
    const record = <usize>load<u32>(at, 160);
    store<u8>(labelAt + pixel, load<u8>(record, 52));
    store<f32>(medianAt + (pixel << 2), load<f32>(record, 36));
  }
  if (depthAt !== 0 && (t <= T_HALF || (!hasLayer && alpha >= <f32>(1.0 / 255)))) {
    store<f32>(depthAt + (pixel << 2), load<f32>(at, 128) / alpha);
  }
}

/** rgb f32 = u8 / 255, `count` values. */
export function bytesToFloats(from: usize, to: usize, count: i32): void {
  const k = f32x4.splat(1.0 / 255);
  let i = 0;
  for (; i + 16 <= count; i += 16) {
    const bytes = v128.load(from + <usize>i);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    const at = to + ((<usize>i) << 2);
    v128.store(at, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(low)), k));
    v128.store(at, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(low)), k), 16);
    v128.store(at, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(high)), k), 32);
    v128.store(at, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(high)), k), 48);
  }
  for (; i < count; i++) store<f32>(to + ((<usize>i) << 2), <f32>load<u8>(from + <usize>i) * <f32>(1.0 / 255));
}
