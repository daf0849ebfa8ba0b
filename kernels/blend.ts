/** Front-to-back blending, one 4 x 2 px block after the other, all in vectors of four pixels. */
import {
  ALPHA_MAX,
  BAND_BYTES,
  BAND_ROW,
  BLOCK_BYTES,
  CHUNK,
  EXP_CUT,
  EXP_K,
  NUM_BLOCKS,
  Off,
  On,
  REC_COLOUR,
  REC_Z,
  T_HALF,
  TILE_H,
  TILE_W,
  WORD_SLOTS,
} from './layout';
import { CHUNK_BANDS, CHUNK_PLANES, CHUNK_RECORDS, gather, nextEntry } from './masks';

/** Accumulators of one tile, 64 blocks (see BLOCK_BYTES), for frames that keep no tile for a gradient. */
export const ONE_TILE: usize = memory.data(12288, 64);
/** z-depth of the opaque layer per block, two vectors each; infinite where there is none. */
export const LAYER: usize = memory.data(2048, 64);

/** Clears the accumulators. */
export function clearBlocks(blocks: usize): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let at = blocks; at < blocks + <usize>NUM_BLOCKS * BLOCK_BYTES; at += BLOCK_BYTES) {
    v128.store(at, one);
    v128.store(at, one, 16);
    for (let offset: usize = 32; offset < BLOCK_BYTES; offset += 16) v128.store(at + offset, zero);
  }
}

/** Blocks of the tile that lie inside the image (at least one pixel). */
export function blocksInside(x0: i32, y0: i32, width: i32, height: i32): u64 {
  const columns = min(8, (width - x0 + 3) >> 2);
  const rows = min(8, (height - y0 + 1) >> 1);
  let bits: u64 = 0;
  for (let r = 0; r < rows; r++) bits |= (<u64>((1 << columns) - 1)) << ((<u64>r) << 3);
  return bits;
}

/** For one column of the planes: bit k = entry k touches the block. `shift` brings the column's bit to the top of each byte. */
export function wordOf(a: v128, b: v128, c: v128, d: v128, shift: i32): u64 {
  const w0 = <u64>i8x16.bitmask(i16x8.shl(a, shift));
  const w1 = <u64>i8x16.bitmask(i16x8.shl(b, shift));
  const w2 = <u64>i8x16.bitmask(i16x8.shl(c, shift));
  const w3 = <u64>i8x16.bitmask(i16x8.shl(d, shift));
  return w0 | (w1 << 16) | (w2 << 32) | (w3 << 48);
}

/** Constants of the inner loop, one vector each: V8 builds a vector constant anew (three instructions) wherever it is used. */
export const CONSTANTS: usize = memory.data(80, 64);
export const CUT_AT: usize = 16;
export const LARGEST_AT: usize = 32;
const HALF_AT: usize = 48;
export const STOP_AT: usize = 64;

/** `stop`: transmittance below which a pixel takes nothing more. */
export function setConstants(stop: f32): void {
  v128.store(CONSTANTS, f32x4.splat(EXP_K));
  v128.store(CONSTANTS, f32x4.splat(EXP_CUT), CUT_AT);
  v128.store(CONSTANTS, f32x4.splat(ALPHA_MAX), LARGEST_AT);
  v128.store(CONSTANTS, f32x4.splat(T_HALF), HALF_AT);
  v128.store(CONSTANTS, f32x4.splat(stop), STOP_AT);
}

/** One lane everywhere. */
function lane0(v: v128): v128 {
  return i32x4.shuffle(v, v, 0, 0, 0, 0);
}
function lane1(v: v128): v128 {
  return i32x4.shuffle(v, v, 1, 1, 1, 1);
}
function lane2(v: v128): v128 {
  return i32x4.shuffle(v, v, 2, 2, 2, 2);
}
function lane3(v: v128): v128 {
  return i32x4.shuffle(v, v, 3, 3, 3, 3);
}

/** (s^2 + K)^16 = 2^p. */
export function power(s: v128, k: v128): v128 {
  let q = f32x4.add(f32x4.mul(s, s), k);
  q = f32x4.mul(q, q);
  q = f32x4.mul(q, q);
  q = f32x4.mul(q, q);
  return f32x4.mul(q, q);
}

/**
 * Blends the entries of `word` and then of `next` into a block until all its pixels are saturated; true while it takes more. The switches:
 * `Median` remembers the record at which T passes one half, `Depth` sums w z, `Layer` hides what lies behind the layer. `x`
 * holds the x of the four pixel columns. Two entries per round: the colours' sums do not fit the registers and are fetched
 * and put back half as often.
 */
function blendWord<Median, Depth, Layer>(
  word: u64,
  next: u64,
  block: usize,
  band: usize,
  x: v128,
  layer: usize,
  constants: usize,
): bool {
  let t0 = v128.load(block);
  let t1 = v128.load(block, 16);
  let r0 = v128.load(block, 32);
  let r1 = v128.load(block, 48);
  let g0 = v128.load(block, 64);
  let g1 = v128.load(block, 80);
  let b0 = v128.load(block, 96);
  let b1 = v128.load(block, 112);
  const stop = v128.load(constants, STOP_AT);
  let takesMore = true;
  let bands = CHUNK_BANDS + band;
  let records = CHUNK_RECORDS;
  if (word === 0) {
    word = next;
    next = 0;
    records += WORD_SLOTS << 2;
    bands += WORD_SLOTS * BAND_BYTES;
  }
  while (true) {
    do {
      const ka = <usize>ctz(word);
      word &= word - 1;
      const kb = <usize>ctz(word);
      word &= word - 1;
      const recordA = <usize>load<u32>(records + (ka << 2));
      const recordB = <usize>load<u32>(records + (kb << 2));
      const atA = bands + ka * BAND_BYTES;
      const atB = bands + kb * BAND_BYTES;

      const shapeA = v128.load(recordA);
      const dxA = f32x4.sub(x, lane0(shapeA));
      const sA0 = f32x4.add(
        f32x4.mul(f32x4.add(f32x4.mul(lane1(shapeA), dxA), v128.load32_splat(atA, BAND_ROW)), dxA),
        v128.load32_splat(atA),
      );
      const sA1 = f32x4.add(sA0, f32x4.add(f32x4.mul(lane2(shapeA), dxA), v128.load32_splat(atA, 2 * BAND_ROW)));
      const shapeB = v128.load(recordB);
      const dxB = f32x4.sub(x, lane0(shapeB));
      const sB0 = f32x4.add(
        f32x4.mul(f32x4.add(f32x4.mul(lane1(shapeB), dxB), v128.load32_splat(atB, BAND_ROW)), dxB),
        v128.load32_splat(atB),
      );
      const sB1 = f32x4.add(sB0, f32x4.add(f32x4.mul(lane2(shapeB), dxB), v128.load32_splat(atB, 2 * BAND_ROW)));

      const k = v128.load(constants);
      const cut = v128.load(constants, CUT_AT);
      const largest = v128.load(constants, LARGEST_AT);
      let insideA0 = f32x4.ge(sA0, cut);
      let insideA1 = f32x4.ge(sA1, cut);
      let insideB0 = f32x4.ge(sB0, cut);
      let insideB1 = f32x4.ge(sB1, cut);
      if (isInteger<Layer>()) {
        const zA = lane3(shapeA);
        const zB = lane3(shapeB);
        insideA0 = v128.and(insideA0, f32x4.lt(zA, v128.load(layer)));
        insideA1 = v128.and(insideA1, f32x4.lt(zA, v128.load(layer, 16)));
        insideB0 = v128.and(insideB0, f32x4.lt(zB, v128.load(layer)));
        insideB1 = v128.and(insideB1, f32x4.lt(zB, v128.load(layer, 16)));
      }
      const alphaA0 = v128.and(f32x4.pmin(power(sA0, k), largest), insideA0);
      const alphaA1 = v128.and(f32x4.pmin(power(sA1, k), largest), insideA1);
      const alphaB0 = v128.and(f32x4.pmin(power(sB0, k), largest), insideB0);
      const alphaB1 = v128.and(f32x4.pmin(power(sB1, k), largest), insideB1);
      const wA0 = f32x4.mul(alphaA0, t0);
      const wA1 = f32x4.mul(alphaA1, t1);
      const tA0 = f32x4.sub(t0, wA0);
      const tA1 = f32x4.sub(t1, wA1);
      const wB0 = f32x4.mul(alphaB0, tA0);
      const wB1 = f32x4.mul(alphaB1, tA1);
      if (isInteger<Median>()) {
        const half = v128.load(constants, HALF_AT);
        const idA = i32x4.splat(<i32>recordA);
        const idB = i32x4.splat(<i32>recordB);
        const m0 = v128.bitselect(idA, v128.load(block, 160), v128.and(insideA0, f32x4.gt(t0, half)));
        const m1 = v128.bitselect(idA, v128.load(block, 176), v128.and(insideA1, f32x4.gt(t1, half)));
        v128.store(block, v128.bitselect(idB, m0, v128.and(insideB0, f32x4.gt(tA0, half))), 160);
        v128.store(block, v128.bitselect(idB, m1, v128.and(insideB1, f32x4.gt(tA1, half))), 176);
      }
      t0 = f32x4.sub(tA0, wB0);
      t1 = f32x4.sub(tA1, wB1);
      const colourA = v128.load(recordA, REC_COLOUR);
      const colourB = v128.load(recordB, REC_COLOUR);
      const redA = lane0(colourA);
      const redB = lane0(colourB);
      r0 = f32x4.add(r0, f32x4.add(f32x4.mul(wA0, redA), f32x4.mul(wB0, redB)));
      r1 = f32x4.add(r1, f32x4.add(f32x4.mul(wA1, redA), f32x4.mul(wB1, redB)));
      const greenA = lane1(colourA);
      const greenB = lane1(colourB);
      g0 = f32x4.add(g0, f32x4.add(f32x4.mul(wA0, greenA), f32x4.mul(wB0, greenB)));
      g1 = f32x4.add(g1, f32x4.add(f32x4.mul(wA1, greenA), f32x4.mul(wB1, greenB)));
      const blueA = lane2(colourA);
      const blueB = lane2(colourB);
      b0 = f32x4.add(b0, f32x4.add(f32x4.mul(wA0, blueA), f32x4.mul(wB0, blueB)));
      b1 = f32x4.add(b1, f32x4.add(f32x4.mul(wA1, blueA), f32x4.mul(wB1, blueB)));
      if (isInteger<Depth>()) {
        const zA = lane3(shapeA);
        const zB = lane3(shapeB);
        v128.store(block, f32x4.add(v128.load(block, 128), f32x4.add(f32x4.mul(wA0, zA), f32x4.mul(wB0, zB))), 128);
        v128.store(block, f32x4.add(v128.load(block, 144), f32x4.add(f32x4.mul(wA1, zA), f32x4.mul(wB1, zB))), 144);
      }
      takesMore = v128.any_true(f32x4.gt(f32x4.pmax(t0, t1), stop));
    } while (word !== 0 && takesMore);
    if (next === 0 || !takesMore) break;
    word = next;
    next = 0;
    records += WORD_SLOTS << 2;
    bands += WORD_SLOTS * BAND_BYTES;
  }
  v128.store(block, t0);
  v128.store(block, t1, 16);
  v128.store(block, r0, 32);
  v128.store(block, r1, 48);
  v128.store(block, g0, 64);
  v128.store(block, g1, 80);
  v128.store(block, b0, 96);
  v128.store(block, b1, 112);
  return takesMore;
}

/** Draws two words into one block, with the median as long as a pixel is less than half covered. True while it takes more. */
function drawBlock<Labels, Depth, Layer>(word: u64, next: u64, block: usize, band: usize, x: v128, layer: usize): bool {
  if (isInteger<Labels>()) {
    const t = f32x4.pmax(v128.load(block), v128.load(block, 16));
    if (v128.any_true(f32x4.gt(t, v128.load(CONSTANTS, HALF_AT)))) {
      return blendWord<On, Depth, Layer>(word, next, block, band, x, layer, CONSTANTS);
    }
  }
  return blendWord<Off, Depth, Layer>(word, next, block, band, x, layer, CONSTANTS);
}

/** Slot of an entry of the chunk. */
function slotOf(entry: i32): usize {
  return <usize>(entry + (entry >> 6));
}

/** Draws the gathered chunk; returns the blocks that still take splats. */
function drawChunk<Labels, Depth, Layer>(blocks: usize, x0: f32, live: u64): u64 {
  const columns = f32x4(0.5, 1.5, 2.5, 3.5);
  for (let r = 0; r < 8; r++) {
    let rowLive = <i32>((live >> ((<u64>r) << 3)) & 0xff);
    if (rowLive === 0) continue;
    const plane = CHUNK_PLANES + ((<usize>r) << 7);
    const p0 = v128.load(plane);
    const p1 = v128.load(plane, 16);
    const p2 = v128.load(plane, 32);
    const p3 = v128.load(plane, 48);
    const p4 = v128.load(plane, 64);
    const p5 = v128.load(plane, 80);
    const p6 = v128.load(plane, 96);
    const p7 = v128.load(plane, 112);
    while (rowLive !== 0) {
      const c = ctz(rowLive);
      rowLive &= rowLive - 1;
      const word = wordOf(p0, p1, p2, p3, 7 - c);
      const next = wordOf(p4, p5, p6, p7, 7 - c);
      if ((word | next) === 0) continue;
      const index = <usize>((r << 3) + c);
      const x = f32x4.add(f32x4.splat(x0 + <f32>(c << 2)), columns);
      const takesMore = drawBlock<Labels, Depth, Layer>(
        word,
        next,
        blocks + index * BLOCK_BYTES,
        (<usize>r) << 2,
        x,
        LAYER + (index << 5),
      );
      if (!takesMore) live &= ~((<u64>1) << (<u64>index));
    }
  }
  return live;
}

/**
 * Draws the list [from, end) into the cleared accumulators at `blocks`. `labels`, `depth`: what is wanted besides colour. `layerMin`,
 * `layerMax`: nearest and farthest layer depth in the tile.
 */
export function drawTile(
  blocks: usize,
  from: usize,
  end: usize,
  tileX: i32,
  tileY: i32,
  width: i32,
  height: i32,
  labels: bool,
  depth: bool,
  layerMin: f32,
  layerMax: f32,
): void {
  const x0 = <f32>(tileX * TILE_W);
  const y0 = <f32>(tileY * TILE_H);
  let live = blocksInside(tileX * TILE_W, tileY * TILE_H, width, height);
  let at = from;
  while (at < end && live !== 0) {
    const count = gather(at, end, x0, y0, live, CHUNK);
    if (count === 0) break;
    at = nextEntry;
    const farthest = load<f32>(<usize>load<u32>(CHUNK_RECORDS + (slotOf(count - 1) << 2)), REC_Z);
    if (farthest < layerMin) {
      if (depth) live = drawChunk<On, On, Off>(blocks, x0, live);
      else if (labels) live = drawChunk<On, Off, Off>(blocks, x0, live);
      else live = drawChunk<Off, Off, Off>(blocks, x0, live);
    } else {
      const nearest = load<f32>(<usize>load<u32>(CHUNK_RECORDS), REC_Z);
      if (nearest >= layerMax) break;
      if (depth) live = drawChunk<On, On, On>(blocks, x0, live);
      else if (labels) live = drawChunk<On, Off, On>(blocks, x0, live);
      else live = drawChunk<Off, Off, On>(blocks, x0, live);
    }
  }
}
