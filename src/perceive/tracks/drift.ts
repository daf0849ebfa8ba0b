/**
 * Takes the drift out of point tracks. Steps from frame to frame add up small errors; here each point is matched again with
 * the picture of it that the track began with, turned and scaled as the object is by then, and only when that no longer fits
 * (the object turned over) with the last picture that did: the "template update with drift correction" of Matthews,
 * Ishikawa and Baker (2004). Where neither fits, the point is covered or lost: it is left out of that frame.
 */
import type { ByteImage } from '../../image/image.js';
import type { ClipTask } from '../clip.js';
import type { MaskTrack } from './mask-track.js';
import { applySimilarity, chainSimilarity, invertSimilarity, type Similarity } from './motion-models.js';

/** Side of the window that is matched, px. */
const WINDOW_PX = 15;
const HALF = (WINDOW_PX - 1) / 2;
const NUM_PIXELS = WINDOW_PX * WINDOW_PX;
/** Half side of the stored picture: the window turned by 45 degrees and enlarged by 1.3. */
const STORED_HALF = 14;
const STORED_PX = 2 * STORED_HALF + 1;
/** Pixels off the object do not count; with fewer than this on it, none is left out. */
const MIN_OBJECT_PIXELS = 60;
/** Weighted correlation from which a match is believed. */
const MIN_CORRELATION = 0.8;
/** A match farther than this from where the step from the last frame leads is another place, px. */
const MAX_CORRECTION_PX = 2.5;
const MAX_ITERATIONS = 12;
const CONVERGED_PX = 0.02;
/** Window weights: Gaussian, this wide. */
const SIGMA_PX = 5;

const GAUSSIAN = Float32Array.from({ length: NUM_PIXELS }, (_, i) => {
  const u = (i % WINDOW_PX) - HALF;
  const v = Math.floor(i / WINDOW_PX) - HALF;
  return Math.exp((-0.5 * (u * u + v * v)) / (SIGMA_PX * SIGMA_PX));
});

/** A point's picture in one frame. */
interface Anchor {
  readonly fromStart: Similarity;
  /** Where the point is in it, px. */
  readonly x: number;
  readonly y: number;
  /** Top-left pixel of `pixels`, [STORED_PX, STORED_PX] grey. */
  readonly x0: number;
  readonly y0: number;
  readonly pixels: Uint8Array;
}

/** Path of one point: frame to position, work-size px. */
export type PointPath = Map<number, [number, number]>;

/**
 * The paths without drift. `paths` are the points of `track` by id; `mask` [H, W] is the object at the track's first frame;
 * `greyAt` gives the pictures they were followed in. Frames in which a point does not look like itself are left out.
 */
export function withoutDrift(
  track: MaskTrack,
  mask: Uint8Array,
  paths: ReadonlyMap<number, PointPath>,
  greyAt: (k: number) => ByteImage,
): Map<number, PointPath> {
  const matchers = new Map([...paths.keys()].map((id) => [id, new PointMatcher(mask)]));
  const out = new Map<number, PointPath>([...paths.keys()].map((id) => [id, new Map()]));
  // Steps are stored in the order in which they were made, away from the first frame.
  for (const [k, { fromStart }] of track.steps) {
    let grey: ByteImage | null = null;
    for (const [id, path] of paths) {
      const place = path.get(k);
      if (!place) continue;
      grey ??= greyAt(k);
      const found = matchers.get(id)!.next(grey, fromStart, place);
      if (found) out.get(id)!.set(k, found);
    }
  }
  return out;
}

export interface DriftJob {
  readonly track: MaskTrack;
  readonly mask: Uint8Array;
  readonly paths: ReadonlyMap<number, PointPath>;
}

/** `withoutDrift` in the frames of a clip. */
export const driftTask: ClipTask<DriftJob, Map<number, PointPath>> = {
  name: 'drift',
  run: (clip, { track, mask, paths }) => withoutDrift(track, mask, paths, (k) => clip.greyAt(k)),
};

class PointMatcher {
  private anchor: Anchor | null = null;
  private lastGood: Anchor | null = null;
  /** What the steps have drifted so far, px. */
  private dx = 0;
  private dy = 0;

  constructor(private readonly mask: Uint8Array) {}

  next(grey: ByteImage, fromStart: Similarity, place: readonly [number, number]): [number, number] | null {
    const guess: [number, number] = [place[0] + this.dx, place[1] + this.dy];
    if (!this.anchor || !this.lastGood) {
      this.anchor = anchorAt(grey, fromStart, guess);
      this.lastGood = this.anchor;
      return guess;
    }
    let found = matchAnchor(this.anchor, this.mask, grey, fromStart, guess);
    if (!found && this.lastGood !== this.anchor) {
      found = matchAnchor(this.lastGood, this.mask, grey, fromStart, guess);
      if (found) this.anchor = this.lastGood;
    }
    if (!found) return null;
    this.dx = found[0] - place[0];
    this.dy = found[1] - place[1];
    this.lastGood = anchorAt(grey, fromStart, found);
    return found;
  }
}

function anchorAt(grey: ByteImage, fromStart: Similarity, [x, y]: readonly [number, number]): Anchor {
  const { widthPx: w, heightPx: h, data } = grey;
  const x0 = Math.floor(x) - STORED_HALF;
  const y0 = Math.floor(y) - STORED_HALF;
  const pixels = new Uint8Array(STORED_PX * STORED_PX);
  for (let v = 0, o = 0; v < STORED_PX; v++) {
    const row = Math.min(h - 1, Math.max(0, y0 + v)) * w;
    for (let u = 0; u < STORED_PX; u++, o++) pixels[o] = data[row + Math.min(w - 1, Math.max(0, x0 + u))];
  }
  return { fromStart, x, y, x0, y0, pixels };
}

/** Bilinear; (x, y) with pixel centres at +0.5, clamped to the picture. */
function sample(data: Uint8Array, w: number, h: number, x: number, y: number): number {
  const u = Math.min(w - 1.001, Math.max(0, x - 0.5));
  const v = Math.min(h - 1.001, Math.max(0, y - 0.5));
  const iu = u | 0;
  const iv = v | 0;
  const fu = u - iu;
  const fv = v - iv;
  const i = iv * w + iu;
  const top = data[i] + fu * (data[i + 1] - data[i]);
  const bottom = data[i + w] + fu * (data[i + w + 1] - data[i + w]);
  return top + fv * (bottom - top);
}

/** Where the anchor's picture, turned and scaled as the object is in this frame, fits best near `guess`; null: nowhere. */
function matchAnchor(
  anchor: Anchor,
  mask: Uint8Array,
  grey: ByteImage,
  fromStart: Similarity,
  guess: readonly [number, number],
): [number, number] | null {
  const { widthPx: w, heightPx: h } = grey;
  const startFromAnchor = invertSimilarity(anchor.fromStart);
  const anchorFromNow = invertSimilarity(chainSimilarity(fromStart, startFromAnchor));
  const { a, b } = anchorFromNow;
  const template = new Float32Array(NUM_PIXELS);
  const weight = Float32Array.from(GAUSSIAN);
  const gx = new Float32Array(NUM_PIXELS);
  const gy = new Float32Array(NUM_PIXELS);
  const at = (u: number, v: number): number => {
    const x = anchor.x + a * u - b * v - anchor.x0;
    const y = anchor.y + b * u + a * v - anchor.y0;
    return sample(anchor.pixels, STORED_PX, STORED_PX, x, y);
  };
  let numOn = 0;
  for (let i = 0; i < NUM_PIXELS; i++) {
    const u = (i % WINDOW_PX) - HALF;
    const v = Math.floor(i / WINDOW_PX) - HALF;
    template[i] = at(u, v);
    gx[i] = (at(u + 1, v) - at(u - 1, v)) / 2;
    gy[i] = (at(u, v + 1) - at(u, v - 1)) / 2;
    const [sx, sy] = applySimilarity(startFromAnchor, anchor.x + a * u - b * v, anchor.y + b * u + a * v);
    const on = sx >= 0 && sy >= 0 && sx < w && sy < h && mask[Math.floor(sy) * w + Math.floor(sx)] !== 0;
    if (on) numOn++;
    else weight[i] = 0;
  }
  if (numOn < MIN_OBJECT_PIXELS) weight.set(GAUSSIAN);
  const mean = weightedMean(template, weight);
  let variance = 0;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = 0; i < NUM_PIXELS; i++) {
    template[i] -= mean;
    variance += weight[i] * template[i] * template[i];
    xx += weight[i] * gx[i] * gx[i];
    xy += weight[i] * gx[i] * gy[i];
    yy += weight[i] * gy[i] * gy[i];
  }
  const det = xx * yy - xy * xy;
  if (variance < 1 || det <= 1e-3 * xx * yy) return null;
  const now = new Float32Array(NUM_PIXELS);
  let [x, y] = guess;
  let correlation = 0;
  for (let k = 0; k < MAX_ITERATIONS; k++) {
    for (let i = 0; i < NUM_PIXELS; i++) {
      now[i] = sample(grey.data, w, h, x + (i % WINDOW_PX) - HALF, y + Math.floor(i / WINDOW_PX) - HALF);
    }
    const level = weightedMean(now, weight);
    let cross = 0;
    let power = 0;
    for (let i = 0; i < NUM_PIXELS; i++) {
      now[i] -= level;
      cross += weight[i] * template[i] * now[i];
      power += weight[i] * now[i] * now[i];
    }
    if (power < 1) return null;
    correlation = cross / Math.sqrt(variance * power);
    const gain = Math.sqrt(variance / power);
    let ex = 0;
    let ey = 0;
    for (let i = 0; i < NUM_PIXELS; i++) {
      const e = weight[i] * (template[i] - gain * now[i]);
      ex += e * gx[i];
      ey += e * gy[i];
    }
    const sx = (yy * ex - xy * ey) / det;
    const sy = (xx * ey - xy * ex) / det;
    x += sx;
    y += sy;
    if (!(Math.hypot(x - guess[0], y - guess[1]) <= MAX_CORRECTION_PX)) return null;
    if (sx * sx + sy * sy < CONVERGED_PX * CONVERGED_PX) break;
  }
  return correlation >= MIN_CORRELATION ? [x, y] : null;
}

function weightedMean(values: Float32Array, weight: Float32Array): number {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    sum += weight[i] * values[i];
    total += weight[i];
  }
  return sum / total;
}
