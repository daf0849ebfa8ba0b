/**
 * `npm run bench -- bop`: the pose tracker scored the BOP way on the fixtures and, where ../shared is, on real sequences. Writes its
 * sections of docs/accuracy.md unless scenes were chosen: fixtures, real sequences and the ablation have one each, so that they can be
 * measured one by one.
 *
 *   --keep       go on from what an interrupted run of the same sources has left
 *   --parts      some of given,reconstructed,files,real,ablation (default all)
 *   --scenes     only these fixtures, by number in the alphabet
 *   --write      write docs/accuracy.md all the same; the command stands there
 *   --data DIR   BOP data set of the fixtures (default .cache/bop-fixtures, made if it is not there)
 *   --workers N  tracks so many scenes side by side (default 2)
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { FIXTURES } from '../scripts/fixtures/scenes/all.js';
import { UserError } from '../src/base/errors.js';
import { readJson } from '../src/base/files.js';
import { VERSION } from '../src/base/version.js';
import { openBopDataset } from '../src/bop/dataset/dataset.js';
import { type BenchFlags, type BenchSummary, benchBop } from '../src/cli/bench-bop.js';
import { wholeNumber } from '../src/cli/flags.js';
import { ablationText, bopText, type Row, realText } from './bop/accuracy-doc.js';
import { writeCubeSequence } from './bop/cube-sequence.js';
import { makeFixtures } from './bop/make-fixtures.js';
import { isMadeBy, noteSources, sourcesDigest } from './bop/sources.js';
import { jobsOf, runJobs, type TrackJob } from './bop/track-jobs.js';
import { replaceSection } from './section.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SHARED = path.join(ROOT, '..', 'shared', 'data');
/** A bar that looks the same all round its axis, swung and laid down again, and a cup with a print, tilted by more than a right angle. */
const ABLATED = ['drum', 'pour'];

/** A dozen runs of both within some twenty minutes of CPU time: in the window of `v2r run`. */
const ABLATION_WINDOW = { poseCrop: '72', poseGaussians: '900' };

const FIXTURE_PARTS: readonly string[] = ['given', 'reconstructed', 'files'];
const PARTS = ['given', 'reconstructed', 'files', 'real', 'ablation'] as const;

interface Config {
  part: (typeof PARTS)[number];
  title: string;
  folder: string;
  masks: 'perceived' | 'true' | 'files';
  models: 'given' | 'reconstructed';
  scenes?: string;
  ablate?: boolean;
  /** Of perception, objects and poses, as flags. */
  options?: Record<string, string>;
  sceneNames: Record<string, string>;
}

export interface BopResult {
  version: string;
  /** By configuration, what `v2r bench bop --json` gives; of parts that were not run, what they gave last. */
  runs: Record<string, unknown>;
  partial: boolean;
}

/** What earlier runs of other parts have left. */
const ResultSchema = z.object({ runs: z.record(z.string(), z.unknown()) });

export default async function run(args: string[]): Promise<BopResult> {
  const { values } = parseArgs({
    args,
    options: {
      keep: { type: 'boolean', default: false },
      parts: { type: 'string', default: PARTS.join(',') },
      scenes: { type: 'string' },
      write: { type: 'boolean', default: false },
      data: { type: 'string', default: path.join(ROOT, '.cache', 'bop-fixtures') },
      workers: { type: 'string', default: '2' },
    },
  });
  const out = path.join(ROOT, '.cache', 'bench', 'bop');
  const sources = await sourcesDigest(ROOT);
  const isSame = await isMadeBy(out, sources);
  if (values.keep && !isSame) console.error('nothing is kept: what lies there was made by other code');
  if (!values.keep || !isSame) await rm(out, { recursive: true, force: true });
  await noteSources(out, sources);
  makeFixtures(values.data);
  const parts = values.parts.split(',');
  const unknown = parts.find((part) => !PARTS.some((known) => known === part));
  if (unknown !== undefined) throw new UserError(`--parts: no part "${unknown}"`, `there are: ${PARTS.join(', ')}`, 2);
  const real = parts.includes('real') ? await realConfigs(out) : [];
  const configs = [...fixtureConfigs(values.data, values.scenes), ...real].filter(({ part }) => parts.includes(part));
  if (configs.length === 0)
    throw new UserError('nothing to run: the real sequences are not there', 'choose other --parts', 2);
  const workers = wholeNumber('--workers', values.workers, 1);
  await trackAll(configs, out, workers);
  const runs: Record<string, BenchSummary> = {};
  const rows: Row[] = [];
  for (const config of configs) {
    console.error(config.title);
    const summary = await runOne(config, out);
    // Where the page lies is of no interest elsewhere.
    runs[nameOf(config)] = { ...summary, page: null };
    const { objects } = await openBopDataset(config.folder);
    const objectNames = Object.fromEntries([...objects].flatMap(([id, { name }]) => (name ? [[id, name]] : [])));
    rows.push({
      title: config.title,
      isReal: config.part === 'real',
      sceneNames: config.sceneNames,
      objectNames,
      summary,
    });
  }
  const partial = values.scenes !== undefined && !values.write;
  const rowsOf = (isReal: boolean): Row[] =>
    rows.filter((row) => row.isReal === isReal && row.summary.ablation === null);
  const sections: [name: string, parts: string[], text: (command: string) => string][] = [
    [
      'bop',
      parts.filter((part) => FIXTURE_PARTS.includes(part)),
      (command) => bopText(command, VERSION, rowsOf(false)),
    ],
    ['bop real', parts.filter((part) => part === 'real'), (command) => realText(command, VERSION, rowsOf(true))],
    ['ablation', parts.filter((part) => part === 'ablation'), (command) => ablationText(command, VERSION, rows)],
  ];
  for (const [name, own, textOf] of sections) {
    if (own.length === 0) continue;
    const text = textOf(commandOf(values.scenes, own));
    if (partial) console.error(`\n${text}`);
    else await replaceSection(path.join(ROOT, 'docs', 'accuracy.md'), name, text);
  }
  const file = path.join(ROOT, 'bench', 'results', 'bop.json');
  const others = existsSync(file) ? (await readJson(file, ResultSchema)).runs : {};
  return { version: VERSION, runs: { ...others, ...runs }, partial };
}

/** As it would be typed to get the same again. */
export const commandOf = (scenes: string | undefined, parts: readonly string[]): string =>
  [
    'npm run bench -- bop',
    ...(scenes === undefined ? [] : [`--scenes ${scenes} --write`]),
    ...(parts.length < PARTS.length ? [`--parts ${parts.join(',')}`] : []),
  ].join(' ');

function fixtureConfigs(folder: string, scenes: string | undefined): Config[] {
  const names = Object.keys(FIXTURES);
  const sceneNames = Object.fromEntries(names.map((name, i) => [i + 1, name]));
  const some = scenes === undefined ? {} : { scenes };
  const base = { folder, sceneNames, ...some };
  const ours = { ...base, masks: 'perceived' as const };
  const trueMasks = { ...base, masks: 'files' as const };
  const ablated = names.flatMap((name, i) => (ABLATED.includes(name) ? [i + 1] : [])).join(',');
  return [
    { ...ours, part: 'given', title: 'Fixtures, our masks, models given', models: 'given' },
    { ...ours, part: 'reconstructed', title: 'Fixtures, our masks, models reconstructed', models: 'reconstructed' },
    { ...trueMasks, part: 'files', title: 'Fixtures, true masks, models given', models: 'given' },
    { ...trueMasks, part: 'files', title: 'Fixtures, true masks, models reconstructed', models: 'reconstructed' },
    {
      ...{ ...trueMasks, part: 'ablation', title: 'Ablation, true masks, models given', models: 'given' },
      ...{ scenes: scenes ?? ablated, ablate: true, options: ABLATION_WINDOW },
    },
  ];
}

async function realConfigs(out: string): Promise<Config[]> {
  const configs: Config[] = [];
  if (!existsSync(SHARED)) console.error(`real sequences left out: ${SHARED} is not there`);
  const rbt = path.join(SHARED, 'bop', 'visp_rbt');
  if (existsSync(rbt)) {
    const title = 'Real, visp_rbt, masks drawn from the truth, models given';
    configs.push({
      part: 'real',
      title,
      folder: rbt,
      masks: 'true',
      models: 'given',
      sceneNames: { 1: 'cube and dragon' },
    });
  }
  const cube = path.join(SHARED, 'sequences', 'visp_mbt_cube');
  if (existsSync(cube)) {
    const folder = path.join(out, 'visp_mbt_cube');
    await writeCubeSequence(cube, folder);
    const sceneNames = { 1: 'dragged cube' };
    const title = 'Real, visp_mbt_cube, our masks, plain grey model given';
    const drawn = 'Real, visp_mbt_cube, masks drawn from the reference poses, plain grey model given';
    configs.push({ part: 'real', title, folder, masks: 'perceived', models: 'given', sceneNames });
    configs.push({ part: 'real', title: drawn, folder, masks: 'true', models: 'given', sceneNames });
  }
  return configs;
}

/** Short and fit for a folder. */
const nameOf = ({ title }: Config): string => title.toLowerCase().replaceAll(/[^a-z_]+/g, '-');

function flagsOf(config: Config, out: string): BenchFlags {
  const { masks, models, scenes, ablate, options } = config;
  return {
    ...options,
    ...{ masks, models, out: path.join(out, nameOf(config)), perception: path.join(out, 'perceive') },
    ...{ seed: '0', ablate: Boolean(ablate) },
    ...(scenes === undefined ? {} : { scenes }),
  };
}

/** Tracks everything, scenes side by side. What shares a perception runs after the one that makes it. */
async function trackAll(configs: readonly Config[], out: string, workers: number): Promise<void> {
  const perceiving: TrackJob[] = [];
  const others: TrackJob[] = [];
  const perceived = new Set<string>();
  for (const config of configs) {
    const { first, ablations } = await jobsOf(config.title, config.folder, flagsOf(config, out));
    for (const job of first) {
      const key = [config.folder, config.masks, job.flags.scenes].join();
      (perceived.has(key) ? others : perceiving).push(job);
      perceived.add(key);
    }
    others.push(...ablations);
  }
  await runJobs(perceiving, workers);
  await runJobs(others, workers);
}

function runOne(config: Config, out: string): Promise<BenchSummary> {
  let last = 0;
  return benchBop(config.folder, flagsOf(config, out), new AbortController().signal, (event) => {
    if (event.kind === 'warning') console.error(`  warning: ${event.message}`);
    if (event.kind !== 'progress' || Date.now() - last < 15_000) return;
    last = Date.now();
    console.error(`  ${event.what} ${event.done}/${event.total}`);
  });
}
