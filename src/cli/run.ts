/** `v2r run VIDEO`: the main job. */
import type { Command } from 'commander';
import { UserError } from '../base/errors.js';
import { sizeText } from '../objects/size-text.js';
import { STAGE_NAMES, type StageName } from '../pipeline/stage.js';
import { STAGES } from '../pipeline/stages.js';
import { type RunSummary, summarizeRun } from '../pipeline/summary.js';
import { addStageFlags, runWithFlags, type StageFlags } from './stage-verb.js';
import { formatBytes, formatTable, printJson, type VerbState } from './verb.js';

interface RunFlags extends StageFlags {
  from?: string;
  until?: string;
}

export function addRunVerb(program: Command, state: VerbState): void {
  const command = program
    .command('run <video>')
    .description('turn one video of a tabletop task into a robot dataset')
    .option('--from <stage>', `make this stage and all later ones again (${STAGE_NAMES.join(', ')})`)
    .option('--until <stage>', 'stop after this stage');
  addStageFlags(command, STAGES, 'run folder (default: runs/NAME-OF-VIDEO)');
  command.action(async (video: string, flags: RunFlags) => {
    const span = { from: stageName('--from', flags.from), until: stageName('--until', flags.until) };
    await runWithFlags(STAGES, video, flags, span, async (result) => {
      const summary = await summarizeRun(result);
      if (flags.json) printJson(summary);
      if (!flags.quiet) process.stderr.write(describe(summary, await result.folder.sizeBytes()));
      if (result.finding !== null) state.exitCode = 1;
    });
  });
}

function describe(summary: RunSummary, sizeBytes: number): string {
  const rows = [
    ['stage', 'seconds'],
    ...summary.stages.map((stage) => [stage.name, stage.cached ? 'kept' : stage.seconds.toFixed(1)]),
    ['total', summary.seconds.toFixed(1)],
  ];
  const lines = ['', formatTable(rows), ''];
  for (const object of summary.objects) {
    const size = object.sizeM === null ? 'size unknown' : sizeText(object.sizeM, object.sizeSdM ?? undefined);
    lines.push(
      `object ${object.id}: ${object.name} (${object.role}), ${object.family ?? 'no shape'}, ${size}, confidence ${object.confidence.toFixed(2)}`,
    );
  }
  if (summary.instruction !== null) lines.push(`task: ${summary.instruction}`);
  if (summary.finding !== null) lines.push(`finding: ${summary.finding}`);
  if (summary.episodes !== null) {
    const { accepted, rejected, reasons } = summary.episodes;
    const why = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
    const perEpisode = summary.secondsPerEpisode === null ? '' : `, ${summary.secondsPerEpisode.toFixed(2)} s each`;
    lines.push(
      `episodes: ${accepted} accepted, ${rejected} rejected${why.length > 0 ? ` (${why.join(', ')})` : ''}${perEpisode}`,
    );
  }
  if (summary.episodes !== null && summary.episodes.physics.replayed > 0) {
    const { replayed, succeeded, reasons } = summary.episodes.physics;
    const why = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
    lines.push(`physics: ${succeeded} of ${replayed} succeed in replay${why.length > 0 ? ` (${why.join(', ')})` : ''}`);
  }
  if (summary.dataset !== null) lines.push(`dataset: ${summary.dataset}`);
  if (summary.report !== null) lines.push(`report: ${summary.report}`);
  lines.push(`${summary.run}: ${formatBytes(sizeBytes)}, peak memory ${summary.peakMemoryMb?.toFixed(0)} MB`, '');
  return lines.join('\n');
}

function stageName(flag: string, value: string | undefined): StageName | undefined {
  if (value === undefined || STAGE_NAMES.includes(value as StageName)) return value as StageName | undefined;
  throw new UserError(`${flag}: no stage ${value}`, `one of ${STAGE_NAMES.join(', ')}`, 2);
}
