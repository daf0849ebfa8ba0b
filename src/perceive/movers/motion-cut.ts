/**
 * Which pixels belong to a thing by how they move: seen at rest, a pixel of the thing shows up again where the thing went
 * and no longer where it was. That finds parts that look like the table, and leaves shadows behind.
 */
import type { PixelBox } from '../../image/image.js';
import { labDistance2 } from '../../image/lab.js';
import { countSet, maskBox } from '../../image/morphology.js';
import { isShading } from '../change/change-regions.js';
import type { Clip } from '../clip.js';
import type { MaskTrack, TrackStep } from '../tracks/mask-track.js';
import { applySimilarity } from '../tracks/motion-models.js';
import { boxOf, growBox } from './object-cut.js';

/** Frames in which the thing's pixels are looked for where it went, and in which its place is looked at. */
const MAX_SAMPLES = 8;
const MAX_PLACE_SAMPLES = 14;
/** Later than this after it began to move, a turn in depth no longer looks like a turn in the picture. */
const MAX_MOVING_SEC = 1;
/** The thing must be this far from its place: share of its size, and at least as many px. */
const MIN_SHIFT_SHARE = 0.2;
const MIN_SHIFT_PX = 6;
const MIN_TRUST = 0.3;
/** Lab distance worth one unit of log likelihood, and the most that may be said of a pixel. */
const DISTANCE_UNIT = 4;
const MAX_VOTE = 3;

/** What is farther than this from both colours that may show is something else. */
const HIDDEN_DISTANCE = 8;
/** A place that differs by this much from what rested there no longer holds it. */
const GONE_DISTANCE = 4;
/** Colours nearer than this are not told apart; still, so much (Lab distance) is believed of such a pixel. */
const ALIKE_DISTANCE = 6;
const ALIKE_SAYS = 4;

/** What is said of a pixel that may be shadow. */
const SHADOW_VOTE = -0.5;

/** A place is looked at when the thing has left it: this many sizes away, or at this share of the farthest it goes. */
const CLEAR_SIZES = 1.2;
const CLEAR_SHARE = 0.7;

export interface Sample {
  readonly k: number;
  readonly step: TrackStep;
  /** How far the middle of the thing is from its place, px. */
  readonly shiftPx: number;
}

/** Steps of a track in which the thing is well away from its place, nearest in time to its start first. */
export function stepsAway(clip: Clip, track: MaskTrack, mask: Uint8Array): Sample[] {
  const box = boxOf(mask, clip.widthPx, clip.heightPx);
  if (!box) return [];
  const cx = (box.x0 + box.x1) / 2;
  const cy = (box.y0 + box.y1) / 2;
  const shift = Math.max(MIN_SHIFT_PX, MIN_SHIFT_SHARE * Math.sqrt(countSet(mask)));
  const away: Sample[] = [];
  for (const [k, step] of track.steps) {
    const [x, y] = applySimilarity(step.fromStart, cx, cy);
    const shiftPx = Math.hypot(x - cx, y - cy);
    if (step.trust >= MIN_TRUST && shiftPx >= shift) away.push({ k, step, shiftPx });
  }
  return away.sort((a, b) => Math.abs(a.k - track.startFrame) - Math.abs(b.k - track.startFrame));
}

function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, n) => items[Math.round((n * (items.length - 1)) / (count - 1))]);
}

/** At most `MAX_SAMPLES` steps soon after the thing was well away from its place. */
export function movedSteps(clip: Clip, track: MaskTrack, mask: Uint8Array): Sample[] {
  return soonAway(clip, stepsAway(clip, track, mask));
}

function soonAway(clip: Clip, away: readonly Sample[]): Sample[] {
  const soon = away.filter(({ k }) => Math.abs(k - away[0].k) <= MAX_MOVING_SEC * clip.fps);
  return spread(soon, MAX_SAMPLES);
}

/**
 * [H, W] log odds that a pixel moves along, 0 outside of `reachPx` around the mask. `resting` [H/2, W/2, 3] is the picture of
 * the scene with the thing at its place. Null when the track shows no motion to judge by.
 */
export function motionEvidence(
  clip: Clip,
  track: MaskTrack,
  mask: Uint8Array,
  resting: Uint8Array,
  reachPx: number,
): Float32Array | null {
  const away = stepsAway(clip, track, mask);
  const samples = soonAway(clip, away);
  const box = boxOf(mask, clip.widthPx, clip.heightPx);
  if (samples.length < 2 || !box) return null;
  const farthest = Math.max(...away.map(({ shiftPx }) => shiftPx));
  const clear = Math.min(CLEAR_SIZES * Math.sqrt(countSet(mask)), CLEAR_SHARE * farthest);
  const places = spread(
    away.filter(({ shiftPx }) => shiftPx >= clear),
    MAX_PLACE_SAMPLES,
  );
  const { widthPx: W, heightPx: H, halfWidthPx: w } = clip;
  const window = growBox(box, reachPx, W, H);
  const out = new Float32Array(W * H);
  const there: number[] = [];
  const placeLabs = places.map(({ k }) => clip.labAt(k));
  const sampleLabs = samples.map(({ k }) => clip.labAt(k));
  for (let y = window.y0 & ~1; y < window.y1; y += 2) {
    for (let x = window.x0 & ~1; x < window.x1; x += 2) {
      const i = (y >> 1) * w + (x >> 1);
      // A place that shows its resting picture again, even once, was only covered: an arm passes, a thing is gone.
      let gone = Number.POSITIVE_INFINITY;
      let shown = resting;
      for (const lab of placeLabs) {
        const j = nearestLook(clip, lab, (x + 1) / 2, (y + 1) / 2, resting, i);
        const d = j < 0 ? gone : lookDistance(lab, j, resting, i);
        if (d >= gone) continue;
        gone = d;
        shown = lab;
      }
      there.length = 0;
      for (const [s, { step }] of samples.entries()) {
        const lab = sampleLabs[s];
        const [u, v] = applySimilarity(step.fromStart, x + 1, y + 1);
        const j = nearestLook(clip, lab, u / 2, v / 2, resting, i);
        if (j < 0) continue;
        const d = lookDistance(lab, j, resting, i);
        const before = lookDistance(lab, j, resting, j);
        // Wall in front of wall looks the same whether it came along or was there before: that says little.
        const alike = labDistance2(resting, i, resting, j) < ALIKE_DISTANCE ** 2;
        // Neither the pixel nor what was there before it: fingers hide both, and only its old place tells.
        const hidden = d > HIDDEN_DISTANCE && before > ALIKE_DISTANCE;
        const seen = Math.min(gone, alike ? Math.max(ALIKE_SAYS, before) : before) - d;
        there.push(hidden ? Math.min(0, gone - GONE_DISTANCE) : seen);
      }
      if (there.length < 2) continue;
      // Fingers cover a pixel of the thing in some frames, so its better frames count.
      there.sort((a, b) => b - a);
      const value = there[Math.floor(0.35 * there.length)] / DISTANCE_UNIT;
      // A shadow goes along with what casts it.
      const shadow = value > 0 && resting[3 * i] < shown[3 * i] && isShading(resting, shown, i);
      const vote = shadow ? SHADOW_VOTE : Math.max(-MAX_VOTE, Math.min(MAX_VOTE, value));
      const row = y * W + x;
      out[row] = vote;
      if (x + 1 < W) out[row + 1] = vote;
      if (y + 1 < H) {
        out[row + W] = vote;
        if (x + 1 < W) out[row + W + 1] = vote;
      }
    }
  }
  return out;
}

const lookDistance = (a: Uint8Array, i: number, b: Uint8Array, j: number): number =>
  Math.sqrt(labDistance2(a, i, b, j));

/** Which of the five pixels around (u, v), half-size px, looks most like pixel `i` of `look`; -1 outside the picture. */
function nearestLook(clip: Clip, lab: Uint8Array, u: number, v: number, look: Uint8Array, i: number): number {
  const { halfWidthPx: w, halfHeightPx: h } = clip;
  const x = Math.floor(u);
  const y = Math.floor(v);
  if (x < 1 || y < 1 || x >= w - 1 || y >= h - 1) return -1;
  const j = y * w + x;
  let best = j;
  let least = labDistance2(lab, j, look, i);
  for (let n = 0; n < 4; n++) {
    const at = n < 2 ? j - 1 + 2 * n : j + (2 * n - 5) * w;
    const d = labDistance2(lab, at, look, i);
    if (d >= least) continue;
    best = at;
    least = d;
  }
  return best;
}

/** [H, W] the convex hull of a mask: what lies between the parts of a thing may belong to it. */
export function hullMask(mask: Uint8Array, w: number, h: number): Uint8Array {
  const out = mask.slice();
  const box = maskBox(mask, w, h);
  if (!box) return out;
  const corners = hullCorners(mask, w, box);
  if (corners.length < 3) return out;
  const first = new Int32Array(h).fill(w);
  const last = new Int32Array(h).fill(-1);
  corners.forEach((a, k) => {
    widen(first, last, a, corners[(k + 1) % corners.length]);
  });
  for (let y = box.y0; y < box.y1; y++) if (last[y] >= first[y]) out.fill(1, y * w + first[y], y * w + last[y] + 1);
  return out;
}

type Pixel = readonly [number, number];

/** Corners of the convex hull, in order, of the outermost pixels of all rows. Source: Andrew 1979 (monotone chain). */
function hullCorners(mask: Uint8Array, w: number, { x0, y0, x1, y1 }: PixelBox): Pixel[] {
  const points: Pixel[] = [];
  for (let y = y0; y < y1; y++) {
    let left = x0;
    while (left < x1 && mask[y * w + left] === 0) left++;
    if (left === x1) continue;
    let right = x1 - 1;
    while (mask[y * w + right] === 0) right--;
    points.push([left, y], [right, y]);
  }
  points.sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  return [...chain(points), ...chain(points.reverse())];
}

function chain(points: readonly Pixel[]): Pixel[] {
  const hull: Pixel[] = [];
  for (const p of points) {
    while (hull.length >= 2) {
      const a = hull[hull.length - 2];
      const b = hull[hull.length - 1];
      if ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0) break;
      hull.pop();
    }
    hull.push(p);
  }
  return hull.slice(0, -1);
}

/** Lets the rows between a and b reach to the line between them, at the nearest pixel. */
function widen(first: Int32Array, last: Int32Array, a: Pixel, b: Pixel): void {
  const [[ax, ay], [bx, by]] = a[1] <= b[1] ? [a, b] : [b, a];
  const rows = by - ay;
  for (let y = ay; y <= by; y++) {
    // In whole numbers, so that the hull is the same wherever in the picture it lies.
    const x = rows === 0 ? bx : ax + Math.floor((2 * (y - ay) * (bx - ax) + rows) / (2 * rows));
    if (x < first[y]) first[y] = x;
    if (x > last[y]) last[y] = x;
    if (rows === 0 && ax < first[y]) first[y] = ax;
    if (rows === 0 && ax > last[y]) last[y] = ax;
  }
}

/** Share of its convex hull that a mask covers: things one hand carries are compact, a person is not. */
export const solidityOf = (mask: Uint8Array, w: number, h: number): number =>
  countSet(mask) / Math.max(1, countSet(hullMask(mask, w, h)));

/** Less compact than this, an outline holds more than one thing. */
export const MIN_OBJECT_SOLIDITY = 0.5;
