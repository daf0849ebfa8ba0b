/** One fixture of the pipeline bench: the chain is run, its result scored, and scored again with each stage replaced by the truth. */
import path from 'node:path';
import { z } from 'zod';
import { readJson } from '../../src/base/files.js';
import type { FixtureResult } from './accuracy-doc.js';
import { type Reuse, runChain } from './chain.js';
import { evaluate, type FixtureScores } from './evaluate.js';
import { readFound } from './found.js';
import { REPLACEMENTS, scoreWithTruth } from './replace.js';
import { readTruth } from './truth.js';

export interface FixtureRequest {
  name: string;
  /** Holds NAME.truth/ and the film it names. */
  videosFolder: string;
  runFolder: string;
  reuse: Reuse;
  replace: boolean;
  /** Threads of the stages. */
  workers: number;
}

export interface ScoredFixture {
  result: FixtureResult;
  /** By stage; 0 for one that was kept. */
  seconds: Record<string, number>;
  /** Scores with the truth in place of a stage; null where that stage never ran. Empty if it was not asked for. */
  replaced: Record<string, FixtureScores | null>;
}

/** Progress is told on stderr, each line with the fixture's name as several may run at once. */
export async function scoreFixture(request: FixtureRequest): Promise<ScoredFixture> {
  const { name, videosFolder, runFolder, reuse, workers } = request;
  const say = (line: string): void => console.error(`${name}: ${line}`);
  const scene = await readTruth(path.join(videosFolder, `${name}.truth`));
  const video = path.join(videosFolder, scene.truth.video);
  const seconds = reuse === 'all' ? {} : await runChain(video, runFolder, reuse, workers, say);
  const result = { ...(await evaluate(scene, await readFound(runFolder))), finding: await findingOf(runFolder) };
  const replaced: ScoredFixture['replaced'] = {};
  for (const what of request.replace ? REPLACEMENTS : []) {
    say(`with true ${what}`);
    replaced[what] = await scoreWithTruth(scene, runFolder, `${runFolder}-replaced`, what, workers);
  }
  return { result, seconds, replaced };
}

async function findingOf(runFolder: string): Promise<string | null> {
  return (await readJson(path.join(runFolder, 'run.json'), z.object({ finding: z.string().nullable() }))).finding;
}
