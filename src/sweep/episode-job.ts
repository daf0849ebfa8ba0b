/** One episode from its number to its files: plan, draw, encode, record. A pure function of the run's artifacts and the seed. */
import { rename } from 'node:fs/promises';
import { writeJson } from '../base/files.js';
import { writeNpy } from '../base/npy.js';
import { deriveSeed } from '../base/random.js';
import { ImageStats } from '../dataset/image-stats.js';
import { actionAt, type EpisodeInputs, type EpisodePlan, stateAt } from '../episode/episode.js';
import type { EpisodeOptions } from '../episode/episode-options.js';
import { planEpisode } from '../episode/plan.js';
import { type EpisodeStage, renderEpisode } from '../episode/render.js';
import { createRgb } from '../image/image.js';
import { VideoEncoder } from '../video/encode.js';
import { type EpisodeRecord, EpisodeRecordSchema, episodePath } from './episode-record.js';
import { type EpisodeFolders, loadEpisodeScene } from './load-scene.js';

/** Everything a worker needs, as plain data. */
export interface EpisodeJobSetup {
  readonly folders: EpisodeFolders;
  /** Where episodes are written. */
  readonly output: string;
  readonly options: EpisodeOptions;
  readonly seed: number;
}

/** Seed of episode `number`: the same whatever worker or shard makes it. */
export const episodeSeed = (seed: number, number: number): number => deriveSeed(seed, 'episode', number);

/** Loads the scene once; the returned function makes one episode by its number. */
export async function prepareEpisodes(setup: EpisodeJobSetup): Promise<(number: number) => Promise<EpisodeRecord>> {
  const { inputs, stage } = await loadEpisodeScene(setup.folders, setup.options);
  return (number) => makeEpisode(setup, inputs, stage, number);
}

async function makeEpisode(
  setup: EpisodeJobSetup,
  inputs: EpisodeInputs,
  stage: EpisodeStage,
  number: number,
): Promise<EpisodeRecord> {
  const plan = planEpisode(inputs, setup.options, episodeSeed(setup.seed, number));
  const base = episodePath(setup.output, number, plan.accepted);
  const image = plan.accepted ? await drawEpisode(plan, stage, base) : null;
  if (plan.accepted) await writeArrays(plan, base);
  const record: EpisodeRecord = {
    kind: 'v2r/episode',
    version: 1,
    number,
    seed: plan.seed,
    accepted: plan.accepted,
    reason: plan.reason,
    detail: plan.detail,
    fps: plan.fps,
    numFrames: plan.numFrames,
    draws: plan.draws,
    grasps: [...plan.grasps],
    phases: [...plan.phases],
    checks: plan.checks.map((check) => ({ ...check, value: Number.isFinite(check.value) ? check.value : null })),
    objectIds: plan.objectPoses.map((track) => track.id),
    image,
  };
  // Last, so that a record on disk means that the episode is complete.
  await writeJson(`${base}.json`, EpisodeRecordSchema.parse(record));
  return record;
}

async function drawEpisode(plan: EpisodePlan, stage: EpisodeStage, base: string): Promise<EpisodeRecord['image']> {
  const { widthPx, heightPx } = stage.camera;
  const stats = new ImageStats(plan.numFrames);
  const file = `${base}.mp4`;
  const encoder = await VideoEncoder.open(`${file}.tmp.mp4`, { widthPx, heightPx, fps: plan.fps });
  try {
    for (const { frame, rgb } of renderEpisode(stage, plan)) {
      stats.add(frame, createRgb(widthPx, heightPx, rgb));
      await encoder.write(rgb);
    }
    await encoder.close();
  } catch (error) {
    await encoder.abort();
    throw error;
  }
  await rename(`${file}.tmp.mp4`, file);
  return { widthPx, heightPx, histogram: stats.result() };
}

async function writeArrays(plan: EpisodePlan, base: string): Promise<void> {
  const width = stateAt(plan, 0).length;
  const state = new Float32Array(plan.numFrames * width);
  const action = new Float32Array(plan.numFrames * width);
  for (let t = 0; t < plan.numFrames; t++) {
    state.set(stateAt(plan, t), t * width);
    action.set(actionAt(plan, t), t * width);
  }
  await writeNpy(`${base}.state.npy`, [plan.numFrames, width], state);
  await writeNpy(`${base}.action.npy`, [plan.numFrames, width], action);
  const numObjects = plan.objectPoses.length;
  const objects = new Float64Array(plan.numFrames * numObjects * 16);
  for (const [n, track] of plan.objectPoses.entries()) {
    for (let t = 0; t < plan.numFrames; t++) {
      objects.set(track.worldFromObject.subarray(t * 16, t * 16 + 16), (t * numObjects + n) * 16);
    }
  }
  await writeNpy(`${base}.objects.npy`, [plan.numFrames, numObjects, 4, 4], objects);
}
