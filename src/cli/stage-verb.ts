/** What the verbs that run stages of the pipeline share: their flags, progress, and an end by Ctrl-C or SIGTERM that can be resumed. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { type RunResult, runStages } from '../pipeline/run.js';
import type { Stage, StageName } from '../pipeline/stage.js';
import { addOptionFlags, givenValues, wholeNumber } from './flags.js';
import { createProgressView } from './progress.js';

export interface StageFlags extends Record<string, unknown> {
  out?: string;
  seed: string;
  workers?: string;
  force?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Flags of the verb and those of its stages' options. */
export function addStageFlags(command: Command, stages: readonly Stage[], outHelp: string): void {
  command
    .option('-o, --out <folder>', outHelp)
    .option('--seed <number>', 'seed of everything random', '0')
    .option('--workers <number>', 'worker threads; the result does not depend on it (default: the cores, at most 8)')
    .option('--force', 'make every stage again')
    .option('--json', 'print one JSON summary on stdout')
    .option('--quiet', 'no progress');
  addOptionFlags(
    command,
    stages.map((stage) => stage.options),
  );
}

/** Runs the stages with progress on stderr, then `use` while interrupts still count. */
export async function runWithFlags(
  stages: readonly Stage[],
  videoFile: string,
  flags: StageFlags,
  span: { from?: StageName; until?: StageName },
  use: (result: RunResult) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const onInterrupt = (): void => abort.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.once(signal, onInterrupt);
  const view = createProgressView(process.stderr, Boolean(flags.quiet));
  try {
    const result = await runStages(stages, {
      videoFile,
      outFolder: flags.out ?? path.join('runs', path.parse(videoFile).name),
      seed: wholeNumber('--seed', flags.seed, 0),
      workers:
        flags.workers === undefined ? Math.min(8, availableParallelism()) : wholeNumber('--workers', flags.workers, 1),
      options: givenValues(
        flags,
        stages.map((stage) => stage.options),
      ),
      ...span,
      force: flags.force,
      signal: abort.signal,
      onEvent: (event) => view.onEvent(event),
    });
    await use(result);
  } finally {
    view.close();
    for (const signal of signals) process.off(signal, onInterrupt);
  }
}
