/** `v2r verify DATASET`: checks a LeRobot v3 folder completely, with --kinematics its motions too. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../base/errors.js';
import { verifyLeRobot } from '../dataset/verify.js';
import { verifyKinematics } from '../dataset/verify-kinematics.js';
import { formatBytes, printJson, type VerbState } from './verb.js';

export function addVerifyVerb(program: Command, state: VerbState): void {
  program
    .command('verify <dataset>')
    .description('check a LeRobot v3 dataset completely: tables, indices, statistics and the time of every video frame')
    .option('--kinematics', 'also recompute limits, clearances and held objects from the joint positions')
    .option('--run <folder>', 'run folder that made it, for --kinematics (default: the folder it lies in)')
    .option('--json', 'print one JSON object on stdout')
    .action(async (folder: string, flags: { json?: boolean; kinematics?: boolean; run?: string }) => {
      if (!existsSync(folder)) throw new UserError(`no such folder: ${folder}`, 'check the path');
      const tables = await verifyLeRobot(folder);
      const motion = flags.kinematics ? await verifyKinematics(folder, flags.run ?? path.resolve(folder, '..')) : null;
      const report = {
        ...tables,
        ok: tables.ok && (motion?.ok ?? true),
        errors: [...tables.errors, ...(motion?.errors ?? [])],
        warnings: [...tables.warnings, ...(motion?.warnings ?? [])],
        ...(motion ? { kinematics: { episodes: motion.episodes, ok: motion.ok } } : {}),
      };
      if (flags.json) {
        printJson(report);
      } else {
        for (const { file, message } of report.errors) process.stdout.write(`error: ${file}: ${message}\n`);
        for (const { file, message } of report.warnings) process.stdout.write(`warning: ${file}: ${message}\n`);
        const { episodes, frames, cameras, bytes } = report.counts;
        const contents = `${episodes} episodes, ${frames} frames, ${cameras} cameras, ${formatBytes(bytes)}`;
        const verdict = report.ok ? 'ok' : `${report.errors.length} errors`;
        process.stdout.write(`${folder}: ${verdict} (${contents})\n`);
      }
      if (!report.ok) state.exitCode = 1;
    });
}
