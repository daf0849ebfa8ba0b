/** Targets of all movers: what they end at, or, when they come back to their place, what they went to in between. */
import { connectedComponents } from '../../image/components.js';
import { labDistance2 } from '../../image/lab.js';
import {
  countSet,
  countShared,
  dilate,
  distanceTo,
  fillHoles,
  maskIou,
  maskWhere,
  opened,
} from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { hullMask } from './motion-cut.js';
import { type Mover, trackedMask } from './movers.js';
import { boxOf, cutObject } from './object-cut.js';
import {
  findTarget,
  innerObject,
  learnTableColours,
  offTableMask,
  outlineTarget,
  type TableColours,
  type Target,
  type TargetFinding,
} from './target.js';

/** Places that overlap this much are the same one. */
const SAME_PLACE = 0.3;

export function findTargets(clip: Clip, plateLab: Uint8Array, movers: readonly Mover[]): Target[] {
  const targets: Target[] = [];
  movers.forEach((mover, m) => {
    if (!mover.to) return;
    const cameBack = mover.from !== null && maskIou(mover.from.mask, mover.to.mask) > SAME_PLACE;
    if (!cameBack && endsOnOther(clip, mover, movers)) return;
    const around = [mover.from ?? mover.to, ...movers.filter((other) => other !== mover).map((other) => other.from)];
    const places = around.flatMap((end, k) => (end && (k === 0 || m === 0) ? [end.mask] : []));
    const table = learnTableColours(clip, plateLab, places);
    const offTable = offTableMask(clip, plateLab, table);
    const under = cameBack
      ? findActedOn(clip, plateLab, offTable, table, mover, movers)
      : findTarget(clip, plateLab, offTable, mover.to.mask, table);
    const finding = findOccluder(clip, plateLab, mover, under?.mask ?? null) ?? under;
    if (!finding?.mask || countSet(finding.mask) < 60) return;
    if (targets.some((target) => maskIou(target.mask, finding.mask!) > 0.4)) return;
    targets.push({ id: movers.length + targets.length + 1, mask: finding.mask, finding });
  });
  return targets;
}

/** A mover hidden to this share by something that did not change is behind it or in it, if that is no more than so many times its size. */
const MIN_HIDDEN_SHARE = 0.3;
const MAX_OCCLUDER_SIZES = 4;
/** It reaches at most this share of the hidden part's length beyond that part. */
const OCCLUDER_REACH = 0.35;
/** What was found under the mover and holds this share of the hidden part is the same thing, outlined better. */
const MIN_KNOWN_SHARE = 0.5;
/** A pixel within this Lab distance of the clean picture shows what is always there. */
const UNCHANGED_DISTANCE = 8;

/**
 * What hides a mover at its end though it was there before: the box that a thing was pushed into. Of such a mover only a part
 * shows at its last place, and the rest of what was followed there looks as it always did.
 */
function findOccluder(clip: Clip, plateLab: Uint8Array, mover: Mover, known: Uint8Array | null): TargetFinding | null {
  if (mover.carried !== 'from' || !mover.to) return null;
  const { widthPx: w, heightPx: h, halfWidthPx } = clip;
  const { mask: whole, trust } = trackedMask(clip, mover, mover.downFrame);
  if (trust === 0) return null;
  const lab = clip.labAt(clip.numFrames - 1);
  const shown = dilate(mover.to.mask, w, h, 2);
  const hidden = maskWhere(whole, (value, i) => {
    if (value === 0 || shown[i] !== 0 || mover.from!.mask[i] !== 0) return false;
    const half = (Math.floor(i / w) >> 1) * halfWidthPx + ((i % w) >> 1);
    return labDistance2(lab, half, plateLab, i) < UNCHANGED_DISTANCE ** 2;
  });
  const seed = opened(hidden, w, h, 1);
  const share = countSet(seed) / mover.from!.area;
  if (share < MIN_HIDDEN_SHARE || (known && countShared(known, seed) > MIN_KNOWN_SHARE * countSet(seed))) return null;
  const box = boxOf(seed, w, h)!;
  const reachPx = Math.round(OCCLUDER_REACH * Math.max(box.x1 - box.x0, box.y1 - box.y0));
  const cut = cutObject({
    lab: plateLab,
    widthPx: w,
    heightPx: h,
    region: seed,
    reachPx,
    forbidden: shown,
    iterations: 5,
  });
  // What shows of the mover at last lies in the mouth of what hides it, if that is there: within the hull of its walls and of what stood
  // out from the table at that place before. What was found under the last place belongs to it as far as it lies in there too.
  const mouth = maskWhere(shown, (value, i) => value !== 0 && whole[i] !== 0);
  const walls = maskWhere(cut, (value, i) => value !== 0 || (mouth[i] !== 0 && known?.[i] === 1));
  const hull = hullMask(walls, w, h);
  const inside = maskWhere(cut, (value, i) => value !== 0 || (hull[i] !== 0 && (mouth[i] !== 0 || known?.[i] === 1)));
  const mask = fillHoles(opened(inside, w, h, 1), w, h);
  if (countSet(mask) > MAX_OCCLUDER_SIZES * mover.from!.area) return null;
  return {
    mask,
    confidence: 0.6,
    evidence: `hides ${Math.round(100 * share)} % of the mover at its last place: it went into or behind this`,
  };
}

/** Does the mover end on another one, that was put there before? */
function endsOnOther(clip: Clip, mover: Mover, movers: readonly Mover[]): boolean {
  return movers.some((other) => {
    if (other === mover || !other.to || other.downFrame > mover.liftFrame) return false;
    return maskIou(dilate(mover.to!.mask, clip.widthPx, clip.heightPx, 3), other.to.mask) > 0.25;
  });
}

/** Frames looked at, out of those in which the mover is at least this share of its farthest way from its place. */
const SAMPLES = 12;
const FAR_SHARE = 0.6;
/** A gap of this many px makes a thing half as likely to be what the mover went to (e-fold at 1.4 times that). */
const GAP_PX = 10;
const MIN_NEARNESS = 0.25;
const MIN_AREA = 150;
const MAX_FRAME_SHARE = 0.15;

/** The thing that a mover comes nearest to, and stays near, while it is away from its place. */
function findActedOn(
  clip: Clip,
  plateLab: Uint8Array,
  offTable: Uint8Array,
  table: TableColours,
  mover: Mover,
  movers: readonly Mover[],
): TargetFinding | null {
  const { widthPx: w, heightPx: h } = clip;
  const masks = farMasks(clip, plateLab, mover);
  if (masks.length === 0) return null;
  const { labels, components } = connectedComponents(offTable, w, h);
  let best: { mask: Uint8Array; nearness: number; gaps: number[] } | null = null;
  for (const { label, area } of components) {
    if (area < MIN_AREA || area > MAX_FRAME_SHARE * w * h) continue;
    const mask = maskWhere(labels, (value) => value === label);
    if (movers.some(({ from }) => from && maskIou(from.mask, mask) > 0.2)) continue;
    const distance = distanceTo(mask, w, h);
    const gaps = masks.map((moved) => {
      let gap = Number.POSITIVE_INFINITY;
      for (let i = 0; i < moved.length; i++) if (moved[i] !== 0 && distance[i] < gap) gap = distance[i];
      return gap;
    });
    const nearness = gaps.reduce((sum, gap) => sum + Math.exp(-gap / GAP_PX), 0) / gaps.length;
    if (!best || nearness > best.nearness) best = { mask, nearness, gaps };
  }
  if (!best || best.nearness < MIN_NEARNESS) return null;
  const { gaps, mask, nearness } = best;
  const least = Math.min(...gaps);
  const contact = new Uint8Array(w * h);
  masks.forEach((moved, n) => {
    if (gaps[n] > least + 3) return;
    for (let i = 0; i < moved.length; i++) contact[i] |= moved[i];
  });
  const near = dilate(contact, w, h, Math.round(least) + 8);
  const whole = innerObject(clip, plateLab, mask, table, near) ?? mask;
  return {
    mask: outlineTarget(clip, plateLab, whole),
    confidence: Math.min(0.85, 0.4 + 0.5 * nearness),
    evidence: `the mover goes to it and comes back (nearness ${Math.round(100 * nearness)} % while it is away)`,
  };
}

/** What passes within this many px of a mover holds it, if it differs this much (Lab) from the plate. */
const GRIP_PX = 8;
const GRIP_DISTANCE = 14;
const MIN_GRIP_PX = 12;
/** A tool works with its end away from the hand: this share of it. */
const WORKING_SHARE = 0.35;

/** The part of a mover's outline that is farthest from the hand that holds it; all of it when no hand is seen. */
function workingPart(clip: Clip, plateLab: Uint8Array, k: number, mask: Uint8Array): Uint8Array {
  const { widthPx: w, heightPx: h, halfWidthPx } = clip;
  const lab = clip.labAt(k);
  const around = dilate(mask, w, h, GRIP_PX);
  let n = 0;
  let gx = 0;
  let gy = 0;
  for (let y = 0; y < h; y += 2) {
    for (let x = 0; x < w; x += 2) {
      const i = y * w + x;
      if (around[i] === 0 || mask[i] !== 0) continue;
      if (labDistance2(lab, (y >> 1) * halfWidthPx + (x >> 1), plateLab, i) < GRIP_DISTANCE ** 2) continue;
      n++;
      gx += x;
      gy += y;
    }
  }
  if (n < MIN_GRIP_PX) return mask;
  const distances = new Float32Array(mask.length).fill(-1);
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== 0) distances[i] = Math.hypot((i % w) - gx / n, Math.floor(i / w) - gy / n);
  }
  const sorted = distances.filter((d) => d >= 0).sort();
  const least = sorted[Math.floor((1 - WORKING_SHARE) * (sorted.length - 1))];
  return mask.map((value, i) => (value !== 0 && distances[i] >= least ? 1 : 0));
}

/** Working parts of the mover while it is far from its place. */
function farMasks(clip: Clip, plateLab: Uint8Array, mover: Mover): Uint8Array[] {
  const { widthPx: w, heightPx: h } = clip;
  const seen: { mask: Uint8Array; shift: number }[] = [];
  const step = Math.max(1, Math.floor((mover.downFrame - mover.liftFrame) / 40));
  const home = centreOf(mover.from!.mask, w, h);
  for (let k = mover.liftFrame; k <= mover.downFrame; k += step) {
    const { mask, trust } = trackedMask(clip, mover, k);
    if (trust < 0.15) continue;
    const [x, y] = centreOf(mask, w, h);
    seen.push({ mask: workingPart(clip, plateLab, k, mask), shift: Math.hypot(x - home[0], y - home[1]) });
  }
  const farthest = Math.max(0, ...seen.map(({ shift }) => shift));
  const far = seen.filter(({ shift }) => shift > FAR_SHARE * farthest);
  const stride = Math.max(1, Math.floor(far.length / SAMPLES));
  return far.filter((_, n) => n % stride === 0).map(({ mask }) => mask);
}

function centreOf(mask: Uint8Array, w: number, h: number): [number, number] {
  let n = 0;
  let sx = 0;
  let sy = 0;
  for (let y = 0, i = 0; y < h; y++) {
    for (let x = 0; x < w; x++, i++) {
      if (mask[i] === 0) continue;
      n++;
      sx += x;
      sy += y;
    }
  }
  return n > 0 ? [sx / n, sy / n] : [0, 0];
}
