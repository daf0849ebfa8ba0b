/** Runs the chain of stages in a run folder: what is still valid is kept, the rest is made, each atomically. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createContext, type ProgressEvent, throwIfCancelled } from '../base/context.js';
import { messageOf, UserError } from '../base/errors.js';
import { sha256, writeJson } from '../base/files.js';
import { resolveOptions } from '../base/options.js';
import { VERSION } from '../base/version.js';
import { applyLabels } from './labels.js';
import { RunFolder, type StageRecord } from './run-folder.js';
import { STAGE_NAMES, type Stage, type StageName } from './stage.js';

export interface RunRequest {
  videoFile: string;
  /** Run folder; made if missing. */
  outFolder: string;
  seed: number;
  workers: number;
  /** Given option values by stage option name; unknown names are refused by whoever parsed them. */
  options: Record<string, unknown>;
  /** Run this stage and all later ones again. */
  from?: StageName;
  /** Stop after this stage. */
  until?: StageName;
  /** Run every stage again. */
  force?: boolean;
  signal?: AbortSignal;
  onEvent?: (event: ProgressEvent) => void;
}

export interface StageSummary {
  name: StageName;
  seconds: number;
  cached: boolean;
}

export interface RunResult {
  folder: RunFolder;
  stages: StageSummary[];
  /** Why the run ended early, if it did. */
  finding: string | null;
  warnings: { stage: string; code: string; message: string }[];
  seconds: number;
}

export async function runStages(stages: readonly Stage[], request: RunRequest): Promise<RunResult> {
  const folder = new RunFolder(request.outFolder);
  const videoDigest = await digestOfFile(request.videoFile);
  const plan = await planStages(stages, request, videoDigest);
  await folder.open();
  const unlock = await folder.lock();
  try {
    return await runPlan(plan, folder, request, videoDigest);
  } finally {
    await unlock();
  }
}

async function runPlan(
  plan: PlannedStage[],
  folder: RunFolder,
  request: RunRequest,
  videoDigest: string,
): Promise<RunResult> {
  const started = performance.now();
  const signal = request.signal ?? new AbortController().signal;
  const emit = request.onEvent ?? (() => {});
  const summaries: StageSummary[] = [];
  const warnings: RunResult['warnings'] = [];
  let finding: string | null = null;

  for (const planned of plan) {
    const { stage, digest, forced } = planned;
    throwIfCancelled({ signal });
    if (finding !== null && !stage.afterFinding) continue;
    emit({ kind: 'stage-start', stage: stage.name });
    const before = forced ? null : await folder.record(stage.name);
    const cached = before?.digest === digest;
    const record = cached ? before : await executeStage(planned, folder, request, signal, emit);
    if (cached) for (const w of record.warnings) emit({ kind: 'warning', stage: stage.name, ...w });
    for (const w of record.warnings) warnings.push({ stage: stage.name, ...w });
    finding ??= record.finding;
    const seconds = cached ? 0 : record.seconds;
    emit({ kind: 'stage-end', stage: stage.name, seconds, cached });
    summaries.push({ name: stage.name, seconds, cached });
    await writeRunJson(folder, request, videoDigest, plan, summaries, finding);
  }
  return { folder, stages: summaries, finding, warnings, seconds: (performance.now() - started) / 1000 };
}

interface PlannedStage {
  stage: Stage;
  options: Record<string, unknown>;
  digest: string;
  forced: boolean;
}

/** Resolves options and digests before any work, so that usage mistakes show at once. */
async function planStages(stages: readonly Stage[], request: RunRequest, videoDigest: string): Promise<PlannedStage[]> {
  const order = (name: StageName): number => STAGE_NAMES.indexOf(name);
  const digests = new Map<StageName, string>();
  const plan: PlannedStage[] = [];
  for (const stage of stages) {
    if (request.until !== undefined && order(stage.name) > order(request.until)) continue;
    const options = resolveOptions(stage.options, request.options);
    const inputs = stage.inputs.map((name) => digests.get(name));
    const { name, version } = stage;
    const { seed } = request;
    const surroundings = await stage.fingerprint?.(options);
    const digest = sha256(JSON.stringify({ name, version, options, seed, inputs, videoDigest, surroundings }));
    digests.set(name, digest);
    const forced = request.force || (request.from !== undefined && order(name) >= order(request.from));
    plan.push({ stage, options, digest, forced: Boolean(forced) });
  }
  return plan;
}

async function executeStage(
  { stage, options, digest, forced }: PlannedStage,
  folder: RunFolder,
  request: RunRequest,
  signal: AbortSignal,
  emit: (event: ProgressEvent) => void,
): Promise<StageRecord> {
  const started = performance.now();
  const work = await folder.beginStage(stage.name, digest, Boolean(stage.resumable) && !forced);
  const ctx = createContext(stage.name, { seed: request.seed, workers: request.workers, signal, onEvent: emit });
  const io = {
    videoFile: request.videoFile,
    output: work,
    input: (name: StageName) => {
      if (!stage.inputs.includes(name)) throw new Error(`stage ${stage.name} reads ${name} without declaring it`);
      return folder.folderOf(name);
    },
  };
  const outcome = await stage.run(io, options, ctx);
  throwIfCancelled({ signal });
  const record: StageRecord = {
    stage: stage.name,
    digest,
    seconds: (performance.now() - started) / 1000,
    finding: outcome?.finding ?? null,
    warnings: ctx.warnings,
  };
  if (stage.name === 'perceive') await applyLabels(folder.path, digest, work);
  await folder.commitStage(work, record);
  return record;
}

async function writeRunJson(
  folder: RunFolder,
  request: RunRequest,
  videoDigest: string,
  plan: PlannedStage[],
  summaries: StageSummary[],
  finding: string | null,
): Promise<void> {
  await writeJson(path.join(folder.path, 'run.json'), {
    kind: 'v2r/run',
    version: 1,
    v2r: VERSION,
    node: process.version,
    video: { file: path.resolve(request.videoFile), sha256: videoDigest },
    seed: request.seed,
    finding,
    options: Object.fromEntries(plan.map(({ stage, options }) => [stage.name, options])),
    stages: Object.fromEntries(
      summaries.map((summary) => [
        summary.name,
        {
          digest: plan.find((p) => p.stage.name === summary.name)!.digest,
          seconds: summary.seconds,
          cached: summary.cached,
        },
      ]),
    ),
  });
}

async function digestOfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new UserError(`no such file: ${file}`, 'check the path of the video');
    if (code === 'EISDIR') throw new UserError(`${file} is a folder, not a video`, 'name the video file itself');
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  return hash.digest('hex');
}
