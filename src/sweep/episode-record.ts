/**
 * The `episodes` artifact: one record per attempted episode, accepted and rejected ones apart.
 *
 *   episodes/episodes.json                        index: counts and reasons
 *   episodes/accepted/episode-000000.json         this record
 *   episodes/accepted/episode-000000.mp4          its frames
 *   episodes/accepted/episode-000000.state.npy    [T, 8] f32 joint positions (radians) and gripper opening (metres)
 *   episodes/accepted/episode-000000.action.npy   [T, 8] f32 the state wanted at the next frame
 *   episodes/accepted/episode-000000.objects.npy  [T, N, 4, 4] f64 worldFromObject, in the order of `objectIds`
 *   episodes/rejected/episode-000003.json         record with the reason; no frames
 */
import path from 'node:path';
import { z } from 'zod';
import { ImageHistogramSchema } from '../dataset/image-stats.js';
import { Mat4Schema } from '../perceive/perception.js';

export const EpisodeRecordSchema = z.object({
  kind: z.literal('v2r/episode'),
  version: z.literal(1),
  /** Number of the attempt in this run, from 0; also the label its seed is derived from. */
  number: z.int().min(0),
  seed: z.int(),
  accepted: z.boolean(),
  reason: z.string().nullable(),
  detail: z.string(),
  fps: z.int(),
  numFrames: z.int(),
  draws: z.object({
    attempt: z.int(),
    objects: z.array(z.object({ id: z.int(), xM: z.number(), yM: z.number(), yawRad: z.number() })),
  }),
  grasps: z.array(z.object({ sourceId: z.int(), objectFromTool: Mat4Schema, widthM: z.number() })),
  phases: z.array(z.object({ name: z.string(), fromFrame: z.int(), toFrame: z.int(), heldId: z.int().nullable() })),
  checks: z.array(
    z.object({
      name: z.string(),
      ok: z.boolean(),
      /** null: not measurable in this episode (infinitely far, never seen). */
      value: z.number().nullable(),
      limit: z.number(),
      atLeast: z.boolean(),
      unit: z.string(),
    }),
  ),
  objectIds: z.array(z.int()),
  image: z.object({ widthPx: z.int(), heightPx: z.int(), histogram: ImageHistogramSchema }).nullable(),
});
export type EpisodeRecord = z.infer<typeof EpisodeRecordSchema>;

export const EpisodeIndexSchema = z.object({
  kind: z.literal('v2r/episodes'),
  version: z.literal(1),
  accepted: z.int(),
  rejected: z.int(),
  /** How often each reason rejected an episode. */
  reasons: z.record(z.string(), z.int()),
  /** Numbers of the accepted episodes, in the order in which the dataset holds them. */
  acceptedNumbers: z.array(z.int()),
  rejectedNumbers: z.array(z.int()),
});
export type EpisodeIndex = z.infer<typeof EpisodeIndexSchema>;

export const INDEX_FILE = 'episodes.json';

/** Path of an episode's file, without extension. */
export function episodePath(folder: string, number: number, accepted: boolean): string {
  const name = `episode-${String(number).padStart(6, '0')}`;
  return path.join(folder, accepted ? 'accepted' : 'rejected', name);
}
