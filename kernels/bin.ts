/** Lists of record addresses per tile, in depth order. */
import { RECORD_BYTES } from './layout';

/**
 * Counts the entries of every tile. `starts` gets tilesX * tilesY + 1 u32: entry index at which each tile's list begins.
 * Returns the number of entries.
 */
export function countEntries(boxes: usize, count: i32, starts: usize, tilesX: i32, tilesY: i32): i32 {
  const numTiles = tilesX * tilesY;
  memory.fill(starts, 0, (<usize>numTiles + 1) << 2);
  const end = boxes + ((<usize>count) << 3);
  for (let at = boxes; at < end; at += 8) {
    const x0 = <i32>load<u16>(at);
    const x1 = <i32>load<u16>(at, 2);
    const y0 = <i32>load<u16>(at, 4);
    const y1 = <i32>load<u16>(at, 6);
    for (let y = y0; y <= y1; y++) {
      const row = starts + ((<usize>(y * tilesX)) << 2);
      for (let x = x0; x <= x1; x++) {
        const slot = row + ((<usize>x) << 2);
        store<u32>(slot, load<u32>(slot) + 1);
      }
    }
  }
  let sum: u32 = 0;
  for (let t = 0; t <= numTiles; t++) {
    const slot = starts + ((<usize>t) << 2);
    const n = load<u32>(slot);
    store<u32>(slot, sum);
    sum += n;
  }
  return sum;
}

/**
 * Fills the lists in the order given. `entries` [E] u32 addresses of records. Afterwards `starts[t]` is the END of list t:
 * list t is [t == 0 ? 0 : starts[t - 1], starts[t]).
 */
export function fillEntries(
  boxes: usize,
  order: usize,
  count: i32,
  starts: usize,
  tilesX: i32,
  records: usize,
  entries: usize,
): void {
  const end = order + ((<usize>count) << 2);
  for (let at = order; at < end; at += 4) {
    const index = <usize>load<u32>(at);
    const box = boxes + (index << 3);
    const record = <u32>(records + index * RECORD_BYTES);
    const x0 = <i32>load<u16>(box);
    const x1 = <i32>load<u16>(box, 2);
    const y0 = <i32>load<u16>(box, 4);
    const y1 = <i32>load<u16>(box, 6);
    for (let y = y0; y <= y1; y++) {
      const row = starts + ((<usize>(y * tilesX)) << 2);
      for (let x = x0; x <= x1; x++) {
        const slot = row + ((<usize>x) << 2);
        const to = load<u32>(slot);
        store<u32>(slot, to + 1);
        store<u32>(entries + ((<usize>to) << 2), record);
      }
    }
  }
}
