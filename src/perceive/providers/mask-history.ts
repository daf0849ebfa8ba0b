/** What masks over time say about each object: where it rests first and last, and from when to when it moves. */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import { resizeNearest } from '../../image/filters.js';
import type { ByteImage } from '../../image/image.js';
import { maskIou } from '../../image/morphology.js';
import type { Clip } from '../clip.js';
import { HAND_ID, type PerceivedObject, type Perception } from '../perception.js';

export interface MaskHistory {
  readonly id: number;
  /** Outline [H, W] at work size where it is first / last seen well. */
  readonly start: { frame: number; mask: Uint8Array };
  readonly end: { frame: number; mask: Uint8Array };
  /** Last frame at the first place and first one at the last; null when it never moves. */
  readonly span: { liftFrame: number; downFrame: number } | null;
  /** What v2r said about it when the masks are its own. */
  readonly given: PerceivedObject | null;
}

/** Seen well: at least this share of its usual area. */
const WELL_SEEN = 0.7;
/** Moved: centre off by more than this share of its size while it is seen well. */
const MOVED_SHARE = 0.15;
/** A mover ends its life in the clip at least this share of its size away, or has been away. */
const MIN_TRAVEL_SHARE = 0.4;

export async function maskHistories(
  clip: Clip,
  read: (k: number) => Promise<ByteImage>,
  perception: Perception | null,
  ctx: StageContext,
): Promise<MaskHistory[]> {
  const areas = new Map<number, Float64Array>();
  const centres = new Map<number, Float64Array>();
  for (let k = 0; k < clip.numFrames; k++) {
    throwIfCancelled(ctx);
    const ids = resizeNearest(await read(k), clip.widthPx, clip.heightPx);
    const sums = new Map<number, [number, number, number]>();
    for (let i = 0; i < ids.data.length; i++) {
      const id = ids.data[i];
      if (id === 0 || id === HAND_ID) continue;
      const sum = sums.get(id) ?? [0, 0, 0];
      sum[0]++;
      sum[1] += i % clip.widthPx;
      sum[2] += Math.floor(i / clip.widthPx);
      sums.set(id, sum);
    }
    for (const [id, [n, x, y]] of sums) {
      if (!areas.has(id)) {
        areas.set(id, new Float64Array(clip.numFrames));
        centres.set(id, new Float64Array(2 * clip.numFrames));
      }
      areas.get(id)![k] = n;
      centres.get(id)!.set([x / n, y / n], 2 * k);
    }
    ctx.progress(k + 1, clip.numFrames, 'masks');
  }
  const histories: MaskHistory[] = [];
  for (const id of [...areas.keys()].sort((a, b) => a - b)) {
    const given = perception?.objects.find((object) => object.id === id) ?? null;
    histories.push(await historyOf(clip, id, areas.get(id)!, centres.get(id)!, given, read));
  }
  // Own masks keep their ids; others are put in the order in which things happen.
  if (perception) return histories;
  return histories.sort((a, b) => (a.span?.liftFrame ?? Infinity) - (b.span?.liftFrame ?? Infinity) || a.id - b.id);
}

async function historyOf(
  clip: Clip,
  id: number,
  areas: Float64Array,
  centres: Float64Array,
  given: PerceivedObject | null,
  read: (k: number) => Promise<ByteImage>,
): Promise<MaskHistory> {
  const seen = [...areas].filter((area) => area > 0).sort((a, b) => a - b);
  const usual = seen[seen.length >> 1];
  const well = [...areas.keys()].filter((k) => areas[k] >= WELL_SEEN * usual);
  const [first, last] = [well[0], well[well.length - 1]];
  const outline = async (frame: number): Promise<{ frame: number; mask: Uint8Array }> => {
    const ids = resizeNearest(await read(frame), clip.widthPx, clip.heightPx);
    return { frame, mask: ids.data.map((value) => (value === id ? 1 : 0)) };
  };
  const start = await outline(first);
  const end = await outline(last);
  if (given) {
    const { motion } = given;
    const span = motion && { liftFrame: motion.firstFrame, downFrame: motion.lastFrame };
    return { id, start, end, span, given };
  }
  const size = Math.sqrt(usual);
  const away = (k: number, from: number): number =>
    Math.hypot(centres[2 * k] - centres[2 * from], centres[2 * k + 1] - centres[2 * from + 1]) / size;
  const travel = Math.max(...well.map((k) => away(k, first)));
  const unchanged = maskIou(start.mask, end.mask) > 0.8 && travel < 2 * MIN_TRAVEL_SHARE;
  if (travel < MIN_TRAVEL_SHARE || unchanged) return { id, start, end, span: null, given };
  const firstAway = well.find((k) => away(k, first) > MOVED_SHARE) ?? last;
  const lastAway = [...well].reverse().find((k) => away(k, last) > MOVED_SHARE) ?? first;
  const liftFrame = Math.max(0, firstAway - 1);
  return { id, start, end, span: { liftFrame, downFrame: Math.max(liftFrame + 1, lastAway + 1) }, given };
}
