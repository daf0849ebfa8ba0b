/**
 * The fast backend: WebAssembly SIMD kernels (kernels/) behind the renderer's contract. One per thread.
 *
 * A frame: project each instance into records, sort them by depth, list them per tile, blend tile by tile. The host only
 * passes addresses and copies the pictures out.
 */
import type { Intrinsics } from '../../math/camera.js';
import {
  type ByteFrame,
  checkFrameSize,
  createByteFrame,
  createFrame,
  type Frame,
  type Instance,
  type RenderOptions,
  type SplatRenderer,
} from '../renderer.js';
import { Engine } from './engine.js';
import { type DrawnFrame, gaussianGradient, poseGradient } from './gradients.js';
import { loadKernels } from './module.js';
import { WasmSet } from './prepared-set.js';

/** The kernels read and write whole vectors at the end of some pictures. */
const PADDING_BYTES = 16;

export async function createWasmRenderer(): Promise<SplatRenderer> {
  const engine = new Engine(await loadKernels());
  let last: DrawnFrame | undefined;

  function lastDrawn(): DrawnFrame {
    if (!last) throw new Error('splat renderer: a gradient needs the `render` before it');
    return last;
  }

  return {
    prepare: (set, options) => new WasmSet(engine.arena, engine.kernels, set, options),
    render(camera, instances, options = {}, into = createFrame(camera.widthPx, camera.heightPx)) {
      const { antialias = false, depth = true } = options;
      renderFloats(engine, camera, instances, options, into);
      last = { camera, instances, antialias, hasDepth: depth };
      return into;
    },
    renderBytes(camera, instances, options = {}, into = createByteFrame(camera.widthPx, camera.heightPx)) {
      last = undefined;
      return renderBytes(engine, camera, instances, options, into);
    },
    poseGradient: (gradient, instanceIdx) => poseGradient(engine, lastDrawn(), gradient, instanceIdx),
    gaussianGradient: (gradient, instanceIdx, { shape = true } = {}) =>
      gaussianGradient(engine, lastDrawn(), gradient, instanceIdx, shape),
  };
}

function renderFloats(
  engine: Engine,
  camera: Intrinsics,
  instances: readonly Instance[],
  options: RenderOptions,
  frame: Frame,
): void {
  checkFrameSize(frame, camera);
  const { kernels, arena, scratch } = engine;
  const { layer, depth = true, antialias = false } = options;
  const numPixels = camera.widthPx * camera.heightPx;
  engine.project(camera, instances, antialias);
  const rgb = scratch.rgb.ensure(numPixels * 12);
  const alpha = scratch.alpha.ensure(numPixels * 4);
  const depthAt = depth ? scratch.depth.ensure(numPixels * 4 + PADDING_BYTES) : 0;
  const label = depth ? scratch.label.ensure(numPixels) : 0;
  const median = depth ? scratch.median.ensure(numPixels * 4 + PADDING_BYTES) : 0;
  const rgbBytes = layer ? scratch.rgbBytes.ensure(numPixels * 3) : 0;
  const layerAt = engine.uploadLayer(layer, numPixels);
  const tiles = engine.reserveTiles();
  if (layer) {
    arena.bytes(rgbBytes, numPixels * 3).set(layer.rgb);
    kernels.bytesToFloats(rgbBytes, rgb, numPixels * 3);
  } else {
    arena.floats(rgb, numPixels * 3).fill(0);
  }
  arena.floats(alpha, numPixels).fill(0);
  if (depth) {
    arena.bytes(label, numPixels).fill(0);
    for (const at of [depthAt, median]) fillDepth(engine, at, layerAt, numPixels);
  }
  kernels.setOutputs(rgb, 0, alpha, depthAt, label, median, layerAt, 0);
  kernels.drawTiles(scratch.starts.address, scratch.entries.address, depth ? 1 : 0, depth ? 1 : 0, tiles);
  frame.rgb.set(arena.floats(rgb, numPixels * 3));
  frame.alpha.set(arena.floats(alpha, numPixels));
  copyOr0(frame.depthM, depth ? arena.floats(depthAt, numPixels) : undefined);
  copyOr0(frame.medianDepthM, depth ? arena.floats(median, numPixels) : undefined);
  copyOr0(frame.label, depth ? arena.bytes(label, numPixels) : undefined);
}

function renderBytes(
  engine: Engine,
  camera: Intrinsics,
  instances: readonly Instance[],
  options: RenderOptions,
  frame: ByteFrame,
): ByteFrame {
  checkFrameSize(frame, camera);
  const { kernels, arena, scratch } = engine;
  const { layer, depth = true, antialias = false } = options;
  const numPixels = camera.widthPx * camera.heightPx;
  engine.project(camera, instances, antialias);
  const rgb = scratch.rgbBytes.ensure(numPixels * 3);
  const label = depth ? scratch.label.ensure(numPixels) : 0;
  const median = depth ? scratch.median.ensure(numPixels * 4 + PADDING_BYTES) : 0;
  const layerAt = engine.uploadLayer(layer, numPixels);
  const rgbView = arena.bytes(rgb, numPixels * 3);
  if (layer) rgbView.set(layer.rgb);
  else rgbView.fill(0);
  if (depth) {
    arena.bytes(label, numPixels).fill(0);
    fillDepth(engine, median, layerAt, numPixels);
  }
  const isSolid = instances.some(({ set }) => (set as WasmSet).isClosed);
  kernels.setOutputs(0, rgb, 0, 0, label, median, layerAt, isSolid ? 1 : 0);
  kernels.drawTiles(scratch.starts.address, scratch.entries.address, depth ? 1 : 0, 0, 0);
  frame.rgb.set(rgbView);
  copyOr0(frame.medianDepthM, depth ? arena.floats(median, numPixels) : undefined);
  copyOr0(frame.label, depth ? arena.bytes(label, numPixels) : undefined);
  return frame;
}

/** Depth behind the Gaussians: the layer's, or 0. */
function fillDepth({ kernels, arena }: Engine, at: number, layerAt: number, numPixels: number): void {
  if (layerAt !== 0) kernels.layerToDepth(layerAt, at, numPixels);
  else arena.floats(at, numPixels).fill(0);
}

function copyOr0(out: Float32Array | Uint8Array, from: Float32Array | Uint8Array | undefined): void {
  if (from) out.set(from);
  else out.fill(0);
}
