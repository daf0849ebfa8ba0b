/** `meta/episodes`: one row per episode with its place in the data and video files and its statistics. */
import type { Feature } from './lerobot-info.js';
import { EPISODES_PATH, type FileSlot, formatPath, nextSlot } from './lerobot-info.js';
import { type Cell, type ColumnSpec, ParquetFile } from './parquet.js';
import { type FeatureStats, STAT_NAMES } from './stats.js';

export interface EpisodeRow {
  readonly episodeIndex: number;
  readonly tasks: readonly string[];
  readonly length: number;
  readonly data: FileSlot;
  /** Half-open range of the global `index`. */
  readonly fromIndex: number;
  readonly toIndex: number;
  /** Per video feature: which file, and the time range inside it in seconds. */
  readonly videos: Readonly<Record<string, FileSlot & { readonly fromSec: number; readonly toSec: number }>>;
  readonly stats: Readonly<Record<string, FeatureStats>>;
}

/** Rows per row group: few enough to keep memory small, many enough that a hundred columns do not cost more than the values. */
const ROWS_PER_GROUP = 256;

/** Writes the table in files of bounded size under `folder`. */
export class EpisodeTable {
  private readonly columns: ColumnSpec[];
  private readonly videoKeys: readonly string[];
  private readonly statKeys: readonly string[];
  private slot: FileSlot = { chunk: 0, file: 0 };
  private current: ParquetFile | null = null;
  private pending: EpisodeRow[] = [];

  constructor(
    private readonly pathOf: (relative: string) => Promise<string>,
    private readonly features: Readonly<Record<string, Feature>>,
    private readonly maxBytes: number,
  ) {
    this.videoKeys = Object.keys(features).filter((key) => features[key].dtype === 'video');
    this.statKeys = Object.keys(features);
    this.columns = this.columnSpecs();
  }

  async add(row: EpisodeRow): Promise<void> {
    this.pending.push(row);
    if (this.pending.length >= ROWS_PER_GROUP) await this.flush();
  }

  async finish(): Promise<void> {
    await this.flush();
    await this.current?.finish();
  }

  private async flush(): Promise<void> {
    if (this.pending.length === 0) return;
    if (this.current && this.current.bytes >= this.maxBytes) {
      await this.current.finish();
      this.current = null;
      this.slot = nextSlot(this.slot);
    }
    this.current ??= new ParquetFile(await this.pathOf(formatPath(EPISODES_PATH, this.slot)), this.columns);
    const cells = this.pending.map((row) => this.cellsOf(row));
    await this.current.writeGroup(this.columns.map((_, column) => cells.map((row) => row[column])));
    this.pending = [];
  }

  private columnSpecs(): ColumnSpec[] {
    const int = (name: string): ColumnSpec => ({ name, type: 'int64', depth: 0 });
    const seconds = (name: string): ColumnSpec => ({ name, type: 'float64', depth: 0 });
    const columns: ColumnSpec[] = [int('episode_index'), { name: 'tasks', type: 'string', depth: 1 }, int('length')];
    columns.push(int('data/chunk_index'), int('data/file_index'), int('dataset_from_index'), int('dataset_to_index'));
    for (const key of this.videoKeys) {
      columns.push(int(`videos/${key}/chunk_index`), int(`videos/${key}/file_index`));
      columns.push(seconds(`videos/${key}/from_timestamp`), seconds(`videos/${key}/to_timestamp`));
    }
    for (const key of this.statKeys) {
      const depth = this.isVideo(key) ? 3 : 1;
      for (const stat of STAT_NAMES) columns.push({ name: `stats/${key}/${stat}`, type: 'float64', depth });
      columns.push({ name: `stats/${key}/count`, type: 'int64', depth: 1 });
    }
    columns.push(int('meta/episodes/chunk_index'), int('meta/episodes/file_index'));
    return columns;
  }

  /** In the order of `columnSpecs`. */
  private cellsOf(row: EpisodeRow): Cell[] {
    const cells: Cell[] = [BigInt(row.episodeIndex), row.tasks, BigInt(row.length)];
    cells.push(BigInt(row.data.chunk), BigInt(row.data.file), BigInt(row.fromIndex), BigInt(row.toIndex));
    for (const key of this.videoKeys) {
      const { chunk, file, fromSec, toSec } = row.videos[key];
      cells.push(BigInt(chunk), BigInt(file), fromSec, toSec);
    }
    for (const key of this.statKeys) {
      const stats = row.stats[key];
      for (const stat of STAT_NAMES) cells.push(this.isVideo(key) ? channelsFirst(stats[stat]) : stats[stat]);
      cells.push([BigInt(stats.count)]);
    }
    cells.push(BigInt(this.slot.chunk), BigInt(this.slot.file));
    return cells;
  }

  private isVideo(key: string): boolean {
    return this.features[key].dtype === 'video';
  }
}

/** [r, g, b] to the 3x1x1 nesting that LeRobot asks for. */
export function channelsFirst(values: readonly number[]): number[][][] {
  return values.map((value) => [[value]]);
}
