/**
 * What the user pointed at: names for what was found, and things that were not found, cut out around the given pixel and
 * followed like everything else.
 */
import type { StageContext } from '../../base/context.js';
import { UserError } from '../../base/errors.js';
import { maskIou } from '../../image/morphology.js';
import type { SlimSam } from '../../models/networks/slimsam.js';
import type { Clip } from '../clip.js';
import { cutByMotion } from '../movers/end-outline.js';
import type { Mover } from '../movers/movers.js';
import type { Target } from '../movers/target.js';
import { assemble } from '../providers/assemble.js';
import { followOutlines, madeTarget } from '../providers/made-movers.js';
import type { Segmentation, SegmentProvider } from '../providers/provider.js';
import type { MaskTrack } from '../tracks/mask-track.js';
import { clearedPlate } from './cleared-plate.js';
import { keptNames, renamed, withRoles } from './hinted-names.js';
import type { Hints } from './hints.js';
import { type AskedOutline, lookAtHints, type PointedAt, type Pointing, pixelOf } from './pointed-at.js';
import { moverFrom } from './travel.js';

/** `sam` cuts out what is pointed at, where it is there; else colours do. */
export const hintedSegment = (inner: SegmentProvider, hints: Hints, sam: SlimSam | null): SegmentProvider => ({
  segment: async (clip, ctx) => {
    checkInside(hints, clip);
    const found = withBareTable(clip, await inner.segment(clip, ctx), hints);
    const named = await withHintedObjects({ clip, found, hints, sam }, ctx);
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

async function withHintedObjects(pointing: Pointing, ctx: StageContext): Promise<Segmentation> {
  const { clip, found, hints } = pointing;
  const pointed = await lookAtHints(pointing);
  if (pointed.asked.length === 0) return { ...found, objects: renamed(found.objects, pointed.names) };

  const followed = await followAsked(clip, pointed.asked, hints, ctx);
  const { movers, targets } = joinedObjects(pointing, pointed, followed);
  const allMovers = movers.map(({ mover }) => mover);
  const allTargets = targets.map(({ mask, known }, n) => {
    const id = movers.length + n + 1;
    return known ? { ...known, id } : madeTarget(id, mask, 0.8, 'pointed at by the user');
  });
  const result = assemble(clip, {
    movers: allMovers,
    targets: allTargets,
    rests: found.rests,
    plate: await clearedPlate(clip, found, allMovers),
    change: found.change,
  });
  const given = new Map<number, string>();
  [...movers, ...targets].forEach(({ name }, n) => {
    if (name !== null) given.set(n + 1, name);
  });
  return { ...result, hands: found.hands, objects: renamed(keptNames(result, found), given) };
}

interface FollowedOutline extends AskedOutline {
  readonly track: MaskTrack;
}

const MOTION_ROUNDS = 2;
/** An outline that motion changes less than this (IoU) stays. */
const SAME_OUTLINE = 0.85;

/** Follows the outlines; what moves along with one belongs to it: a bottle of many colours is more than its label. */
async function followAsked(
  clip: Clip,
  asked: readonly AskedOutline[],
  hints: Hints,
  ctx: StageContext,
): Promise<FollowedOutline[]> {
  const outlines = asked.map(({ outline }) => outline);
  const tracks = await followOutlines(clip, outlines, ctx);
  const followed: FollowedOutline[] = [];
  for (const [n, { hint }] of asked.entries()) {
    let outline = outlines[n];
    let track = tracks[n];
    for (let round = 0; round < MOTION_ROUNDS; round++) {
      const end = moverFrom(clip, outline, track, hint, hints)?.from;
      if (!end) break;
      const { mask } = cutByMotion(clip, end, [end]);
      if (maskIou(mask, end.mask) >= SAME_OUTLINE) break;
      outline = { ...outline, mask };
      [track] = await followOutlines(clip, [outline], ctx);
    }
    followed.push({ hint, outline, track });
  }
  return followed;
}

interface NamedMover {
  readonly mover: Mover;
  readonly name: string | null;
}

interface NamedTarget {
  readonly mask: Uint8Array;
  readonly name: string | null;
  /** The target as it was found; null for one that was only pointed at. */
  readonly known: Target | null;
}

/** What was found and what was pointed at, movers in the order of their lifts. A fragment of a thing gives way to the whole. */
function joinedObjects(
  { clip, found, hints }: Pointing,
  { names, replaced }: PointedAt,
  followed: readonly FollowedOutline[],
): { movers: NamedMover[]; targets: NamedTarget[] } {
  const movers = found.movers.map((mover, m): NamedMover => ({ mover, name: names.get(m + 1) ?? null }));
  // A target that gave way to a firmer outline in it is gone.
  const targets = found.targets
    .filter(({ id }) => names.has(id) || !replaced.has(id))
    .map((known): NamedTarget => ({ mask: known.mask, name: names.get(known.id) ?? null, known }));
  for (const { hint, outline, track } of followed) {
    const mover = moverFrom(clip, outline, track, hint, hints);
    if (!mover) {
      targets.push({ mask: outline.mask, name: hint.name, known: null });
      continue;
    }
    const fragment = movers.findIndex(({ mover: other, name }) => name === null && isPartOf(other, outline.mask));
    const joined = fragment >= 0 ? joinedWith(mover, movers[fragment].mover) : mover;
    if (fragment >= 0) movers.splice(fragment, 1);
    movers.push({ mover: joined, name: hint.name });
  }
  movers.sort((a, b) => a.mover.liftFrame - b.mover.liftFrame);
  return { movers, targets };
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
