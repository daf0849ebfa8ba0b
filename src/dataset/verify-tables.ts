/** Check of `meta/tasks.parquet` and `meta/episodes`. */
import path from 'node:path';
import { messageOf } from '../base/errors.js';
import type { Findings } from './findings.js';
import {
  type DatasetInfo,
  EPISODES_PATH,
  type FileSlot,
  formatPath,
  INFO_FILE,
  TASKS_FILE,
  videoKeys,
} from './lerobot-info.js';
import { type ParquetContent, type ParquetRow, readParquet } from './parquet.js';

/** A row of meta/episodes as far as other checks need it. */
export interface EpisodeEntry {
  /** Position in the table: what the loader takes for the episode's number. */
  readonly position: number;
  readonly file: string;
  readonly length: number;
  readonly data: FileSlot;
  readonly fromIndex: number;
  readonly toIndex: number;
  readonly tasks: readonly string[];
  readonly videos: ReadonlyMap<string, FileSlot & { readonly fromSec: number; readonly toSec: number }>;
  /** The whole row, for the statistics. */
  readonly row: ParquetRow;
}

export async function readOrReport(folder: string, file: string, findings: Findings): Promise<ParquetContent | null> {
  try {
    return await readParquet(path.join(folder, file));
  } catch (error) {
    findings.error('parquet-unreadable', file, messageOf(error).replace(`${path.join(folder, file)} is`, 'is'));
    return null;
  }
}

/** Task sentences by task_index. */
export async function verifyTasks(
  folder: string,
  info: DatasetInfo,
  hasFile: boolean,
  findings: Findings,
): Promise<string[] | null> {
  if (!hasFile) {
    findings.error('tasks-missing', TASKS_FILE, 'is missing');
    return null;
  }
  const content = await readOrReport(folder, TASKS_FILE, findings);
  if (!content) return null;
  const indexColumn = pandasIndexColumn(content);
  const textColumn = content.columns.find(({ type }) => type === 'string')?.name;
  if (!textColumn || !content.columns.some(({ name }) => name === 'task_index')) {
    findings.error('tasks-columns', TASKS_FILE, 'needs the columns task_index and task');
    return null;
  }
  if (indexColumn !== textColumn) {
    findings.error(
      'tasks-index',
      TASKS_FILE,
      `${textColumn} is not the pandas index (file metadata key "pandas"): the loader would hand out row numbers instead of sentences`,
    );
  }
  content.rows.forEach((row, n) => {
    if (Number(row.task_index) !== n) {
      findings.error('tasks-order', TASKS_FILE, `row ${n} has task_index ${row.task_index}, it must be ${n}`);
    }
  });
  const tasks = content.rows.map((row) => String(row[textColumn] ?? ''));
  if (tasks.some((task) => task.trim() === '')) findings.error('tasks-empty', TASKS_FILE, 'a task has no text');
  if (new Set(tasks).size !== tasks.length) findings.error('tasks-double', TASKS_FILE, 'a task stands there twice');
  if (tasks.length !== info.total_tasks) {
    findings.error('total-tasks', INFO_FILE, `total_tasks is ${info.total_tasks}, tasks.parquet has ${tasks.length}`);
  }
  return tasks;
}

function pandasIndexColumn(content: ParquetContent): string | null {
  try {
    const pandas = JSON.parse(content.metadata.get('pandas') ?? 'null') as {
      index_columns?: unknown[];
      columns?: unknown[];
    } | null;
    const index = pandas?.index_columns?.[0];
    return typeof index === 'string' && (pandas?.columns?.length ?? 0) > 0 ? index : null;
  } catch {
    return null;
  }
}

/** Rows of all episode files, in the order in which the loader reads them. */
export async function verifyEpisodes(
  folder: string,
  info: DatasetInfo,
  files: readonly string[],
  tasks: readonly string[] | null,
  findings: Findings,
): Promise<EpisodeEntry[] | null> {
  if (files.length === 0) {
    findings.error('episodes-missing', 'meta/episodes', 'there is no parquet file');
    return null;
  }
  const keys = videoKeys(info.features);
  const entries: EpisodeEntry[] = [];
  for (const file of files) {
    const content = await readOrReport(folder, file, findings);
    if (!content) return null;
    const present = new Set(content.columns.map(({ name }) => name));
    const missing = requiredColumns(keys).filter((name) => !present.has(name));
    if (missing.length > 0) {
      findings.error('episode-columns', file, `lacks the columns ${missing.join(', ')}`);
      return null;
    }
    for (const row of content.rows) entries.push(entryOf(row, entries.length, file, keys));
  }
  checkEntries(entries, tasks, findings);
  checkTotals(entries, info, findings);
  return entries;
}

function requiredColumns(keys: readonly string[]): string[] {
  const perVideo = ['chunk_index', 'file_index', 'from_timestamp', 'to_timestamp'];
  return [
    ...['episode_index', 'tasks', 'length', 'data/chunk_index', 'data/file_index'],
    ...['dataset_from_index', 'dataset_to_index', 'meta/episodes/chunk_index', 'meta/episodes/file_index'],
    ...keys.flatMap((key) => perVideo.map((name) => `videos/${key}/${name}`)),
  ];
}

function entryOf(row: ParquetRow, position: number, file: string, keys: readonly string[]): EpisodeEntry {
  const number = (name: string): number =>
    row[name] === null || row[name] === undefined ? Number.NaN : Number(row[name]);
  return {
    position,
    file,
    length: number('length'),
    data: { chunk: number('data/chunk_index'), file: number('data/file_index') },
    fromIndex: number('dataset_from_index'),
    toIndex: number('dataset_to_index'),
    tasks: Array.isArray(row.tasks) ? row.tasks.map(String) : [],
    videos: new Map(
      keys.map((key) => [
        key,
        {
          chunk: number(`videos/${key}/chunk_index`),
          file: number(`videos/${key}/file_index`),
          fromSec: number(`videos/${key}/from_timestamp`),
          toSec: number(`videos/${key}/to_timestamp`),
        },
      ]),
    ),
    row,
  };
}

function checkEntries(entries: readonly EpisodeEntry[], tasks: readonly string[] | null, findings: Findings): void {
  let expectedFrom = 0;
  for (const { position, file, length, fromIndex, toIndex, tasks: own, row } of entries) {
    const episode = `episode ${position}`;
    if (Number(row.episode_index) !== position) {
      findings.error(
        'episode-order',
        file,
        `row ${position} holds episode ${row.episode_index}: the loader looks episodes up by position`,
      );
    }
    if (!(length >= 1)) findings.error('episode-length', file, `${episode}: length ${length}`);
    if (fromIndex !== expectedFrom || toIndex !== fromIndex + length) {
      findings.error(
        'episode-range',
        file,
        `${episode}: dataset_from_index ${fromIndex} and dataset_to_index ${toIndex}, expected ${expectedFrom} and ${expectedFrom + length}: frames would leak between episodes`,
      );
    }
    expectedFrom += length;
    const unknown = own.filter((task) => tasks && !tasks.includes(task));
    if (own.length === 0) findings.error('episode-tasks', file, `${episode} has no task`);
    if (unknown.length > 0) {
      findings.error('episode-tasks', file, `${episode}: task "${unknown[0]}" is not in ${TASKS_FILE}`);
    }
    const slot = { chunk: Number(row['meta/episodes/chunk_index']), file: Number(row['meta/episodes/file_index']) };
    const place = formatPath(EPISODES_PATH, slot);
    if (place !== file) findings.error('episode-place', file, `${episode} says that it stands in ${place}`);
  }
}

function checkTotals(entries: readonly EpisodeEntry[], info: DatasetInfo, findings: Findings): void {
  if (entries.length !== info.total_episodes) {
    findings.error(
      'total-episodes',
      INFO_FILE,
      `total_episodes is ${info.total_episodes}, meta/episodes has ${entries.length} rows`,
    );
  }
  const frames = entries.reduce((sum, { length }) => sum + length, 0);
  if (frames !== info.total_frames) {
    findings.error('total-frames', INFO_FILE, `total_frames is ${info.total_frames}, the episodes have ${frames}`);
  }
}
