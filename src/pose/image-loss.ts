/** Render-and-compare losses of one window and their derivatives by what was drawn. */
import type { MaskSample } from '../objects/crop.js';
import type { Frame, FrameGradient } from '../splat/renderer.js';
import type { Observation } from './observation.js';

/** Relative weights; 0 switches a term off. All terms are dimensionless means. */
export interface LossWeights {
  readonly mask: number;
  readonly rgb: number;
  readonly depth: number;
  readonly track: number;
  readonly contact: number;
}

/** Extra cost of disagreement per window pixel from the outline: widens the basin, on both sides alike so that size is not biased. */
const DISTANCE_WEIGHT = 0.25;
/** Charbonnier width of colour differences (0..1): noise and shading below it are nearly free. */
const RGB_SOFT = 0.04;
/** Charbonnier width of depth differences, metres. */
const DEPTH_SOFT_M = 0.003;
/** Depth differences are measured in this unit, metres. */
const DEPTH_UNIT_M = 0.03;
/** Depth farther off than this belongs to something else (metres). */
const DEPTH_MAX_M = 0.15;
/** Brightness may differ by this factor between the model and the frame (shadow of the hand, exposure). */
const GAIN_RANGE = [0.75, 1.35] as const;
/** Share of the colour term that even a plain object keeps: its colour still tells it from the background. */
const MIN_RGB_TRUST = 0.15;
const MIN_ALPHA = 0.02;
/** Nearer than a seen object by more than this, the model would hide it (metres; what shapes and poses are known to). */
const HIDING_M = 0.006;

export interface ImageLoss {
  readonly value: number;
  /** Soft intersection over union where pixels are cared for. */
  readonly iou: number;
  /** Share of the drawn silhouette on which the object's own mask is seen. */
  readonly visibleFraction: number;
  /** Drawn pixels that are cared for. */
  readonly drawnPx: number;
  /** In the buffers that were given; null without them. */
  readonly gradient: FrameGradient | null;
}

/** What `imageLoss` writes its derivatives into: [H, W, 3], [H, W] and [H, W] as in `FrameGradient`. */
export type GradientBuffers = Required<FrameGradient>;

export const createGradientBuffers = (numPixels: number): GradientBuffers => ({
  rgb: new Float32Array(3 * numPixels),
  alpha: new Float32Array(numPixels),
  depthSum: new Float32Array(numPixels),
});

/** Loss of a frame drawn over black (no layer) against an observation of the same size. `into`: null when no gradient is needed. */
export function imageLoss(
  frame: Frame,
  observation: Observation,
  weights: LossWeights,
  into: GradientBuffers | null,
): ImageLoss {
  const { inside, care } = observation.mask;
  const { outsideWeight = 1, behindM } = observation;
  const alphaGradient = into?.alpha ?? null;
  into?.rgb.fill(0);
  into?.alpha.fill(0);
  let intersection = 0;
  let union = 0;
  let drawn = 0;
  let drawnSeen = 0;
  let drawnCared = 0;
  let maskSum = 0;
  const maskScale = weights.mask / Math.max(observation.areaPx, 1);
  const { alpha } = frame;
  const pixels = activePixels(alpha, inside);
  for (let n = 0; n < pixels.length; n++) {
    const i = pixels[n];
    const a = alpha[i];
    if (a > 0.5) {
      drawn++;
      drawnCared += care[i];
      drawnSeen += care[i] * inside[i];
    }
    if (care[i] === 0) {
      if (behindM === null || !hides(a, frame.depthM[i], behindM[i])) continue;
      union += a;
      maskSum += a * a;
      if (alphaGradient) alphaGradient[i] = maskScale * 2 * a;
      continue;
    }
    intersection += Math.min(a, inside[i]);
    union += Math.max(a, inside[i]);
    const trust = a > inside[i] ? outsideWeight : 1;
    const weight = trust * (1 + DISTANCE_WEIGHT * observation.distancePx[i]);
    const difference = a - inside[i];
    maskSum += weight * difference * difference;
    if (alphaGradient) alphaGradient[i] = maskScale * 2 * weight * difference;
  }
  let value = maskScale * maskSum;
  if (weights.rgb > 0) {
    const trust = Math.max(MIN_RGB_TRUST, observation.texture);
    value += rgbTerm(frame, observation, pixels, weights.rgb * trust, into);
  }
  const hasDepth = weights.depth > 0 && observation.depthM !== null;
  if (weights.depth > 0 && observation.depthM !== null) {
    const depthSum = into?.depthSum ?? null;
    depthSum?.fill(0);
    value += depthTerm(frame, observation, observation.depthM, weights.depth, alphaGradient, depthSum);
  }
  return {
    value,
    iou: union > 0 ? intersection / union : 0,
    visibleFraction: drawn > 0 ? Math.min(1, drawnSeen / drawn) : 0,
    drawnPx: drawnCared,
    gradient: into && (hasDepth ? into : { rgb: into.rgb, alpha: into.alpha }),
  };
}

/** Room for the indices of a window's pixels; written anew by every loss. */
let room = new Int32Array(0);

/** The pixels of the window in which something is drawn or seen, about a third of it: the others add to no term. */
function activePixels(alpha: Float32Array, inside: Float32Array): Int32Array {
  if (room.length < alpha.length) room = new Int32Array(alpha.length);
  let count = 0;
  for (let i = 0; i < alpha.length; i++) if (alpha[i] !== 0 || inside[i] !== 0) room[count++] = i;
  return room.subarray(0, count);
}

/** Whether the model stands in front of something that is seen there (depth 0: nothing is known). */
function hides(alpha: number, depthM: number, behindM: number): boolean {
  return behindM > 0 && alpha > MIN_ALPHA && depthM > 0 && depthM < behindM - HIDING_M;
}

/**
 * Mean Charbonnier difference between the drawing and the masked frame over the union of both masks (Video2Robo's RGB loss). With
 * `colourOutside` what is drawn outside of the mask is held against what is seen there.
 */
function rgbTerm(
  frame: Frame,
  { mask, rgb, colourOutside = false }: Observation,
  pixels: Int32Array,
  weight: number,
  into: GradientBuffers | null,
): number {
  const { inside, care } = mask;
  const { alpha, rgb: drawn } = frame;
  const gain = brightnessGain(frame, rgb, mask, pixels);
  let area = 0;
  for (let n = 0; n < pixels.length; n++) {
    const i = pixels[n];
    if ((alpha[i] > 0.5 || inside[i] > 0.5) && care[i] > 0) area++;
  }
  if (area === 0) return 0;
  const scale = weight / (3 * area);
  const rgbGradient = into?.rgb ?? null;
  const alphaGradient = into?.alpha ?? null;
  let sum = 0;
  for (let n = 0; n < pixels.length; n++) {
    const i = pixels[n];
    const a = alpha[i];
    const m = inside[i];
    if ((a < MIN_ALPHA && m === 0) || care[i] === 0) continue;
    const isBeyond = colourOutside && a > m;
    const shown = isBeyond ? a : m;
    for (let c = 3 * i; c < 3 * i + 3; c++) {
      const difference = gain * drawn[c] - shown * rgb[c];
      const soft = Math.sqrt(difference * difference + RGB_SOFT * RGB_SOFT);
      sum += soft - RGB_SOFT;
      if (rgbGradient === null || alphaGradient === null) continue;
      const slope = (scale * difference) / soft;
      rgbGradient[c] = gain * slope;
      if (isBeyond) alphaGradient[i] -= slope * rgb[c];
    }
  }
  return scale * sum;
}

/** Least-squares brightness of the frame relative to the model, where both show the object. */
function brightnessGain(frame: Frame, rgb: Float32Array, { inside, care }: MaskSample, pixels: Int32Array): number {
  const { alpha, rgb: drawn } = frame;
  let cross = 0;
  let own = 0;
  for (let n = 0; n < pixels.length; n++) {
    const i = pixels[n];
    if (inside[i] < 0.9 || alpha[i] < 0.9 || care[i] === 0) continue;
    for (let c = 3 * i; c < 3 * i + 3; c++) {
      cross += drawn[c] * rgb[c];
      own += drawn[c] * drawn[c];
    }
  }
  return own > 0 ? Math.min(GAIN_RANGE[1], Math.max(GAIN_RANGE[0], cross / own)) : 1;
}

/** Mean Charbonnier difference of expected depth D = S / alpha; its derivative goes to the depth sum S and to alpha. */
function depthTerm(
  frame: Frame,
  { mask }: Observation,
  observed: Float32Array,
  weight: number,
  alphaGradient: Float32Array | null,
  depthSumGradient: Float32Array | null,
): number {
  const usable = (i: number): boolean =>
    mask.care[i] > 0 &&
    mask.inside[i] > 0.9 &&
    frame.alpha[i] > 0.5 &&
    observed[i] > 0 &&
    Math.abs(frame.depthM[i] - observed[i]) < DEPTH_MAX_M;
  let area = 0;
  for (let i = 0; i < observed.length; i++) if (usable(i)) area++;
  if (area === 0) return 0;
  const scale = weight / (area * DEPTH_UNIT_M);
  let sum = 0;
  for (let i = 0; i < observed.length; i++) {
    if (!usable(i)) continue;
    const difference = frame.depthM[i] - observed[i];
    const soft = Math.sqrt(difference * difference + DEPTH_SOFT_M * DEPTH_SOFT_M);
    sum += soft - DEPTH_SOFT_M;
    if (!alphaGradient || !depthSumGradient) continue;
    const byDepth = (scale * difference) / soft;
    depthSumGradient[i] = byDepth / frame.alpha[i];
    alphaGradient[i] -= (byDepth * frame.depthM[i]) / frame.alpha[i];
  }
  return scale * sum;
}
