/** `v2r perceive VIDEO`: what is seen in a video, with a film of it that a person can judge at a glance. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../base/errors.js';
import type { Perception } from '../perceive/perception.js';
import { FILES_EXPLAINED } from '../perceive/providers/explain-files.js';
import { readPerception } from '../perceive/store.js';
import { runStages } from '../pipeline/run.js';
import type { StageName } from '../pipeline/stage.js';
import { STAGES } from '../pipeline/stages.js';
import { writePerceptionFilm } from '../view/perception-film.js';
import { addOptionFlags, givenValues } from './flags.js';
import { createProgressView } from './progress.js';
import { formatTable, printJson, type VerbState } from './verb.js';

interface PerceiveFlags extends Record<string, unknown> {
  out?: string;
  seed: string;
  force?: boolean;
  json?: boolean;
  quiet?: boolean;
  overlay: boolean;
  explainFiles?: boolean;
}

const NEEDED: readonly StageName[] = ['video', 'perceive'];

export function addPerceiveVerb(program: Command, state: VerbState): void {
  const stages = STAGES.filter((stage) => NEEDED.includes(stage.name));
  const tables = stages.map((stage) => stage.options);
  const command = program
    .command('perceive [video]')
    .description('see objects, hand, camera and table in a video, and film what was seen')
    .option('-o, --out <folder>', 'run folder, shared with v2r run (default: runs/NAME-OF-VIDEO)')
    .option('--seed <number>', 'seed of everything random', '0')
    .option('--force', 'look again')
    .option('--no-overlay', 'write no overlay film')
    .option('--explain-files', 'print the layout of masks, tracks, depth and camera files that can be given, and stop')
    .option('--json', 'print one JSON object on stdout')
    .option('--quiet', 'no progress');
  addOptionFlags(command, tables);
  command.action(async (video: string | undefined, flags: PerceiveFlags) => {
    if (flags.explainFiles) {
      process.stdout.write(FILES_EXPLAINED);
      return;
    }
    if (video === undefined) throw new UserError('which video?', 'v2r perceive VIDEO', 2);
    const seed = Number(flags.seed);
    if (!Number.isInteger(seed) || seed < 0) {
      throw new UserError(`--seed: expected a whole number of at least 0, got ${flags.seed}`, undefined, 2);
    }
    const abort = new AbortController();
    const onInterrupt = (): void => abort.abort();
    process.once('SIGINT', onInterrupt);
    const view = createProgressView(process.stderr, Boolean(flags.quiet));
    try {
      const result = await runStages(stages, {
        videoFile: video,
        outFolder: flags.out ?? path.join('runs', path.parse(video).name),
        seed,
        workers: availableParallelism(),
        options: givenValues(flags, tables),
        until: 'perceive',
        force: flags.force,
        signal: abort.signal,
        onEvent: (event) => view.onEvent(event),
      });
      const folder = result.folder.folderOf('perceive');
      const perception = await readPerception(folder);
      const film = flags.overlay
        ? await writePerceptionFilm(
            result.folder.folderOf('video'),
            folder,
            path.join(result.folder.path, 'perceive.mp4'),
          )
        : null;
      if (flags.json) printJson(factsOf(result.folder.path, perception, film, result.warnings));
      if (!flags.quiet) process.stderr.write(describe(perception, film));
      if (result.finding !== null) state.exitCode = 1;
    } finally {
      view.close();
      process.off('SIGINT', onInterrupt);
    }
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
