/** Loads the compiled kernels (kernels/splat.ts -> dist/kernels/splat.wasm). */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../base/errors.js';
import { type WasmMemory, wasm } from '../../base/webassembly.js';

/** What kernels/splat.ts exports. Addresses and sizes are byte offsets; see there for the meaning of each call. */
export interface SplatKernels {
  readonly memory: WasmMemory;
  heapBase(): number;
  setCamera(
    widthPx: number,
    heightPx: number,
    fx: number,
    fy: number,
    cx: number,
    cy: number,
    xMin: number,
    xMax: number,
    yMin: number,
    yMax: number,
    nearM: number,
  ): void;
  beginProject(records: number, keys: number, boxes: number): void;
  projectSet(set: number, count: number, pose: number, owner: number, antialias: number, facingAway: number): void;
  shadeSet(
    set: number,
    count: number,
    coefficients: number,
    degree: number,
    centreX: number,
    centreY: number,
    centreZ: number,
  ): void;
  getNumVisible(): number;
  getKeyMin(): number;
  getKeyMax(): number;
  tilesAcross(): number;
  tilesDown(): number;
  sortKeys(keys: number, order: number, pairs: number, count: number, keyMin: number, keyMax: number): void;
  countEntries(boxes: number, count: number, starts: number, tilesX: number, tilesY: number): number;
  fillEntries(
    boxes: number,
    order: number,
    count: number,
    starts: number,
    tilesX: number,
    records: number,
    entries: number,
  ): void;
  setOutputs(
    rgbFloats: number,
    rgbBytes: number,
    alpha: number,
    depth: number,
    label: number,
    median: number,
    layer: number,
    solid: number,
  ): void;
  bytesToFloats(from: number, to: number, count: number): void;
  layerToDepth(from: number, to: number, count: number): void;
  drawTiles(starts: number, entries: number, labels: number, depth: number, kept: number): void;
  setGradients(rgb: number, alpha: number, depthSum: number): void;
  backTiles(
    starts: number,
    entries: number,
    kept: number,
    records: number,
    gradients: number,
    count: number,
    colour: number,
  ): void;
  poseChain(
    set: number,
    stride: number,
    pose: number,
    camera: number,
    records: number,
    gradients: number,
    count: number,
    instance: number,
    antialias: number,
    out: number,
  ): void;
}

/** <package root>/dist/kernels/splat.wasm, whether this file runs from dist/splat/wasm or from src/splat/wasm. */
const WASM_URL = new URL('../../../dist/kernels/splat.wasm', import.meta.url);

let compiled: Promise<object> | undefined;

async function compile(): Promise<object> {
  const file = fileURLToPath(WASM_URL);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch {
    throw new UserError(`the compiled splat kernels are missing (${file})`, 'npm run build');
  }
  try {
    return await wasm.compile(bytes);
  } catch (error) {
    throw new UserError(`the compiled splat kernels cannot be loaded (${file}): ${error}`, 'npm run build');
  }
}

/** A new instance with its own memory. The code is compiled once per thread. */
export async function loadKernels(): Promise<SplatKernels> {
  compiled ??= compile();
  const instance = await wasm.instantiate(await compiled, { env: { abort: onAbort } });
  return instance.exports as SplatKernels;
}

function onAbort(_message: number, _file: number, line: number, column: number): never {
  throw new Error(`splat kernels: aborted at line ${line}, column ${column}`);
}
