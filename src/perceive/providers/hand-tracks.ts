/** Hands of a clip as 21 points each, frame by frame: found by palms, then followed from frame to frame. */
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import type { RgbImage } from '../../image/image.js';
import type { Box } from '../../models/crop.js';
import {
  cropOfPalm,
  cropOfPoints,
  HAND_POINT,
  type HandCrop,
  type HandLandmarks,
  type HandPoints,
} from '../../models/networks/hand-landmarks.js';
import type { Palm, PalmDetection } from '../../models/networks/palm-detection.js';
import type { Clip } from '../clip.js';

export const MAX_HANDS = 2;
const MIN_PRESENCE = 0.5;
/** While fewer than two hands are followed, palms are looked for in every so many frames. */
const SEARCH_EVERY = 4;
/** Two finds are one hand when their middles are closer than this share of the crop's side. */
const SAME_HAND_SHARE = 0.3;

/** Per frame the hands that are seen, places in work-size pixels, surest first. */
export type HandTracks = readonly (readonly HandPoints[])[];

export async function trackHands(
  clip: Clip,
  palms: PalmDetection,
  landmarks: HandLandmarks,
  personBoxes: (frameIdx: number) => readonly Box[],
  ctx: StageContext,
): Promise<HandTracks> {
  const tracks: HandPoints[][] = [];
  let followed: HandPoints[] = [];
  for (let k = 0; k < clip.numFrames; k++) {
    throwIfCancelled(ctx);
    const image = await clip.readWork(k);
    const crops = followed.map(cropOfPoints);
    const hands: HandPoints[] = [];
    for (const crop of crops) await addHand(hands, landmarks, image, crop);
    if (hands.length < MAX_HANDS && (k % SEARCH_EVERY === 0 || hands.length < followed.length)) {
      for (const palm of await findPalms(image, palms, personBoxes(k))) {
        if (hands.length >= MAX_HANDS) break;
        await addHand(hands, landmarks, image, cropOfPalm(palm));
      }
    }
    hands.sort((a, b) => b.presence - a.presence);
    tracks.push(hands);
    followed = hands;
    ctx.progress(k + 1, clip.numFrames, 'hands');
  }
  return tracks;
}

async function addHand(hands: HandPoints[], landmarks: HandLandmarks, image: RgbImage, crop: HandCrop): Promise<void> {
  const isKnown = (points: HandPoints): boolean =>
    hands.some((other) => {
      const [x, y] = middleOf(points);
      const [u, v] = middleOf(other);
      return Math.hypot(x - u, y - v) < SAME_HAND_SHARE * Math.max(points.sidePx, other.sidePx);
    });
  const points = await landmarks.locate(image, crop);
  if (points.presence > MIN_PRESENCE && !isKnown(points)) hands.push(points);
}

/** Middle between wrist and base of the middle finger. */
function middleOf({ xyzPx }: HandPoints): [number, number] {
  const a = 3 * HAND_POINT.wrist;
  const b = 3 * HAND_POINT.middleBase;
  return [(xyzPx[a] + xyzPx[b]) / 2, (xyzPx[a + 1] + xyzPx[b + 1]) / 2];
}

/** Palms in the whole picture, in its two end squares, and around persons: a palm must fill some of the network's 128 px. */
async function findPalms(image: RgbImage, palms: PalmDetection, persons: readonly Box[]): Promise<Palm[]> {
  const { widthPx: w, heightPx: h } = image;
  const side = Math.min(w, h);
  const areas: Box[] = [
    { x0: 0, y0: 0, x1: w, y1: h },
    { x0: 0, y0: 0, x1: side, y1: side },
    { x0: w - side, y0: h - side, x1: w, y1: h },
    ...persons,
  ];
  const found: Palm[] = [];
  for (const area of areas) found.push(...(await palms.detect(image, area)));
  return found.sort((a, b) => b.score - a.score);
}
