/**
 * Gradients of what was drawn, per visible Gaussian on the screen: a second front-to-back pass over the same lists with the
 * final sums of the forward pass. With q = rgb . dL/drgb + dL/dalpha + z dL/ddepthSum, Q the weighted sum of q over the pixel
 * and P its running part: dL/dalpha_i = T_i q_i - (Q - P_i) / (1 - alpha_i).
 */
import { blocksInside, CONSTANTS, CUT_AT, LARGEST_AT, LAYER, power, STOP_AT, wordOf } from './blend';
import {
  BAND_BYTES,
  BAND_ROW,
  BLOCK_BYTES,
  NUM_BLOCKS,
  Off,
  On,
  REC_COLOUR,
  REC_CY,
  REC_Z,
  TILE_H,
  TILE_W,
  WORD,
} from './layout';
import { CHUNK_BANDS, CHUNK_PLANES, CHUNK_RECORDS, gather, nextEntry } from './masks';

/** Per block: [T, rest, dL/dr, dL/dg, dL/db, dL/dalpha, dL/ddepthSum] x two rows of four pixels; rest is Q - P. */
const BACK_BYTES: usize = 224;
const BACK: usize = memory.data(14336, 64);
/**
 * Per entry of the chunk, vectors to be summed over their lanes, with G = dL/d(power) and d = pixel - mean:
 * G, G dx, G dy, G dx^2, G dx dy, G dy^2, w dL/ddepthSum, (unused), then w dL/drgb x 3, (unused).
 */
const SUM_BYTES: usize = 192;
const SUMS: usize = memory.data(12288, 64);

let gradRgb: usize = 0;
let gradAlpha: usize = 0;
let gradDepth: usize = 0;

/** Gradient pictures of the loss: [H, W, 3], [H, W], [H, W] f32; the last may be 0 (absent). */
export function setGradients(rgb: usize, alpha: usize, depthSum: usize): void {
  gradRgb = rgb;
  gradAlpha = alpha;
  gradDepth = depthSum;
}

/** Brings the loss gradients of the tile into blocks and computes Q from the forward sums at `blocks`. */
function loadGradients(blocks: usize, x0: i32, y0: i32, width: i32, height: i32): void {
  memory.fill(BACK, 0, <usize>NUM_BLOCKS * BACK_BYTES);
  const right = min(x0 + TILE_W, width);
  for (let y = y0; y < min(y0 + TILE_H, height); y++) {
    for (let x = x0; x < right; x++) {
      const pixel = <usize>(y * width + x);
      const index = <usize>((((y - y0) >> 1) << 3) + ((x - x0) >> 2));
      const lane = <usize>(((((y - y0) & 1) << 2) + ((x - x0) & 3)) << 2);
      const at = BACK + index * BACK_BYTES + lane;
      const from = blocks + index * BLOCK_BYTES + lane;
      const red = load<f32>(gradRgb + pixel * 12);
      const green = load<f32>(gradRgb + pixel * 12, 4);
      const blue = load<f32>(gradRgb + pixel * 12, 8);
      const alpha = load<f32>(gradAlpha + (pixel << 2));
      const depth: f32 = gradDepth !== 0 ? load<f32>(gradDepth + (pixel << 2)) : 0;
      store<f32>(at, 1);
      store<f32>(
        at,
        load<f32>(from, 32) * red +
          load<f32>(from, 64) * green +
          load<f32>(from, 96) * blue +
          (<f32>1 - load<f32>(from)) * alpha +
          load<f32>(from, 128) * depth,
        32,
      );
      store<f32>(at, red, 64);
      store<f32>(at, green, 96);
      store<f32>(at, blue, 128);
      store<f32>(at, alpha, 160);
      store<f32>(at, depth, 192);
    }
  }
}

function accumulate(at: usize, value: v128): void {
  v128.store(at, f32x4.add(v128.load(at), value));
}

/** Backward pass of the entries of `word` in one block; `y` is the centre of its upper row. True while it takes more. */
function backWord<Layer, Colour>(word: u64, block: usize, band: usize, x: v128, y: f32, layer: usize): bool {
  let t0 = v128.load(block);
  let t1 = v128.load(block, 16);
  let rest0 = v128.load(block, 32);
  let rest1 = v128.load(block, 48);
  const one = f32x4.splat(1);
  let alive = true;
  while (word !== 0) {
    const k = <usize>ctz(word);
    word &= word - 1;
    const record = <usize>load<u32>(CHUNK_RECORDS + (k << 2));
    const at = CHUNK_BANDS + band + k * BAND_BYTES;
    const dx = f32x4.sub(x, v128.load32_splat(record));
    const s0 = f32x4.add(
      f32x4.mul(f32x4.add(f32x4.mul(v128.load32_splat(record, 4), dx), v128.load32_splat(at, BAND_ROW)), dx),
      v128.load32_splat(at),
    );
    const s1 = f32x4.add(
      s0,
      f32x4.add(f32x4.mul(v128.load32_splat(record, 8), dx), v128.load32_splat(at, 2 * BAND_ROW)),
    );
    const k2 = v128.load(CONSTANTS);
    const largest = v128.load(CONSTANTS, LARGEST_AT);
    const q0 = power(s0, k2);
    const q1 = power(s1, k2);
    const z = v128.load32_splat(record, REC_Z);
    let inside0 = f32x4.ge(s0, v128.load(CONSTANTS, CUT_AT));
    let inside1 = f32x4.ge(s1, v128.load(CONSTANTS, CUT_AT));
    if (isInteger<Layer>()) {
      inside0 = v128.and(inside0, f32x4.lt(z, v128.load(layer)));
      inside1 = v128.and(inside1, f32x4.lt(z, v128.load(layer, 16)));
    }
    const alpha0 = v128.and(f32x4.pmin(q0, largest), inside0);
    const alpha1 = v128.and(f32x4.pmin(q1, largest), inside1);
    const w0 = f32x4.mul(alpha0, t0);
    const w1 = f32x4.mul(alpha1, t1);
    const red = v128.load32_splat(record, REC_COLOUR);
    const green = v128.load32_splat(record, REC_COLOUR + 4);
    const blue = v128.load32_splat(record, REC_COLOUR + 8);
    const value0 = f32x4.add(
      f32x4.add(f32x4.mul(red, v128.load(block, 64)), f32x4.mul(green, v128.load(block, 96))),
      f32x4.add(
        f32x4.mul(blue, v128.load(block, 128)),
        f32x4.add(v128.load(block, 160), f32x4.mul(z, v128.load(block, 192))),
      ),
    );
    const value1 = f32x4.add(
      f32x4.add(f32x4.mul(red, v128.load(block, 80)), f32x4.mul(green, v128.load(block, 112))),
      f32x4.add(
        f32x4.mul(blue, v128.load(block, 144)),
        f32x4.add(v128.load(block, 176), f32x4.mul(z, v128.load(block, 208))),
      ),
    );
    rest0 = f32x4.sub(rest0, f32x4.mul(w0, value0));
    rest1 = f32x4.sub(rest1, f32x4.mul(w1, value1));
    t0 = f32x4.sub(t0, w0);
    t1 = f32x4.sub(t1, w1);
    // alpha dL/dalpha = alpha T q - rest alpha / (1 - alpha), where alpha / (1 - alpha) = w / T afterwards; a clamped alpha does not move.
    let g0 = f32x4.mul(w0, f32x4.sub(value0, f32x4.div(rest0, t0)));
    let g1 = f32x4.mul(w1, f32x4.sub(value1, f32x4.div(rest1, t1)));
    g0 = v128.and(g0, f32x4.lt(q0, largest));
    g1 = v128.and(g1, f32x4.lt(q1, largest));
    const dy = f32x4.splat(y - load<f32>(record, REC_CY));
    const sum = f32x4.add(g0, g1);
    const sumX = f32x4.mul(sum, dx);
    const sumY = f32x4.add(f32x4.mul(sum, dy), g1);
    const to = SUMS + k * SUM_BYTES;
    accumulate(to, sum);
    accumulate(to + 16, sumX);
    accumulate(to + 32, sumY);
    accumulate(to + 48, f32x4.mul(sumX, dx));
    accumulate(to + 64, f32x4.mul(sumY, dx));
    // sum of G dy^2 = dy (dy (G0 + G1) + G1) + G1 (dy + 1).
    accumulate(to + 80, f32x4.add(f32x4.mul(sumY, dy), f32x4.mul(g1, f32x4.add(dy, one))));
    accumulate(to + 96, f32x4.add(f32x4.mul(w0, v128.load(block, 192)), f32x4.mul(w1, v128.load(block, 208))));
    if (isInteger<Colour>()) {
      accumulate(to + 128, f32x4.add(f32x4.mul(w0, v128.load(block, 64)), f32x4.mul(w1, v128.load(block, 80))));
      accumulate(to + 144, f32x4.add(f32x4.mul(w0, v128.load(block, 96)), f32x4.mul(w1, v128.load(block, 112))));
      accumulate(to + 160, f32x4.add(f32x4.mul(w0, v128.load(block, 128)), f32x4.mul(w1, v128.load(block, 144))));
    }
    alive = v128.any_true(f32x4.gt(f32x4.pmax(t0, t1), v128.load(CONSTANTS, STOP_AT)));
    if (!alive) break;
  }
  v128.store(block, t0);
  v128.store(block, t1, 16);
  v128.store(block, rest0, 32);
  v128.store(block, rest1, 48);
  return alive;
}

function backChunk<Layer, Colour>(x0: f32, y0: f32, live: u64): u64 {
  const columns = f32x4(0.5, 1.5, 2.5, 3.5);
  for (let r = 0; r < 8; r++) {
    let rowLive = <i32>((live >> ((<u64>r) << 3)) & 0xff);
    if (rowLive === 0) continue;
    const plane = CHUNK_PLANES + ((<usize>r) << 7);
    const p0 = v128.load(plane);
    const p1 = v128.load(plane, 16);
    const p2 = v128.load(plane, 32);
    const p3 = v128.load(plane, 48);
    const y = y0 + <f32>(r << 1) + <f32>0.5;
    while (rowLive !== 0) {
      const c = ctz(rowLive);
      rowLive &= rowLive - 1;
      const word = wordOf(p0, p1, p2, p3, 7 - c);
      if (word === 0) continue;
      const index = <usize>((r << 3) + c);
      const x = f32x4.add(f32x4.splat(x0 + <f32>(c << 2)), columns);
      const block = BACK + index * BACK_BYTES;
      const takesMore = backWord<Layer, Colour>(word, block, (<usize>r) << 2, x, y, LAYER + (index << 5));
      if (!takesMore) live &= ~((<u64>1) << (<u64>index));
    }
  }
  return live;
}

/** Sums of four vectors over their lanes, as one vector. */
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return f32x4.add(i64x2.shuffle(ab, cd, 0, 2), i64x2.shuffle(ab, cd, 1, 3));
}

/** Adds the chunk's sums to the gradients of their Gaussians: 16 f32 per record (12 used, in the order of SUM_BYTES). */
function flush<Colour>(count: i32, records: usize, gradients: usize): void {
  for (let k: usize = 0; k < <usize>count; k++) {
    const from = SUMS + k * SUM_BYTES;
    const to = gradients + (<usize>load<u32>(CHUNK_RECORDS + (k << 2)) - records);
    accumulate(to, sumLanes(v128.load(from), v128.load(from, 16), v128.load(from, 32), v128.load(from, 48)));
    accumulate(to + 16, sumLanes(v128.load(from, 64), v128.load(from, 80), v128.load(from, 96), v128.load(from, 112)));
    if (isInteger<Colour>()) {
      accumulate(
        to + 32,
        sumLanes(v128.load(from, 128), v128.load(from, 144), v128.load(from, 160), v128.load(from, 176)),
      );
    }
  }
}

/** Backward pass of one tile. `blocks` holds its sums from the forward pass. */
export function backTile(
  from: usize,
  end: usize,
  tileX: i32,
  tileY: i32,
  width: i32,
  height: i32,
  blocks: usize,
  records: usize,
  gradients: usize,
  colour: bool,
  layerMin: f32,
  layerMax: f32,
): void {
  const x0 = tileX * TILE_W;
  const y0 = tileY * TILE_H;
  loadGradients(blocks, x0, y0, width, height);
  let live = blocksInside(x0, y0, width, height);
  let at = from;
  while (at < end && live !== 0) {
    const count = gather(at, end, <f32>x0, <f32>y0, live, WORD);
    if (count === 0) break;
    at = nextEntry;
    const nearest = load<f32>(<usize>load<u32>(CHUNK_RECORDS), REC_Z);
    if (nearest >= layerMax) break;
    memory.fill(SUMS, 0, <usize>count * SUM_BYTES);
    const hasLayer = layerMin !== Infinity;
    if (colour) {
      live = hasLayer ? backChunk<On, On>(<f32>x0, <f32>y0, live) : backChunk<Off, On>(<f32>x0, <f32>y0, live);
      flush<On>(count, records, gradients);
    } else {
      live = hasLayer ? backChunk<On, Off>(<f32>x0, <f32>y0, live) : backChunk<Off, Off>(<f32>x0, <f32>y0, live);
      flush<Off>(count, records, gradients);
    }
  }
}
