/** From the accumulators of a tile to the pictures, and the layer's depths into the tile. */
import { LAYER } from './blend';
import { BLOCK_BYTES, MAGIC, REC_OWNER, REC_Z, SOFT, SOLID, T_HALF, TILE_H, TILE_W } from './layout';

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

/** Are 8-bit pictures made solid (see SOLID)? */
export let isSolid: bool = false;

export function setOutputs(
  rgbFloats: usize,
  rgbBytes: usize,
  alpha: usize,
  depth: usize,
  label: usize,
  median: usize,
  layer: usize,
  solid: bool,
): void {
  rgbF32 = rgbFloats;
  rgbU8 = rgbBytes;
  alphaAt = alpha;
  depthAt = depth;
  labelAt = label;
  medianAt = median;
  layerDepth = layer;
  hasLayer = layer !== 0;
  isSolid = solid;
}

/** Nearest and farthest layer depth of the tile last loaded. */
export let layerMin: f32 = Infinity;
export let layerMax: f32 = Infinity;

/** Four pixels that may hang over the right edge are taken and put one by one through here. */
const EDGE: usize = memory.data(64, 16);

/** Brings the layer's depths of a tile into LAYER, block by block; 0 becomes infinite. */
export function loadLayer(tileX: i32, tileY: i32, width: i32, height: i32): void {
  layerMin = Infinity;
  layerMax = Infinity;
  if (!hasLayer) return;
  const x0 = tileX * TILE_W;
  const y0 = tileY * TILE_H;
  const infinite = f32x4.splat(Infinity);
  const zero = f32x4.splat(0);
  let nearest = infinite;
  let farthest = zero;
  for (let y = y0; y < min(y0 + TILE_H, height); y++) {
    const row = layerDepth + ((<usize>(y * width)) << 2);
    const to = LAYER + ((<usize>((y - y0) >> 1)) << 8) + ((<usize>((y - y0) & 1)) << 4);
    for (let x = x0; x < min(x0 + TILE_W, width); x += 4) {
      let z: v128;
      if (x + 4 <= width) {
        z = v128.load(row + ((<usize>x) << 2));
      } else {
        // Outside the image the last pixel is repeated, which leaves nearest and farthest as they are.
        for (let k = 0; k < 4; k++) {
          store<f32>(EDGE + ((<usize>k) << 2), load<f32>(row + ((<usize>min(x + k, width - 1)) << 2)));
        }
        z = v128.load(EDGE);
      }
      z = v128.bitselect(z, infinite, f32x4.gt(z, zero));
      nearest = f32x4.pmin(nearest, z);
      farthest = f32x4.pmax(farthest, z);
      v128.store(to + ((<usize>(x - x0)) << 3), z);
    }
  }
  layerMin = leastLane(nearest);
  layerMax = -leastLane(f32x4.neg(farthest));
}

function leastLane(v: v128): f32 {
  const pair = f32x4.pmin(v, i64x2.shuffle(v, v, 1, 0));
  return min<f32>(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
}

/** Writes the finished tile. Pixels that nothing touched keep what was there: the layer, or zeros. */
export function writeTile(blocks: usize, tileX: i32, tileY: i32, width: i32, height: i32): void {
  const x0 = tileX * TILE_W;
  const y0 = tileY * TILE_H;
  for (let y = y0; y < min(y0 + TILE_H, height); y++) {
    for (let x = x0; x < min(x0 + TILE_W, width); x += 4) {
      const index = <usize>((((y - y0) >> 1) << 3) + ((x - x0) >> 2));
      const block = blocks + index * BLOCK_BYTES + ((<usize>((y - y0) & 1)) << 4);
      const t = v128.load(block);
      if (i32x4.all_true(f32x4.eq(t, f32x4.splat(1)))) continue;
      const pixel = <usize>(y * width + x);
      const count = <usize>min(4, width - x);
      if (rgbU8 !== 0) writeBytes(t, block, rgbU8 + pixel * 3, count);
      else writeFloats(t, block, rgbF32 + pixel * 12, count);
      if (alphaAt !== 0) put(alphaAt + (pixel << 2), f32x4.sub(f32x4.splat(1), t), count);
      if (depthAt !== 0) writeDepth(t, block, depthAt + (pixel << 2), count);
      if (labelAt !== 0) writeLabels(block, pixel, count);
    }
  }
}

/** Stores the first `count` lanes. */
function put(to: usize, v: v128, count: usize): void {
  if (count === 4) {
    v128.store(to, v);
    return;
  }
  v128.store(EDGE, v);
  memory.copy(to, EDGE, count << 2);
}

/** Lane k = byte 3k + c of the twelve colour bytes. */
function channel(bytes: v128, order: v128): v128 {
  return f32x4.convert_i32x4_s(i8x16.swizzle(bytes, order));
}

/** 0..255 rounded, in the low byte of each lane. */
function toBytes(value: v128): v128 {
  const limited = f32x4.pmin(f32x4.pmax(value, f32x4.splat(0)), f32x4.splat(255));
  return v128.and(f32x4.add(limited, f32x4.splat(MAGIC)), i32x4.splat(0xff));
}

function writeBytes(transmittance: v128, block: usize, to: usize, count: usize): void {
  let t = transmittance;
  let full = f32x4.splat(255);
  if (isSolid) {
    const ramp = f32x4.mul(f32x4.sub(t, f32x4.splat(SOLID)), f32x4.splat(SOFT / (SOFT - SOLID)));
    t = f32x4.pmax(f32x4.pmin(ramp, t), f32x4.splat(0));
    // What was covered fills what now counts as covered; no pixel without any coverage is divided by 0.
    const covered = f32x4.pmax(f32x4.sub(f32x4.splat(1), transmittance), f32x4.splat(1e-6));
    full = f32x4.mul(full, f32x4.div(f32x4.sub(f32x4.splat(1), t), covered));
  }
  let r = f32x4.mul(v128.load(block, 32), full);
  let g = f32x4.mul(v128.load(block, 64), full);
  let b = f32x4.mul(v128.load(block, 96), full);
  if (hasLayer) {
    const behind = v128.load(to);
    r = f32x4.add(r, f32x4.mul(t, channel(behind, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1))));
    g = f32x4.add(g, f32x4.mul(t, channel(behind, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1))));
    b = f32x4.add(b, f32x4.mul(t, channel(behind, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1))));
  }
  const packed = v128.or(toBytes(r), v128.or(i32x4.shl(toBytes(g), 8), i32x4.shl(toBytes(b), 16)));
  const bytes = i8x16.swizzle(packed, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  if (count === 4) {
    v128.store64_lane(to, bytes, 0);
    v128.store32_lane(to, bytes, 2, 8);
    return;
  }
  v128.store(EDGE, bytes);
  memory.copy(to, EDGE, count * 3);
}

function writeFloats(t: v128, block: usize, to: usize, count: usize): void {
  const r = v128.load(block, 32);
  const g = v128.load(block, 64);
  const b = v128.load(block, 96);
  // [r0 g0 b0 r1] [g1 b1 r2 g2] [b2 r3 g3 b3]
  const low = i32x4.shuffle(r, g, 0, 4, 1, 5);
  const high = i32x4.shuffle(r, g, 2, 6, 3, 7);
  let v0 = i32x4.shuffle(low, b, 0, 1, 4, 2);
  let v1 = i32x4.shuffle(i32x4.shuffle(low, b, 3, 5, 3, 5), high, 0, 1, 4, 5);
  let v2 = i32x4.shuffle(high, b, 6, 2, 3, 7);
  const from = count === 4 ? to : EDGE;
  if (count < 4) memory.copy(EDGE, to, count * 12);
  if (hasLayer) {
    v0 = f32x4.add(v0, f32x4.mul(i32x4.shuffle(t, t, 0, 0, 0, 1), v128.load(from)));
    v1 = f32x4.add(v1, f32x4.mul(i32x4.shuffle(t, t, 1, 1, 2, 2), v128.load(from, 16)));
    v2 = f32x4.add(v2, f32x4.mul(i32x4.shuffle(t, t, 2, 3, 3, 3), v128.load(from, 32)));
  }
  v128.store(from, v0);
  v128.store(from, v1, 16);
  v128.store(from, v2, 32);
  if (count < 4) memory.copy(to, EDGE, count * 12);
}

/** Expected depth where the Gaussians count: covered pixels over a layer, all pixels with a visible alpha without one. */
function writeDepth(t: v128, block: usize, to: usize, count: usize): void {
  const alpha = f32x4.sub(f32x4.splat(1), t);
  const counts = hasLayer ? f32x4.le(t, f32x4.splat(T_HALF)) : f32x4.ge(alpha, f32x4.splat(1.0 / 255));
  if (!v128.any_true(counts)) return;
  const depth = f32x4.div(v128.load(block, 128), alpha);
  if (count < 4) memory.copy(EDGE, to, count << 2);
  const behind = v128.load(count === 4 ? to : EDGE);
  put(to, v128.bitselect(depth, behind, counts), count);
}

function writeLabels(block: usize, pixel: usize, count: usize): void {
  for (let k: usize = 0; k < count; k++) {
    const at = block + (k << 2);
    if (load<f32>(at) > T_HALF) continue;
    const record = <usize>load<u32>(at, 160);
    store<u8>(labelAt + pixel + k, load<u8>(record, REC_OWNER));
    store<f32>(medianAt + ((pixel + k) << 2), load<f32>(record, REC_Z));
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

/** Depth behind the Gaussians as it is shown: the layer's, with 0 for infinitely far. Room for 3 more values is needed. */
export function layerToDepth(from: usize, to: usize, count: i32): void {
  const infinite = f32x4.splat(Infinity);
  for (let i = 0; i < count; i += 4) {
    const z = v128.load(from + ((<usize>i) << 2));
    v128.store(to + ((<usize>i) << 2), v128.and(z, f32x4.lt(z, infinite)));
  }
}
