/** The work behind `v2r bench bop`: track or read, score, write. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createContext, type ProgressEvent } from '../base/context.js';
import { UserError } from '../base/errors.js';
import { writeFileAtomic, writeJson } from '../base/files.js';
import { resolveOptions, toFlag } from '../base/options.js';
import { type BopDataset, openBopDataset } from '../bop/dataset/dataset.js';
import { type BopEstimate, readResults, writeResults } from '../bop/dataset/results-csv.js';
import { SEQUENCE_FPS } from '../bop/dataset/sequence.js';
import { type BopReport, type Evaluation, evaluateBop } from '../bop/score/evaluate.js';
import type { BopScores } from '../bop/score/recall.js';
import { type RestMotion, restMotions } from '../bop/score/rest-motion.js';
import { spinRates } from '../bop/score/spin.js';
import { type DatasetRequest, type DatasetTracks, trackDataset } from '../bop/track/track-dataset.js';
import { SEQUENCE_DEFAULTS } from '../bop/track/track-sequence.js';
import { objectOptions } from '../objects/options.js';
import { perceiveOptions } from '../perceive/options.js';
import { poseOptions } from '../pose/options.js';
import { bopPage } from '../view/bop-page.js';
import { givenValues, wholeNumber } from './flags.js';

type Context = Parameters<typeof trackDataset>[2];

export interface BenchFlags extends Record<string, unknown> {
  models: string;
  masks: string;
  ablate?: boolean;
  split?: string;
  scenes?: string;
  frames?: string;
  results?: string;
  sensorDepth?: boolean;
  out?: string;
  perception?: string;
  seed: string;
  json?: boolean;
  quiet?: boolean;
}

export type AblationRow = BopScores & {
  spinDegPerSec: Record<string, number>;
  /** By scene. */
  sequences: Record<string, BopScores>;
};

export type BenchSummary = Omit<BopReport, 'kind' | 'recalls'> & {
  kind: 'v2r/bench-bop';
  /** Tracked frames of all scenes over the time spent on them, loading included, perception not; null for a given results file. */
  framesPerSecond: number | null;
  /** What the tracker was given. */
  given: string;
  /** Spurious rotation of turning bodies about their axes, by object. */
  spinDegPerSec: Record<string, number>;
  /** How far what truly rests moves, by object. */
  restMotion: Record<string, RestMotion>;
  /** Reconstructed models: with one factor on all positions fitted per scene, and that factor. */
  scaleFitted: (BopScores & { sequences: Record<string, BopScores>; scales: Record<string, number> }) | null;
  /** With `--ablate`: scores with one ingredient switched off. */
  ablation: Record<string, AblationRow> | null;
  /** Page with the worst frames. */
  page: string | null;
};

/** How many of the worst frames the page shows. */
const WORST_FRAMES = 12;

/** A bench's data set and what its tracker is to be asked for. */
export interface PreparedBench {
  readonly dataset: BopDataset;
  readonly request: DatasetRequest;
  readonly ctx: Context;
}

export async function prepareBop(
  folder: string,
  flags: BenchFlags,
  signal: AbortSignal,
  onEvent: (event: ProgressEvent) => void,
): Promise<PreparedBench> {
  const models = oneOf('--models', flags.models, ['given', 'reconstructed']);
  const masks = oneOf('--masks', flags.masks, ['perceived', 'true', 'files']);
  const dataset = await openBopDataset(folder, flags.split === undefined ? {} : { split: flags.split });
  const used = await framesOf(dataset, flags);
  const out = flags.out ?? path.join('runs', `bop-${dataset.name}`);
  const request: DatasetRequest = {
    ...{ used, models, masks, useDepth: Boolean(flags.sensorDepth), folder: out },
    perceptionFolder: flags.perception ?? path.join(out, 'perceive'),
    pose: resolveOptions(poseOptions, {
      ...(models === 'given' ? SEQUENCE_DEFAULTS : {}),
      ...givenValues(flags, [poseOptions]),
    }),
    perceive: resolveOptions(perceiveOptions, givenValues(flags, [perceiveOptions])),
    objects: resolveOptions(objectOptions, givenValues(flags, [objectOptions])),
  };
  return {
    dataset,
    request,
    ctx: createContext('bop', { seed: wholeNumber('--seed', flags.seed, 0), signal, onEvent }),
  };
}

export async function benchBop(
  folder: string,
  flags: BenchFlags,
  signal: AbortSignal,
  onEvent: (event: ProgressEvent) => void,
): Promise<BenchSummary> {
  const { dataset, request, ctx } = await prepareBop(folder, flags, signal, onEvent);
  const isScored = (target: { sceneId: number; imageId: number }): boolean =>
    request.used.get(target.sceneId)?.includes(target.imageId) ?? false;
  const score = (estimates: readonly BopEstimate[]): Promise<Evaluation> =>
    evaluateBop(dataset, estimates, { isScored }, ctx);
  if (flags.results !== undefined) {
    if (!existsSync(flags.results)) throw new UserError(`no such file: ${flags.results}`, 'check --results');
    const estimates = await readResults(flags.results);
    const evaluation = await score(estimates);
    const page = flags.out === undefined ? null : await writeOut(dataset, flags.out, estimates, evaluation);
    return { ...(await summaryOf(dataset, estimates, evaluation, flags.results)), page };
  }
  const tracked = await trackDataset(dataset, request, ctx);
  const evaluation = await score(tracked.estimates);
  const page = await writeOut(dataset, request.folder, tracked.estimates, evaluation);
  const scores = await summaryOf(dataset, tracked.estimates, evaluation, describeGiven(request));
  const summary: BenchSummary = {
    ...scores,
    framesPerSecond: tracked.framesPerSecond,
    scaleFitted: await scaleFittedScores(tracked, score),
    ablation: flags.ablate ? await ablate(dataset, request, score, ctx) : null,
    page,
    warnings: [...scores.warnings, ...ctx.warnings.map(({ message }) => message)],
  };
  await writeJson(path.join(request.folder, 'summary.json'), summary);
  return summary;
}

const MASKS = {
  perceived: 'masks by our perception of the pictures',
  true: "the data set's visible masks",
  files: "the data set's visible masks, with tracks and table by our perception",
} as const;

function describeGiven({ models, masks, useDepth }: DatasetRequest): string {
  return [
    models === 'given' ? "the data set's models" : 'no models',
    MASKS[masks],
    `colour${useDepth ? ' and sensor depth' : ''}, intrinsics; no poses`,
  ].join(', ');
}

async function summaryOf(
  dataset: BopDataset,
  estimates: readonly BopEstimate[],
  { report }: Evaluation,
  given: string,
): Promise<BenchSummary> {
  const { recalls: _, warnings, ...scores } = report;
  return {
    ...scores,
    ...{ kind: 'v2r/bench-bop', framesPerSecond: null, given, scaleFitted: null, ablation: null, page: null },
    spinDegPerSec: await spinRates(dataset, estimates, SEQUENCE_FPS),
    restMotion: await restMotions(dataset, estimates),
    warnings,
  };
}

async function scaleFittedScores(
  { scaleFitted, scales }: DatasetTracks,
  score: (estimates: readonly BopEstimate[]) => Promise<Evaluation>,
): Promise<BenchSummary['scaleFitted']> {
  if (!scaleFitted) return null;
  const { report } = await score(scaleFitted);
  return { ...scoresOnly(report), sequences: report.sequences, scales };
}

const scoresOnly = ({ ar, arVsd, arMssd, arMspd, recallAdd, recallAdi, targets }: BopScores): BopScores => ({
  ...{ ar, arVsd, arMssd, arMspd, recallAdd, recallAdi, targets },
});

/**
 * What `--ablate` also tracks, by name: every switch of the tracker that is on, off in turn, and without depth what the sensor's
 * depth would bring. Perception is the same for all.
 */
export function ablationsOf(request: DatasetRequest): Map<string, DatasetRequest> {
  const requests = new Map<string, DatasetRequest>();
  const add = (name: string, changed: Partial<DatasetRequest>): void => {
    requests.set(name, { ...request, ...changed, folder: path.join(request.folder, name) });
  };
  for (const [option, value] of Object.entries(request.pose)) {
    if (value !== true || (option === 'depthLoss' && !request.useDepth)) continue;
    add(`no-${toFlag(option)}`, { pose: { ...request.pose, [option]: false } });
  }
  if (!request.useDepth) add('with-sensor-depth', { useDepth: true });
  return requests;
}

async function ablate(
  dataset: BopDataset,
  request: DatasetRequest,
  score: (estimates: readonly BopEstimate[]) => Promise<Evaluation>,
  ctx: Context,
): Promise<NonNullable<BenchSummary['ablation']>> {
  const rows: NonNullable<BenchSummary['ablation']> = {};
  for (const [name, changed] of ablationsOf(request)) {
    const { estimates } = await trackDataset(dataset, changed, ctx);
    const spinDegPerSec = await spinRates(dataset, estimates, SEQUENCE_FPS);
    const { report } = await score(estimates);
    rows[name] = { ...scoresOnly(report), spinDegPerSec, sequences: report.sequences };
  }
  return rows;
}

/** METHOD_DATASET-SPLIT.csv: the BOP toolkit reads off the name what a file of results is of. */
export const resultsName = ({ name, split }: BopDataset): string => `v2r_${name}-${split}.csv`;

/** Returns the page's path. */
async function writeOut(
  dataset: BopDataset,
  out: string,
  estimates: readonly BopEstimate[],
  evaluation: Evaluation,
): Promise<string> {
  await writeResults(path.join(out, resultsName(dataset)), estimates);
  await writeJson(path.join(out, 'report.json'), evaluation.report);
  const page = path.join(out, 'index.html');
  await writeFileAtomic(page, await bopPage(dataset, estimates, evaluation, WORST_FRAMES));
  return page;
}

function oneOf<const T extends string>(flag: string, given: string, values: readonly T[]): T {
  const value = values.find((candidate) => candidate === given);
  if (value === undefined) {
    throw new UserError(`${flag}: expected ${values.join(' or ')}, got ${given}`, undefined, 2);
  }
  return value;
}

/** Image ids by scene, as chosen by --scenes and --frames. */
async function framesOf(dataset: BopDataset, flags: BenchFlags): Promise<Map<number, number[]>> {
  const chosen = flags.scenes === undefined ? dataset.sceneIds : flags.scenes.split(',').map(Number);
  const unknown = chosen.find((id) => !dataset.sceneIds.includes(id));
  if (unknown !== undefined) {
    throw new UserError(`--scenes: no scene ${unknown}`, `there are: ${dataset.sceneIds.join(', ')}`, 2);
  }
  const most = flags.frames === undefined ? Number.POSITIVE_INFINITY : Number(flags.frames);
  if (!(most >= 1)) throw new UserError(`--frames: expected a number of at least 1, got ${flags.frames}`, undefined, 2);
  const used = new Map<number, number[]>();
  for (const sceneId of chosen) used.set(sceneId, [...(await dataset.readScene(sceneId)).images.keys()].slice(0, most));
  return used;
}
