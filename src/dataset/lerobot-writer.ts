/**
 * Streaming writer of LeRobot v3 datasets. Everything goes into a folder beside the target, which is put in place by
 * `finish`: a reader never sees half a dataset. No clock times or random names are written: the same episodes give the
 * same bytes.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { UserError } from '../base/errors.js';
import { diskError } from '../base/files.js';
import { addHistogram, type ImageHistogram } from '../image/image-stats.js';
import { datasetCard } from './dataset-card.js';
import { channelsFirst, EpisodeTable } from './episode-table.js';
import {
  cameraKey,
  dataColumns,
  featuresOf,
  huggingfaceMetadata,
  isScalar,
  type LeRobotSpec,
  pandasTaskMetadata,
} from './features.js';
import {
  DATA_PATH,
  type DatasetInfo,
  type Feature,
  FILES_PER_CHUNK,
  type FileSlot,
  formatPath,
  INFO_FILE,
  LEROBOT_VERSION,
  nextSlot,
  STATS_FILE,
  TASKS_FILE,
  VIDEO_PATH,
} from './lerobot-info.js';
import { type Cell, type ColumnSpec, ParquetFile } from './parquet.js';
import { ColumnCollector, type FeatureStats, STAT_NAMES, statsOfHistograms } from './stats.js';
import { VideoFiles } from './video-files.js';

export interface LeRobotEpisode {
  /** What a language-conditioned policy is told. */
  readonly task: string;
  /** [T, S] f32. */
  readonly state: Float32Array;
  /** [T, A] f32: absolute joint positions wanted at each frame. */
  readonly action: Float32Array;
  /** Per extra feature its rows [T, length]; bool as 0 / 1. */
  readonly extra?: Readonly<Record<string, ArrayLike<number>>>;
  /** Per camera name an mp4 of exactly T frames, from `VideoEncoder`. It is copied from, and may be deleted afterwards. */
  readonly videoFiles: Readonly<Record<string, string>>;
  /** Per camera name the counts that `ImageStats` made from the frames as rendered. */
  readonly imageStats: Readonly<Record<string, ImageHistogram>>;
}

export interface DatasetSummary {
  readonly folder: string;
  readonly numEpisodes: number;
  readonly numFrames: number;
  readonly tasks: readonly string[];
  readonly bytes: number;
}

const MB = 1024 * 1024;
const DEFAULT_DATA_MB = 100;
const DEFAULT_VIDEO_MB = 200;
/** A value that changes less than this over the whole dataset is divided by almost nothing when a policy normalises it. */
const CONSTANT_STD = 1e-6;

/** `folder` must not exist or be empty. Nothing appears there before `finish`. */
export async function createLeRobotWriter(
  folder: string,
  spec: LeRobotSpec,
  ctx: StageContext,
): Promise<LeRobotWriter> {
  if (!Number.isInteger(spec.fps) || spec.fps < 1) throw new Error(`dataset: fps ${spec.fps} is not a whole number`);
  const entries = existsSync(folder) ? await readdir(folder) : [];
  if (entries.length > 0) throw new UserError(`${folder} is not empty`, 'choose another folder or remove it first');
  const work = `${path.resolve(folder)}.partial`;
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true }).catch((error) => {
    throw diskError(work, error);
  });
  return new LeRobotWriter(folder, work, spec, ctx);
}

export class LeRobotWriter {
  private readonly features: Record<string, Feature>;
  private readonly columns: ColumnSpec[];
  private readonly collectors: Map<string, ColumnCollector>;
  private readonly histograms = new Map<string, ImageHistogram>();
  private readonly videos: Map<string, VideoFiles>;
  private readonly episodes: EpisodeTable;
  private readonly tasks: string[] = [];
  private readonly maxDataBytes: number;
  private dataSlot: FileSlot = { chunk: 0, file: 0 };
  private dataFile: ParquetFile | null = null;
  private framesInDataFile = 0;
  private numEpisodes = 0;
  private numFrames = 0;
  private bytes = 0;

  constructor(
    private readonly folder: string,
    private readonly work: string,
    private readonly spec: LeRobotSpec,
    private readonly ctx: StageContext,
  ) {
    this.features = featuresOf(spec);
    this.columns = dataColumns(this.features);
    this.collectors = new Map(
      this.columns.map(({ name }) => [name, new ColumnCollector(this.features[name].shape[0])]),
    );
    this.maxDataBytes = (spec.dataFileMb ?? DEFAULT_DATA_MB) * MB;
    const maxVideoBytes = (spec.videoFileMb ?? DEFAULT_VIDEO_MB) * MB;
    const pathOf = (relative: string): Promise<string> => this.pathOf(relative);
    this.videos = new Map(
      spec.cameras.map((camera) => [camera.name, new VideoFiles(pathOf, cameraKey(camera), spec.fps, maxVideoBytes)]),
    );
    this.episodes = new EpisodeTable(pathOf, this.features, this.maxDataBytes);
  }

  /** Appends an episode; they are numbered in the order of the calls, which must not overlap. */
  async addEpisode(episode: LeRobotEpisode): Promise<{ episodeIndex: number; length: number }> {
    throwIfCancelled(this.ctx);
    const length = this.checkEpisode(episode);
    const episodeIndex = this.numEpisodes;
    const rows = this.rowsOf(episode, length);
    const stats: Record<string, FeatureStats> = {};
    for (const { name } of this.columns) stats[name] = this.collectors.get(name)!.add(rows[name]);
    const data = await this.writeRows(rows, length);
    const videos: Record<string, FileSlot & { fromSec: number; toSec: number }> = {};
    for (const camera of this.spec.cameras) {
      const key = cameraKey(camera);
      videos[key] = await this.videos.get(camera.name)!.append(episode.videoFiles[camera.name], length);
      stats[key] = this.addImageStats(key, episode.imageStats[camera.name]);
    }
    const fromIndex = this.numFrames;
    const toIndex = fromIndex + length;
    await this.episodes.add({ episodeIndex, tasks: [episode.task], length, data, fromIndex, toIndex, videos, stats });
    this.numEpisodes++;
    this.numFrames = toIndex;
    return { episodeIndex, length };
  }

  /** Writes what is known only at the end and puts the dataset in place. */
  async finish(): Promise<DatasetSummary> {
    if (this.numEpisodes === 0) throw new UserError('no episode was accepted: there is no dataset to write');
    await this.closeDataFile();
    await this.episodes.finish();
    for (const files of this.videos.values()) this.bytes += await files.finish();
    await this.writeTasks();
    await this.writeText(STATS_FILE, pythonJson(this.datasetStats()));
    const info = this.info();
    await this.writeText(INFO_FILE, pythonJson(info));
    await this.writeText('README.md', datasetCard(this.spec, info, this.tasks));
    if (existsSync(this.folder)) await rmdir(this.folder);
    await rename(this.work, this.folder);
    const { folder, numEpisodes, numFrames, tasks, bytes } = this;
    return { folder, numEpisodes, numFrames, tasks, bytes };
  }

  /** Removes everything written so far. */
  async abort(): Promise<void> {
    for (const files of this.videos.values()) await files.discard();
    await rm(this.work, { recursive: true, force: true });
  }

  /** Our callers make these arrays, so anything wrong here is a bug of ours and says exactly where. */
  private checkEpisode(episode: LeRobotEpisode): number {
    const length = episode.state.length / this.spec.stateNames.length;
    const where = `dataset: episode ${this.numEpisodes}`;
    if (!Number.isInteger(length) || length < 1) throw new Error(`${where}: ${episode.state.length} state values`);
    if (episode.task.trim() === '') throw new Error(`${where}: empty task`);
    const given: Record<string, ArrayLike<number> | undefined> = {
      'observation.state': episode.state,
      action: episode.action,
      ...Object.fromEntries((this.spec.extras ?? []).map(({ key }) => [key, episode.extra?.[key]])),
    };
    for (const [name, values] of Object.entries(given)) {
      const width = this.features[name].shape[0];
      if (values?.length !== length * width) {
        throw new Error(`${where}: ${name} has ${values?.length ?? 'no'} values, expected ${length} x ${width}`);
      }
      for (let i = 0; i < values.length; i++) {
        if (!Number.isFinite(values[i])) {
          throw new Error(`${where}: ${name} is ${values[i]} at frame ${Math.floor(i / width)}, value ${i % width}`);
        }
      }
    }
    return length;
  }

  private rowsOf(episode: LeRobotEpisode, length: number): Record<string, ArrayLike<number>> {
    const perFrame = (value: (frame: number) => number): Float64Array =>
      Float64Array.from({ length }, (_, frame) => value(frame));
    const taskIndex = this.taskIndex(episode.task);
    return {
      'observation.state': episode.state,
      action: episode.action,
      ...episode.extra,
      timestamp: perFrame((frame) => Math.fround(frame / this.spec.fps)),
      frame_index: perFrame((frame) => frame),
      episode_index: perFrame(() => this.numEpisodes),
      index: perFrame((frame) => this.numFrames + frame),
      task_index: perFrame(() => taskIndex),
    };
  }

  private taskIndex(task: string): number {
    const known = this.tasks.indexOf(task);
    return known >= 0 ? known : this.tasks.push(task) - 1;
  }

  private async writeRows(rows: Record<string, ArrayLike<number>>, length: number): Promise<FileSlot> {
    if (this.dataFile && this.framesInDataFile > 0) {
      const perFrame = this.dataFile.bytes / this.framesInDataFile;
      if (this.dataFile.bytes + perFrame * length >= this.maxDataBytes) {
        await this.closeDataFile();
        this.dataSlot = nextSlot(this.dataSlot);
      }
    }
    this.dataFile ??= new ParquetFile(await this.pathOf(formatPath(DATA_PATH, this.dataSlot)), this.columns, {
      huggingface: huggingfaceMetadata(this.features),
    });
    await this.dataFile.writeGroup(this.columns.map((column) => this.cellsOf(column, rows[column.name], length)));
    this.framesInDataFile += length;
    return this.dataSlot;
  }

  private cellsOf({ name, type }: ColumnSpec, values: ArrayLike<number>, length: number): Cell[] {
    const { shape } = this.features[name];
    const convert = (value: number): Cell => (type === 'int64' ? BigInt(value) : type === 'bool' ? value !== 0 : value);
    if (isScalar(shape)) return Array.from({ length }, (_, frame) => convert(values[frame]));
    const width = shape[0];
    return Array.from({ length }, (_, frame) =>
      Array.from({ length: width }, (_, i) => convert(values[frame * width + i])),
    );
  }

  private async closeDataFile(): Promise<void> {
    if (!this.dataFile) return;
    await this.dataFile.finish();
    this.bytes += this.dataFile.bytes;
    this.dataFile = null;
    this.framesInDataFile = 0;
  }

  private addImageStats(key: string, histogram: ImageHistogram): FeatureStats {
    const sum = this.histograms.get(key);
    if (sum) addHistogram(sum, histogram);
    else this.histograms.set(key, structuredClone(histogram));
    return statsOfHistograms(histogram.counts, histogram.numFrames);
  }

  private async writeTasks(): Promise<void> {
    const columns: ColumnSpec[] = [
      { name: 'task_index', type: 'int64', depth: 0 },
      { name: 'task', type: 'string', depth: 0 },
    ];
    const file = new ParquetFile(await this.pathOf(TASKS_FILE), columns, { pandas: pandasTaskMetadata() });
    await file.writeGroup([this.tasks.map((_, i) => BigInt(i)), this.tasks]);
    await file.finish();
  }

  private datasetStats(): Record<string, unknown> {
    const all: Record<string, unknown> = {};
    for (const key of Object.keys(this.features)) {
      const histogram = this.histograms.get(key);
      const stats = histogram
        ? statsOfHistograms(histogram.counts, histogram.numFrames)
        : this.collectors.get(key)!.result();
      const shaped = STAT_NAMES.map((name) => [name, histogram ? channelsFirst(stats[name]) : stats[name]]);
      all[key] = { ...Object.fromEntries(shaped), count: [stats.count] };
      if (key === 'observation.state' || key === 'action') this.warnAboutConstants(key, stats);
    }
    return all;
  }

  private warnAboutConstants(key: string, stats: FeatureStats): void {
    const names = key === 'action' ? this.spec.actionNames : this.spec.stateNames;
    const constant = names.filter((_, i) => stats.std[i] < CONSTANT_STD);
    if (constant.length > 0) {
      this.ctx.warn(
        'constant-dimension',
        `${key}: ${constant.join(', ')} never changes; policies that divide by the standard deviation will amplify its noise`,
      );
    }
  }

  private info(): DatasetInfo {
    const { spec } = this;
    return {
      codebase_version: LEROBOT_VERSION,
      fps: spec.fps,
      features: this.features,
      total_episodes: this.numEpisodes,
      total_frames: this.numFrames,
      total_tasks: this.tasks.length,
      chunks_size: FILES_PER_CHUNK,
      data_files_size_in_mb: spec.dataFileMb ?? DEFAULT_DATA_MB,
      video_files_size_in_mb: spec.videoFileMb ?? DEFAULT_VIDEO_MB,
      data_path: DATA_PATH,
      video_path: spec.cameras.length > 0 ? VIDEO_PATH : null,
      robot_type: spec.robotType,
      splits: { train: `0:${this.numEpisodes}` },
    };
  }

  private async pathOf(relative: string): Promise<string> {
    const file = path.join(this.work, relative);
    await mkdir(path.dirname(file), { recursive: true });
    return file;
  }

  private async writeText(relative: string, text: string): Promise<void> {
    const file = await this.pathOf(relative);
    await writeFile(file, text).catch((error) => {
      throw diskError(file, error);
    });
  }
}

/** Indented by four, as LeRobot writes it. */
function pythonJson(value: unknown): string {
  return JSON.stringify(value, null, 4);
}
