/** How much blending a picture needs, counted by the plain renderer's own loops, and what that costs the kernels. */
import type { Intrinsics } from '../../src/math/camera.js';
import type { Mat4 } from '../../src/math/se3.js';
import { evaluateColours } from '../../src/splat/colour.js';
import { buildShapes } from '../../src/splat/covariance.js';
import type { GaussianSet } from '../../src/splat/gaussians.js';
import type { StaticLayer } from '../../src/splat/renderer.js';
import { forEachPixel } from '../../src/splat/twin/blend.js';
import { projectInstance, type ScreenSplat } from '../../src/splat/twin/project.js';
import { Engine } from '../../src/splat/wasm/engine.js';
import { loadKernels } from '../../src/splat/wasm/module.js';
import { WasmSet } from '../../src/splat/wasm/prepared-set.js';
import { time } from './measure.js';

/** Vector operations that one splat needs in four pixels: exponent 4, power 6, cut and limit 3, weight 2, colour 6. */
const VECTOR_OPS = 21;
/** What a core is taken to do: vector operations per cycle and cycles per second. */
const OPS_PER_CYCLE = 2;
const CYCLES_PER_SECOND = 3e9;
/** A block of the kernels: 4 x 2 pixels, two vectors. */
const BLOCK_WIDTH_PX = 4;
const BLOCK_HEIGHT_PX = 2;

export interface Blends {
  /** Splat-pixels that must be blended before transmittance 1e-4. */
  readonly useful: number;
  /** Splat-pixels inside the ellipses. */
  readonly inEllipses: number;
  /** Pairs of splat and 4 x 2 block with at least one useful pixel: the least number of steps of a loop over blocks. */
  readonly blockSteps: number;
}

export interface Roofline extends Blends {
  /** CPU time of everything before the first pixel: projection, sorting, lists. */
  readonly prepareCpuMs: number;
  /** CPU time of the rest of a frame. */
  readonly blendCpuMs: number;
  /** Of that rest, per block step; and what its vector operations alone would take. */
  readonly nsPerStep: number;
  readonly leastNsPerStep: number;
  /** Useful splat-pixels per second of blending, and the most that the assumed core could do. */
  readonly usefulPerSecond: number;
  readonly mostPerSecond: number;
}

/** `frameCpuMs`: CPU time of a whole frame of `set` over `layer` with every Gaussian drawn. */
export async function measureRoofline(
  camera: Intrinsics,
  set: GaussianSet,
  pose: Mat4,
  layer: StaticLayer,
  frameCpuMs: number,
): Promise<Roofline> {
  const blends = countBlends(camera, set, pose, layer);
  const engine = new Engine(await loadKernels());
  const instance = { set: new WasmSet(engine.arena, engine.kernels, set), cameraFromSet: pose, label: 1 };
  const { cpuMs: prepareCpuMs } = time(() => engine.project(camera, [instance], false), 40);
  const blendCpuMs = frameCpuMs - prepareCpuMs;
  const opsPerSecond = OPS_PER_CYCLE * CYCLES_PER_SECOND;
  return {
    ...blends,
    prepareCpuMs,
    blendCpuMs,
    nsPerStep: (blendCpuMs * 1e6) / blends.blockSteps,
    leastNsPerStep: (2 * VECTOR_OPS * 1e9) / opsPerSecond,
    usefulPerSecond: (blends.useful * 1000) / blendCpuMs,
    mostPerSecond: (4 * opsPerSecond) / VECTOR_OPS,
  };
}

function countBlends(camera: Intrinsics, set: GaussianSet, pose: Mat4, layer: StaticLayer): Blends {
  const { covariance, opacity } = buildShapes(set, new Float64Array(set.count * 6), new Float64Array(set.count));
  const colour = evaluateColours(set, pose, 1, new Float64Array(set.count * 3));
  const splats: ScreenSplat[] = [];
  const input = {
    position: set.position,
    covariance,
    opacity,
    colour,
    normals: undefined,
    pose,
    scale: 1,
    label: 1,
    instanceIdx: 0,
  };
  projectInstance(camera, input, false, splats);
  splats.sort((a, b) => a.depthM - b.depthM);
  const transmittance = new Float64Array(camera.widthPx * camera.heightPx).fill(1);
  const clear = transmittance.slice();
  const blocksAcross = Math.ceil(camera.widthPx / BLOCK_WIDTH_PX);
  /** The last splat that touched a block. */
  const touchedBy = new Int32Array(blocksAcross * Math.ceil(camera.heightPx / BLOCK_HEIGHT_PX)).fill(-1);
  let useful = 0;
  let inEllipses = 0;
  let blockSteps = 0;
  splats.forEach((splat, k) => {
    forEachPixel(splat, camera.widthPx, clear, undefined, () => inEllipses++);
    forEachPixel(splat, camera.widthPx, transmittance, layer.depthM, (pixel, _dx, _dy, alpha) => {
      transmittance[pixel] *= 1 - alpha;
      useful++;
      const row = Math.floor(Math.floor(pixel / camera.widthPx) / BLOCK_HEIGHT_PX);
      const block = row * blocksAcross + Math.floor((pixel % camera.widthPx) / BLOCK_WIDTH_PX);
      if (touchedBy[block] !== k) blockSteps++;
      touchedBy[block] = k;
    });
  });
  return { useful, inEllipses, blockSteps };
}
