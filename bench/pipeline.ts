/**
 * `npm run bench -- pipeline [fixture...]`: runs the chain on the fixtures up to the skill, compares every stage with the truth,
 * then replaces each stage in turn by the truth. Every stage is made anew, as a change of code does not show in what a run folder
 * holds. A run over all fixtures with both tables writes bench/results/ and docs/accuracy.md; any other only shows its tables.
 *
 *   --no-replace     leave out the second table
 *   --keep           use again what is valid in the run folders
 *   --from STAGE     use again what is valid before this stage, make the rest anew
 *   --as-is          score the run folders as they are
 *   --jobs N         films at a time, each in its own process (default: one per core)
 *   --runs DIR       where run folders are kept (default .cache/bench)
 *   --fixtures DIR   other films of the same kind
 */
import { existsSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UserError } from '../src/base/errors.js';
import { VERSION } from '../src/base/version.js';
import { STAGE_NAMES } from '../src/pipeline/stage.js';
import { accuracyText, type FixtureResult, type Replaced } from './pipeline/accuracy-doc.js';
import type { Reuse } from './pipeline/chain.js';
import { scoreInParallel, type TimedFixture } from './pipeline/in-parallel.js';
import { meanOf } from './pipeline/stats.js';
import { replaceSection } from './section.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Numbers that are averaged over the fixtures. */
const AVERAGED = [
  'maskIouSource',
  'maskIouTarget',
  'maskIouHand',
  'trackWithin4Px',
  'focalErrorPct',
  'tableNormalErrorDeg',
  'scaleErrorPct',
  'shapeErrorPct',
  'poseErrorCm',
  'poseErrorDeg',
  'poseErrorScaledCm',
  'relErrorCm',
  'relErrorDeg',
  'relErrorScaledCm',
  'eventErrorFrames',
] as const;

export interface PipelineResult {
  version: string;
  fixtures: Record<string, FixtureResult>;
  mean: Record<(typeof AVERAGED)[number] | 'rolesRight', number | null>;
  /** Seconds per stage and fixture, of a machine that `jobs` fixtures share; 0 for a stage that was kept. */
  seconds: Record<string, Record<string, number>>;
  jobs: number;
  /** All of it, wall and CPU time of the processes with their threads; ffmpeg's is not in it. */
  wallSeconds: number;
  cpuSeconds: number;
  /** Scores with the truth in place of a stage; null where that stage never ran. */
  replaced: Replaced;
  /** Some fixtures or tables were left out: not to be kept as the result. */
  partial: boolean;
}

export default async function run(args: string[]): Promise<PipelineResult> {
  const request = parse(args);
  const { names, videosFolder, runsFolder, reuse, replace, jobs } = request;
  const started = performance.now();
  const requests = names.map((name) => ({
    ...{ name, videosFolder, runFolder: path.join(runsFolder, name), reuse, replace },
    workers: Math.max(1, Math.floor(cpus().length / jobs)),
  }));
  const scored = await scoreInParallel(requests, jobs);
  const byName = <T>(pick: (each: TimedFixture) => T): Record<string, T> =>
    Object.fromEntries(scored.map((each, i) => [names[i], pick(each)]));
  const fixtures = byName(({ result }) => result);
  const replaced: Replaced = replace ? byName((each) => each.replaced) : {};
  const all = Object.values(fixtures);
  const mean = Object.fromEntries(AVERAGED.map((key) => [key, meanOf(all.map((scores) => scores[key]))]));
  const command = ['npm run bench -- pipeline', ...args].join(' ');
  const text = accuracyText(command, VERSION, fixtures, replaced);
  if (request.partial) console.error(`\n${text}`);
  else await replaceSection(path.join(ROOT, 'docs', 'accuracy.md'), 'pipeline', text);
  return {
    version: VERSION,
    fixtures,
    mean: { ...mean, rolesRight: meanOf(all.map(({ rolesRight }) => (rolesRight ? 1 : 0))) } as PipelineResult['mean'],
    seconds: byName((each) => each.seconds),
    jobs,
    wallSeconds: (performance.now() - started) / 1000,
    cpuSeconds: scored.reduce((sum, each) => sum + each.cpuSeconds, 0),
    replaced,
    partial: request.partial,
  };
}

interface BenchRequest {
  names: string[];
  videosFolder: string;
  runsFolder: string;
  reuse: Reuse;
  replace: boolean;
  jobs: number;
  partial: boolean;
}

function parse(args: string[]): BenchRequest {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'no-replace': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      from: { type: 'string' },
      jobs: { type: 'string', default: String(cpus().length) },
      'as-is': { type: 'boolean', default: false },
      runs: { type: 'string', default: path.join(ROOT, '.cache', 'bench') },
      fixtures: { type: 'string', default: path.join(ROOT, 'fixtures', 'videos') },
    },
  });
  const there = readdirSync(values.fixtures)
    .filter((name) => name.endsWith('.truth') && existsSync(path.join(values.fixtures, name, 'truth.json')))
    .map((name) => path.basename(name, '.truth'));
  for (const name of positionals) {
    if (!there.includes(name)) {
      throw new UserError(`no fixture "${name}"; there are: ${there.join(', ')}`, undefined, 2);
    }
  }
  const from = STAGE_NAMES.find((name) => name === values.from);
  if (values.from !== undefined && !from) {
    throw new UserError(`--from: no stage "${values.from}"; there are: ${STAGE_NAMES.join(', ')}`, undefined, 2);
  }
  const names = positionals.length > 0 ? positionals : there;
  const jobs = Math.min(Number(values.jobs), names.length);
  if (!Number.isInteger(jobs) || jobs < 1) throw new UserError(`--jobs: not a count: ${values.jobs}`, undefined, 2);
  const reuse = values['as-is'] ? 'all' : values.keep ? 'valid' : (from ?? 'nothing');
  const replace = !values['no-replace'];
  const partial = names.length < there.length || !replace || reuse !== 'nothing';
  return { names, videosFolder: values.fixtures, runsFolder: path.resolve(values.runs), reuse, replace, jobs, partial };
}
