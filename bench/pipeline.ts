/**
 * `npm run bench -- pipeline [fixture...] [--fixtures DIR] [--runs DIR] [--as-is] [--force] [--replace] [--json]`: runs the
 * chain on the fixtures up to the skill, compares every stage with the truth, writes bench/results/ and docs/accuracy.md.
 *
 *   --runs DIR   where run folders are kept and used again (default .cache/bench)
 *   --force      make every stage again: needed after changes of code, which do not count in what is still valid
 *   --as-is      score the run folders as they are
 *   --replace    also run later stages with the truth in place of what perception found (some minutes per fixture)
 */
import { existsSync, readdirSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../src/base/errors.js';
import { writeJson } from '../src/base/files.js';
import { VERSION } from '../src/base/version.js';
import { accuracyText, type Replaced, writeAccuracy } from './pipeline/accuracy-doc.js';
import { runChain } from './pipeline/chain.js';
import { evaluate, type FixtureScores } from './pipeline/evaluate.js';
import { readFound } from './pipeline/found.js';
import { REPLACEMENTS, scoreWithTruth } from './pipeline/replace.js';
import { meanOf } from './pipeline/stats.js';
import { readTruth } from './pipeline/truth.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const FLAGS = ['--as-is', '--force', '--replace'];

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
  fixtures: Record<string, FixtureScores>;
  mean: Record<(typeof AVERAGED)[number] | 'rolesRight', number | null>;
  /** Seconds per stage and fixture; 0 for a stage that was kept. */
  seconds: Record<string, Record<string, number>>;
  /** Scores with the truth in place of what perception found; empty without --replace. */
  replaced: Replaced;
}

export default async function run(args: string[]): Promise<PipelineResult> {
  const { names, videosFolder, runsFolder, asIs, force, replace } = parse(args);
  const fixtures: Record<string, FixtureScores> = {};
  const seconds: Record<string, Record<string, number>> = {};
  const replaced: Replaced = {};
  for (const name of names) {
    console.error(name);
    const scene = await readTruth(path.join(videosFolder, `${name}.truth`));
    const runFolder = path.join(runsFolder, name);
    seconds[name] = asIs ? {} : await runChain(path.join(videosFolder, scene.truth.video), runFolder, force);
    fixtures[name] = await evaluate(scene, await readFound(runFolder));
    if (!replace) continue;
    replaced[name] = {};
    for (const what of REPLACEMENTS) {
      console.error(`  with true ${what}`);
      replaced[name][what] = await scoreWithTruth(scene, runFolder, `${runFolder}-replaced`, what);
    }
  }
  const all = Object.values(fixtures);
  const mean = Object.fromEntries(AVERAGED.map((key) => [key, meanOf(all.map((scores) => scores[key]))]));
  const result = {
    version: VERSION,
    fixtures,
    mean: { ...mean, rolesRight: meanOf(all.map(({ rolesRight }) => (rolesRight ? 1 : 0))) } as PipelineResult['mean'],
    seconds,
    replaced,
  };
  const machine = `${platform()}-${arch()}-${cpus().length}cores`;
  await writeJson(path.join(ROOT, 'bench', 'results', `pipeline-${VERSION}-${machine}.json`), result);
  await writeAccuracy(
    path.join(ROOT, 'docs', 'accuracy.md'),
    accuracyText(
      `npm run bench -- pipeline ${[...names, ...(replace ? ['--replace'] : [])].join(' ')}`,
      VERSION,
      fixtures,
      replaced,
    ),
  );
  return result;
}

function parse(args: readonly string[]): {
  names: string[];
  videosFolder: string;
  runsFolder: string;
  asIs: boolean;
  force: boolean;
  replace: boolean;
} {
  const names: string[] = [];
  let videosFolder = path.join(ROOT, 'fixtures', 'videos');
  let runsFolder = path.join(ROOT, '.cache', 'bench');
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--runs') runsFolder = path.resolve(args[++i] ?? '');
    else if (args[i] === '--fixtures') videosFolder = path.resolve(args[++i] ?? '');
    else if (!FLAGS.includes(args[i])) names.push(args[i]);
  }
  const there = readdirSync(videosFolder)
    .filter((name) => name.endsWith('.truth') && existsSync(path.join(videosFolder, name, 'truth.json')))
    .map((name) => path.basename(name, '.truth'));
  for (const name of names) {
    if (!there.includes(name))
      throw new UserError(`no fixture "${name}"; there are: ${there.join(', ')}`, undefined, 2);
  }
  return {
    names: names.length > 0 ? names : there,
    videosFolder,
    runsFolder,
    asIs: args.includes('--as-is'),
    force: args.includes('--force'),
    replace: args.includes('--replace'),
  };
}
