/**
 * The `episodes` artifact: what was attempted, what came of it and why.
 *
 *   episodes/episodes.json              this type; written last, so a folder with it is complete
 *   episodes/tried-<number>.json        records of one job (what an interrupted run goes on from)
 *   episodes/<number>/state.npy         [T, n + 1] f32: joint positions (radians) and gripper opening (metres)
 *   episodes/<number>/objects.npy       [T, K, 16] f64: worldFromObject, in the order of `objectIds`
 *   episodes/<number>/<camera>.mp4      T frames
 *   episodes/<number>/colours.json      colour counts of the frames as drawn
 *
 * Only accepted episodes have a folder. The action of a frame is the state of the next one (the last frame's is its own state).
 */
import path from 'node:path';
import { z } from 'zod';
import { readJson } from '../base/files.js';
import { readNpy } from '../base/npy.js';
import { type ImageHistogram, ImageHistogramSchema } from '../image/image-stats.js';
import { Mat4Schema } from '../perceive/perception.js';
import { PhysicsVerdictSchema } from '../physics/verdict.js';
import { type EpisodePlan, PHASES } from './episode.js';

export const EpisodeRecordSchema = z.object({
  /** Six digits in folder names. */
  number: z.int().min(0),
  seed: z.int(),
  accepted: z.boolean(),
  /** null when accepted, else a kebab-case word: `no-grasp`, `unreachable`, `blocked`, `no-arrangement` or a check's name. */
  reason: z.string().nullable(),
  detail: z.string(),
  numFrames: z.int(),
  draws: z.object({
    attempt: z.int(),
    objects: z.array(z.object({ id: z.int(), xM: z.number(), yM: z.number(), yawRad: z.number() })),
  }),
  grasps: z.array(z.object({ sourceId: z.int(), objectFromTool: Mat4Schema, widthM: z.number() })),
  phases: z.array(
    z.object({
      name: z.enum(PHASES),
      fromFrame: z.int(),
      toFrame: z.int(),
      heldId: z.int().nullable(),
      contactIds: z.array(z.int()),
    }),
  ),
  checks: z.array(
    z.object({
      name: z.string(),
      ok: z.boolean(),
      value: z.number(),
      limit: z.number(),
      atLeast: z.boolean(),
      unit: z.string(),
    }),
  ),
  /** Replay in physics; null when it was switched off or there was nothing to replay. */
  physics: PhysicsVerdictSchema.nullable(),
});
export type EpisodeRecord = z.infer<typeof EpisodeRecordSchema>;

export const EpisodesSchema = z.object({
  kind: z.literal('v2r/episodes'),
  version: z.literal(1),
  robot: z.string(),
  jointNames: z.array(z.string()),
  fps: z.number(),
  /** The one camera so far, and its image size. */
  camera: z.object({ name: z.string(), widthPx: z.int(), heightPx: z.int() }),
  video: z.object({ crf: z.number(), gop: z.int(), preset: z.string() }),
  /** What the film's lengths were multiplied by so that the fingers can hold what is held; absent: 1. */
  lengthScale: z.number().positive().optional(),
  objectIds: z.array(z.int()),
  instruction: z.string(),
  task: z.string(),
  episodes: z.array(EpisodeRecordSchema),
});
export type Episodes = z.infer<typeof EpisodesSchema>;

export const episodeFolder = (folder: string, number: number): string =>
  path.join(folder, String(number).padStart(6, '0'));

export async function readEpisodes(folder: string): Promise<Episodes> {
  return readJson(path.join(folder, 'episodes.json'), EpisodesSchema);
}

/** An accepted episode's data, as datasets are written from. */
export interface EpisodeData {
  /** [T, n + 1] f32 */
  readonly state: Float32Array;
  /** [T, n + 1] f32 */
  readonly action: Float32Array;
  readonly videoFile: string;
  readonly colours: ImageHistogram;
}

export async function readEpisodeData(folder: string, episodes: Episodes, number: number): Promise<EpisodeData> {
  const own = episodeFolder(folder, number);
  const { shape, data } = await readNpy(path.join(own, 'state.npy'));
  const state = Float32Array.from(data);
  const width = shape[1];
  const action = new Float32Array(state.length);
  action.set(state.subarray(width));
  action.set(state.subarray(state.length - width), state.length - width);
  const colours = await readJson(path.join(own, 'colours.json'), ImageHistogramSchema);
  return { state, action, videoFile: path.join(own, `${episodes.camera.name}.mp4`), colours };
}

/** A plan without its arrays. */
export function recordOf(plan: EpisodePlan, number: number): EpisodeRecord {
  const { seed, accepted, reason, detail, numFrames, draws, grasps, phases, checks, physics } = plan;
  return EpisodeRecordSchema.parse({
    number,
    seed,
    accepted,
    reason,
    detail,
    numFrames,
    draws,
    grasps,
    phases,
    checks,
    physics,
  });
}
