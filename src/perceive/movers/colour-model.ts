/** Colour histograms in 8-bit Lab, smoothed: they answer "how likely is this colour for that thing?". */
import { setRange } from '../../image/morphology.js';

/** 8 bins of lightness (32 steps each) and 32 x 32 bins of a, b (4 Lab units each, -64..63, ends clamped). */
const L_BINS = 8;
const AB_BINS = 32;
const NUM_BINS = L_BINS * AB_BINS * AB_BINS;

/** [8192] 1 for the bins of the colours that belong to it. */
export type ColourSet = Uint8Array;

/** The colours of which `a` gives a log ratio to `b` above `limit`. */
export function coloursOf(a: ColourModel, b: ColourModel, limit: number): ColourSet {
  return Uint8Array.from({ length: NUM_BINS }, (_, bin) => (binRatio(a, b, bin) > limit ? 1 : 0));
}

/** Bin of the colour of pixel `i` of a [N, 3] Lab image. */
export function binOf(lab: Uint8Array, i: number): number {
  const p = 3 * i;
  const a = lab[p + 1] - 64;
  const b = lab[p + 2] - 64;
  const ia = a < 0 ? 0 : a > 127 ? AB_BINS - 1 : a >> 2;
  const ib = b < 0 ? 0 : b > 127 ? AB_BINS - 1 : b >> 2;
  return ((lab[p] >> 5) * AB_BINS + ia) * AB_BINS + ib;
}

export class ColourModel {
  private readonly counts = new Float32Array(NUM_BINS);
  private smooth: Float32Array | null = null;
  private sum = 0;

  /** Pixel `i` of a [N, 3] Lab image. */
  add(lab: Uint8Array, i: number): void {
    this.addBin(binOf(lab, i));
  }

  /** The pixels of a mask [N]. */
  addAll(lab: Uint8Array, mask: Uint8Array): void {
    const range = setRange(mask);
    if (range) for (let i = range.first; i <= range.last; i++) if (mask[i] !== 0) this.add(lab, i);
  }

  addBin(bin: number): void {
    this.counts[bin]++;
    this.sum++;
    this.smooth = null;
  }

  get total(): number {
    return this.sum;
  }

  /** Adds another model's counts, scaled so that they weigh `weight` pixels in all. */
  mix(other: ColourModel, weight: number): void {
    if (other.sum === 0) return;
    for (let k = 0; k < NUM_BINS; k++) this.counts[k] += (weight * other.counts[k]) / other.sum;
    this.sum += weight;
    this.smooth = null;
  }

  /** Density of the bin of pixel `i`, mixed with 5 % of a uniform one so that unseen colours stay possible. */
  density(lab: Uint8Array, i: number): number {
    return this.densityOfBin(binOf(lab, i));
  }

  densityOfBin(bin: number): number {
    this.smooth ??= smoothed(this.counts);
    return (0.95 * this.smooth[bin]) / Math.max(1, this.sum) + 0.05 / NUM_BINS;
  }

  /** Bhattacharyya coefficient, 0 (nothing in common) to 1. */
  overlap(other: ColourModel): number {
    this.smooth ??= smoothed(this.counts);
    other.smooth ??= smoothed(other.counts);
    if (this.sum === 0 || other.sum === 0) return 0;
    let sum = 0;
    for (let k = 0; k < NUM_BINS; k++) sum += Math.sqrt(this.smooth[k] * other.smooth[k]);
    return sum / Math.sqrt(this.sum * other.sum);
  }

  /** A model that comes from another thread, without its methods. */
  static received(sent: ColourModel): ColourModel {
    return Object.assign(new ColourModel(), sent);
  }

  static of(lab: Uint8Array, mask: Uint8Array): ColourModel {
    const model = new ColourModel();
    model.addAll(lab, mask);
    return model;
  }
}

/** [1 2 1] / 4 along each axis; what would fall off an end stays in the end bin, so the sum is kept. */
function smoothed(counts: Float32Array): Float32Array {
  let src = counts;
  const strides: [number, number][] = [
    [AB_BINS * AB_BINS, L_BINS],
    [AB_BINS, AB_BINS],
    [1, AB_BINS],
  ];
  for (const [stride, length] of strides) {
    const dst = new Float32Array(NUM_BINS);
    for (let k = 0; k < NUM_BINS; k++) {
      const value = src[k];
      if (value === 0) continue;
      const at = Math.floor(k / stride) % length;
      dst[k] += value / 2;
      dst[at > 0 ? k - stride : k] += value / 4;
      dst[at < length - 1 ? k + stride : k] += value / 4;
    }
    src = dst;
  }
  return src;
}

/** log(p_a / p_b) of a pixel, clipped: one pixel is never proof. */
export const logRatio = (a: ColourModel, b: ColourModel, lab: Uint8Array, i: number): number =>
  binRatio(a, b, binOf(lab, i));

const MAX_RATIO = 4;

const binRatio = (a: ColourModel, b: ColourModel, bin: number): number =>
  Math.max(-MAX_RATIO, Math.min(MAX_RATIO, Math.log(a.densityOfBin(bin) / b.densityOfBin(bin))));

/** [8192] log(p_a / p_b) of every colour. */
export function logRatios(a: ColourModel, b: ColourModel): Float64Array {
  const out = new Float64Array(NUM_BINS);
  for (let bin = 0; bin < NUM_BINS; bin++) out[bin] = Math.log(a.densityOfBin(bin) / b.densityOfBin(bin));
  return out;
}

/** [N] bins of the colours of [N, 3] Lab. */
export function binsOf(lab: Uint8Array): Uint16Array {
  const out = new Uint16Array(lab.length / 3);
  for (let i = 0; i < out.length; i++) out[i] = binOf(lab, i);
  return out;
}

/** Peak of the plate's own density in the units of `ColourModel.density` (a bin holds 512 Lab steps, sd about 4 and 8). */
const PLATE_PEAK = 0.1;
/** A shadow may fall anywhere, so it is expected less than the plain plate. */
const SHADOW_PEAK = 0.03;

/**
 * Likelihood of pixel `i` of `lab` if the known background (pixel `j` of `plate`) shows there, plain or in shadow.
 * `sd` is the noise in Lab units. Same units as `ColourModel.density`.
 */
export function plateDensity(lab: Uint8Array, i: number, plate: Uint8Array, j: number, sd: number): number {
  const dl = ((lab[3 * i] - plate[3 * j]) * 0.7) / 2.55;
  const da = lab[3 * i + 1] - plate[3 * j + 1];
  const db = lab[3 * i + 2] - plate[3 * j + 2];
  const chroma2 = da * da + db * db;
  const k = -0.5 / (sd * sd);
  const plain = PLATE_PEAK * Math.exp(k * (dl * dl + chroma2));
  return Math.max(plain, shadowDensity(lab, i, plate, j, chroma2, sd));
}

/** The same where the background lies in shadow; 0 where it cannot. `chroma2`: squared distance of a and b. */
function shadowDensity(lab: Uint8Array, i: number, plate: Uint8Array, j: number, chroma2: number, sd: number): number {
  const shade = lab[3 * i] / Math.max(1, plate[3 * j]);
  if (shade >= 1 || shade < 0.5) return 0;
  const k = -0.5 / (sd * sd);
  return SHADOW_PEAK * Math.exp(k * chroma2) * Math.min(1, 2 * (shade - 0.4));
}

/** For every colour of a model how far (squared Lab distance) from a known background it is likelier than that. */
export interface PlateLimits {
  readonly model: ColourModel;
  readonly sd: number;
  /** [8192] for the plain background. */
  readonly plain: Float64Array;
}

export function plateLimits(model: ColourModel, sd: number): PlateLimits {
  const plain = new Float64Array(NUM_BINS);
  for (let bin = 0; bin < NUM_BINS; bin++) plain[bin] = 2 * sd * sd * Math.log(PLATE_PEAK / model.densityOfBin(bin));
  return { model, sd, plain };
}

/** Is the density of pixel `i` in the model larger than its `plateDensity`? Without exponentials for most pixels. */
export function beatsPlate(limits: PlateLimits, lab: Uint8Array, i: number, plate: Uint8Array, j: number): boolean {
  const dl = ((lab[3 * i] - plate[3 * j]) * 0.7) / 2.55;
  const da = lab[3 * i + 1] - plate[3 * j + 1];
  const db = lab[3 * i + 2] - plate[3 * j + 2];
  const bin = binOf(lab, i);
  if (dl * dl + da * da + db * db <= limits.plain[bin]) return false;
  return limits.model.densityOfBin(bin) > shadowDensity(lab, i, plate, j, da * da + db * db, limits.sd);
}

/**
 * Is this a colour human skin can have? Chroma and hue only: hue 25-80 degrees and chroma 8-50 in Lab hold for all skin
 * tones under usual light. Wood passes too, so this is a hint and never a verdict.
 */
export function looksLikeSkin(lab: Uint8Array, i: number): boolean {
  const l = lab[3 * i] / 2.55;
  const a = lab[3 * i + 1] - 128;
  const b = lab[3 * i + 2] - 128;
  if (l < 15 || l > 95 || a < 3 || b < 3) return false;
  const chroma2 = a * a + b * b;
  const slope = b / a;
  return chroma2 > 64 && chroma2 < 2500 && slope > 0.45 && slope < 5;
}
