/** Makes a number of accepted episodes in parallel, in rounds, and goes on where an interrupted call stopped. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { StageContext } from '../base/context.js';
import { readJson, writeJson } from '../base/files.js';
import { runPool } from '../base/pool.js';
import type { EpisodeOptions } from '../episode/episode-options.js';
import type { EpisodeJobSetup } from './episode-job.js';
import {
  type EpisodeIndex,
  type EpisodeRecord,
  EpisodeRecordSchema,
  episodePath,
  INDEX_FILE,
} from './episode-record.js';
import type { EpisodeFolders } from './load-scene.js';

/** Give up when this many times the wanted number was tried: the rest would fail for the same reason. */
const MAX_TRIES_PER_EPISODE = 3;

/**
 * Tries episodes 0, 1, 2, ... until `options.episodes` were accepted. Each round tries as many as are still missing, so which
 * episodes exist depends on the seed alone, never on the number of workers or on interruptions.
 */
export async function makeEpisodes(
  folders: EpisodeFolders,
  output: string,
  options: EpisodeOptions,
  ctx: StageContext,
): Promise<EpisodeIndex> {
  for (const name of ['accepted', 'rejected']) await mkdir(path.join(output, name), { recursive: true });
  const setup: EpisodeJobSetup = { folders, output, options, seed: ctx.seed };
  const records: Pick<EpisodeRecord, 'number' | 'accepted' | 'reason'>[] = [];
  const accepted = (): number => records.filter((record) => record.accepted).length;

  while (accepted() < options.episodes && records.length < MAX_TRIES_PER_EPISODE * options.episodes) {
    const first = records.length;
    const missing = Math.min(options.episodes - accepted(), MAX_TRIES_PER_EPISODE * options.episodes - first);
    const round = Array.from({ length: missing }, (_, i) => first + i);
    const found = await Promise.all(round.map((number) => readFinished(output, number)));
    const jobs = round.filter((_, i) => found[i] === null);
    const byNumber = new Map(round.map((number, i) => [number, found[i]]));
    await runPool<number, EpisodeRecord, EpisodeJobSetup>(
      {
        workerUrl: new URL('./episode-worker.js', import.meta.url),
        setup,
        jobs,
        workers: ctx.workers,
        signal: ctx.signal,
      },
      (record) => {
        byNumber.set(record.number, record);
        ctx.progress(
          accepted() + [...byNumber.values()].filter((r) => r?.accepted).length,
          options.episodes,
          'episodes accepted',
        );
      },
    );
    for (const number of round) records.push(byNumber.get(number)!);
    ctx.progress(accepted(), options.episodes, 'episodes accepted');
  }
  return finish(output, records);
}

async function readFinished(output: string, number: number): Promise<EpisodeRecord | null> {
  for (const accepted of [true, false]) {
    const file = `${episodePath(output, number, accepted)}.json`;
    if (existsSync(file)) return readJson(file, EpisodeRecordSchema);
  }
  return null;
}

async function finish(
  output: string,
  records: readonly Pick<EpisodeRecord, 'number' | 'accepted' | 'reason'>[],
): Promise<EpisodeIndex> {
  const reasons: Record<string, number> = {};
  for (const { reason } of records) if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1;
  const numbers = (wanted: boolean): number[] => records.filter((r) => r.accepted === wanted).map((r) => r.number);
  const index: EpisodeIndex = {
    kind: 'v2r/episodes',
    version: 1,
    accepted: numbers(true).length,
    rejected: numbers(false).length,
    reasons,
    acceptedNumbers: numbers(true),
    rejectedNumbers: numbers(false),
  };
  await writeJson(path.join(output, INDEX_FILE), index);
  return index;
}
