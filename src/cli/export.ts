/** `v2r export RUN --to FORMAT`: a run's results for other programs. */
import path from 'node:path';
import { type Command, Option } from 'commander';
import { writeFileAtomic, writeJson } from '../base/files.js';
import { exportMjcf } from '../pipeline/export-mjcf.js';
import { exportTrajectory } from '../pipeline/export-trajectory.js';
import { wholeNumber } from './flags.js';
import { printJson } from './verb.js';

interface ExportFlags {
  to: 'trajectory' | 'mjcf';
  episode?: string;
  out?: string;
  json?: boolean;
}

export function addExportVerb(program: Command): void {
  program
    .command('export <run>')
    .description("write a run's results for other programs")
    .addOption(
      new Option(
        '--to <format>',
        "trajectory: poses, masks, sizes and events in one JSON; mjcf: an episode's scene for MuJoCo",
      )
        .choices(['trajectory', 'mjcf'])
        .makeOptionMandatory(),
    )
    .option('--episode <number>', 'episode whose scene is written as mjcf (default: the first accepted one)')
    .option('-o, --out <file>', 'file to write (default: RUN/trajectory.json or RUN/scene.xml)')
    .option('--json', 'print the result on stdout instead')
    .action((run: string, flags: ExportFlags) =>
      flags.to === 'mjcf' ? writeMjcf(run, flags) : writeTrajectory(run, flags),
    );
}

async function writeMjcf(run: string, flags: ExportFlags): Promise<void> {
  const wanted = flags.episode === undefined ? null : wholeNumber('--episode', flags.episode, 0);
  const { number, mjcf } = await exportMjcf(run, wanted);
  if (flags.json) return printJson({ kind: 'v2r/mjcf', episode: number, mjcf });
  const file = flags.out ?? path.join(run, 'scene.xml');
  await writeFileAtomic(file, mjcf);
  process.stderr.write(`${file}: the scene of episode ${number} (open it in MuJoCo: simulate ${file})\n`);
}

async function writeTrajectory(run: string, flags: ExportFlags): Promise<void> {
  const trajectory = await exportTrajectory(run);
  if (flags.json) return printJson(trajectory);
  const file = flags.out ?? path.join(run, 'trajectory.json');
  await writeJson(file, trajectory);
  const { numFrames, objects, events } = trajectory;
  process.stderr.write(
    `${file}: ${objects.length} objects over ${numFrames} frames, ${events.length} events (${flags.to})\n`,
  );
}
