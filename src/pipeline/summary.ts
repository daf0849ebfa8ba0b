/** A run in one object: what `--json` prints and `v2r inspect` shows (docs/formats/summary.md). */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { readJson } from '../base/files.js';
import { type EpisodeRecord, readEpisodes } from '../episode/episode-record.js';
import { rejectionCounts } from '../episode/run-episodes.js';
import { readObjects } from '../objects/objects-io.js';
import { PerceptionSchema } from '../perceive/perception.js';
import { readSkill } from '../skill/skill-io.js';
import type { RunResult } from './run.js';
import { RunFolder } from './run-folder.js';
import { STAGE_NAMES } from './stage.js';

export interface RunSummary {
  kind: 'v2r/summary';
  run: string;
  dataset: string | null;
  report: string | null;
  /** Why there are no episodes, if there are none. */
  finding: string | null;
  instruction: string | null;
  episodes: {
    accepted: number;
    rejected: number;
    reasons: Record<string, number>;
    /** Accepted episodes that were replayed in physics: how many succeeded, and why others did not. */
    physics: { replayed: number; succeeded: number; reasons: Record<string, number> };
  } | null;
  objects: {
    id: number;
    name: string;
    role: string;
    /** Shape family; null where no shape was given to it. */
    family: string | null;
    sizeM: number[] | null;
    /** Standard deviations of `sizeM`; null where they are not stated. */
    sizeSdM: number[] | null;
    confidence: number;
  }[];
  skill: {
    kind: string;
    source: number;
    target: number | null;
    fromFrame: number;
    toFrame: number;
    confidence: number;
  }[];
  stages: { name: string; seconds: number; cached: boolean }[];
  seconds: number;
  /** Wall-clock seconds of the episodes stage per attempted episode. */
  secondsPerEpisode: number | null;
  /** Of the process that made the run; null for a run read from disk. */
  peakMemoryMb: number | null;
  warnings: { stage: string; code: string; message: string }[];
}

/** Summary of what `runStages` just did. */
export async function summarizeRun(result: RunResult): Promise<RunSummary> {
  const summary = await summarizeFolder(result.folder.path);
  return {
    ...summary,
    finding: result.finding,
    stages: result.stages,
    seconds: result.seconds,
    peakMemoryMb: process.resourceUsage().maxRSS / 1024,
    warnings: result.warnings,
  };
}

const RunJsonSchema = z.object({ finding: z.string().nullable() });

/** Summary of a run folder as it lies on disk; parts that were not made yet are null or empty. */
export async function summarizeFolder(folderPath: string): Promise<RunSummary> {
  const folder = new RunFolder(folderPath);
  const { finding } = await readJson(path.join(folderPath, 'run.json'), RunJsonSchema);
  const records = await Promise.all(STAGE_NAMES.map((name) => folder.record(name)));
  const done = records.filter((record) => record !== null);
  const has = (stage: (typeof STAGE_NAMES)[number]): boolean => done.some((record) => record.stage === stage);
  const tried = has('episodes') ? (await readEpisodes(folder.folderOf('episodes'))).episodes : null;
  const skill = has('skill') ? await readSkill(folder.folderOf('skill')) : null;
  const reportFile = path.join(folder.folderOf('report'), 'index.html');
  const episodeSeconds = done.find((record) => record.stage === 'episodes')?.seconds ?? 0;
  return {
    kind: 'v2r/summary',
    run: folderPath,
    dataset: has('dataset') ? folder.folderOf('dataset') : null,
    report: existsSync(reportFile) ? reportFile : null,
    finding,
    instruction: skill && skill.segments.length > 0 ? skill.instruction : null,
    episodes: tried && {
      accepted: tried.filter((episode) => episode.accepted).length,
      rejected: tried.filter((episode) => !episode.accepted).length,
      reasons: rejectionCounts(tried),
      physics: physicsCounts(tried),
    },
    objects: await objectsOf(folder, has('objects'), has('perceive'), skill?.roles ?? []),
    skill: (skill?.segments ?? []).map((segment) => ({
      kind: segment.kind,
      source: segment.sourceId,
      target: segment.targetId,
      fromFrame: segment.fromFrame,
      toFrame: segment.toFrame,
      confidence: segment.confidence,
    })),
    stages: done.map((record) => ({ name: record.stage, seconds: record.seconds, cached: true })),
    seconds: done.reduce((sum, record) => sum + record.seconds, 0),
    secondsPerEpisode: tried && episodeSeconds > 0 ? episodeSeconds / tried.length : null,
    peakMemoryMb: null,
    warnings: done.flatMap((record) => record.warnings.map((warning) => ({ stage: record.stage, ...warning }))),
  };
}

function physicsCounts(tried: readonly EpisodeRecord[]): NonNullable<RunSummary['episodes']>['physics'] {
  const replayed = tried.flatMap(({ accepted, physics }) => (accepted && physics ? [physics] : []));
  const reasons: Record<string, number> = {};
  for (const { reason } of replayed) if (reason !== null) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return { replayed: replayed.length, succeeded: replayed.filter(({ ok }) => ok).length, reasons };
}

async function objectsOf(
  folder: RunFolder,
  hasObjects: boolean,
  hasPerception: boolean,
  roles: readonly { id: number; role: string }[],
): Promise<RunSummary['objects']> {
  if (!hasPerception) return [];
  const perception = await readJson(path.join(folder.folderOf('perceive'), 'perception.json'), PerceptionSchema);
  const models = hasObjects ? (await readObjects(folder.folderOf('objects'))).objects : [];
  return perception.objects.map((object) => {
    const model = models.find((candidate) => candidate.id === object.id);
    return {
      id: object.id,
      name: object.name,
      role: roles.find((entry) => entry.id === object.id)?.role ?? object.role,
      family: model?.family ?? null,
      sizeM: model ? [...model.sizeM] : null,
      sizeSdM: model?.sizeSdM ? [...model.sizeSdM] : null,
      confidence: Math.min(object.confidence, model?.confidence ?? 1),
    };
  });
}
