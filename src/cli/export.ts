/** `v2r export RUN --to FORMAT`: a run's results for other programs. */
import path from 'node:path';
import { type Command, Option } from 'commander';
import { writeJson } from '../base/files.js';
import { exportTrajectory } from '../pipeline/export-trajectory.js';
import { printJson } from './verb.js';

interface ExportFlags {
  to: 'trajectory';
  out?: string;
  json?: boolean;
}

export function addExportVerb(program: Command): void {
  program
    .command('export <run>')
    .description("write a run's results for other programs")
    .addOption(
      new Option('--to <format>', 'trajectory: poses, masks, sizes and events in one JSON')
        .choices(['trajectory'])
        .makeOptionMandatory(),
    )
    .option('-o, --out <file>', 'file to write (default: RUN/trajectory.json)')
    .option('--json', 'print the result on stdout instead')
    .action(async (run: string, flags: ExportFlags) => {
      const trajectory = await exportTrajectory(run);
      if (flags.json) return printJson(trajectory);
      const file = flags.out ?? path.join(run, 'trajectory.json');
      await writeJson(file, trajectory);
      const { numFrames, objects, events } = trajectory;
      process.stderr.write(
        `${file}: ${objects.length} objects over ${numFrames} frames, ${events.length} events (${flags.to})\n`,
      );
    });
}
