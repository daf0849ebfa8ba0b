/** Where depth comes from: nowhere (the table plane alone), a network, or files. */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import { UserError } from '../../base/errors.js';
import { type NpyArray, readNpy } from '../../base/npy.js';
import { readNpz } from '../../base/npz.js';
import { readDepthImage } from '../../image/depth-image.js';
import { createFloats, type FloatImage } from '../../image/image.js';
import type { DepthNetwork } from '../../models/networks/relative-depth.js';
import { alignToTable, bareTable, type DepthKind, medianOf, tableDepth } from './depth-align.js';
import { planeFromDepth } from './depth-plane.js';
import type { DepthInputs, DepthMap, DepthProvider } from './provider.js';

/** No depth but the table's. */
export const classicalDepth: DepthProvider = {
  source: 'table plane',
  refine: async ({ found }) => found,
  maps: async () => [],
};

export const onnxDepth = (network: DepthNetwork): DepthProvider => ({
  source: network.id,
  // Measured: planes fitted to such depth are off by 14..45 degrees, so it never moves the table.
  refine: async ({ found }) => found,
  maps: async (inputs, ctx) => {
    const maps: DepthMap[] = [];
    for (const [frame, ids] of inputs.ids) {
      throwIfCancelled(ctx);
      const { map, linearIn, borderPx } = await network.look(await inputs.clip.readWork(frame));
      const clean = withoutBorder(map, borderPx);
      const aligned = alignToTable(clean, linearIn === 'depth' ? 'relative' : 'inverse', inputs, ids);
      if (aligned) maps.push({ frame, ...aligned });
      else warnUnaligned(ctx, frame);
    }
    return maps;
  },
});

function warnUnaligned(ctx: StageContext, frame: number): void {
  ctx.warn('depth-unaligned', `depth of frame ${frame} does not fit the table plane: left out`);
}

/** Rows and columns at the border take the value next to them. */
function withoutBorder(map: FloatImage, borderPx: number): FloatImage {
  const { widthPx: w, heightPx: h } = map;
  const out = createFloats(w, h);
  const inside = (k: number, n: number): number => Math.max(borderPx, Math.min(n - 1 - borderPx, k));
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) out.data[y * w + x] = map.data[inside(y, h) * w + inside(x, w)];
  }
  return out;
}

export const filesDepth = (place: string, kind: DepthKind, metresPerUnit: number): DepthProvider => {
  const read = (inputs: DepthInputs, frame: number): Promise<FloatImage> =>
    readDepthFile(place, frame, inputs.clip.numFrames, metresPerUnit);
  return {
    source: 'files',
    refine: async (inputs, ctx) => {
      const [first] = inputs.ids;
      if (kind !== 'metric' || !first) return inputs.found;
      const [frame, ids] = first;
      const map = await read(inputs, frame);
      checkAspect(place, map, inputs);
      const plane = planeFromDepth(map, inputs, ids, ctx.random('depth-plane'));
      if (plane) return plane;
      ctx.warn(
        'depth-no-plane',
        `${place}: no table plane in the depth of frame ${frame}; is it metric? (--depth-kind)`,
      );
      return inputs.found;
    },
    maps: async (inputs, ctx) => {
      const maps: DepthMap[] = [];
      for (const [frame, ids] of inputs.ids) {
        const map = await read(inputs, frame);
        checkAspect(place, map, inputs);
        const aligned = kind === 'metric' ? metricMap(map, inputs, ids) : alignToTable(map, kind, inputs, ids);
        if (aligned) maps.push({ frame, ...aligned });
        else warnUnaligned(ctx, frame);
      }
      return maps;
    },
  };
};

function checkAspect(place: string, map: FloatImage, { clip }: DepthInputs): void {
  const ratio = map.widthPx / map.heightPx / (clip.frameWidthPx / clip.frameHeightPx);
  if (Math.abs(ratio - 1) <= 0.02) return;
  throw new UserError(
    `${place}: expected depth of ${clip.frameWidthPx}x${clip.frameHeightPx} frames or of the same shape, found ${map.widthPx}x${map.heightPx}`,
  );
}

/** Depth as given, at frame size (nearest: edges must not blend). */
function metricMap(map: FloatImage, inputs: DepthInputs, ids: { data: Uint8Array }): Omit<DepthMap, 'frame'> {
  const { clip, found } = inputs;
  const depth = createFloats(clip.frameWidthPx, clip.frameHeightPx);
  const at = (x: number, y: number, w: number, h: number): number =>
    map.data[Math.floor(((y + 0.5) * map.heightPx) / h) * map.widthPx + Math.floor(((x + 0.5) * map.widthPx) / w)];
  for (let y = 0, i = 0; y < depth.heightPx; y++) {
    for (let x = 0; x < depth.widthPx; x++, i++) {
      const z = at(x, y, depth.widthPx, depth.heightPx);
      depth.data[i] = z > 0 && Number.isFinite(z) ? z : 0;
    }
  }
  const plane = tableDepth(found, clip.widthPx, clip.heightPx);
  const errors: number[] = [];
  bareTable(inputs, ids).forEach((value, i) => {
    const z = value === 0 ? 0 : at(i % clip.widthPx, Math.floor(i / clip.widthPx), clip.widthPx, clip.heightPx);
    if (z > 0 && plane.data[i] > 0) errors.push(Math.abs(z - plane.data[i]) / plane.data[i]);
  });
  return { depth, tableError: errors.length > 0 ? medianOf(errors) : 1 };
}

const ARRAY_NAMES = ['depth', 'depths', 'predicted_depth', 'arr_0'];

async function readDepthFile(
  place: string,
  frame: number,
  numFrames: number,
  metresPerUnit: number,
): Promise<FloatImage> {
  if (!existsSync(place))
    throw new UserError(`--depth-files: no such file or folder: ${place}`, 'v2r perceive --explain-files');
  if (!(await stat(place)).isDirectory()) return frameOf(place, await readArray(place), frame, numFrames);
  const files = (await readdir(place)).filter((name) => /\.(png|npy|npz)$/i.test(name)).sort();
  if (files.length !== numFrames) {
    throw new UserError(`${place}: expected ${numFrames} depth maps, one per frame, found ${files.length}`);
  }
  const file = path.join(place, files[frame]);
  if (/\.png$/i.test(file)) return readDepthImage(file, metresPerUnit);
  return frameOf(file, await readArray(file), 0, 1);
}

async function readArray(file: string): Promise<NpyArray> {
  if (file.endsWith('.npy')) return readNpy(file);
  const arrays = await readNpz(file);
  const name = ARRAY_NAMES.find((candidate) => arrays.has(candidate));
  if (name === undefined)
    throw new UserError(`${file}: expected an array "depth", found ${[...arrays.keys()].join(', ')}`);
  return arrays.get(name)!;
}

/** Map of one frame out of [T, H, W] (also with single dimensions in between), or [H, W]. */
function frameOf(file: string, { shape, data }: NpyArray, frame: number, numFrames: number): FloatImage {
  const [h, w] = shape.slice(-2);
  const count = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  if (shape.length < 2 || count !== numFrames) {
    throw new UserError(`${file}: expected depth [${numFrames}, H, W], found [${shape.join(', ')}]`);
  }
  return createFloats(w, h, Float32Array.from(data.subarray(frame * h * w, (frame + 1) * h * w)));
}
