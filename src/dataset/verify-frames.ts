/** Check of the data files: columns against the features, and every row's place, time, task and values. */
import path from 'node:path';
import { messageOf } from '../base/errors.js';
import { isScalar } from './features.js';
import type { Findings } from './findings.js';
import { type DatasetInfo, type Feature, type FileSlot, formatPath } from './lerobot-info.js';
import { type ColumnSpec, ParquetReader, type ParquetRow } from './parquet.js';
import { RunningStats } from './running-stats.js';
import { isNumeric } from './verify-info.js';
import type { EpisodeEntry } from './verify-tables.js';

/** What the loader allows between a wanted time and a frame's time, seconds. */
export const TIME_TOLERANCE_SEC = 1e-4;

export interface FrameCheck {
  readonly numRows: number;
  /** Per numeric feature, over all rows: what stats.json must say. */
  readonly stats: ReadonlyMap<string, RunningStats>;
}

/** Walks all rows in the order in which the loader reads them. null when a file cannot be read. */
export async function verifyFrames(
  folder: string,
  info: DatasetInfo,
  files: readonly string[],
  entries: readonly EpisodeEntry[] | null,
  tasks: readonly string[] | null,
  findings: Findings,
): Promise<FrameCheck | null> {
  if (files.length === 0) {
    findings.error('data-missing', 'data', 'there is no parquet file');
    return null;
  }
  const walk = new RowWalk(info, entries, tasks, findings);
  for (const file of files) {
    let reader: ParquetReader;
    try {
      reader = await ParquetReader.open(path.join(folder, file));
    } catch (error) {
      reportUnreadable(folder, file, error, findings);
      return null;
    }
    try {
      const readable = checkColumns(info, file, reader.columns, findings);
      for await (const rows of reader.groups(({ name }) => readable.has(name))) {
        for (const row of rows) walk.visit(row, file, readable);
      }
    } catch (error) {
      reportUnreadable(folder, file, error, findings);
      return null;
    } finally {
      await reader.close();
    }
  }
  walk.finish();
  return { numRows: walk.numRows, stats: walk.stats };
}

function reportUnreadable(folder: string, file: string, error: unknown, findings: Findings): void {
  findings.error('parquet-unreadable', file, messageOf(error).replace(`${path.join(folder, file)} is`, 'is'));
}

/** Returns the columns that are worth reading; pictures inside parquet are left alone. */
function checkColumns(
  info: DatasetInfo,
  file: string,
  columns: readonly ColumnSpec[],
  findings: Findings,
): Set<string> {
  const stored = new Map(columns.map((column) => [column.name, column]));
  const readable = new Set<string>();
  for (const [key, feature] of Object.entries(info.features)) {
    if (feature.dtype === 'video') continue;
    const column = stored.get(key);
    stored.delete(key);
    if (!column) {
      findings.error('column-missing', file, `there is no column for feature ${key}`);
      continue;
    }
    if (!isNumeric(feature)) continue;
    const depth = isScalar(feature.shape) ? 0 : feature.shape.length;
    if (column.depth !== depth) {
      findings.error(
        'column-shape',
        file,
        `${key}: lists nested ${column.depth} deep, shape [${feature.shape}] needs ${depth}`,
      );
    } else if (column.type === 'string') {
      findings.error('column-type', file, `${key} holds text, the feature is ${feature.dtype}`);
    } else {
      readable.add(key);
    }
  }
  for (const [name, { depth }] of stored) {
    const isVideo = info.features[name]?.dtype === 'video';
    findings.error(
      'column-extra',
      file,
      isVideo
        ? `${name} is a video: it may have no column`
        : `column ${name} (depth ${depth}) is not a feature of info.json`,
    );
  }
  return readable;
}

/** Keeps count of where a row should be, and compares. */
class RowWalk {
  numRows = 0;
  readonly stats = new Map<string, RunningStats>();
  private episode = 0;
  private frame = 0;
  private readonly values: number[] = [];

  constructor(
    private readonly info: DatasetInfo,
    private readonly entries: readonly EpisodeEntry[] | null,
    private readonly tasks: readonly string[] | null,
    private readonly findings: Findings,
  ) {}

  visit(row: ParquetRow, file: string, columns: ReadonlySet<string>): void {
    this.advance(row, columns);
    this.checkPlace(row, file, columns);
    for (const key of columns) this.checkValues(key, row[key], file);
    this.numRows++;
    this.frame++;
  }

  /** The next episode begins when the table says so, or, without a usable table, where episode_index changes. */
  private advance(row: ParquetRow, columns: ReadonlySet<string>): void {
    if (this.entries) {
      while (this.frame >= (this.entries[this.episode]?.length ?? Number.POSITIVE_INFINITY)) this.nextEpisode();
    } else if (columns.has('episode_index') && this.frame > 0 && Number(row.episode_index) !== this.episode) {
      this.nextEpisode();
    }
  }

  private nextEpisode(): void {
    this.episode++;
    this.frame = 0;
  }

  private checkPlace(row: ParquetRow, file: string, columns: ReadonlySet<string>): void {
    const where = `row ${this.numRows}`;
    const expect = (key: string, expected: number, code: string, why: string): void => {
      if (columns.has(key) && Number(row[key]) !== expected) {
        this.findings.error(code, file, `${where}: ${key} is ${row[key]}, expected ${expected}${why}`);
      }
    };
    expect('index', this.numRows, 'index', '');
    expect('episode_index', this.episode, 'episode-index', '');
    expect('frame_index', this.frame, 'frame-index', ' (it counts from 0 in every episode)');
    const wanted = this.frame / this.info.fps;
    const timestamp = Number(row.timestamp);
    if (columns.has('timestamp') && !(Math.abs(timestamp - wanted) <= TIME_TOLERANCE_SEC)) {
      this.findings.error(
        'timestamp',
        file,
        `${where}: timestamp ${timestamp}, expected frame_index / fps = ${wanted.toFixed(6)} (it counts from 0 in every episode)`,
      );
    }
    this.checkEntry(file, where);
    this.checkTask(row, file, columns, where);
  }

  private checkEntry(file: string, where: string): void {
    if (!this.entries) return;
    const entry = this.entries[this.episode];
    if (!entry) {
      this.findings.error('rows-left', file, `${where} belongs to no episode: the episodes end before the rows do`);
      return;
    }
    const place = dataFile(this.info, entry.data);
    if (this.frame === 0 && place !== file) {
      this.findings.error(
        'data-place',
        entry.file,
        `episode ${entry.position} is said to be in ${place}, it is in ${file}`,
      );
    }
  }

  private checkTask(row: ParquetRow, file: string, columns: ReadonlySet<string>, where: string): void {
    if (!columns.has('task_index') || !this.tasks) return;
    const task = this.tasks[Number(row.task_index)];
    if (task === undefined) {
      this.findings.error(
        'task-index',
        file,
        `${where}: task_index ${row.task_index}, there are ${this.tasks.length} tasks`,
      );
      return;
    }
    const own = this.entries?.[this.episode]?.tasks;
    if (own && !own.includes(task)) {
      this.findings.error('task-index', file, `${where}: task "${task}" is not one of episode ${this.episode}`);
    }
  }

  private checkValues(key: string, cell: unknown, file: string): void {
    const feature = this.info.features[key];
    const values = this.values;
    values.length = 0;
    const problem = flatten(cell, isScalar(feature.shape) ? [] : feature.shape, values);
    if (problem) {
      const code = problem === 'null' ? 'null' : 'list-length';
      this.findings.error(code, file, `row ${this.numRows}: ${key} ${describeProblem(problem, feature)}`);
      return;
    }
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      this.findings.error('not-finite', file, `row ${this.numRows}: ${key}[${bad}] is ${values[bad]}`);
      return;
    }
    let stats = this.stats.get(key);
    if (!stats) this.stats.set(key, (stats = new RunningStats(feature.shape[feature.shape.length - 1])));
    stats.add(values);
  }

  finish(): void {
    const expected = this.entries?.reduce((sum, { length }) => sum + length, 0) ?? this.info.total_frames;
    if (this.numRows !== expected) {
      this.findings.error('rows', 'data', `${this.numRows} rows, the episodes have ${expected} frames`);
    }
    if (this.numRows !== this.info.total_frames) {
      this.findings.error('total-frames', 'data', `${this.numRows} rows, info.json says ${this.info.total_frames}`);
    }
  }
}

export function dataFile(info: DatasetInfo, slot: FileSlot): string {
  return formatPath(info.data_path, slot);
}

/** Appends the numbers of a nested cell; returns what is wrong with it ('null' or the length found), or null. */
function flatten(cell: unknown, shape: readonly number[], into: number[]): 'null' | number | null {
  if (cell === null || cell === undefined) return 'null';
  if (shape.length === 0) {
    into.push(Number(cell));
    return null;
  }
  if (!isArrayLike(cell)) return 0;
  if (cell.length !== shape[0]) return cell.length;
  for (let i = 0; i < cell.length; i++) {
    const problem = flatten(cell[i], shape.slice(1), into);
    if (problem !== null) return problem;
  }
  return null;
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

function describeProblem(problem: 'null' | number, feature: Feature): string {
  return problem === 'null' ? 'is null' : `has ${problem} values, shape is [${feature.shape}]`;
}
