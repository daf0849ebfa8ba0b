/** Gradients of the last frame that the kernels drew: straight to a pose, or to every Gaussian. */
import type { Intrinsics } from '../../math/camera.js';
import { buildShapes } from '../covariance.js';
import type { FrameGradient, GaussianGradient, Instance, PoseGradient } from '../renderer.js';
import { SCREEN_GRADIENT_STRIDE, toGaussians } from '../twin/backward.js';
import { jacobianLimits } from '../twin/project.js';
import type { Engine } from './engine.js';
import {
  CONIC_FACTOR,
  GRADIENT_FLOATS,
  RECORD_A,
  RECORD_B,
  RECORD_BYTES,
  RECORD_C,
  RECORD_GAUSSIAN,
  RECORD_OWNER,
} from './layout.js';
import type { WasmSet } from './prepared-set.js';

/** What the last `render` drew. */
export interface DrawnFrame {
  readonly camera: Intrinsics;
  readonly instances: readonly Instance[];
  readonly antialias: boolean;
  readonly hasDepth: boolean;
}

/** Runs the backward kernels; returns the address of 16 f32 per visible Gaussian. */
function screenGradients(engine: Engine, drawn: DrawnFrame, gradient: FrameGradient, withColour: boolean): number {
  const { kernels, scratch } = engine;
  const numPixels = drawn.camera.widthPx * drawn.camera.heightPx;
  const { rgb, alpha, depthSum } = gradient;
  if (rgb.length !== numPixels * 3 || alpha.length !== numPixels || (depthSum && depthSum.length !== numPixels)) {
    throw new Error(`splat renderer: the gradient does not have the ${numPixels} pixels of the last frame`);
  }
  if (depthSum && !drawn.hasDepth) {
    throw new Error('splat renderer: a gradient by depth was given, but the last frame was drawn without depth');
  }
  const rgbAt = engine.uploadFloats('gradientRgb', rgb);
  const alphaAt = engine.uploadFloats('gradientAlpha', alpha);
  const depthAt = depthSum ? engine.uploadFloats('gradientDepth', depthSum) : 0;
  const gradients = scratch.gradients.ensure(engine.numVisible * GRADIENT_FLOATS * 4);
  kernels.setGradients(rgbAt, alphaAt, depthAt);
  kernels.backTiles(
    scratch.starts.address,
    scratch.entries.address,
    scratch.tiles.address,
    scratch.records.address,
    gradients,
    engine.numVisible,
    withColour ? 1 : 0,
  );
  return gradients;
}

export function poseGradient(
  engine: Engine,
  drawn: DrawnFrame,
  gradient: FrameGradient,
  instanceIdx: number,
): PoseGradient {
  const { kernels, scratch } = engine;
  const gradients = screenGradients(engine, drawn, gradient, false);
  const { fx, fy } = drawn.camera;
  const { xMin, xMax, yMin, yMax } = jacobianLimits(drawn.camera);
  const cameraAt = engine.uploadFloats('camera', Float32Array.of(fx, fy, xMin, xMax, yMin, yMax));
  const out = scratch.poseGradient.ensure(7 * 8);
  const instance = drawn.instances[instanceIdx];
  const set = instance.set as WasmSet;
  kernels.poseChain(
    set.address,
    set.stride,
    engine.writePose(instance),
    cameraAt,
    scratch.records.address,
    gradients,
    engine.numVisible,
    instanceIdx,
    drawn.antialias ? 1 : 0,
    out,
  );
  const [vx, vy, vz, wx, wy, wz, logScale] = engine.arena.doubles(out, 7);
  return { twist: [vx, vy, vz, wx, wy, wz], logScale };
}

/** The chain to the Gaussians is the reference one in TypeScript: it runs once per Gaussian, not once per pixel. */
export function gaussianGradient(
  engine: Engine,
  drawn: DrawnFrame,
  gradient: FrameGradient,
  instanceIdx: number,
  withShape: boolean,
): GaussianGradient {
  const count = engine.numVisible;
  const address = screenGradients(engine, drawn, gradient, true);
  const gradients = engine.arena.floats(address, count * GRADIENT_FLOATS);
  const recordsAt = engine.scratch.records.address;
  const perRecord = RECORD_BYTES / 4;
  const records = engine.arena.floats(recordsAt, count * perRecord);
  const integers = new Uint32Array(records.buffer, recordsAt, records.length);
  const sums = new Float64Array(count * SCREEN_GRADIENT_STRIDE);
  const { set: prepared, cameraFromSet: pose, scale = 1 } = drawn.instances[instanceIdx];
  const { source: set, order } = prepared as WasmSet;
  const splats = Array.from({ length: count }, (_, k) => {
    const g = k * GRADIENT_FLOATS;
    const r = k * perRecord;
    sums.set(gradients.subarray(g, g + 6), k * SCREEN_GRADIENT_STRIDE);
    sums.set(gradients.subarray(g + 8, g + 11), k * SCREEN_GRADIENT_STRIDE + 6);
    sums[k * SCREEN_GRADIENT_STRIDE + 9] = gradients[g + 6];
    return {
      instanceIdx: integers[r + RECORD_OWNER] >>> 8,
      // Right for the instance asked for; the others are passed over.
      gaussianIdx: order[integers[r + RECORD_GAUSSIAN]],
      a: records[r + RECORD_A] * CONIC_FACTOR,
      b: (records[r + RECORD_B] * CONIC_FACTOR) / 2,
      c: records[r + RECORD_C] * CONIC_FACTOR,
    };
  });
  const { covariance, opacity } = buildShapes(set, new Float64Array(set.count * 6), new Float64Array(set.count));
  const input = { set, covariance, pose, scale, antialias: drawn.antialias };
  return toGaussians(drawn.camera, splats, sums, instanceIdx, input, opacity, withShape);
}
