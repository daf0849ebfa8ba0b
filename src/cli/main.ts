/** The command line: arguments, bars, exit codes. Everything else is the library's. */
import { Command, CommanderError } from 'commander';
import { CancelledError, messageOf, UserError } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import { addBenchVerb } from './bench.js';
import { addDoctorVerb } from './doctor.js';
import { addExportVerb } from './export.js';
import { addInspectVerb } from './inspect.js';
import { addLabelVerb } from './label.js';
import { addModelsVerb } from './models.js';
import { addPerceiveVerb } from './perceive.js';
import { addRenderVerb } from './render.js';
import { addRobotVerb } from './robot.js';
import { addRunVerb } from './run.js';
import type { VerbState } from './verb.js';
import { addVerifyVerb } from './verify.js';

/** Runs one command; the result is the exit code: 0 success, 1 failure, 2 usage, 130 cancelled. */
export async function main(argv: string[]): Promise<number> {
  const state: VerbState = { exitCode: 0 };
  const program = new Command('v2r')
    .description('One phone video of a tabletop task in, photorealistic robot episodes out.')
    .version(VERSION)
    .showSuggestionAfterError(true)
    .showHelpAfterError('(v2r --help shows the commands, v2r COMMAND --help the options)')
    .exitOverride();
  for (const addVerb of [
    addRunVerb,
    addPerceiveVerb,
    addInspectVerb,
    addRenderVerb,
    addVerifyVerb,
    addBenchVerb,
    addExportVerb,
    addModelsVerb,
    addLabelVerb,
    addRobotVerb,
    addDoctorVerb,
  ])
    addVerb(program, state);
  exitOverrideAll(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return state.exitCode;
  } catch (error) {
    return report(error);
  }
}

/** Sub-commands too: commander would leave the process otherwise. */
function exitOverrideAll(command: Command): void {
  for (const inner of command.commands) {
    inner.exitOverride();
    exitOverrideAll(inner);
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CancelledError) {
    process.stderr.write('cancelled: finished stages are kept; the same command goes on from there\n');
    return 130;
  }
  if (error instanceof UserError) {
    process.stderr.write(`error: ${error.message}\n${error.remedy ? `  try: ${error.remedy}\n` : ''}`);
    return error.exitCode;
  }
  process.stderr.write(
    `error: ${messageOf(error)}\nThis is a bug in v2r ${VERSION}. Please report it with the lines below.\n`,
  );
  process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`);
  return 1;
}
