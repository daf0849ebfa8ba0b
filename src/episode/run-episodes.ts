/** The episodes stage: many episodes planned, drawn and encoded by a pool of workers. */
import path from 'node:path';
import type { StageContext } from '../base/context.js';
import { inOrder, startCrew } from '../base/crew.js';
import { writeJson } from '../base/files.js';
import { deriveSeed } from '../base/random.js';
import { ENCODE_DEFAULTS } from '../video/encode.js';
import type { EpisodeOptions } from './episode-options.js';
import { type EpisodeRecord, type Episodes, EpisodesSchema } from './episode-record.js';
import type { EpisodeJob, EpisodeJobResult, EpisodeWorkerSetup } from './episode-worker.js';
import { type EpisodeFolders, loadEpisodeInputs } from './load-inputs.js';
import { datasetCamera } from './render.js';
import { topplingM } from './stance.js';

/** Seeds that may stand in for one rejected episode before the dataset gets one episode less. */
const SEEDS_PER_EPISODE = 3;
const CAMERA_NAME = 'front';

/**
 * Makes `options.episodes` episodes in `output`, the same bytes for any number of workers. A rejected one is recorded with its reason
 * and another seed takes its place, up to twice.
 */
export async function runEpisodes(
  folders: EpisodeFolders,
  output: string,
  options: EpisodeOptions,
  ctx: StageContext,
): Promise<Episodes> {
  const { inputs, lengthScale } = await loadEpisodeInputs(folders);
  if (lengthScale < 1) {
    ctx.warn(
      'lengths-fitted',
      `all lengths are taken ${Math.round((1 - lengthScale) * 100)} % smaller than estimated (they are known to ${Math.round(100 * (inputs.scene.scaleLogSd ?? 0))} %), so that the fingers can hold what is held: give --size NAME=MM if you know one`,
    );
  }
  for (const { name, mesh } of inputs.objects) {
    const besideM = topplingM(mesh);
    if (besideM === null) continue;
    ctx.warn(
      'cannot-stand',
      `${name} cannot stand as its shape was read (its middle is ${Math.round(besideM * 100)} cm beside what it stands on): in physics it falls over`,
    );
  }
  const camera = datasetCamera(inputs.scene.camera, options.imageWidth);
  const setup: EpisodeWorkerSetup = {
    folders,
    options,
    seed: deriveSeed(ctx.seed, ctx.stage),
    output,
    cameraName: CAMERA_NAME,
  };
  const jobs: EpisodeJob[] = Array.from({ length: options.episodes }, (_, k) => ({
    numbers: Array.from({ length: SEEDS_PER_EPISODE }, (_, r) => k + r * options.episodes),
  }));
  const records: EpisodeRecord[] = [];
  const crew = startCrew<EpisodeJob, EpisodeJobResult, EpisodeWorkerSetup>({
    workerUrl: new URL('./episode-worker.js', import.meta.url),
    setup,
    workers: Math.min(ctx.workers, jobs.length),
    signal: ctx.signal,
    inHand: 1,
  });
  try {
    let done = 0;
    for await (const tried of inOrder(jobs.length, crew.ahead, (n) => crew.ask(jobs[n]))) {
      records.push(...tried);
      ctx.progress(++done, jobs.length, 'episodes');
    }
  } finally {
    await crew.close();
  }
  warnOfRejections(records, options.episodes, ctx);
  const episodes: Episodes = EpisodesSchema.parse({
    kind: 'v2r/episodes',
    version: 1,
    robot: inputs.robot.name,
    jointNames: inputs.robot.joints.map((joint) => joint.name),
    fps: options.episodeFps,
    camera: { name: CAMERA_NAME, widthPx: camera.widthPx, heightPx: camera.heightPx },
    video: ENCODE_DEFAULTS,
    lengthScale,
    objectIds: inputs.objects.map((object) => object.id),
    instruction: inputs.skill.instruction,
    task: inputs.skill.task,
    episodes: records,
  });
  await writeJson(path.join(output, 'episodes.json'), episodes);
  return episodes;
}

/** How often each reason rejected an episode, most frequent first. */
export function rejectionCounts(records: readonly EpisodeRecord[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of records) if (reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])));
}

function warnOfRejections(records: readonly EpisodeRecord[], wanted: number, ctx: StageContext): void {
  const accepted = records.filter((record) => record.accepted).length;
  if (accepted === records.length) return;
  const list = Object.entries(rejectionCounts(records))
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
  ctx.warn('episodes-rejected', `${records.length - accepted} of ${records.length} plans were rejected: ${list}`);
  if (accepted < wanted) ctx.warn('fewer-episodes', `${accepted} of ${wanted} wanted episodes could be made`);
}
