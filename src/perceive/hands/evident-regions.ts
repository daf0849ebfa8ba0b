/** Changed regions judged by what networks saw there: a place that hands or persons fill while it rests is no object. */
import type { JudgedRegion } from '../change/candidates.js';
import type { Clip } from '../clip.js';

/** Evidence from here on counts as hand or person. */
const LIKELY = 150;
const SAMPLES = 10;
/** A region with at least this share of hand in most frames is one; measured: hands 0.45..1, moved objects 0..0.1. */
const HAND_SHARE = 0.38;
/** Below this share colour alone is no reason to call it a hand. */
const OBJECT_SHARE = 0.1;
const SURE_HAND = 0.95;
/** What is left of the suspicion by colour when networks see no hand there. */
const CLEARED = 0.4;

/** Adjusts hand and score; regions stay as they are where networks say nothing. */
export function judgeByEvidence(clip: Clip, regions: readonly JudgedRegion[]): JudgedRegion[] {
  const { evidence } = clip;
  if (!evidence) return [...regions];
  return regions.map((region) => {
    const isLeft = region.contrast > 0;
    const from = isLeft ? 0 : region.arrivesLate;
    const to = isLeft ? region.leavesEarly : clip.numFrames - 1;
    const shares: number[] = [];
    for (let s = 0; s < SAMPLES; s++) {
      const map = evidence.hand(Math.round(from + ((s + 0.5) / SAMPLES) * (to - from)));
      if (map) shares.push(shareOf(map, region.mask, region.area));
    }
    if (shares.length < SAMPLES / 2) return region;
    const share = shares.sort((a, b) => a - b)[Math.floor(0.3 * shares.length)];
    const hand =
      share > HAND_SHARE
        ? Math.max(region.hand, SURE_HAND)
        : share < OBJECT_SHARE
          ? CLEARED * region.hand
          : region.hand;
    return { ...region, hand, score: (region.score * (1 - hand)) / Math.max(1e-3, 1 - region.hand) };
  });
}

function shareOf(map: Uint8Array, mask: Uint8Array, area: number): number {
  let covered = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0 && map[i] >= LIKELY) covered++;
  return covered / Math.max(1, area);
}
