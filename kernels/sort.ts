/** Stable depth sort: two passes of an 11-bit radix sort over the bits of z, front to back. */

const BITS: u32 = 11;
const BUCKETS: i32 = 1 << 11;
const LOW: usize = memory.data(8192, 16);
const HIGH: usize = memory.data(8192, 16);

/**
 * Writes the order of `count` u32 keys to `order` (u32 indices). Bits of positive floats sort like the floats; relative to the
 * smallest key and cut to 22 bits they tell depths apart to 1e-6 over a range of one octave, 2e-6 over four.
 * `pairs` is scratch of 8 bytes per key.
 */
export function sortKeys(keys: usize, order: usize, pairs: usize, count: i32, keyMin: u32, keyMax: u32): void {
  const rangeBits = 32 - clz<u32>(keyMax - keyMin);
  const shift: u32 = rangeBits > 2 * BITS ? rangeBits - 2 * BITS : 0;
  memory.fill(LOW, 0, 8192);
  memory.fill(HIGH, 0, 8192);
  const end = keys + ((<usize>count) << 2);
  for (let at = keys; at < end; at += 4) {
    const key = (load<u32>(at) - keyMin) >> shift;
    const low = LOW + ((key & (BUCKETS - 1)) << 2);
    const high = HIGH + ((key >> BITS) << 2);
    store<u32>(low, load<u32>(low) + 1);
    store<u32>(high, load<u32>(high) + 1);
  }
  prefix(LOW);
  prefix(HIGH);
  let index: u32 = 0;
  for (let at = keys; at < end; at += 4, index++) {
    const key = (load<u32>(at) - keyMin) >> shift;
    const slot = LOW + ((key & (BUCKETS - 1)) << 2);
    const to = load<u32>(slot);
    store<u32>(slot, to + 1);
    store<u64>(pairs + ((<usize>to) << 3), ((<u64>index) << 32) | (key >> BITS));
  }
  const endPairs = pairs + ((<usize>count) << 3);
  for (let at = pairs; at < endPairs; at += 8) {
    const slot = HIGH + (load<u32>(at) << 2);
    const to = load<u32>(slot);
    store<u32>(slot, to + 1);
    store<u32>(order + ((<usize>to) << 2), load<u32>(at, 4));
  }
}

function prefix(table: usize): void {
  let sum: u32 = 0;
  for (let at = table; at < table + 8192; at += 4) {
    const n = load<u32>(at);
    store<u32>(at, sum);
    sum += n;
  }
}
