/** What a pixel that the user gave lies on: something already found, or an outline cut out around it. */
import { UserError } from '../../base/errors.js';
import { rgbToLab8 } from '../../image/lab.js';
import { countSet } from '../../image/morphology.js';
import type { SlimSam } from '../../models/networks/slimsam.js';
import { type Clip, gainOf } from '../clip.js';
import { hullMask, MIN_OBJECT_SOLIDITY, solidityOf } from '../movers/motion-cut.js';
import { trackedMask } from '../movers/movers.js';
import type { OutlineAt } from '../providers/made-movers.js';
import type { Segmentation } from '../providers/provider.js';
import type { Hints, ObjectHint } from './hints.js';
import { firmnessOf, outlineAround } from './outline-around.js';

/** What pointing needs to know; `sam` cuts out what is pointed at, where it is there, else colours do. */
export interface Pointing {
  readonly clip: Clip;
  readonly found: Segmentation;
  readonly hints: Hints;
  readonly sam: SlimSam | null;
}

/** An outline that nothing found has, for the hint that asked for it. */
export interface AskedOutline {
  readonly hint: ObjectHint;
  readonly outline: OutlineAt;
}

/** What each hint points at. */
export interface PointedAt {
  /** Names of things that were found anyway, by id. */
  readonly names: ReadonlyMap<number, string>;
  /** Ids of found things of which a better outline was pointed at. */
  readonly replaced: ReadonlySet<number>;
  readonly asked: readonly AskedOutline[];
}

export async function lookAtHints(pointing: Pointing): Promise<PointedAt> {
  const { objects } = pointing.hints;
  const names = new Map<number, string>();
  const replaced = new Set<number>();
  const asked: AskedOutline[] = [];
  const ids = objects.map((hint) => objectAt(pointing, hint));
  for (const [n, hint] of objects.entries()) {
    const id = ids[n];
    if (id === null || names.has(id)) {
      asked.push({ hint, outline: await newOutline(pointing, hint) });
      continue;
    }
    const isShared = ids.filter((other) => other === id).length > 1;
    const outline = await betterOutline(pointing, id, isShared, hint);
    if (outline) {
      replaced.add(id);
      asked.push({ hint, outline });
    } else names.set(id, hint.name);
  }
  return { names, replaced, asked };
}

/** Index into an image at work size of a pixel of the decoded frames. */
export function pixelOf(clip: Clip, { xPx, yPx }: Pick<ObjectHint, 'xPx' | 'yPx'>): number {
  const x = Math.floor((xPx * clip.widthPx) / clip.frameWidthPx);
  const y = Math.floor((yPx * clip.heightPx) / clip.frameHeightPx);
  return y * clip.widthPx + x;
}

/** Id of the object whose outline holds the pixel in the hint's frame, or goes around it; null if there is none. */
function objectAt({ clip, found: { movers, targets } }: Pointing, hint: ObjectHint): number | null {
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

/** What is pointed at is another thing than what was found there when it fills less than this share of it. */
const OTHER_THING_SHARE = 0.35;

/** ... or, on a thing that never moved, when it is firmer by this factor: a print on a coaster is no thing of its own, a box among shadows is. */
const FIRMER = 3;

/** The outline at the pixel when it is another thing than the found object around it (`isShared`: others point at that, too), else null. */
async function betterOutline(
  pointing: Pointing,
  id: number,
  isShared: boolean,
  hint: ObjectHint,
): Promise<OutlineAt | null> {
  const { clip, found } = pointing;
  const target = found.targets.find((candidate) => candidate.id === id);
  const mask = target?.mask ?? trackedMask(clip, found.movers[id - 1], hint.frame).mask;
  const outline = await tryOutline(pointing, hint, id);
  if (!outline) return null;
  const isSmall = countSet(outline.mask) < OTHER_THING_SHARE * countSet(mask);
  if (!target || isShared) return isSmall ? outline : null;
  const { widthPx: w, heightPx: h } = clip;
  const firmer = firmnessOf(outline.mask, outline.lab, w, h) > FIRMER * firmnessOf(mask, outline.lab, w, h);
  return firmer ? outline : null;
}

async function newOutline(pointing: Pointing, hint: ObjectHint): Promise<OutlineAt> {
  const outline = await tryOutline(pointing, hint, null);
  if (outline) return outline;
  throw new UserError(
    `--object ${hint.name}@${hint.xPx},${hint.yPx}: nothing there stands out from its surroundings`,
    'point at the middle of the object, or give masks (--mask-files)',
  );
}

/** Prompted masks that their network trusts less than this are not taken. */
const MIN_PROMPTED_IOU = 0.7;

/** `except`: id of a found object that may be cut into; all others are taken. */
async function tryOutline(
  { clip, found, hints: { tablePx }, sam }: Pointing,
  hint: ObjectHint,
  except: number | null,
): Promise<OutlineAt | null> {
  const picture = await clip.readWork(hint.frame);
  const lab = new Uint8Array(picture.data.length);
  rgbToLab8(picture.data, lab, gainOf(clip, hint.frame));
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
