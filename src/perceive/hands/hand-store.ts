/** `perceive/hand.json`: hands as 21 points each per frame, where a network saw them (docs/formats/perceive.md). */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readJson, writeJson } from '../../base/files.js';
import type { HandTracks } from '../providers/hand-tracks.js';

const NUM_VALUES = 63;

export const HandsSchema = z.object({
  kind: z.literal('v2r/hands'),
  version: z.literal(1),
  /** Per frame the hands that are seen, surest first. */
  frames: z.array(
    z.array(
      z.object({
        /** 0..1 that there is a hand. */
        presence: z.number(),
        /** 0..1: how much it looks like a right hand. */
        rightness: z.number(),
        /**
         * [21, 3] x, y in pixels of perception.json, z in the same pixels towards the camera from the wrist (negative = nearer). Order of
         * MediaPipe: 0 wrist, 1-4 thumb to its tip, 5-8 index, 9-12 middle, 13-16 ring, 17-20 little finger.
         */
        xyzPx: z.array(z.number()).length(NUM_VALUES),
      }),
    ),
  ),
});
export type Hands = z.infer<typeof HandsSchema>;

export async function writeHands(folder: string, hands: HandTracks): Promise<void> {
  const tenth = (v: number): number => Math.round(10 * v) / 10;
  const hundredth = (v: number): number => Math.round(100 * v) / 100;
  await writeJson(path.join(folder, 'hand.json'), {
    kind: 'v2r/hands',
    version: 1,
    frames: hands.map((frame) =>
      frame.map(({ presence, handedness, xyzPx }) => ({
        presence: hundredth(presence),
        rightness: hundredth(handedness),
        xyzPx: [...xyzPx].map(tenth),
      })),
    ),
  } satisfies Hands);
}

/** Null when no network looked for hands. */
export async function readHands(folder: string): Promise<Hands | null> {
  const file = path.join(folder, 'hand.json');
  return existsSync(file) ? readJson(file, HandsSchema) : null;
}
