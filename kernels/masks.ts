/** Which 4 x 2 px blocks of a tile an ellipse touches, one bit each, and chunks of entries prepared for blending. */
import {
  BAND_BYTES,
  BAND_ROW,
  CHUNK,
  MAGIC,
  MAGIC_BITS,
  REC_C,
  REC_CY,
  REC_K3,
  REC_ROWS,
  REC_SLOPE,
  ROW_MASK,
  SMALL,
  WORD_SLOTS,
} from './layout';

/** Addresses of the chunk's records by slot, u32 each (see CHUNK; address 0 is static data that stays zero). */
export const CHUNK_RECORDS: usize = memory.data(528, 16);
/** Exponent parts by slot, see BAND_BYTES. */
export const CHUNK_BANDS: usize = memory.data(12512, 16);
/** One u64 mask per entry: byte = band of two rows, bit = column of blocks. */
const CHUNK_MASKS: usize = memory.data(1024, 16);
/** The same, turned: 8 planes (bands) of 128 bytes (entries). */
export const CHUNK_PLANES: usize = memory.data(1024, 16);

/** Columns >= k and columns <= k as bits, to be looked up with i8x16.swizzle (which gives 0 out of range). */
const GE: v128 = i8x16(-1, -2, -4, -8, -16, -32, -64, -128, 0, 0, 0, 0, 0, 0, 0, 0);
const LE: v128 = i8x16(1, 3, 7, 15, 31, 63, 127, -1, 0, 0, 0, 0, 0, 0, 0, 0);

/**
 * Columns are rounded to whole blocks: block c has pixel centres 4c + 0.5 .. 4c + 3.5, so an interval [lo, hi] in block widths
 * touches c from round(lo - 0.375) to round(hi - 0.625). With lo, hi = mid -+ half these are round(mid - 0.5 -+ (half - 0.125));
 * the slack of 1e-3 blocks covers the rounding of f32.
 */
const MID_SHIFT: f32 = -0.5;
const HALF_SHIFT: f32 = -0.124;

/** Address after the last entry that was taken by `gather`. */
export let nextEntry: usize = 0;

/**
 * Takes up to `limit` entries of [from, end) whose ellipse touches a live block of the tile at (x0, y0), prepares them and returns
 * their number; `nextEntry` is where to go on.
 */
export function gather(from: usize, end: usize, x0: f32, y0: f32, live: u64, limit: usize): i32 {
  const tileColumn = <i32>x0;
  const tileRow = <i32>y0;
  const evens = f32x4(0.5, 2.5, 4.5, 6.5);
  const one = f32x4.splat(1);
  touch(from, min(end, from + (limit << 2)));
  let count: usize = 0;
  let at = from;
  while (at < end && count < limit) {
    const record = <usize>load<u32>(at);
    at += 4;
    const rows = load<u32>(record, REC_ROWS);
    const firstBand = max((<i32>(rows & ROW_MASK) - tileRow) >> 1, 0);
    const lastBand = min((<i32>((rows >> 16) & ROW_MASK) - tileRow) >> 1, 7);
    const slot = count + (count >> 6);
    const bands = CHUNK_BANDS + slot * BAND_BYTES;
    const b = v128.load32_splat(record, 8);
    const shape = v128.load(record, REC_C);
    const c = i32x4.shuffle(shape, shape, 0, 0, 0, 0);
    const lo = i32x4.shuffle(shape, shape, 1, 1, 1, 1);
    // Most splats are at most four bands high: one vector starting at their first band is enough.
    const isLow = lastBand - firstBand < 4;
    const first = isLow ? firstBand : 0;
    const dy0 = f32x4.add(f32x4.splat(y0 - load<f32>(record, REC_CY) + <f32>(first << 1)), evens);
    const dy1 = f32x4.add(dy0, one);
    const square0 = f32x4.mul(dy0, dy0);
    const to = bands + ((<usize>first) << 2);
    v128.store(to, f32x4.add(f32x4.mul(c, square0), lo));
    v128.store(to, f32x4.mul(b, dy0), BAND_ROW);
    v128.store(to, f32x4.mul(c, f32x4.add(dy0, dy1)), 2 * BAND_ROW);
    if (!isLow) {
      const dy2 = f32x4.add(dy0, f32x4.splat(8));
      v128.store(to, f32x4.add(f32x4.mul(c, f32x4.mul(dy2, dy2)), lo), 16);
      v128.store(to, f32x4.mul(b, dy2), BAND_ROW + 16);
      v128.store(to, f32x4.mul(c, f32x4.add(dy2, f32x4.add(dy2, one))), 2 * BAND_ROW + 16);
    }
    let mask: u64;
    if ((rows & SMALL) !== 0) {
      const columns = load<u32>(record, REC_SLOPE);
      const low = max((<i32>(columns & 0xffff) - tileColumn) >> 2, 0);
      const high = min((<i32>(columns >> 16) - tileColumn) >> 2, 7);
      const line = (0xff << low) & (0xff >> (7 - high)) & 0xff;
      mask = (<u64>line * 0x01010101) | ((<u64>line * 0x01010101) << 32);
    } else {
      const slope = i32x4.shuffle(shape, shape, 2, 2, 2, 2);
      const k2 = i32x4.shuffle(shape, shape, 3, 3, 3, 3);
      const k3 = v128.load32_splat(record, REC_K3);
      const mid = f32x4.splat((load<f32>(record) - x0) * 0.25 + MID_SHIFT);
      const low = leftOf(slope, k2, k3, mid, dy0, dy1);
      const high = rightOf(slope, k2, k3, mid, dy0, dy1);
      if (isLow) {
        const columns = i16x8.narrow_i32x4_s(low, high);
        mask = lookUp(columns, i16x8.shuffle(columns, columns, 4, 5, 6, 7, 4, 5, 6, 7)) & 0xffffffff;
        mask <<= (<u64>firstBand) << 3;
      } else {
        const dy2 = f32x4.add(dy0, f32x4.splat(8));
        const dy3 = f32x4.add(dy0, f32x4.splat(9));
        mask = lookUp(
          i16x8.narrow_i32x4_s(low, leftOf(slope, k2, k3, mid, dy2, dy3)),
          i16x8.narrow_i32x4_s(high, rightOf(slope, k2, k3, mid, dy2, dy3)),
        );
      }
    }
    mask &= ((<u64>-1) << ((<u64>firstBand) << 3)) & (<u64>-1 >> ((<u64>(7 - lastBand)) << 3)) & live;
    store<u32>(CHUNK_RECORDS + (slot << 2), <u32>record);
    store<u64>(CHUNK_MASKS + (count << 3), mask);
    count += usize(mask !== 0);
  }
  // The spill of the last entry of a word must not bring the empty Gaussian after it to life.
  v128.store(CHUNK_BANDS + (WORD_SLOTS - 1) * BAND_BYTES, i64x2.splat(0));
  v128.store(CHUNK_BANDS + (2 * WORD_SLOTS - 1) * BAND_BYTES, i64x2.splat(0));
  nextEntry = at;
  turnMasks(<i32>count);
  return <i32>count;
}

/** Half the width of the ellipse in a row, in block widths, see HALF_SHIFT. */
function halfWidth(k2: v128, k3: v128, dy: v128): v128 {
  const square = f32x4.pmax(f32x4.sub(k2, f32x4.mul(k3, f32x4.mul(dy, dy))), f32x4.splat(0));
  return f32x4.add(f32x4.sqrt(square), f32x4.splat(HALF_SHIFT));
}

/** First column of blocks in four bands, whose upper and lower rows lie at dy0 and dy1. */
function leftOf(slope: v128, k2: v128, k3: v128, mid: v128, dy0: v128, dy1: v128): v128 {
  const upper = f32x4.sub(f32x4.add(f32x4.mul(slope, dy0), mid), halfWidth(k2, k3, dy0));
  const lower = f32x4.sub(f32x4.add(f32x4.mul(slope, dy1), mid), halfWidth(k2, k3, dy1));
  return i32x4.sub(f32x4.add(f32x4.pmin(upper, lower), f32x4.splat(MAGIC)), i32x4.splat(MAGIC_BITS));
}

/** Last column, likewise. */
function rightOf(slope: v128, k2: v128, k3: v128, mid: v128, dy0: v128, dy1: v128): v128 {
  const upper = f32x4.add(f32x4.add(f32x4.mul(slope, dy0), mid), halfWidth(k2, k3, dy0));
  const lower = f32x4.add(f32x4.add(f32x4.mul(slope, dy1), mid), halfWidth(k2, k3, dy1));
  return i32x4.sub(f32x4.add(f32x4.pmax(upper, lower), f32x4.splat(MAGIC)), i32x4.splat(MAGIC_BITS));
}

/** What `touch` read, so that it is not optimised away. */
let _touched: u32 = 0;

/**
 * Fetches the records of the next entries into the cache: they lie all over the memory, and one tight loop of loads waits for
 * many of them at a time (a quarter of the whole drawing time without).
 */
function touch(from: usize, end: usize): void {
  let sum: u32 = 0;
  for (let at = from; at < end; at += 4) sum += load<u32>(<usize>load<u32>(at));
  _touched = sum;
}

/** Eight bands' first and last columns to a mask: byte k has the columns low[k]..high[k]. */
function lookUp(low: v128, high: v128): u64 {
  const from = i16x8.max_s(low, i16x8.splat(0));
  const to = i16x8.min_s(high, i16x8.splat(7));
  const bytes = i8x16.narrow_i16x8_s(from, to);
  const ge = i64x2.extract_lane(i8x16.swizzle(GE, bytes), 0);
  const le = i64x2.extract_lane(i8x16.swizzle(LE, bytes), 1);
  return <u64>(ge & le);
}

/** Transposes the masks [128 entries][8 bands] to planes [8 bands][128 entries]; entries beyond `count` get 0. */
function turnMasks(count: i32): void {
  const padded = (count + 15) & ~15;
  for (let k = count; k < padded; k++) store<u64>(CHUNK_MASKS + ((<usize>k) << 3), 0);
  for (let k = 0; k < padded; k += 16) {
    const from = CHUNK_MASKS + ((<usize>k) << 3);
    // Each round interleaves bytes (perfect shuffle); four rounds turn 16 rows of 8 bytes into 8 rows of 16 bytes.
    const a0 = v128.load(from);
    const a1 = v128.load(from, 16);
    const a2 = v128.load(from, 32);
    const a3 = v128.load(from, 48);
    const a4 = v128.load(from, 64);
    const a5 = v128.load(from, 80);
    const a6 = v128.load(from, 96);
    const a7 = v128.load(from, 112);
    const b0 = zipLow(a0, a4);
    const b1 = zipHigh(a0, a4);
    const b2 = zipLow(a1, a5);
    const b3 = zipHigh(a1, a5);
    const b4 = zipLow(a2, a6);
    const b5 = zipHigh(a2, a6);
    const b6 = zipLow(a3, a7);
    const b7 = zipHigh(a3, a7);
    const c0 = zipLow(b0, b4);
    const c1 = zipHigh(b0, b4);
    const c2 = zipLow(b1, b5);
    const c3 = zipHigh(b1, b5);
    const c4 = zipLow(b2, b6);
    const c5 = zipHigh(b2, b6);
    const c6 = zipLow(b3, b7);
    const c7 = zipHigh(b3, b7);
    const d0 = zipLow(c0, c4);
    const d1 = zipHigh(c0, c4);
    const d2 = zipLow(c1, c5);
    const d3 = zipHigh(c1, c5);
    const d4 = zipLow(c2, c6);
    const d5 = zipHigh(c2, c6);
    const d6 = zipLow(c3, c7);
    const d7 = zipHigh(c3, c7);
    const to = CHUNK_PLANES + <usize>k;
    v128.store(to, zipLow(d0, d4));
    v128.store(to, zipHigh(d0, d4), 128);
    v128.store(to, zipLow(d1, d5), 256);
    v128.store(to, zipHigh(d1, d5), 384);
    v128.store(to, zipLow(d2, d6), 512);
    v128.store(to, zipHigh(d2, d6), 640);
    v128.store(to, zipLow(d3, d7), 768);
    v128.store(to, zipHigh(d3, d7), 896);
  }
  for (let k = padded; k < CHUNK; k += 16) {
    for (let band: usize = 0; band < 8; band++) v128.store(CHUNK_PLANES + (band << 7) + <usize>k, i64x2.splat(0));
  }
}

function zipLow(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

function zipHigh(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
