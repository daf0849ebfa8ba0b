/**
 * The plain TypeScript renderer in f64: the readable reference that the fast backends are tested against. Same contract,
 * no tricks; roughly ten to thirty times slower than the WebAssembly one.
 */
import type { Intrinsics } from '../../math/camera.js';
import { evaluateColours } from '../colour.js';
import { ALPHA_CUT, COVERED, SOFT, SOLID } from '../constants.js';
import { buildShapes, thirdAxes } from '../covariance.js';
import type { GaussianSet } from '../gaussians.js';
import {
  clearFrame,
  createByteFrame,
  createFrame,
  type Frame,
  type Instance,
  type PreparedSet,
  type PrepareOptions,
  type RenderOptions,
  type SplatRenderer,
  type StaticLayer,
} from '../renderer.js';
import { type ChainInput, screenGradients, toGaussians, toPose } from './backward.js';
import { type Accumulated, blend } from './blend.js';
import { projectInstance, type ScreenSplat } from './project.js';

interface TwinSet extends PreparedSet {
  /** [N, 3] outward normals of a closed set. */
  readonly normals: Float64Array | undefined;
  readonly source: GaussianSet;
  readonly covariance: Float64Array;
  readonly opacity: Float64Array;
  /** [N, 3], overwritten per render when the set has view-dependent colour. */
  readonly colour: Float64Array;
}

/** What the gradients need of the last render. */
interface Drawn {
  camera: Intrinsics;
  instances: readonly Instance[];
  antialias: boolean;
  layerDepthM: Float32Array | undefined;
  splats: ScreenSplat[];
  sums: Accumulated;
}

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

function prepare(set: GaussianSet, options: PrepareOptions = {}): TwinSet {
  const { covariance, opacity } = buildShapes(set, new Float64Array(set.count * 6), new Float64Array(set.count));
  const colour = evaluateColours(set, IDENTITY, 1, new Float64Array(set.count * 3));
  const normals = options.closed ? thirdAxes(set, new Float64Array(set.count * 3)) : undefined;
  return { count: set.count, source: set, covariance, opacity, colour, normals, dispose: () => {} };
}

function draw(camera: Intrinsics, instances: readonly Instance[], options: RenderOptions): Drawn {
  const antialias = options.antialias ?? false;
  const layerDepthM = options.layer?.depthM;
  const splats: ScreenSplat[] = [];
  instances.forEach((instance, instanceIdx) => {
    const set = instance.set as TwinSet;
    const { cameraFromSet: pose, scale = 1, label } = instance;
    if (set.source.shDegree > 0) evaluateColours(set.source, pose, scale, set.colour);
    const { covariance, opacity, colour, normals } = set;
    const input = {
      position: set.source.position,
      covariance,
      opacity,
      colour,
      normals,
      pose,
      scale,
      label,
      instanceIdx,
    };
    projectInstance(camera, input, antialias, splats);
  });
  splats.sort((p, q) => p.depthM - q.depthM);
  return { camera, instances, antialias, layerDepthM, splats, sums: blend(camera, splats, layerDepthM) };
}

function toFrame({ camera, splats, sums }: Drawn, options: RenderOptions, frame: Frame): Frame {
  clearFrame(frame, camera);
  const { layer, depth = true } = options;
  for (let i = 0; i < frame.alpha.length; i++) {
    const coverage = 1 - sums.transmittance[i];
    frame.alpha[i] = coverage;
    for (let k = 3 * i; k < 3 * i + 3; k++) {
      frame.rgb[k] = sums.rgb[k] + (layer ? (sums.transmittance[i] * layer.rgb[k]) / 255 : 0);
    }
    if (!depth) continue;
    const median = sums.median[i];
    if (median >= 0) {
      frame.label[i] = splats[median].label;
      frame.medianDepthM[i] = splats[median].depthM;
    }
    if (layer) {
      const layerDepthM = Number.isFinite(layer.depthM[i]) ? layer.depthM[i] : 0;
      frame.depthM[i] = coverage >= COVERED ? sums.depthSum[i] / coverage : layerDepthM;
      if (median < 0) frame.medianDepthM[i] = layerDepthM;
    } else if (coverage >= ALPHA_CUT) {
      frame.depthM[i] = sums.depthSum[i] / coverage;
    }
  }
  return frame;
}

/** Colours of closed bodies, see `SOLID`. */
function solidify({ transmittance, rgb }: Accumulated, layer: StaticLayer | undefined, out: Float32Array): void {
  for (let i = 0; i < transmittance.length; i++) {
    const t = transmittance[i];
    if (t === 1) continue;
    const solid = Math.max(0, Math.min(t, ((t - SOLID) * SOFT) / (SOFT - SOLID)));
    for (let k = 3 * i; k < 3 * i + 3; k++) {
      out[k] = (rgb[k] * (1 - solid)) / (1 - t) + (layer ? (solid * layer.rgb[k]) / 255 : 0);
    }
  }
}

export function createTwinRenderer(): SplatRenderer {
  let last: Drawn | undefined;

  function chainInput(drawn: Drawn, instanceIdx: number): ChainInput {
    const { set, cameraFromSet: pose, scale = 1 } = drawn.instances[instanceIdx];
    const twinSet = set as TwinSet;
    return { set: twinSet.source, covariance: twinSet.covariance, pose, scale, antialias: drawn.antialias };
  }

  function lastDrawn(): Drawn {
    if (!last) throw new Error('splat renderer: a gradient was asked for before any render');
    return last;
  }

  return {
    prepare,
    render(camera, instances, options = {}, into = createFrame(camera.widthPx, camera.heightPx)) {
      last = draw(camera, instances, options);
      return toFrame(last, options, into);
    },
    renderBytes(camera, instances, options = {}, into = createByteFrame(camera.widthPx, camera.heightPx)) {
      last = draw(camera, instances, options);
      const frame = toFrame(last, options, createFrame(camera.widthPx, camera.heightPx));
      const isSolid = instances.some(({ set }) => (set as TwinSet).normals !== undefined);
      if (isSolid) solidify(last.sums, options.layer, frame.rgb);
      for (let i = 0; i < frame.rgb.length; i++) into.rgb[i] = Math.round(255 * Math.min(frame.rgb[i], 1));
      into.label.set(frame.label);
      into.medianDepthM.set(frame.medianDepthM);
      return into;
    },
    poseGradient(gradient, instanceIdx) {
      const drawn = lastDrawn();
      const { camera, splats, sums, layerDepthM } = drawn;
      const screen = screenGradients(camera, splats, sums, gradient, layerDepthM);
      return toPose(camera, splats, screen, instanceIdx, chainInput(drawn, instanceIdx));
    },
    gaussianGradient(gradient, instanceIdx, { shape = true } = {}) {
      const drawn = lastDrawn();
      const { camera, splats, sums, layerDepthM } = drawn;
      const screen = screenGradients(camera, splats, sums, gradient, layerDepthM);
      const { opacity } = drawn.instances[instanceIdx].set as TwinSet;
      return toGaussians(camera, splats, screen, instanceIdx, chainInput(drawn, instanceIdx), opacity, shape);
    },
  };
}
