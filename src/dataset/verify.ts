/**
 * Complete check of a LeRobot v3 dataset: what the loader checks, and what it silently gets wrong when it is not so.
 * Pictures are not decoded: frame counts and times come from the container's index, so AV1 needs no decoder.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../base/errors.js';
import { type Finding, Findings } from './findings.js';
import { type DatasetInfo, TASKS_FILE, videoKeys } from './lerobot-info.js';
import { verifyFrames } from './verify-frames.js';
import { verifyInfo } from './verify-info.js';
import { verifyStats } from './verify-stats.js';
import { verifyEpisodes, verifyTasks } from './verify-tables.js';
import { verifyVideos } from './verify-videos.js';

export interface VerifyReport {
  readonly folder: string;
  readonly ok: boolean;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly counts: {
    readonly episodes: number;
    readonly frames: number;
    readonly tasks: number;
    readonly cameras: number;
    readonly dataFiles: number;
    readonly videoFiles: number;
    readonly bytes: number;
  };
}

const DATA_FILE = /^data\/[^/]+\/[^/]+\.parquet$/;
const EPISODE_FILE = /^meta\/episodes\/[^/]+\/[^/]+\.parquet$/;

/** Reads everything but the pictures. Throws `UserError` only when `folder` is not a folder. */
export async function verifyLeRobot(folder: string): Promise<VerifyReport> {
  const files = await listFiles(folder);
  const findings = new Findings();
  const info = await verifyInfo(folder, findings);
  const names = [...files.keys()];
  const dataFiles = names.filter((name) => DATA_FILE.test(name)).sort();
  const counts = { episodes: 0, frames: 0, tasks: 0, cameras: 0, dataFiles: dataFiles.length, videoFiles: 0 };
  if (info) {
    const tasks = await verifyTasks(folder, info, files.has(TASKS_FILE), findings);
    const episodeFiles = names.filter((name) => EPISODE_FILE.test(name)).sort();
    const entries = await verifyEpisodes(folder, info, episodeFiles, tasks, findings);
    const frames = await verifyFrames(folder, info, dataFiles, entries, tasks, findings);
    const usedVideos = entries && (await verifyVideos(folder, info, entries, findings));
    await verifyStats(folder, info, frames, entries, findings);
    reportStrays(names, info, usedVideos, findings);
    counts.episodes = entries?.length ?? 0;
    counts.frames = frames?.numRows ?? 0;
    counts.tasks = tasks?.length ?? 0;
    counts.cameras = videoKeys(info.features).length;
    counts.videoFiles = (usedVideos ?? []).filter((name) => files.has(name)).length;
  }
  const { errors, warnings } = findings;
  const bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  return { folder, ok: errors.length === 0, errors, warnings, counts: { ...counts, bytes } };
}

/** Relative path (with forward slashes) to size of every file. */
async function listFiles(folder: string): Promise<Map<string, number>> {
  const info = await stat(folder).catch(() => null);
  if (!info) throw new UserError(`no such folder: ${folder}`, 'check the path');
  if (!info.isDirectory()) throw new UserError(`${folder} is not a folder`, 'name the folder of a LeRobot dataset');
  const files = new Map<string, number>();
  for (const name of await readdir(folder, { recursive: true })) {
    const entry = await stat(path.join(folder, name)).catch(() => null);
    if (entry?.isFile()) files.set(name.split(path.sep).join('/'), entry.size);
  }
  return files;
}

/** Files that do not belong: some are read by mistake, others only waste space. */
function reportStrays(
  names: readonly string[],
  info: DatasetInfo,
  usedVideos: readonly string[] | null,
  findings: Findings,
): void {
  const used = new Set(usedVideos);
  const hasVideos = usedVideos !== null && videoKeys(info.features).length > 0;
  for (const name of names) {
    const isKnown = DATA_FILE.test(name) || EPISODE_FILE.test(name) || used.has(name);
    if (isKnown) continue;
    if (name.startsWith('images/')) {
      findings.error('images-left', name, 'pictures of an unfinished recording: the dataset was not finished');
    } else if (name.startsWith('data/') || name.startsWith('meta/episodes/')) {
      findings.error('stray-file', name, 'does not belong there: loaders read every parquet file in this folder');
    } else if (name.startsWith('videos/') && hasVideos) {
      findings.warn('stray-file', name, 'no episode uses it');
    }
  }
}
