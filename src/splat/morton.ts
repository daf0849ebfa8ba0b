/** Order along a Morton (Z-order) curve: neighbours in space become neighbours in memory. */

/** Cells per axis: 10 bits each of a 30-bit key. */
const CELLS = 1023;
/** The index takes the low bits of a number whose 53 bits are exact. */
const INDEX_FACTOR = 2 ** 23;

/** Indices of the points ([N, 3]) along the curve; points that are not finite come first. N < 2^23. */
export function mortonOrder(position: ArrayLike<number>): Uint32Array {
  const count = position.length / 3;
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < position.length; i++) {
    const value = position[i];
    if (!Number.isFinite(value)) continue;
    low[i % 3] = Math.min(low[i % 3], value);
    high[i % 3] = Math.max(high[i % 3], value);
  }
  const size = Math.max(high[0] - low[0], high[1] - low[1], high[2] - low[2]);
  const perCell = size > 0 ? CELLS / size : 0;
  const cellOf = (i: number, c: number): number => spread(((position[3 * i + c] - low[c]) * perCell) | 0) << c;
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    keys[i] = (cellOf(i, 0) | cellOf(i, 1) | cellOf(i, 2)) * INDEX_FACTOR + i;
  }
  keys.sort();
  return Uint32Array.from(keys, (key) => key % INDEX_FACTOR);
}

/** Puts two zero bits after each of the ten low bits. */
function spread(cell: number): number {
  let v = cell & CELLS;
  v = (v | (v << 16)) & 0x030000ff;
  v = (v | (v << 8)) & 0x0300f00f;
  v = (v | (v << 4)) & 0x030c30c3;
  return (v | (v << 2)) & 0x09249249;
}
