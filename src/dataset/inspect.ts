/** What a LeRobot dataset holds, from its metadata: for `v2r inspect`. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { readJson } from '../base/files.js';
import { INFO_FILE, InfoSchema, TASKS_FILE, videoKeys } from './lerobot-info.js';
import { readParquet } from './parquet.js';

export interface DatasetFacts {
  readonly format: string;
  readonly robot: string | null;
  readonly episodes: number;
  readonly frames: number;
  readonly fps: number;
  readonly seconds: number;
  readonly cameras: readonly { name: string; widthPx: number; heightPx: number; codec: string }[];
  /** Every other feature: its name and "float32 x 8". */
  readonly features: Readonly<Record<string, string>>;
  readonly tasks: readonly string[];
  readonly bytes: number;
}

/** Throws `UserError` when `meta/` cannot be read; use `verifyLeRobot` to find out whether the rest is sound. */
export async function inspectDataset(folder: string): Promise<DatasetFacts> {
  const info = await readJson(path.join(folder, INFO_FILE), InfoSchema);
  const tasks = await readParquet(path.join(folder, TASKS_FILE));
  const cameras = videoKeys(info.features);
  const others = Object.entries(info.features).filter(([, feature]) => feature.dtype !== 'video');
  return {
    format: `LeRobot ${info.codebase_version}`,
    robot: info.robot_type ?? null,
    episodes: info.total_episodes,
    frames: info.total_frames,
    fps: info.fps,
    seconds: info.total_frames / info.fps,
    cameras: cameras.map((name) => {
      const { shape, info: video } = info.features[name];
      return { name, widthPx: shape[1], heightPx: shape[0], codec: `${video?.['video.codec'] ?? 'unknown'}` };
    }),
    features: Object.fromEntries(others.map(([name, { dtype, shape }]) => [name, `${dtype} x ${shape.join('x')}`])),
    tasks: tasks.rows.map((row) => `${row.task ?? row.__index_level_0__}`),
    bytes: await sizeOf(folder),
  };
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const info = await stat(path.join(folder, name));
    if (info.isFile()) bytes += info.size;
  }
  return bytes;
}
