/** `meta/info.json` of LeRobot v3: the dataset's features and where its files lie. */
import { z } from 'zod';

export const LEROBOT_VERSION = 'v3.0';
export const FILES_PER_CHUNK = 1000;

export const FeatureSchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().positive()).min(1),
  /** Names of the values (nested objects are allowed by LeRobot), or null. */
  names: z.unknown().optional(),
  /** Only for videos: codec, size, rate. */
  info: z.record(z.string(), z.unknown()).nullish(),
});
export type Feature = z.infer<typeof FeatureSchema>;

export const InfoSchema = z.object({
  codebase_version: z.string(),
  fps: z.number().positive(),
  features: z.record(z.string(), FeatureSchema),
  total_episodes: z.int().min(0),
  total_frames: z.int().min(0),
  total_tasks: z.int().min(0),
  chunks_size: z.int().positive(),
  data_files_size_in_mb: z.number().positive(),
  video_files_size_in_mb: z.number().positive(),
  data_path: z.string(),
  video_path: z.string().nullable(),
  robot_type: z.string().nullish(),
  splits: z.record(z.string(), z.string()).optional(),
});
export type DatasetInfo = z.infer<typeof InfoSchema>;

/** The columns that every dataset must have, last in this order. `timestamp` is seconds within the episode. */
export const INDEX_FEATURES: Readonly<Record<string, Feature>> = {
  timestamp: { dtype: 'float32', shape: [1], names: null },
  frame_index: { dtype: 'int64', shape: [1], names: null },
  episode_index: { dtype: 'int64', shape: [1], names: null },
  index: { dtype: 'int64', shape: [1], names: null },
  task_index: { dtype: 'int64', shape: [1], names: null },
};

export const DATA_PATH = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet';
export const VIDEO_PATH = 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4';
export const EPISODES_PATH = 'meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet';
export const TASKS_FILE = 'meta/tasks.parquet';
export const STATS_FILE = 'meta/stats.json';
export const INFO_FILE = 'meta/info.json';

export interface FileSlot {
  readonly chunk: number;
  readonly file: number;
}

/** The path that a template like `chunk-{chunk_index:03d}` stands for (Python's `str.format`). */
export function formatPath(template: string, slot: FileSlot, videoKey = ''): string {
  return template
    .replaceAll('{video_key}', videoKey)
    .replaceAll('{chunk_index:03d}', `${slot.chunk}`.padStart(3, '0'))
    .replaceAll('{file_index:03d}', `${slot.file}`.padStart(3, '0'));
}

export function nextSlot(slot: FileSlot): FileSlot {
  return slot.file + 1 < FILES_PER_CHUNK
    ? { chunk: slot.chunk, file: slot.file + 1 }
    : { chunk: slot.chunk + 1, file: 0 };
}

export function videoKeys(features: Readonly<Record<string, Feature>>): string[] {
  return Object.keys(features).filter((key) => features[key].dtype === 'video');
}
