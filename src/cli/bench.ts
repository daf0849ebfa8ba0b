/** `v2r bench bop DATASET`: 6D pose tracking scored the BOP way. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { createContext } from '../base/context.js';
import { UserError } from '../base/errors.js';
import { writeJson } from '../base/files.js';
import { resolveOptions } from '../base/options.js';
import { type BopDataset, openBopDataset } from '../bop/dataset.js';
import { type BopReport, evaluateBop } from '../bop/evaluate.js';
import { type BopEstimate, readResults, writeResults } from '../bop/results-csv.js';
import { SEQUENCE_DEFAULTS, trackSequence } from '../bop/track-sequence.js';
import { poseOptions } from '../pose/options.js';
import { addOptionFlags, givenValues } from './flags.js';
import { createProgressView, type ProgressView } from './progress.js';
import { formatTable, printJson } from './verb.js';

interface BenchFlags extends Record<string, unknown> {
  split?: string;
  scenes?: string;
  frames?: string;
  results?: string;
  depth?: boolean;
  out?: string;
  seed: string;
  json?: boolean;
  quiet?: boolean;
}

export function addBenchVerb(program: Command): void {
  const bench = program.command('bench').description('measure accuracy on data sets with ground truth').exitOverride();
  const command = bench
    .command('bop <dataset>')
    .description(
      '6D pose tracking on a data set in BOP layout, or the scores of a results file: VSD, MSSD, MSPD, ADD(-S), AR',
    )
    .option('--results <csv>', 'score this file of the BOP toolkit instead of tracking')
    .option('--split <folder>', 'folder of images (default: the one that begins with "test")')
    .option('--scenes <ids>', 'only these scenes, such as 1,4')
    .option('--frames <number>', 'only the first frames of each scene')
    .option('--depth', 'give the tracker the sensor depth as well (default: colour and masks)')
    .option('-o, --out <folder>', 'write results.csv and report.json here')
    .option('--seed <number>', 'seed of everything random', '0')
    .option('--json', 'print one JSON object on stdout')
    .option('--quiet', 'no progress')
    .exitOverride();
  addOptionFlags(command, [poseOptions]);
  command.action(async (folder: string, flags: BenchFlags) => {
    const view = createProgressView(process.stderr, Boolean(flags.quiet));
    const abort = new AbortController();
    const onInterrupt = (): void => abort.abort();
    process.once('SIGINT', onInterrupt);
    try {
      const summary = await bench6d(folder, flags, abort.signal, view);
      view.close();
      if (flags.json) printJson(summary);
      else process.stdout.write(describe(summary));
    } finally {
      view.close();
      process.off('SIGINT', onInterrupt);
    }
  });
}

type BenchSummary = Omit<BopReport, 'kind' | 'recalls'> & {
  kind: 'v2r/bench-bop';
  /** Tracked frames of all scenes over the time spent on them, loading included; null for a given results file. */
  framesPerSecond: number | null;
  /** What the tracker was given. */
  given: string;
};

async function bench6d(
  folder: string,
  flags: BenchFlags,
  signal: AbortSignal,
  view: ProgressView,
): Promise<BenchSummary> {
  const dataset = await openBopDataset(folder, flags.split === undefined ? {} : { split: flags.split });
  const used = await framesOf(dataset, flags);
  const seed = Number(flags.seed);
  if (!(Number.isInteger(seed) && seed >= 0)) {
    throw new UserError(`--seed: expected a whole number of at least 0, got ${flags.seed}`, undefined, 2);
  }
  const ctx = createContext('bop', { seed, signal, onEvent: (event) => view.onEvent(event) });
  let estimates: BopEstimate[] = [];
  let framesPerSecond: number | null = null;
  if (flags.results !== undefined) {
    if (!existsSync(flags.results)) throw new UserError(`no such file: ${flags.results}`, 'check --results');
    estimates = await readResults(flags.results);
  } else {
    const given = givenValues(flags, [poseOptions]);
    const pose = resolveOptions(poseOptions, { ...SEQUENCE_DEFAULTS, ...given });
    const started = performance.now();
    let frames = 0;
    for (const [sceneId, imageIds] of used) {
      frames += imageIds.length;
      const options = { pose, imageIds, useDepth: Boolean(flags.depth) };
      estimates.push(...(await trackSequence(dataset, sceneId, options, ctx)));
    }
    framesPerSecond = frames / ((performance.now() - started) / 1000);
  }
  const isScored = (target: { sceneId: number; imageId: number }): boolean =>
    used.get(target.sceneId)?.includes(target.imageId) ?? false;
  const { report } = await evaluateBop(dataset, estimates, { isScored }, ctx);
  if (flags.out !== undefined) {
    await writeResults(path.join(flags.out, 'results.csv'), estimates);
    await writeJson(path.join(flags.out, 'report.json'), report);
  }
  const { recalls: _, warnings, ...scores } = report;
  const given = flags.results ?? `models and visible masks, colour${flags.depth ? ' and sensor depth' : ''}; no poses`;
  return {
    ...scores,
    kind: 'v2r/bench-bop',
    framesPerSecond,
    given,
    warnings: [...warnings, ...ctx.warnings.map(({ message }) => message)],
  };
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

function describe(summary: BenchSummary): string {
  const percent = (share: number | null): string => (share === null ? 'none' : (100 * share).toFixed(2));
  const row = (name: string, s: BenchSummary | BenchSummary['objects'][string]): string[] => [
    name,
    ...[s.ar, s.arVsd, s.arMssd, s.arMspd, s.recallAdd, s.recallAdi].map(percent),
    String(s.targets),
  ];
  const rows = [
    ['', 'AR', 'VSD', 'MSSD', 'MSPD', 'ADD 0.1d', 'ADD-S 0.1d', 'targets'],
    row('all', summary),
    ...Object.entries(summary.sequences).map(([id, s]) => row(`scene ${id}`, s)),
    ...Object.entries(summary.objects).map(([id, s]) => row(`object ${id}`, s)),
  ];
  const speed = summary.framesPerSecond === null ? '' : `, ${summary.framesPerSecond.toFixed(2)} frames per second`;
  const lines = [`${summary.dataset}/${summary.split}, given: ${summary.given}${speed}`, formatTable(rows)];
  lines.push(...summary.warnings.map((warning) => `warning: ${warning}`));
  return `${lines.join('\n')}\n`;
}
