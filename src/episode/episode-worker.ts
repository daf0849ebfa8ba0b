/** A worker thread that plans, draws and encodes episodes. Everything it does follows from its setup and the job alone. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readJson, writeFileAtomic, writeJson } from '../base/files.js';
import { encodeNpy } from '../base/npy.js';
import { deriveSeed } from '../base/random.js';
import { serveJobs } from '../base/worker-jobs.js';
import { ImageStats } from '../image/image-stats.js';
import { createRenderer } from '../splat/create-renderer.js';
import { VideoEncoder } from '../video/encode.js';
import { type EpisodeInputs, type EpisodePlan, stateAt } from './episode.js';
import type { EpisodeOptions } from './episode-options.js';
import { type EpisodeRecord, EpisodeRecordSchema, episodeFolder, recordOf } from './episode-record.js';
import { type EpisodeFolders, loadEpisodeInputs, loadLayer } from './load-inputs.js';
import { openPhysics } from './physics.js';
import { planEpisode } from './plan.js';
import { type EpisodeStage, prepareStage, renderEpisode } from './render.js';

export interface EpisodeWorkerSetup {
  readonly folders: EpisodeFolders;
  readonly options: EpisodeOptions;
  readonly seed: number;
  readonly output: string;
  readonly cameraName: string;
}

/** Plans the numbered episodes one after the other until one is accepted. */
export interface EpisodeJob {
  readonly numbers: readonly number[];
}

const jobFile = (number: number): string => `tried-${String(number).padStart(6, '0')}.json`;

/** Records of all that were tried; only the last can be accepted. */
export type EpisodeJobResult = readonly EpisodeRecord[];

/** The stage is set up when the first accepted plan asks for it. */
async function prepare(setup: EpisodeWorkerSetup): Promise<(job: EpisodeJob) => Promise<EpisodeJobResult>> {
  const { inputs, robot, objectGaussians, lengthScale } = await loadEpisodeInputs(setup.folders);
  const mode = setup.options.physics;
  let opened: ReturnType<typeof openPhysics> | undefined;
  // The engine takes a second to load: not before there is something to replay.
  const physics = (): ReturnType<typeof openPhysics> => {
    opened ??= openPhysics(inputs);
    return opened;
  };
  let stage: EpisodeStage | undefined;
  const openStage = async (): Promise<EpisodeStage> => {
    const { imageWidth } = setup.options;
    const { camera, layer } = await loadLayer(setup.folders.scene, inputs.scene, imageWidth, lengthScale);
    return prepareStage(await createRenderer(), {
      robot: inputs.robot,
      robotGaussians: await robot.gaussians(camera.widthPx),
      objectGaussians,
      layer,
      camera,
      cameraFromWorld: inputs.scene.cameraFromWorld,
      worldFromBase: inputs.scene.worldFromBase,
      contactShadow: setup.options.contactShadow,
    });
  };
  return async ({ numbers }) => {
    const done = path.join(setup.output, jobFile(numbers[0]));
    if (existsSync(done)) return readJson(done, z.array(EpisodeRecordSchema));
    const records: EpisodeRecord[] = [];
    for (const number of numbers) {
      const seed = deriveSeed(setup.seed, 'episode', number);
      const planned = planEpisode(inputs, setup.options, seed, mode === 'require' ? await physics() : undefined);
      const isOpen = planned.accepted && mode === 'report';
      const plan = isOpen ? { ...planned, physics: (await physics())(planned) } : planned;
      records.push(recordOf(plan, number));
      if (!plan.accepted) continue;
      stage ??= await openStage();
      await writeEpisode(setup, inputs, stage, plan, episodeFolder(setup.output, number));
      break;
    }
    // Written last: an interrupted run finds it and does not do this job again.
    await writeJson(done, records);
    return records;
  };
}

async function writeEpisode(
  setup: EpisodeWorkerSetup,
  inputs: EpisodeInputs,
  stage: EpisodeStage,
  plan: EpisodePlan,
  folder: string,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { widthPx, heightPx } = stage.camera;
  const stats = new ImageStats(plan.numFrames);
  const encoder = await VideoEncoder.open(path.join(folder, `${setup.cameraName}.mp4`), {
    widthPx,
    heightPx,
    fps: plan.fps,
  });
  for (const { frame, rgb } of renderEpisode(stage, plan, { depth: false })) {
    stats.add(frame, { widthPx, heightPx, data: rgb });
    await encoder.write(rgb);
  }
  await encoder.close();
  await writeJson(path.join(folder, 'colours.json'), stats.result());
  const width = inputs.robot.joints.length + 1;
  const state = new Float32Array(plan.numFrames * width);
  for (let t = 0; t < plan.numFrames; t++) state.set(stateAt(plan, t), t * width);
  await writeFileAtomic(path.join(folder, 'state.npy'), encodeNpy([plan.numFrames, width], state));
  const numObjects = plan.objectPoses.length;
  const poses = new Float64Array(plan.numFrames * numObjects * 16);
  plan.objectPoses.forEach(({ worldFromObject }, k) => {
    for (let t = 0; t < plan.numFrames; t++) {
      poses.set(worldFromObject.subarray(t * 16, t * 16 + 16), (t * numObjects + k) * 16);
    }
  });
  await writeFileAtomic(path.join(folder, 'objects.npy'), encodeNpy([plan.numFrames, numObjects, 16], poses));
}

await serveJobs(prepare);
