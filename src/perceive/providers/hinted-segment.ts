/**
 * What the user pointed at: names for what was found, and things that were not found, cut out around the given pixel and
 * followed like everything else.
 */
import type { StageContext } from '../../base/context.js';
import { UserError } from '../../base/errors.js';
import { createRgb } from '../../image/image.js';
import { rgbToLab8 } from '../../image/lab.js';
import { countSet, dilate, maskIou } from '../../image/morphology.js';
import type { SlimSam } from '../../models/networks/slimsam.js';
import type { Clip } from '../clip.js';
import { cutByMotion } from '../movers/end-outline.js';
import { hullMask, MIN_OBJECT_SOLIDITY, solidityOf } from '../movers/motion-cut.js';
import { type Mover, trackedMask } from '../movers/movers.js';
import type { Target } from '../movers/target.js';
import type { ObjectRole, PerceivedObject } from '../perception.js';
import type { MaskTrack } from '../tracks/mask-track.js';
import { assemble, type SegmentationParts } from './assemble.js';
import type { Hints, ObjectHint } from './hints.js';
import { followOutlines, madeEnd, madeMover, madeTarget, type OutlineAt } from './made-movers.js';
import { firmnessOf, outlineAround } from './outline-around.js';
import type { Segmentation, SegmentProvider } from './provider.js';

/** `sam` cuts out what is pointed at, where it is there; else colours do. */
export const hintedSegment = (inner: SegmentProvider, hints: Hints, sam: SlimSam | null): SegmentProvider => ({
  segment: async (clip, ctx) => {
    checkInside(hints, clip);
    const found = withBareTable(clip, await inner.segment(clip, ctx), hints);
    const named = await withHintedObjects(clip, found, hints, sam, ctx);
    return { ...named, objects: withRoles(named.objects, hints) };
  },
});

/** What lies on a pixel that the user calls bare table is no target. */
function withBareTable(clip: Clip, found: Segmentation, { tablePx }: Hints): Segmentation {
  const pixels = tablePx.map(([xPx, yPx]) => pixelOf(clip, { xPx, yPx }));
  const targets = found.targets.filter(({ mask }) => pixels.every((i) => mask[i] === 0));
  if (targets.length === found.targets.length) return found;
  const renumbered = targets.map((target, n) => ({ ...target, id: found.movers.length + n + 1 }));
  return { ...assemble(clip, { ...found, targets: renumbered }), hands: found.hands };
}

function checkInside(hints: Hints, clip: Clip): void {
  for (const { name, xPx, yPx, frame } of hints.objects) {
    const inside = xPx < clip.frameWidthPx && yPx < clip.frameHeightPx && frame < clip.numFrames;
    if (inside) continue;
    throw new UserError(
      `--object ${name}@${xPx},${yPx}@${frame}: the video has ${clip.numFrames} frames of ${clip.frameWidthPx}x${clip.frameHeightPx} pixels`,
      undefined,
      2,
    );
  }
}

async function withHintedObjects(
  clip: Clip,
  found: Segmentation,
  hints: Hints,
  sam: SlimSam | null,
  ctx: StageContext,
): Promise<Segmentation> {
  const names = new Map<number, string>();
  const replaced = new Set<number>();
  const missed: ObjectHint[] = [];
  const outlines: OutlineAt[] = [];
  const ids = hints.objects.map((hint) => objectAt(clip, found, hint));
  for (const [n, hint] of hints.objects.entries()) {
    const id = ids[n];
    const isFree = id !== null && !names.has(id);
    const isShared = ids.filter((other) => other === id).length > 1;
    const outline = isFree
      ? await better(clip, found, id, isShared, hint, hints, sam)
      : await outlineOf(clip, found, hint, hints, sam, null);
    if (outline) {
      if (id !== null && isFree) replaced.add(id);
      missed.push(hint);
      outlines.push(outline);
    } else if (id !== null) names.set(id, hint.name);
  }
  if (missed.length === 0) return { ...found, objects: renamed(found.objects, names) };

  const tracks = await followOutlines(clip, outlines, ctx);
  await widenByMotion(clip, outlines, tracks, missed, hints, ctx);
  const movers: { mover: Mover; name: string | null }[] = found.movers.map((mover, m) => ({
    mover,
    name: names.get(m + 1) ?? null,
  }));
  // A target that gave way to a firmer outline in it is gone.
  const staying = found.targets.filter(({ id }) => names.has(id) || !replaced.has(id));
  const targets: { mask: Uint8Array; name: string | null; known: Target | null }[] = staying.map((target) => ({
    mask: target.mask,
    name: names.get(target.id) ?? null,
    known: target,
  }));
  missed.forEach((hint, n) => {
    const mover = moverFrom(clip, outlines[n], tracks[n], hint, hints);
    if (!mover) {
      targets.push({ mask: outlines[n].mask, name: hint.name, known: null });
      return;
    }
    // A fragment of the same thing gives way to the whole.
    const fragment = movers.findIndex(({ mover: other, name }) => name === null && isPartOf(other, outlines[n].mask));
    const joined = fragment >= 0 ? joinedWith(mover, movers[fragment].mover) : mover;
    if (fragment >= 0) movers.splice(fragment, 1);
    movers.push({ mover: joined, name: hint.name });
  });
  movers.sort((a, b) => a.mover.liftFrame - b.mover.liftFrame);
  const allMovers = movers.map(({ mover }) => mover);
  const allTargets = targets.map(({ mask, known }, n) => {
    const id = movers.length + n + 1;
    return known ? { ...known, id } : madeTarget(id, mask, 0.8, 'pointed at by the user');
  });
  const parts: SegmentationParts = {
    movers: allMovers,
    targets: allTargets,
    rests: found.rests,
    plate: await cleared(clip, found, allMovers),
    change: found.change,
  };
  const result = assemble(clip, parts);
  const given = new Map<number, string>();
  [...movers, ...targets].forEach(({ name }, n) => {
    if (name !== null) given.set(n + 1, name);
  });
  return { ...result, hands: found.hands, objects: renamed(keptNames(result, found), given) };
}

const MOTION_ROUNDS = 2;
/** An outline that motion changes less than this (IoU) stays. */
const SAME_OUTLINE = 0.85;

/** What moves along with an outline belongs to it: a bottle of many colours is more than its label. Replaces outlines and tracks. */
async function widenByMotion(
  clip: Clip,
  outlines: OutlineAt[],
  tracks: MaskTrack[],
  asked: readonly ObjectHint[],
  hints: Hints,
  ctx: StageContext,
): Promise<void> {
  for (const [n, hint] of asked.entries()) {
    for (let round = 0; round < MOTION_ROUNDS; round++) {
      const end = moverFrom(clip, outlines[n], tracks[n], hint, hints)?.from;
      if (!end) break;
      const { mask } = cutByMotion(clip, end, [end]);
      if (maskIou(mask, end.mask) >= SAME_OUTLINE) break;
      outlines[n] = { ...outlines[n], mask };
      [tracks[n]] = await followOutlines(clip, [outlines[n]], ctx);
    }
  }
}

/** Names that others gave stay with the movers and targets they were given to. */
function keptNames(result: Segmentation, found: Segmentation): PerceivedObject[] {
  const nameOf = new Map<Mover | Uint8Array, string>();
  for (const { id, name } of found.objects) {
    const target = found.targets.find((candidate) => candidate.id === id);
    const owner = target?.mask ?? found.movers[id - 1];
    if (owner) nameOf.set(owner, name);
  }
  return result.objects.map((object) => {
    const target = result.targets.find((candidate) => candidate.id === object.id);
    const owner = target?.mask ?? result.movers[object.id - 1];
    return { ...object, name: nameOf.get(owner) ?? object.name };
  });
}

const renamed = (objects: readonly PerceivedObject[], names: ReadonlyMap<number, string>): PerceivedObject[] =>
  objects.map((object) => {
    const name = names.get(object.id);
    return name === undefined ? object : { ...object, name, evidence: `${object.evidence}; named by the user` };
  });

/** What is pointed at is another thing than what was found there when it fills less than this share of it. */
const OTHER_THING_SHARE = 0.35;

/** ... or, on a thing that never moved, when it is firmer by this factor: a print on a coaster is no thing of its own, a box among shadows is. */
const FIRMER = 3;

/** The outline at the pixel when it is another thing than the found object around it (`isShared`: others point at that, too), else null. */
async function better(
  clip: Clip,
  found: Segmentation,
  id: number,
  isShared: boolean,
  hint: ObjectHint,
  hints: Hints,
  sam: SlimSam | null,
): Promise<OutlineAt | null> {
  const target = found.targets.find((candidate) => candidate.id === id);
  const mask = target?.mask ?? trackedMask(clip, found.movers[id - 1], hint.frame).mask;
  const outline = await tryOutline(clip, found, hint, hints, sam, id);
  if (!outline) return null;
  const isSmall = countSet(outline.mask) < OTHER_THING_SHARE * countSet(mask);
  if (!target || isShared) return isSmall ? outline : null;
  const { widthPx: w, heightPx: h } = clip;
  const firmer = firmnessOf(outline.mask, outline.lab, w, h) > FIRMER * firmnessOf(mask, outline.lab, w, h);
  return firmer ? outline : null;
}

/** Id of the object whose outline holds the pixel in the hint's frame, or goes around it; null if there is none. */
function objectAt(clip: Clip, { movers, targets }: Segmentation, hint: ObjectHint): number | null {
  const i = pixelOf(clip, hint);
  const masks = [
    ...movers.map((mover, m) => ({ id: m + 1, mask: trackedMask(clip, mover, hint.frame).mask })),
    ...targets,
  ];
  const { widthPx: w, heightPx: h } = clip;
  const holds = ({ mask }: { mask: Uint8Array }): boolean => mask[i] !== 0;
  // A gap in an outline, or between parts of it, is the object's: an outline may have missed what looks like its surroundings.
  const spans = ({ mask }: { mask: Uint8Array }): boolean =>
    hullMask(mask, w, h)[i] !== 0 && solidityOf(mask, w, h) >= MIN_OBJECT_SOLIDITY;
  return (masks.find(holds) ?? masks.find(spans))?.id ?? null;
}

function pixelOf(clip: Clip, { xPx, yPx }: Pick<ObjectHint, 'xPx' | 'yPx'>): number {
  const x = Math.floor((xPx * clip.widthPx) / clip.frameWidthPx);
  const y = Math.floor((yPx * clip.heightPx) / clip.frameHeightPx);
  return y * clip.widthPx + x;
}

/** Prompted masks that their network trusts less than this are not taken. */
const MIN_PROMPTED_IOU = 0.7;

async function outlineOf(
  clip: Clip,
  found: Segmentation,
  hint: ObjectHint,
  hints: Hints,
  sam: SlimSam | null,
  except: number | null,
): Promise<OutlineAt> {
  const outline = await tryOutline(clip, found, hint, hints, sam, except);
  if (outline) return outline;
  throw new UserError(
    `--object ${hint.name}@${hint.xPx},${hint.yPx}: nothing there stands out from its surroundings`,
    'point at the middle of the object, or give masks (--mask-files)',
  );
}

/** `except`: id of a found object that may be cut into; all others are taken. */
async function tryOutline(
  clip: Clip,
  found: Segmentation,
  hint: ObjectHint,
  { tablePx }: Hints,
  sam: SlimSam | null,
  except: number | null,
): Promise<OutlineAt | null> {
  const picture = await clip.readWork(hint.frame);
  const { data } = picture;
  const lab = new Uint8Array(data.length);
  rgbToLab8(data, lab, clip.gains[hint.frame]);
  const taken = new Uint8Array(clip.widthPx * clip.heightPx);
  found.movers.forEach((mover, m) => {
    if (m + 1 !== except) addTo(taken, trackedMask(clip, mover, hint.frame).mask);
  });
  for (const { id, mask } of found.targets) if (id !== except) addTo(taken, mask);
  const pixel = pixelOf(clip, hint);
  if (sam) {
    const ask = await sam.encode(picture);
    const x = (pixel % clip.widthPx) + 0.5;
    const y = Math.floor(pixel / clip.widthPx) + 0.5;
    const { mask, score } = await ask([{ x, y, inside: true }]);
    if (score >= MIN_PROMPTED_IOU && mask.data[pixel] !== 0) return { frame: hint.frame, mask: mask.data, lab };
  }
  const table = tablePx.map(([xPx, yPx]) => pixelOf(clip, { xPx, yPx }));
  const mask = outlineAround(clip, lab, pixel, hint.frame, taken, table);
  return mask && { frame: hint.frame, mask, lab };
}

function addTo(out: Uint8Array, mask: Uint8Array): void {
  for (let i = 0; i < out.length; i++) if (mask[i] !== 0) out[i] = 1;
}

/** Centre further than this share of its size from where it began, with a track that can be trusted: it moves. */
const MIN_TRAVEL_SHARE = 0.35;
const MIN_TRUST = 0.25;
const STILL_PX = 1.5;

/** A mover when the outline's track leads away from its place (or the user says it is the source), else null. */
function moverFrom(clip: Clip, outline: OutlineAt, track: MaskTrack, { name }: ObjectHint, hints: Hints): Mover | null {
  const isSource = hints.source === name;
  if (hints.target === name) return null;
  const box = centreOf(outline.mask, clip.widthPx);
  const size = Math.sqrt(countSet(outline.mask));
  let travel = 0;
  const away: number[] = [];
  for (let k = 0; k < clip.numFrames; k++) {
    const step = track.steps.get(k);
    if (!step || step.trust < MIN_TRUST) continue;
    const { a, b, tx, ty } = step.fromStart;
    const moved = Math.hypot(a * box[0] - b * box[1] + tx - box[0], b * box[0] + a * box[1] + ty - box[1]);
    travel = Math.max(travel, moved);
    if (moved > STILL_PX) away.push(k);
  }
  if (!isSource && travel < MIN_TRAVEL_SHARE * size) return null;
  if (away.length === 0) return null;
  const liftFrame = Math.max(0, away[0] - 1);
  const downFrame = Math.max(liftFrame + 1, lastMoving(track, away, box));
  const end = madeEnd(clip, 'left', outline, liftFrame, track);
  return madeMover(end, null, { liftFrame, downFrame }, 0.7, 'pointed at by the user');
}

/** Last frame in which the track still moves from frame to frame. */
function lastMoving(track: MaskTrack, away: readonly number[], [cx, cy]: [number, number]): number {
  let last = away[0];
  for (const k of away) {
    const [now, before] = [track.steps.get(k), track.steps.get(k - 3)];
    if (!now || !before) continue;
    const place = ({ a, b, tx, ty }: typeof now.fromStart): [number, number] => [
      a * cx - b * cy + tx,
      b * cx + a * cy + ty,
    ];
    const [x, y] = place(now.fromStart);
    const [u, v] = place(before.fromStart);
    if (Math.hypot(x - u, y - v) > STILL_PX) last = k;
  }
  return last;
}

function centreOf(mask: Uint8Array, w: number): [number, number] {
  let [n, x, y] = [0, 0, 0];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    n++;
    x += (i % w) + 0.5;
    y += Math.floor(i / w) + 0.5;
  }
  return [x / n, y / n];
}

/** Is a mover's first place inside (or nearly the same as) an outline? */
function isPartOf({ from }: Mover, outline: Uint8Array): boolean {
  if (!from) return false;
  let inside = 0;
  for (let i = 0; i < outline.length; i++) if (from.mask[i] !== 0 && outline[i] !== 0) inside++;
  return inside > 0.6 * from.area || maskIou(from.mask, outline) > 0.4;
}

/** The pointed-at beginning with the end that was found, when there is one. */
function joinedWith(made: Mover, other: Mover): Mover {
  if (!other.to) return made;
  return {
    ...made,
    to: other.to,
    carried: 'both',
    liftFrame: other.liftFrame,
    downFrame: other.downFrame,
    confidence: Math.max(made.confidence, other.confidence),
  };
}

function withRoles(objects: readonly PerceivedObject[], { source, target }: Hints): PerceivedObject[] {
  const wanted: [string, string | null, ObjectRole][] = [
    ['--source', source, 'source'],
    ['--target', target, 'target'],
  ];
  let out = [...objects];
  for (const [flag, name, role] of wanted) {
    if (name === null) continue;
    if (!objects.some((object) => object.name === name)) {
      const known = objects.map((object) => object.name).join(', ') || 'none';
      throw new UserError(`${flag} ${name}: no object of that name; there are: ${known}`, `--object "${name}@X,Y"`);
    }
    out = out.map((object) =>
      object.name === name ? { ...object, role } : object.role === role ? { ...object, role: 'passive' } : object,
    );
  }
  return out;
}

/** The plate without movers that are still in it: their place as it is in the last frame. */
async function cleared(clip: Clip, found: Segmentation, movers: readonly Mover[]): Promise<Segmentation['plate']> {
  const fresh = movers.filter((mover) => !found.movers.includes(mover));
  if (fresh.length === 0) return found.plate;
  const { frameWidthPx: W, frameHeightPx: H, widthPx: w, heightPx: h } = clip;
  const rgb = createRgb(W, H, Uint8Array.from(found.plate.rgb.data));
  const lab = Uint8Array.from(found.plate.lab);
  for (const mover of fresh) {
    if (!mover.from) continue;
    const place = dilate(mover.from.mask, w, h, 3);
    const late = await clip.readFrame(clip.numFrames - 1);
    const work = await clip.readWork(clip.numFrames - 1);
    const lateLab = new Uint8Array(work.data.length);
    rgbToLab8(work.data, lateLab, clip.gains[clip.numFrames - 1]);
    for (let i = 0; i < place.length; i++) {
      if (place[i] !== 0) for (let c = 0; c < 3; c++) lab[3 * i + c] = lateLab[3 * i + c];
    }
    for (let y = 0; y < H; y++) {
      const row = Math.floor((y * h) / H) * w;
      for (let x = 0; x < W; x++) {
        if (place[row + Math.floor((x * w) / W)] === 0) continue;
        const i = 3 * (y * W + x);
        for (let c = 0; c < 3; c++) rgb.data[i + c] = late.data[i + c];
      }
    }
  }
  return { rgb, lab };
}
