/**
 * The splat kernels: what the host calls (src/splat/wasm). AssemblyScript, compiled to WebAssembly SIMD by `npm run build`.
 * The host owns the memory above `__heap_base` and passes addresses; see layout.ts for what lies there.
 */

export { setGradients } from './backward';
export { countEntries, fillEntries } from './bin';
export { bytesToFloats, layerToDepth, setOutputs } from './output';
export { poseChain } from './pose-chain';
export {
  beginProject,
  getKeyMax,
  getKeyMin,
  getNumVisible,
  projectSet,
  setCamera,
  tilesAcross,
  tilesDown,
} from './project';
export { shadeSet } from './shade';
export { sortKeys } from './sort';

import { backTile } from './backward';
import { clearBlocks, drawTile, ONE_TILE, setConstants } from './blend';
import { BLOCK_BYTES, NUM_BLOCKS, RECORD_BYTES, SOLID_STOP, T_STOP } from './layout';
import { isSolid, layerMax, layerMin, loadLayer, writeTile } from './output';
import { heightPx, tilesAcross, tilesDown, widthPx } from './project';

const TILE_BYTES: usize = <usize>NUM_BLOCKS * BLOCK_BYTES;

/**
 * Blends and writes every tile that has entries. `starts` holds the ends of the lists, as `fillEntries` leaves them. `kept`:
 * room for the sums of all tiles (12,288 bytes each), which a gradient needs, or 0.
 */
export function drawTiles(starts: usize, entries: usize, labels: bool, depth: bool, kept: usize): void {
  const across = tilesAcross();
  const down = tilesDown();
  setConstants(isSolid ? SOLID_STOP : T_STOP);
  let from = entries;
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const tile = <usize>(y * across + x);
      const end = entries + ((<usize>load<u32>(starts + (tile << 2))) << 2);
      if (from < end) {
        const blocks = kept !== 0 ? kept + tile * TILE_BYTES : ONE_TILE;
        clearBlocks(blocks);
        loadLayer(x, y, widthPx, heightPx);
        drawTile(blocks, from, end, x, y, widthPx, heightPx, labels, depth, layerMin, layerMax);
        writeTile(blocks, x, y, widthPx, heightPx);
      }
      from = end;
    }
  }
}

/**
 * Screen gradients of the `count` visible Gaussians of the last frame, which must have kept its tiles: 16 f32 each at
 * `gradients`. `colour`: also those by colour.
 */
export function backTiles(
  starts: usize,
  entries: usize,
  kept: usize,
  records: usize,
  gradients: usize,
  count: i32,
  colour: bool,
): void {
  const across = tilesAcross();
  const down = tilesDown();
  memory.fill(gradients, 0, <usize>count * RECORD_BYTES);
  let from = entries;
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const tile = <usize>(y * across + x);
      const end = entries + ((<usize>load<u32>(starts + (tile << 2))) << 2);
      if (from < end) {
        loadLayer(x, y, widthPx, heightPx);
        const blocks = kept + tile * TILE_BYTES;
        backTile(from, end, x, y, widthPx, heightPx, blocks, records, gradients, colour, layerMin, layerMax);
      }
      from = end;
    }
  }
}

/** First address that the host may use. */
export function heapBase(): usize {
  return __heap_base;
}
