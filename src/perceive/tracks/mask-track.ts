/**
 * Carries a mask through the clip with the points on it: KLT with forward-backward check, one similarity per frame by
 * RANSAC. A similarity, not an affinity: with 20 points the extra freedom makes the mask drift (measured).
 */
import type { Random } from '../../base/random.js';
import type { PixelBox } from '../../image/image.js';
import { erode, maskBox } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { buildPyramid, findCorners, KLT_DEFAULTS, trackPointsChecked } from './klt.js';
import {
  applySimilarity,
  chainSimilarity,
  IDENTITY_SIMILARITY,
  ransacSimilarity,
  type Similarity,
  scaleOf,
} from './motion-models.js';
import type { Pyramid } from './pyramid.js';

export interface MaskTrack {
  readonly startFrame: number;
  /** Per visited frame. */
  readonly steps: ReadonlyMap<number, TrackStep>;
}

export interface TrackStep {
  readonly fromStart: Similarity;
  /** Share of the points that agree with one motion, 0..1. */
  readonly trust: number;
  /** The agreeing points: ids unique within the track, and [N, 2] pixel positions. */
  readonly ids: Int32Array;
  readonly xyPx: Float32Array;
}

const MAX_POINTS = 150;
const MIN_DISTANCE_PX = 4;
const QUALITY = 0.003;
const TOLERANCE_PX = 2;
/** A rigid thing in a tabletop video does not grow by more than this from frame to frame. */
const MAX_STEP_SCALE = 1.15;
/** Nor by more than this over the whole way: the rest is drift. */
const MAX_TOTAL_SCALE = 1.4;
/** Frames a point may disagree before it is dropped. */
const PATIENCE = 4;

/** Frames between looking for new points: looking costs more than following. */
const REFRESH_EVERY = 3;

/** Follows one mask from frame to frame, in either direction. */
export class MaskTracker {
  private points: Float32Array;
  private misses: Uint8Array;
  private ids: Int32Array;
  private nextId: number;
  private readonly wanted: number;
  private fromStart = IDENTITY_SIMILARITY;
  private lastStep = IDENTITY_SIMILARITY;
  private readonly steps: Map<number, TrackStep>;

  /** `mask` [H, W] at work size; points start only where `visible` is set too (not under the hand). */
  constructor(
    private readonly clip: Clip,
    private readonly mask: Uint8Array,
    visible: Uint8Array,
    readonly startFrame: number,
    private readonly random: Random,
  ) {
    const inner = erode(mask, clip.widthPx, clip.heightPx, 1);
    for (let i = 0; i < inner.length; i++) if (visible[i] === 0) inner[i] = 0;
    const level = buildPyramid(clip.greyAt(startFrame), 1)[0];
    this.points = findCorners(level, MAX_POINTS, MIN_DISTANCE_PX, QUALITY, inner);
    const count = this.points.length / 2;
    this.misses = new Uint8Array(count);
    this.ids = Int32Array.from({ length: count }, (_, p) => p);
    this.nextId = count;
    this.wanted = Math.max(10, Math.round(0.6 * count));
    this.steps = new Map([[startFrame, { fromStart: this.fromStart, trust: 1, ids: this.ids, xyPx: this.points }]]);
  }

  get track(): MaskTrack {
    return { startFrame: this.startFrame, steps: this.steps };
  }

  /** Goes on to frame `k`, whose pyramid is `to`; `from` is that of the frame before. */
  step(from: Pyramid, to: Pyramid, k: number): void {
    const { points } = this;
    const next = trackPointsChecked(from, to, points, KLT_DEFAULTS, mapPoints(points, this.lastStep));
    const fit = ransacSimilarity(points, next, TOLERANCE_PX, this.random, 100);
    const seen: number[] = [];
    const seenIds: number[] = [];
    let trust = 0;
    if (fit) {
      const scale = scaleOf(fit.model);
      const sane = scale < MAX_STEP_SCALE && scale > 1 / MAX_STEP_SCALE;
      this.lastStep = sane
        ? dampScale(fit.model, Math.min(1, fit.numInliers / 30), points, fit.inliers)
        : IDENTITY_SIMILARITY;
      trust = sane ? fit.numInliers / Math.max(8, points.length / 2) : 0;
      this.keepAgreeing(next, fit.inliers, seen, seenIds);
    } else {
      // Nothing to hold on to: go on as before, ever slower.
      this.lastStep = { a: 1, b: 0, tx: 0.7 * this.lastStep.tx, ty: 0.7 * this.lastStep.ty };
      this.points = mapPoints(points, this.lastStep);
    }
    const total = scaleOf(this.fromStart) * scaleOf(this.lastStep);
    if (total > MAX_TOTAL_SCALE || total < 1 / MAX_TOTAL_SCALE) {
      this.lastStep = dampScale(this.lastStep, 0, this.points, new Uint8Array(this.points.length / 2).fill(1));
    }
    this.fromStart = chainSimilarity(this.lastStep, this.fromStart);
    this.steps.set(k, {
      fromStart: this.fromStart,
      trust: Math.min(1, trust),
      ids: Int32Array.from(seenIds),
      xyPx: Float32Array.from(seen),
    });
    if (this.points.length / 2 < this.wanted && k % REFRESH_EVERY === 0) this.refresh(to);
  }

  private keepAgreeing(next: Float32Array, inliers: Uint8Array, seen: number[], seenIds: number[]): void {
    const points: number[] = [];
    const misses: number[] = [];
    const ids: number[] = [];
    for (let p = 0; p < inliers.length; p++) {
      if (Number.isNaN(next[2 * p])) continue;
      const miss = inliers[p] !== 0 ? 0 : this.misses[p] + 1;
      if (miss >= PATIENCE) continue;
      points.push(next[2 * p], next[2 * p + 1]);
      misses.push(miss);
      ids.push(this.ids[p]);
      if (miss > 0) continue;
      seen.push(next[2 * p], next[2 * p + 1]);
      seenIds.push(this.ids[p]);
    }
    this.points = Float32Array.from(points);
    this.misses = Uint8Array.from(misses);
    this.ids = Int32Array.from(ids);
  }

  private refresh(to: Pyramid): void {
    const { widthPx: w, heightPx: h } = this.clip;
    const moved = erode(warpMask(this.mask, w, h, this.fromStart), w, h, 2);
    clearAround(moved, this.points, w);
    const fresh = findCorners(to[0], MAX_POINTS, MIN_DISTANCE_PX, QUALITY, moved);
    const extra = fresh.subarray(0, 2 * Math.max(0, this.wanted - this.points.length / 2));
    this.points = Float32Array.from([...this.points, ...extra]);
    this.misses = Uint8Array.from([...this.misses, ...new Uint8Array(extra.length / 2)]);
    this.ids = Int32Array.from([...this.ids, ...Array.from({ length: extra.length / 2 }, () => this.nextId++)]);
  }
}

/** Runs trackers over the clip, all at once: each frame's pyramid is built once. Direction 1 = to the end, -1 = to the start. */
export function runTrackers(clip: Clip, trackers: readonly MaskTracker[], direction: 1 | -1): void {
  if (trackers.length === 0) return;
  const starts = trackers.map((tracker) => tracker.startFrame);
  let k = direction === 1 ? Math.min(...starts) : Math.max(...starts);
  let from = buildPyramid(clip.greyAt(k));
  let spare: Pyramid | undefined;
  for (k += direction; k >= 0 && k < clip.numFrames; k += direction) {
    const to = buildPyramid(clip.greyAt(k), 3, spare);
    for (const tracker of trackers) {
      if (direction * (k - tracker.startFrame) > 0) tracker.step(from, to, k);
    }
    spare = from;
    from = to;
  }
}

/** Few points measure scale badly: its power is reduced with their number, about the centre of the points. */
function dampScale(model: Similarity, power: number, points: Float32Array, use: Uint8Array): Similarity {
  const scale = scaleOf(model);
  const factor = scale ** (power - 1);
  let cx = 0;
  let cy = 0;
  let n = 0;
  for (let p = 0; p < use.length; p++) {
    if (use[p] === 0) continue;
    cx += points[2 * p];
    cy += points[2 * p + 1];
    n++;
  }
  if (n === 0) return model;
  const [x, y] = applySimilarity(model, cx / n, cy / n);
  const a = model.a * factor;
  const b = model.b * factor;
  return { a, b, tx: x - (a * (cx / n) - b * (cy / n)), ty: y - (b * (cx / n) + a * (cy / n)) };
}

function mapPoints(points: Float32Array, s: Similarity): Float32Array {
  const out = new Float32Array(points.length);
  for (let p = 0; p < points.length; p += 2) {
    const [x, y] = applySimilarity(s, points[p], points[p + 1]);
    out[p] = x;
    out[p + 1] = y;
  }
  return out;
}

/** Takes the surroundings of points that exist already out of a mask. */
function clearAround(mask: Uint8Array, points: Float32Array, w: number): void {
  for (let p = 0; p < points.length; p += 2) {
    for (let y = Math.floor(points[p + 1]) - 3; y <= points[p + 1] + 3; y++) {
      const x0 = Math.floor(points[p]) - 3;
      if (y >= 0 && x0 >= 0) mask.fill(0, y * w + x0, Math.min((y + 1) * w, y * w + x0 + 7));
    }
  }
}

/** [H, W] mask moved by a similarity (nearest pixel); only what comes to lie in the box `into`, if one is given, as a mask of that box. */
export function warpMask(mask: Uint8Array, w: number, h: number, s: Similarity, into?: PixelBox): Uint8Array {
  const view = into ?? { x0: 0, y0: 0, x1: w, y1: h };
  const width = view.x1 - view.x0;
  const out = new Uint8Array(width * (view.y1 - view.y0));
  const box = maskBox(mask, w, h);
  if (!box) return out;
  const { x0, y0, x1, y1 } = box;
  const corners = [
    [x0, y0],
    [x1, y0],
    [x0, y1],
    [x1, y1],
  ].map(([x, y]) => applySimilarity(s, x, y));
  const left = Math.max(view.x0, Math.floor(Math.min(...corners.map((c) => c[0]))));
  const right = Math.min(view.x1 - 1, Math.ceil(Math.max(...corners.map((c) => c[0]))));
  const top = Math.max(view.y0, Math.floor(Math.min(...corners.map((c) => c[1]))));
  const bottom = Math.min(view.y1 - 1, Math.ceil(Math.max(...corners.map((c) => c[1]))));
  const d = s.a * s.a + s.b * s.b;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const u = x + 0.5 - s.tx;
      const v = y + 0.5 - s.ty;
      const sx = Math.floor((s.a * u + s.b * v) / d);
      const sy = Math.floor((-s.b * u + s.a * v) / d);
      if (sx < 0 || sy < 0 || sx >= w || sy >= h || mask[sy * w + sx] === 0) continue;
      out[(y - view.y0) * width + x - view.x0] = 1;
    }
  }
  return out;
}
