/** The kernels with their memory, and the part of a frame before any pixel is drawn: projection, sorting, binning. */
import type { Intrinsics } from '../../math/camera.js';
import { FACING_AWAY, NEAR_M } from '../constants.js';
import type { Instance, StaticLayer } from '../renderer.js';
import { jacobianLimits } from '../twin/project.js';
import { Arena, ScratchBlock } from './arena.js';
import {
  BOX_BYTES,
  KEY_BYTES,
  ORDER_BYTES,
  PAIR_BYTES,
  POSE_FLOATS,
  RECORD_BYTES,
  SLACK,
  TILE_BYTES,
} from './layout.js';
import type { SplatKernels } from './module.js';
import type { WasmSet } from './prepared-set.js';

/** Rows are kept in 15 bits (kernels/layout.ts). */
const MAX_SIDE_PX = 32767;
/** (Gaussian, tile) pairs: 1 GB of lists. Real scenes have 2 to 4 per Gaussian. */
const MAX_ENTRIES = 2 ** 28;

const SCRATCH_NAMES = [
  'pose',
  'camera',
  'records',
  'keys',
  'order',
  'pairs',
  'boxes',
  'starts',
  'entries',
  'tiles',
  'rgb',
  'rgbBytes',
  'alpha',
  'depth',
  'label',
  'median',
  'layer',
  'gradientRgb',
  'gradientAlpha',
  'gradientDepth',
  'gradients',
  'poseGradient',
] as const;
type ScratchName = (typeof SCRATCH_NAMES)[number];

export class Engine {
  readonly arena: Arena;
  readonly scratch: Record<ScratchName, ScratchBlock>;
  /** Visible Gaussians of the last projection. */
  numVisible = 0;

  constructor(readonly kernels: SplatKernels) {
    this.arena = new Arena(kernels.memory, kernels.heapBase());
    const blocks = SCRATCH_NAMES.map((name) => [name, new ScratchBlock(this.arena)] as const);
    this.scratch = Object.fromEntries(blocks) as Record<ScratchName, ScratchBlock>;
  }

  /** Projects and sorts the instances and lists them per tile. */
  project(camera: Intrinsics, instances: readonly Instance[], antialias: boolean): void {
    const { kernels, scratch } = this;
    const { widthPx, heightPx, fx, fy, cx, cy } = camera;
    const { xMin, xMax, yMin, yMax } = jacobianLimits(camera);
    if (Math.max(widthPx, heightPx) > MAX_SIDE_PX) {
      throw new Error(`splat renderer: ${widthPx}x${heightPx} px is more than ${MAX_SIDE_PX} on a side`);
    }
    const total = instances.reduce((sum, instance) => sum + instance.set.count + SLACK, SLACK);
    kernels.setCamera(widthPx, heightPx, fx, fy, cx, cy, xMin, xMax, yMin, yMax, NEAR_M);
    const records = scratch.records.ensure(total * RECORD_BYTES);
    const keys = scratch.keys.ensure(total * KEY_BYTES);
    const boxes = scratch.boxes.ensure(total * BOX_BYTES);
    kernels.beginProject(records, keys, boxes);
    instances.forEach((instance, instanceIdx) => {
      const set = instance.set as WasmSet;
      set.faceCamera(instance);
      const owner = instance.label | (instanceIdx << 8);
      const facing = set.isClosed ? FACING_AWAY : 0;
      kernels.projectSet(set.address, set.count, this.writePose(instance), owner, antialias ? 1 : 0, facing);
    });
    const count = kernels.getNumVisible();
    this.numVisible = count;
    const order = scratch.order.ensure(count * ORDER_BYTES);
    const pairs = scratch.pairs.ensure(count * PAIR_BYTES);
    if (count > 0) kernels.sortKeys(keys, order, pairs, count, kernels.getKeyMin(), kernels.getKeyMax());
    const tilesX = kernels.tilesAcross();
    const tilesY = kernels.tilesDown();
    const starts = scratch.starts.ensure((tilesX * tilesY + 1) * 4);
    const numEntries = kernels.countEntries(boxes, count, starts, tilesX, tilesY);
    if (numEntries >>> 0 > MAX_ENTRIES) {
      throw new Error(
        `splat renderer: ${count} Gaussians cover the picture ${Math.round((numEntries >>> 0) / (tilesX * tilesY))} times over; ` +
          'the camera is inside them or their scales are wrong',
      );
    }
    const entries = scratch.entries.ensure(numEntries * 4);
    kernels.fillEntries(boxes, order, count, starts, tilesX, records, entries);
  }

  /** Rows of [scale * R | t], cameraFromSet; returns their address. */
  writePose({ cameraFromSet: m, scale: s = 1 }: Instance): number {
    const address = this.scratch.pose.ensure(POSE_FLOATS * 4);
    const out = this.arena.floats(address, POSE_FLOATS);
    for (let k = 0; k < POSE_FLOATS; k++) out[k] = k % 4 === 3 ? m[k] : m[k] * s;
    return address;
  }

  /** Room for the sums of every tile. */
  reserveTiles(): number {
    return this.scratch.tiles.ensure(this.kernels.tilesAcross() * this.kernels.tilesDown() * TILE_BYTES);
  }

  /** Copies the layer's depths in; 0 when there is no layer. */
  uploadLayer(layer: StaticLayer | undefined, numPixels: number): number {
    if (!layer) return 0;
    if (layer.rgb.length !== numPixels * 3 || layer.depthM.length !== numPixels) {
      throw new Error(`splat renderer: the layer has ${layer.depthM.length} pixels, the camera's picture ${numPixels}`);
    }
    return this.uploadFloats('layer', layer.depthM);
  }

  uploadFloats(name: ScratchName, values: Float32Array): number {
    const address = this.scratch[name].ensure(values.length * 4);
    this.arena.floats(address, values.length).set(values);
    return address;
  }
}
