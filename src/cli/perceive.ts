/** `v2r perceive VIDEO`: what is seen in a video, with a film of it that a person can judge at a glance. */
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../base/errors.js';
import type { Perception } from '../perceive/perception.js';
import { FILES_EXPLAINED } from '../perceive/providers/explain-files.js';
import { readPerception } from '../perceive/store.js';
import type { StageName } from '../pipeline/stage.js';
import { STAGES } from '../pipeline/stages.js';
import { writePerceptionFilm } from '../view/perception-film.js';
import { addStageFlags, runWithFlags, type StageFlags } from './stage-verb.js';
import { formatTable, printJson, type VerbState } from './verb.js';

interface PerceiveFlags extends StageFlags {
  overlay: boolean;
  explainFiles?: boolean;
}

const NEEDED: readonly StageName[] = ['video', 'perceive'];

export function addPerceiveVerb(program: Command, state: VerbState): void {
  const stages = STAGES.filter((stage) => NEEDED.includes(stage.name));
  const command = program
    .command('perceive [video]')
    .description('see objects, hand, camera and table in a video, and film what was seen')
    .option('--no-overlay', 'write no overlay film')
    .option('--explain-files', 'print the layout of masks, tracks, depth and camera files that can be given, and stop');
  addStageFlags(command, stages, 'run folder, shared with v2r run (default: runs/NAME-OF-VIDEO)');
  command.action(async (video: string | undefined, flags: PerceiveFlags) => {
    if (flags.explainFiles) {
      process.stdout.write(FILES_EXPLAINED);
      return;
    }
    if (video === undefined) throw new UserError('which video?', 'v2r perceive VIDEO', 2);
    await runWithFlags(stages, video, flags, { until: 'perceive' }, async ({ folder, warnings, finding }) => {
      const seen = folder.folderOf('perceive');
      const perception = await readPerception(seen);
      const film = flags.overlay
        ? await writePerceptionFilm(folder.folderOf('video'), seen, path.join(folder.path, 'perceive.mp4'))
        : null;
      if (flags.json) printJson(factsOf(folder.path, perception, film, warnings));
      if (!flags.quiet) process.stderr.write(describe(perception, film));
      if (finding !== null) state.exitCode = 1;
    });
  });
}

function factsOf(
  run: string,
  perception: Perception,
  film: string | null,
  warnings: readonly { stage: string; code: string; message: string }[],
): Record<string, unknown> {
  const { providers, camera, table, hand, objects, manipulated, finding, cameraMotion, numFrames, fps } = perception;
  return {
    kind: 'v2r/perceived',
    run,
    film,
    providers: providers ?? null,
    numFrames,
    fps,
    manipulated,
    finding,
    camera,
    table,
    cameraMotion,
    hand,
    objects: objects.map(({ frameConfidence, ...object }) => ({
      ...object,
      meanFrameConfidence: frameConfidence ? meanOf(frameConfidence) : null,
    })),
    warnings,
  };
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);

function describe(perception: Perception, film: string | null): string {
  const { providers, camera, table, objects, finding } = perception;
  const used = providers ? Object.entries(providers).map(([step, name]) => `${step} ${name}`) : [];
  const rows = objects.map(({ id, name, role, confidence, frameConfidence, motion }) => [
    String(id),
    name,
    role,
    confidence.toFixed(2),
    frameConfidence ? meanOf(frameConfidence).toFixed(2) : '-',
    motion ? `${motion.firstFrame}..${motion.lastFrame}` : 'still',
  ]);
  return [
    '',
    finding,
    ...(rows.length > 0
      ? ['', formatTable([['id', 'object', 'role', 'confidence', 'mean over frames', 'moves in frames'], ...rows])]
      : []),
    '',
    `providers: ${used.join(', ')}`,
    `camera: focal length ${camera.fx.toFixed(0)} px (${camera.source}, +-${Math.round(100 * camera.focalLogSd)} %)`,
    `table: ${table.normalSource}, +-${table.normalSdDeg.toFixed(1)} degrees`,
    `scale: ${table.scaleSource}, +-${Math.round(100 * table.scaleLogSd)} %`,
    ...(film ? [`look: ${film}`] : []),
    '',
  ].join('\n');
}
