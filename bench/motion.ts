/**
 * `npm run bench -- motion [fixture...] [--episodes 100] [--seed 1] [--inputs true|seen] [--franka FOLDER] [--runs DIR] [--fixtures DIR] [--json]`:
 * plans episodes of each fixture, replays them in physics, writes bench/results/motion.json (or motion-seen.json) and its part of
 * docs/motion.md.
 *
 *   --inputs true  (default) true masks, shapes and poses: what motion costs apart from what seeing costs
 *   --inputs seen  the program's own chain from the video on
 *   --franka DIR   meshes of the real arm (panda.xml, assets/) to compare the Gaussian one with; else the silhouette figure is left out
 *   --seed N       other arrangements than those that settings were chosen on (seed 1); they have a section and a file of their own
 *   --keep         use again what lies in the run folders
 *   --resume       use again what was measured in them with as many episodes and the same seed, so that films can be measured one by one
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UserError } from '../src/base/errors.js';
import { runStages } from '../src/pipeline/run.js';
import { STAGES } from '../src/pipeline/stages.js';
import { ikMsPerWaypoint } from './motion/ik-time.js';
import { type MotionScores, measureMotion } from './motion/measure.js';
import { motionText } from './motion/motion-doc.js';
import type { FixtureMotion, MotionResult } from './motion/result.js';
import { makeTrueRun } from './motion/true-run.js';
import { evaluate } from './pipeline/evaluate.js';
import { readFound } from './pipeline/found.js';
import { readTruth } from './pipeline/truth.js';
import { replaceSection } from './section.js';

/** Physics settings were chosen while looking at this one's episodes. */
const FIRST_SEED = 1;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export default async function run(args: string[]): Promise<MotionResult> {
  const { names, folder, runs, episodes, seed, inputs, franka, keep, resume } = parse(args);
  const fixtures: MotionResult['fixtures'] = {};
  for (const name of names) {
    console.error(name);
    const runFolder = path.join(runs, inputs, name);
    const truth = path.join(folder, `${name}.truth`);
    const measured = path.join(runFolder, `motion-${episodes}-${seed}.json`);
    if (resume && existsSync(measured)) {
      fixtures[name] = JSON.parse(readFileSync(measured, 'utf8')) as FixtureMotion;
      continue;
    }
    try {
      if (!keep || !existsSync(path.join(runFolder, 'scene'))) {
        await prepare(truth, path.join(runs, 'seen', name), runFolder, inputs);
      }
      const { events, eventErrorFrames, rolesRight } = await evaluate(
        await readTruth(truth),
        await readFound(runFolder),
      );
      const near = events.filter(({ differenceFrames: d }) => d !== null && Math.abs(d) <= 3);
      const read = { eventsWithin3: `${near.length}/${events.length}`, eventErrorFrames, rolesRight };
      const scores = { ...(await measureMotion(runFolder, episodes, seed)), ...read };
      fixtures[name] = scores;
      writeFileSync(measured, JSON.stringify(scores));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      fixtures[name] = { finding: error.message };
    }
  }
  const scored = Object.entries(fixtures).flatMap(([name, scores]) => ('yield' in scores ? [{ name, scores }] : []));
  const mean = (of: (scores: MotionScores) => number): number | null =>
    scored.length === 0 ? null : scored.reduce((sum, { scores }) => sum + of(scores), 0) / scored.length;
  const rejectReasons: Record<string, number> = {};
  for (const { scores } of scored) {
    for (const [reason, count] of Object.entries(scores.rejectReasons)) {
      rejectReasons[reason] = (rejectReasons[reason] ?? 0) + count;
    }
  }
  const variant = [inputs === 'seen' ? 'seen' : '', seed === FIRST_SEED ? '' : 'other-seed'].filter(Boolean).join('-');
  const result: MotionResult = {
    ...(variant === '' ? {} : { variant }),
    inputs,
    episodes,
    seed,
    yield: mean((scores) => scores.yield),
    planMs: mean((scores) => scores.planMs),
    ikMs: ikMsPerWaypoint(),
    silhouetteIou: franka === undefined ? null : silhouetteIou(franka),
    physicsAgreement: Object.fromEntries(scored.map(({ name, scores }) => [name, scores.physicsAgreement])),
    rejectReasons,
    fixtures,
  };
  const isFirst = seed === FIRST_SEED;
  const command = `npm run bench -- motion ${names.join(' ')} --inputs ${inputs} --episodes ${episodes}${isFirst ? '' : ` --seed ${seed}`}`;
  const section = `motion ${inputs}${isFirst ? '' : ', other seed'}`;
  await replaceSection(path.join(ROOT, 'docs', 'motion.md'), section, motionText(command, result));
  return result;
}

/** The chain up to what is asked; a run that ends with a finding has no scene. */
async function prepare(
  truthFolder: string,
  seenFolder: string,
  runFolder: string,
  inputs: 'true' | 'seen',
): Promise<void> {
  const scene = await readTruth(truthFolder);
  const videoFile = path.join(path.dirname(truthFolder), scene.truth.video);
  const until = inputs === 'true' ? 'perceive' : 'scene';
  const { finding } = await runStages(STAGES, {
    videoFile,
    outFolder: seenFolder,
    seed: 0,
    workers: 2,
    options: {},
    until,
  });
  if (inputs === 'true') await makeTrueRun(scene, seenFolder, runFolder);
  else if (finding !== null) throw new UserError(finding);
}

function silhouetteIou(franka: string): number {
  const script = path.join(ROOT, 'scripts', 'robot', 'compare-franka.ts');
  const printed = execFileSync(process.execPath, ['--import', 'tsx', script, franka], { encoding: 'utf8' });
  return (JSON.parse(printed.trim().split('\n').at(-1)!) as { silhouetteIou: number }).silhouetteIou;
}

function parse(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      episodes: { type: 'string', default: '100' },
      seed: { type: 'string', default: String(FIRST_SEED) },
      inputs: { type: 'string', default: 'true' },
      franka: { type: 'string' },
      keep: { type: 'boolean', default: false },
      resume: { type: 'boolean', default: false },
      runs: { type: 'string', default: path.join(ROOT, '.cache', 'bench-motion') },
      fixtures: { type: 'string', default: path.join(ROOT, 'fixtures', 'videos') },
    },
  });
  const there = readdirSync(values.fixtures).flatMap((file) => (file.endsWith('.truth') ? [file.slice(0, -6)] : []));
  const unknown = positionals.find((name) => !there.includes(name));
  if (unknown) throw new UserError(`no fixture "${unknown}"; there are: ${there.join(', ')}`, undefined, 2);
  const episodes = Number(values.episodes);
  if (!Number.isInteger(episodes) || episodes < 1) {
    throw new UserError(`--episodes: expected a whole number of at least 1, got ${values.episodes}`, undefined, 2);
  }
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) {
    throw new UserError(`--seed: expected a whole number, got ${values.seed}`, undefined, 2);
  }
  const { inputs } = values;
  if (inputs !== 'true' && inputs !== 'seen') {
    throw new UserError(`--inputs: expected true or seen, got ${inputs}`, undefined, 2);
  }
  const names = positionals.length > 0 ? positionals : there;
  const runs = path.resolve(values.runs);
  return {
    names,
    folder: values.fixtures,
    runs,
    episodes,
    seed,
    inputs,
    franka: values.franka,
    keep: values.keep,
    resume: values.resume,
  } as const;
}
