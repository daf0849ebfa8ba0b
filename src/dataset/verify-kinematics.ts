/**
 * Recomputes from a dataset's own rows what the planner promised: joint positions go through forward kinematics, and limits,
 * clearances and the place of held objects are measured anew, against the episodes' records and the scene they were made in.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../base/errors.js';
import { readJson } from '../base/files.js';
import { readNpy } from '../base/npy.js';
import { type EpisodeRecord, episodeFolder, readEpisodes } from '../episode/episode-record.js';
import { loadEpisodeInputs } from '../episode/load-inputs.js';
import { EpisodeRecheck } from '../episode/recheck.js';
import { Findings } from './findings.js';
import { InfoSchema } from './lerobot-info.js';
import { ParquetReader } from './parquet.js';
import type { VerifyReport } from './verify.js';

/** Columns that are read; the rest is `verifyLeRobot`'s business. */
const COLUMNS = ['observation.state', 'action', 'episode_index'];
const STAGES = ['objects', 'poses', 'skill', 'scene', 'episodes'] as const;

export type KinematicsReport = Pick<VerifyReport, 'ok' | 'errors' | 'warnings'> & {
  /** Episodes whose motion was recomputed. */
  readonly episodes: number;
};

/** `runFolder`: the run that the dataset was made in (it holds the records, the scene and the object poses). */
export async function verifyKinematics(folder: string, runFolder: string): Promise<KinematicsReport> {
  const [objects, poses, skill, scene, episodesFolder] = STAGES.map((name) => path.join(runFolder, name));
  for (const stage of [objects, poses, skill, scene, episodesFolder]) {
    if (existsSync(stage)) continue;
    throw new UserError(
      `${stage} is missing: motions can only be recomputed beside the run that made them`,
      'name the run folder with --run',
    );
  }
  const findings = new Findings();
  const made = await readEpisodes(episodesFolder);
  const accepted = made.episodes.filter((episode) => episode.accepted);
  const { inputs } = await loadEpisodeInputs({ objects, poses, skill, scene });
  const recheck = new EpisodeRecheck(inputs, made.fps, made.objectIds);
  const info = await readJson(path.join(folder, 'meta', 'info.json'), InfoSchema);
  if (info.fps !== made.fps) {
    findings.error(
      'kinematics-fps',
      'meta/info.json',
      `${info.fps} frames per second, the episodes were planned at ${made.fps}`,
    );
  }
  let count = 0;
  for await (const { episode, state, action } of episodesOf(folder)) {
    const record = accepted[episode];
    count++;
    if (!record) {
      findings.error('kinematics-record', 'data', `episode ${episode} has no accepted record in ${episodesFolder}`);
      continue;
    }
    const poses = await posesOf(episodesFolder, record);
    for (const { code, message } of recheck.problems(record, state, action, poses)) {
      findings.error(code, 'data', `episode ${episode} (record ${record.number}): ${message}`);
    }
  }
  if (count < accepted.length) {
    findings.error('kinematics-record', 'data', `${count} episodes for ${accepted.length} accepted records`);
  }
  const { errors, warnings } = findings;
  return { ok: errors.length === 0, errors, warnings, episodes: count };
}

async function posesOf(folder: string, record: EpisodeRecord): Promise<Float64Array> {
  return Float64Array.from((await readNpy(path.join(episodeFolder(folder, record.number), 'objects.npy'))).data);
}

interface EpisodeRows {
  readonly episode: number;
  /** [T][n + 1] */
  readonly state: number[][];
  readonly action: number[][];
}

/** Rows of one episode after the other, in the order of the files. */
async function* episodesOf(folder: string): AsyncGenerator<EpisodeRows> {
  const names = await readdir(path.join(folder, 'data'), { recursive: true });
  const files = names.filter((name) => name.endsWith('.parquet')).sort();
  let open = null as EpisodeRows | null;
  for (const file of files) {
    const reader = await ParquetReader.open(path.join(folder, 'data', file));
    try {
      for await (const rows of reader.groups(({ name }) => COLUMNS.includes(name))) {
        for (const row of rows) {
          const episode = Number(row.episode_index);
          if (open?.episode !== episode) {
            if (open) yield open;
            open = { episode, state: [], action: [] };
          }
          open.state.push(numbersOf(row['observation.state']));
          open.action.push(numbersOf(row.action));
        }
      }
    } finally {
      await reader.close();
    }
  }
  if (open) yield open;
}

const numbersOf = (value: unknown): number[] =>
  Array.isArray(value) || ArrayBuffer.isView(value) ? Array.from(value as ArrayLike<number>, Number) : [];
