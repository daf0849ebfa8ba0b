/** Following outlines through a clip, as a task for any thread. */
import type { StageContext } from '../../base/context.js';
import { deriveSeed, Random } from '../../base/random.js';
import type { Clip, ClipTask } from '../clip.js';
import { type MaskTrack, MaskTracker, runTrackers } from './mask-track.js';

/** Outlines that are followed in one direction: each frame is prepared once for all of them. */
export interface FollowJob {
  readonly direction: 1 | -1;
  readonly outlines: readonly FollowStart[];
}

export interface FollowStart {
  /** [H, W] at work size, and where in it points may begin; null: everywhere. */
  readonly mask: Uint8Array;
  readonly visible: Uint8Array | null;
  readonly startFrame: number;
  readonly randomSeed: number;
}

export const followTask: ClipTask<FollowJob, MaskTrack[]> = {
  name: 'follow',
  run: (clip, { direction, outlines }) => {
    const everywhere = new Uint8Array(clip.widthPx * clip.heightPx).fill(1);
    const trackers = outlines.map(
      ({ mask, visible, startFrame, randomSeed }) =>
        new MaskTracker(clip, mask, visible ?? everywhere, startFrame, new Random(randomSeed)),
    );
    runTrackers(clip, trackers, direction);
    return trackers.map(({ track }) => track);
  },
};

/** Follows all outlines in a direction; where there are none nothing is asked. */
export const follow = async (clip: Clip, job: FollowJob): Promise<MaskTrack[]> =>
  job.outlines.length === 0 ? [] : clip.crew.ask(followTask, job);

/** The seed of `ctx.random(label)`: generators themselves do not get from thread to thread. */
export const seedOf = (ctx: StageContext, label: string): number => deriveSeed(ctx.seed, ctx.stage, label);
