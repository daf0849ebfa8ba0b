/**
 * Segmentation with networks: hands and persons from landmarks and a person map, words from a detector, and a box tracker as
 * a second opinion on where each mover is. What a network does not see is left to the classical steps.
 */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import type { NanoTrack, TrackedBox } from '../../models/networks/nanotrack.js';
import type { Clip } from '../clip.js';
import { type Mover, trackedMask } from '../movers/movers.js';
import { boxOf } from '../movers/object-cut.js';
import { namedByEvidence } from './evident-names.js';
import { gatherEvidence, type SightNetworks } from './network-evidence.js';
import type { Segmentation, SegmentProvider } from './provider.js';

/** `inner` does the work; it sees the networks' evidence in the clip. `ownNames` are the user's words, which stay. */
export const onnxSegment = (
  networks: SightNetworks,
  boxTracker: NanoTrack | null,
  inner: SegmentProvider,
  ownNames: ReadonlySet<string>,
): SegmentProvider => ({
  segment: async (clip, ctx) => {
    const evidence = await gatherEvidence(clip, networks, ctx);
    const seen = await inner.segment({ ...clip, evidence }, ctx);
    const objects = namedByEvidence({ ...clip, evidence }, seen.objects, seen.movers, seen.targets, ownNames);
    const named = { ...seen, objects, hands: evidence.handTracks };
    return boxTracker ? doubted(clip, named, boxTracker, ctx) : named;
  },
});

/** A box tracker this sure that is this far (in object sizes) from the outline makes the outline doubtful. */
const SURE_SCORE = 0.6;
const MAX_GAP_SHARE = 0.5;
/** What is left of the confidence then. */
const DOUBT = 0.4;

async function doubted(clip: Clip, seen: Segmentation, net: NanoTrack, ctx: StageContext): Promise<Segmentation> {
  const boxes: Map<number, TrackedBox>[] = [];
  for (const mover of seen.movers) boxes.push(await followBox(clip, mover, net, ctx));
  return {
    ...seen,
    frame: async (k) => {
      const frame = await seen.frame(k);
      const confidence = new Map(frame.confidence);
      seen.movers.forEach((mover, m) => {
        const box = boxes[m].get(k);
        const outline = boxOf(trackedMask(clip, mover, k).mask, clip.widthPx, clip.heightPx);
        if (!box || !outline || box.score < SURE_SCORE) return;
        const gap = Math.hypot(
          (box.x0 + box.x1 - outline.x0 - outline.x1) / 2,
          (box.y0 + box.y1 - outline.y0 - outline.y1) / 2,
        );
        const size = Math.max(outline.x1 - outline.x0, outline.y1 - outline.y0);
        if (gap > MAX_GAP_SHARE * size) confidence.set(m + 1, DOUBT * (confidence.get(m + 1) ?? 0));
      });
      return { ...frame, confidence };
    },
  };
}

/** Boxes from the end that shows the mover best, through its motion. A score under `LOST` ends it: such trackers do not come back. */
async function followBox(
  clip: Clip,
  mover: Mover,
  net: NanoTrack,
  ctx: StageContext,
): Promise<Map<number, TrackedBox>> {
  const found = new Map<number, TrackedBox>();
  const backward = mover.carried === 'to' || !mover.from;
  const mask = backward ? mover.to!.mask : mover.from!.mask;
  const box = boxOf(mask, clip.widthPx, clip.heightPx);
  if (!box) return found;
  const [start, stop, step] = backward ? [mover.downFrame, mover.liftFrame, -1] : [mover.liftFrame, mover.downFrame, 1];
  const tracker = await net.start(await clip.readWork(start), box);
  for (let k = start + step; step * (stop - k) >= 0; k += step) {
    throwIfCancelled(ctx);
    const next = await tracker.step(await clip.readWork(k));
    if (next.score < LOST) break;
    found.set(k, next);
  }
  return found;
}

const LOST = 0.4;
