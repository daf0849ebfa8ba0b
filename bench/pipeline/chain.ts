/** Runs the chain on a fixture up to the skill stage. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { runStages } from '../../src/pipeline/run.js';
import type { StageName } from '../../src/pipeline/stage.js';
import { STAGES } from '../../src/pipeline/stages.js';

/** What of an earlier run counts: nothing, what is valid, what is valid before a stage, or all (the chain is not run). */
export type Reuse = 'nothing' | 'valid' | 'all' | StageName;

/** Seconds by stage; 0 for one that was kept. */
export async function runChain(
  videoFile: string,
  outFolder: string,
  reuse: Exclude<Reuse, 'all'>,
  workers: number,
  say: (line: string) => void,
): Promise<Record<string, number>> {
  if (reuse === 'nothing') await rm(outFolder, { recursive: true, force: true });
  const result = await runStages(STAGES, {
    videoFile,
    outFolder,
    seed: 0,
    workers,
    options: {},
    until: 'skill',
    ...(reuse === 'nothing' || reuse === 'valid' ? {} : { from: reuse }),
    onEvent: (event) => {
      if (event.kind === 'stage-end') {
        say(`${event.stage} ${event.cached ? 'kept' : `${event.seconds.toFixed(1)} s`}`);
      }
    },
  });
  if (result.finding) say(`finding: ${result.finding}`);
  // What an earlier run left of stages that this one did not get to.
  const made = result.stages.map(({ name }) => name);
  for (const { name } of STAGES) {
    if (!made.includes(name)) await rm(path.join(outFolder, name), { recursive: true, force: true });
  }
  return Object.fromEntries(result.stages.map(({ name, seconds }) => [name, seconds]));
}
