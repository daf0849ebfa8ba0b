/**
 * Movers and targets that were not found by change analysis but are known from masks or a pointing user: outlines at rest,
 * followed by points as usual.
 */
import type { StageContext } from '../../base/context.js';
import { countSet } from '../../image/morphology.js';
import type { ChangeEvent } from '../change/candidates.js';
import type { Clip } from '../clip.js';
import { ColourModel } from '../movers/colour-model.js';
import type { EventView, MoverEnd } from '../movers/end-outline.js';
import type { Mover } from '../movers/movers.js';
import type { Target } from '../movers/target.js';
import { halved } from '../movers/visible-masks.js';
import { type FollowStart, follow, seedOf } from '../tracks/follow-task.js';
import type { MaskTrack } from '../tracks/mask-track.js';

/** An outline in a frame in which it is seen well. */
export interface OutlineAt {
  readonly frame: number;
  /** [H, W] at work size. */
  readonly mask: Uint8Array;
  /** [H, W, 3] u8 Lab of that frame at work size. */
  readonly lab: Uint8Array;
}

/** A mover's end from its outline; `track` leads from there through the clip. */
export function madeEnd(
  clip: Clip,
  kind: ChangeEvent['kind'],
  at: OutlineAt,
  eventFrame: number,
  track: MaskTrack,
): MoverEnd {
  const mask = halved(at.mask, clip);
  let area = 0;
  let sx = 0;
  let sy = 0;
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    area++;
    sx += (i % clip.halfWidthPx) + 0.5;
    sy += Math.floor(i / clip.halfWidthPx) + 0.5;
  }
  const event: ChangeEvent = {
    kind,
    mask,
    area,
    cx: sx / Math.max(1, area),
    cy: sy / Math.max(1, area),
    frame: eventFrame,
    restFrame: at.frame,
    score: 1,
    ambiguous: false,
    regions: [],
  };
  return {
    event,
    view: stillView(clip, at),
    mask: at.mask,
    area: countSet(at.mask),
    colours: ColourModel.of(at.lab, at.mask),
    cutIou: 1,
    track,
    absence: null,
  };
}

/** The view of an end that no change analysis found: nothing changed, no hand rested. */
function stillView(clip: Clip, { lab, frame }: OutlineAt): EventView {
  const size = clip.halfWidthPx * clip.halfHeightPx;
  const none = new Uint8Array(size);
  const never = new Int16Array(size).fill(-1);
  const colours = clip.labAt(frame);
  return {
    change: { first: colours, last: colours, changed: none, leaves: never, arrives: never },
    plates: { firstLab: lab, lastLab: lab },
    handFirst: none,
    handLast: none,
    armFirst: none,
    armLast: none,
    coveredFirst: none,
    coveredLast: none,
  };
}

/** Follows outlines both ways from their frames, all together. */
export async function followOutlines(
  clip: Clip,
  outlines: readonly OutlineAt[],
  ctx: StageContext,
): Promise<MaskTrack[]> {
  const starts = (direction: string): FollowStart[] =>
    outlines.map(({ frame, mask }, n) => ({
      mask,
      visible: null,
      startFrame: frame,
      randomSeed: seedOf(ctx, `outline-${direction}-${n}-${frame}`),
    }));
  const [ahead, back] = await Promise.all([
    follow(clip, { direction: 1, outlines: starts('ahead') }),
    follow(clip, { direction: -1, outlines: starts('back') }),
  ]);
  return outlines.map(({ frame }, n) => ({
    startFrame: frame,
    steps: new Map([...back[n].steps, ...ahead[n].steps]),
  }));
}

export function madeMover(
  from: MoverEnd | null,
  to: MoverEnd | null,
  span: { liftFrame: number; downFrame: number },
  confidence: number,
  evidence: string,
): Mover {
  const carried = from && to ? 'both' : from ? 'from' : 'to';
  return { from, to, carried, ...span, confidence, evidence };
}

export function madeTarget(id: number, mask: Uint8Array, confidence: number, evidence: string): Target {
  return { id, mask, finding: { mask, confidence, evidence } };
}
