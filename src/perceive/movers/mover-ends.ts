/**
 * The two ends of a mover's way: where it rests before, and where it rests after. Each is followed through the clip; parts that
 * turn out to go the same way are one thing.
 */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import { labDistance2 } from '../../image/lab.js';
import { countShared, maskIou, maskWhere } from '../../image/morphology.js';
import { type ChangeEvent, joinEvents } from '../change/candidates.js';
import type { ColourChange } from '../change/stable-colour.js';
import type { Clip } from '../clip.js';
import { type FollowStart, follow, seedOf } from '../tracks/follow-task.js';
import type { MaskTrack } from '../tracks/mask-track.js';
import { applySimilarity } from '../tracks/motion-models.js';
import { doubled, type EventView, type MoverEnd, type Outline, outlineOf } from './end-outline.js';
import { OutlineCutter } from './outline-tasks.js';
import type { SceneFacts } from './rest-outline.js';

/** More events than this in one clip are noise or a task with very many objects; the best ones are followed. */
const MAX_EVENTS = 8;
/** Rounds in which outlines are cut again by what moved along. */
const MOTION_ROUNDS = 3;
/** An outline that changed less than this (IoU) need not be followed again. */
const SAME_OUTLINE = 0.85;

export async function findEnds(
  clip: Clip,
  events: readonly ChangeEvent[],
  viewOf: (event: ChangeEvent) => EventView,
  facts: SceneFacts,
  ctx: StageContext,
): Promise<MoverEnd[]> {
  const best = events.slice(0, MAX_EVENTS);
  const cutter = await OutlineCutter.for(clip, [...new Set(best.map(viewOf))]);
  const outlines = worthFollowing(await cutter.cutOut(best, viewOf));
  let ends = await withJoinedParts(clip, cutter, await followed(clip, outlines, ctx), ctx);
  for (let round = 0; round < MOTION_ROUNDS; round++) {
    const cut = await cutter.cutByMotion(ends);
    const again = cut.filter((outline, e) => maskIou(outline.mask, ends[e].mask) < SAME_OUTLINE);
    const anew = await followed(clip, again, ctx);
    ends = cut.map((outline, e) => anew[again.indexOf(outline)] ?? { ...outline, track: ends[e].track, absence: null });
    if (again.length === 0) break;
  }
  return withoutDoubles(await cutAllAtRest(clip, cutter, await cutter.sharpened(ends), facts, ctx));
}

/** Cuts all ends by what their places look like without them, and follows those anew that changed by that. */
async function cutAllAtRest(
  clip: Clip,
  cutter: OutlineCutter,
  ends: readonly MoverEnd[],
  facts: SceneFacts,
  ctx: StageContext,
): Promise<MoverEnd[]> {
  const cut = await cutter.cutAtRest(ends, facts);
  const changed = cut.filter((end, e) => maskIou(end.mask, ends[e].mask) < SAME_OUTLINE);
  const anew = await followed(clip, changed, ctx);
  return cut.map((end) => ({ ...end, track: anew[changed.indexOf(end)]?.track ?? end.track }));
}

/** Two ends of one thing share at least this much of their colours (Bhattacharyya), even when one shows only a part of it. */
const MIN_SHARED_COLOURS = 0.2;
/** An event this good, as share of the best one, may be a mover by itself. */
const GOOD_SHARE = 0.35;

/** Following is the dear part: what has no possible partner and is not among the best events is left out. */
function worthFollowing(outlines: readonly Outline[]): Outline[] {
  const best = Math.max(0, ...outlines.map(({ event }) => event.score));
  return outlines.filter(({ event, colours }) => {
    if (!event.ambiguous && event.score >= GOOD_SHARE * best) return true;
    return outlines.some((other) => {
      const [left, arrived] = event.kind === 'left' ? [event, other.event] : [other.event, event];
      return (
        other.event.kind !== event.kind &&
        left.frame < arrived.frame &&
        colours.overlap(other.colours) >= MIN_SHARED_COLOURS
      );
    });
  });
}

/** Follows outlines, those of things that left forward and those of things that arrived backward in time. */
async function followed(clip: Clip, outlines: readonly Outline[], ctx: StageContext): Promise<MoverEnd[]> {
  throwIfCancelled(ctx);
  const ofKind = async (kind: ChangeEvent['kind'], direction: 1 | -1): Promise<Map<Outline, MaskTrack>> => {
    const some = outlines.filter(({ event }) => event.kind === kind);
    const starts = some.map((outline) => startOf(clip, outline, ctx));
    const tracks = await follow(clip, { direction, outlines: starts });
    return new Map(some.map((outline, n) => [outline, tracks[n]]));
  };
  const [ahead, back] = await Promise.all([ofKind('left', 1), ofKind('arrived', -1)]);
  return outlines.map((outline) => ({ ...outline, track: (ahead.get(outline) ?? back.get(outline))!, absence: null }));
}

/** Tracking starts this long before the event (after, for arrivals): then the thing surely still rests. */
const MARGIN_SEC = 0.25;
/** ... and at most this long: hands cover more the closer they come, points are lost over time. */
const MAX_LEAD_SEC = 1;

function startOf(clip: Clip, { event, view, mask }: Outline, ctx: StageContext): FollowStart {
  const isLeft = event.kind === 'left';
  const margin = Math.max(2, Math.round(MARGIN_SEC * clip.fps));
  const longest = Math.round(MAX_LEAD_SEC * clip.fps);
  const startFrame = isLeft
    ? Math.max(0, event.frame - longest, Math.min(event.frame - margin, event.restFrame))
    : Math.min(clip.numFrames - 1, event.frame + longest, Math.max(event.frame + margin, event.restFrame));
  const visible = doubled(showsColour(clip, view.change, startFrame, isLeft), clip);
  const randomSeed = seedOf(ctx, `track-${event.kind}-${event.frame}-${Math.round(event.cx)}`);
  return { mask, visible, startFrame, randomSeed };
}

/** Frames by which parts of one thing may seem to leave or arrive apart: hands cover one longer than the other. */
const PARTS_DELAY_SEC = 0.35;
/** Parts of one thing lie at most this many sizes of the larger one apart. */
const PARTS_REACH = 14;
/** Each try follows the joined outline through the clip. */
const MAX_JOIN_TRIES = 4;
/** Share of each part that must be in the joined outline in the end. */
const PART_KEPT_SHARE = 0.5;

/** Ends that move as one are parts of one thing (the tips of a stick), if what lies between them moves along too. */
async function withJoinedParts(
  clip: Clip,
  cutter: OutlineCutter,
  ends: readonly MoverEnd[],
  ctx: StageContext,
): Promise<MoverEnd[]> {
  const open = [...ends];
  const out: MoverEnd[] = [];
  let tries = MAX_JOIN_TRIES;
  while (open.length > 0) {
    let whole = open.shift()!;
    for (let n = 0; n < open.length; n++) {
      const part = open[n];
      if (tries === 0 || !mayBeParts(clip, whole, part)) continue;
      tries--;
      const joined = await joinParts(clip, cutter, whole, part, ends, ctx);
      if (!joined) continue;
      whole = joined;
      open.splice(n, 1);
      n = -1;
    }
    out.push(whole);
  }
  return out;
}

/** What comes in from the picture's border is mostly an arm, and an arm moves as one with what it holds. */
const reachesBorder = (event: ChangeEvent): boolean => event.regions.some(({ touchesEdge }) => touchesEdge);

function mayBeParts(clip: Clip, a: MoverEnd, b: MoverEnd): boolean {
  if (a.event.kind !== b.event.kind || a.view !== b.view) return false;
  if (reachesBorder(a.event) || reachesBorder(b.event)) return false;
  const apart = 2 * Math.hypot(a.event.cx - b.event.cx, a.event.cy - b.event.cy);
  if (apart > PARTS_REACH * Math.sqrt(Math.max(a.area, b.area))) return false;
  const delay = Math.abs(a.event.frame - b.event.frame);
  return delay <= Math.max(3, PARTS_DELAY_SEC * clip.fps) || travelTogether(a, b);
}

/** Frames in which both are seen on their way, and the least way (in distances between the two) that tells. */
const MIN_COMMON_FRAMES = 6;
const MIN_COMMON_WAY = 0.8;
const MIN_COMMON_TRUST = 0.5;
/** Each may be off by this share of the distance between the two from where the other one's motion would take it. */
const MAX_PARTING = 0.25;

/** Do two things go the same way all along, though they seem to leave (or arrive) at different times? */
function travelTogether(a: MoverEnd, b: MoverEnd): boolean {
  const [ax, ay] = [2 * a.event.cx, 2 * a.event.cy];
  const [bx, by] = [2 * b.event.cx, 2 * b.event.cy];
  const apart = Math.hypot(ax - bx, ay - by);
  const partings: number[] = [];
  for (const [k, stepA] of a.track.steps) {
    const stepB = b.track.steps.get(k);
    if (!stepB || Math.min(stepA.trust, stepB.trust) < MIN_COMMON_TRUST) continue;
    const [u, v] = applySimilarity(stepA.fromStart, ax, ay);
    if (Math.hypot(u - ax, v - ay) < MIN_COMMON_WAY * apart) continue;
    const [s, t] = applySimilarity(stepB.fromStart, bx, by);
    partings.push(Math.hypot(s - u - (bx - ax), t - v - (by - ay)));
  }
  if (partings.length < MIN_COMMON_FRAMES) return false;
  partings.sort((p, q) => p - q);
  return partings[partings.length >> 1] < MAX_PARTING * apart;
}

async function joinParts(
  clip: Clip,
  cutter: OutlineCutter,
  a: MoverEnd,
  b: MoverEnd,
  ends: readonly MoverEnd[],
  ctx: StageContext,
): Promise<MoverEnd | null> {
  const mask = maskWhere(a.mask, (value, i) => value !== 0 || b.mask[i] !== 0);
  const event = joinEvents(clip, a.event, b.event);
  const [both] = await followed(clip, [outlineOf(event, a.view, mask, Math.max(a.cutIou, b.cutIou))], ctx);
  const cut = await cutter.cutOneByMotion(both, ends);
  const holds = [a, b].every((part) => countShared(cut.mask, part.mask) > PART_KEPT_SHARE * part.area);
  return holds && cut.mask !== mask ? { ...cut, track: both.track, absence: null } : null;
}

/** Two ends that turned out to be the same thing: the better one is kept. */
function withoutDoubles(ends: readonly MoverEnd[]): MoverEnd[] {
  const kept: MoverEnd[] = [];
  for (const end of [...ends].sort((a, b) => b.event.score - a.event.score)) {
    const same = kept.some(
      (other) =>
        other.event.kind === end.event.kind && countShared(other.mask, end.mask) > 0.6 * Math.min(other.area, end.area),
    );
    if (!same) kept.push(end);
  }
  return kept;
}

/** [H/2, W/2] 1 where frame `k` shows the first (or last) stable colour. */
function showsColour(clip: Clip, change: ColourChange, k: number, first: boolean): Uint8Array {
  const colour = first ? change.first : change.last;
  const out = new Uint8Array(clip.valid.length);
  const lab = clip.labAt(k);
  for (let i = 0; i < out.length; i++) out[i] = labDistance2(lab, i, colour, i) < 12 * 12 ? 1 : 0;
  return out;
}
