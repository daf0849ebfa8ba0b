/** Tracks the scenes of a data set one after the other; what is done is kept on disk, so that a run can be interrupted. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type StageContext, throwIfCancelled } from '../../base/context.js';
import { readJson, sha256, writeJson } from '../../base/files.js';
import { VERSION } from '../../base/version.js';
import type { ObjectOptions } from '../../objects/options.js';
import type { PerceiveOptions } from '../../perceive/options.js';
import { Mat4Schema } from '../../perceive/perception.js';
import type { PoseOptions } from '../../pose/options.js';
import type { BopDataset } from '../dataset/dataset.js';
import type { BopEstimate } from '../dataset/results-csv.js';
import {
  imagesOf,
  perceivedSequence,
  type Sequence,
  sequenceOfMaskFiles,
  sequenceOfTrueMasks,
} from '../dataset/sequence.js';
import { alignReconstruction } from './align-reconstruction.js';
import { type ReconstructedTrack, trackReconstructed } from './track-reconstructed.js';
import { trackSequence } from './track-sequence.js';

export interface DatasetRequest {
  /** Images by scene, in order. */
  readonly used: ReadonlyMap<number, readonly number[]>;
  readonly models: 'given' | 'reconstructed';
  /** perceived: by our own perception. true: the data set's visible masks; files: those, and our perception's tracks and table. */
  readonly masks: 'perceived' | 'true' | 'files';
  readonly useDepth: boolean;
  readonly pose: PoseOptions;
  readonly perceive: PerceiveOptions;
  readonly objects: ObjectOptions;
  /** Where finished scenes are kept, and perception of them (the same for every tracker). */
  readonly folder: string;
  readonly perceptionFolder: string;
}

export interface DatasetTracks {
  readonly estimates: BopEstimate[];
  /** With one factor per scene fitted to the truth; null with given models, which have their size. */
  readonly scaleFitted: BopEstimate[] | null;
  /** That factor, by scene. */
  readonly scales: Record<string, number>;
  readonly framesPerSecond: number;
}

const SceneResultSchema = z.object({
  kind: z.literal('v2r/bop-scene'),
  version: z.literal(1),
  digest: z.string(),
  seconds: z.number(),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
  /** With given models: poses of the data set's objects. */
  estimates: z.array(
    z.object({
      sceneId: z.int(),
      imageId: z.int(),
      objId: z.int(),
      score: z.number(),
      cameraFromModel: Mat4Schema,
      timeSec: z.number(),
    }),
  ),
  /** With reconstructed models: poses of what was found, in frames of its own. */
  tracks: z.array(
    z.object({
      maskId: z.int(),
      referenceFrame: z.int(),
      cameraFromFound: z.array(Mat4Schema.nullable()),
    }),
  ),
});
type SceneResult = z.infer<typeof SceneResultSchema>;

export async function trackDataset(
  dataset: BopDataset,
  request: DatasetRequest,
  ctx: StageContext & { readonly warnings: readonly { code: string; message: string }[] },
): Promise<DatasetTracks> {
  const estimates: BopEstimate[] = [];
  const scaleFitted: BopEstimate[] = [];
  const scales: Record<string, number> = {};
  let numFrames = 0;
  let seconds = 0;
  for (const [sceneId, imageIds] of request.used) {
    throwIfCancelled(ctx);
    const sequence = await openSequence(dataset, request, sceneId, imageIds, ctx);
    const result = await sceneResult(dataset, request, sequence, ctx);
    numFrames += imageIds.length;
    seconds += result.seconds;
    estimates.push(...result.estimates);
    if (request.models === 'given') continue;
    const tracks: ReconstructedTrack[] = result.tracks;
    const timeSec = result.seconds / imageIds.length;
    estimates.push(...(await alignReconstruction(dataset, sequence, tracks, false, timeSec)).estimates);
    const fitted = await alignReconstruction(dataset, sequence, tracks, true, timeSec);
    scaleFitted.push(...fitted.estimates);
    scales[sceneId] = fitted.scale;
  }
  return {
    estimates,
    scaleFitted: request.models === 'given' ? null : scaleFitted,
    scales,
    framesPerSecond: seconds > 0 ? numFrames / seconds : 0,
  };
}

const sceneName = (sceneId: number): string => String(sceneId).padStart(6, '0');

async function openSequence(
  dataset: BopDataset,
  request: DatasetRequest,
  sceneId: number,
  imageIds: readonly number[],
  ctx: StageContext,
): Promise<Sequence> {
  const scene = await dataset.readScene(sceneId);
  const images = imagesOf(scene, imageIds);
  if (request.masks === 'true') return sequenceOfTrueMasks(dataset, scene, images, ctx);
  const made = [VERSION, path.resolve(dataset.folder), sceneId, imageIds, request.perceive, request.masks];
  const digest = sha256(JSON.stringify(made));
  const folder = path.join(request.perceptionFolder, `${sceneName(sceneId)}-${digest.slice(0, 8)}`);
  if (request.masks === 'files') {
    return sequenceOfMaskFiles(dataset, scene, images, request.perceive, folder, ctx);
  }
  return perceivedSequence(scene, images, request.perceive, folder, ctx);
}

/** From disk if it was made from the same things, else made now and kept. */
async function sceneResult(
  dataset: BopDataset,
  request: DatasetRequest,
  sequence: Sequence,
  ctx: StageContext & { readonly warnings: readonly { code: string; message: string }[] },
): Promise<SceneResult> {
  const { models, masks, useDepth, pose, perceive, objects } = request;
  const imageIds = sequence.images.map(({ id }) => id);
  const what = { models, masks, useDepth, pose, perceive, objects, seed: ctx.seed, imageIds, version: VERSION };
  const digest = sha256(JSON.stringify({ ...what, folder: path.resolve(dataset.folder), scene: sequence.scene.id }));
  const file = path.join(request.folder, 'scenes', `${sceneName(sequence.scene.id)}.json`);
  if (existsSync(file)) {
    const kept = await readJson(file, SceneResultSchema);
    if (kept.digest === digest) {
      for (const { code, message } of kept.warnings) ctx.warn(code, message);
      return kept;
    }
  }
  const started = performance.now();
  const warnedBefore = ctx.warnings.length;
  const estimates = models === 'given' ? await trackSequence(dataset, sequence, { pose, useDepth }, ctx) : [];
  const tracks = models === 'given' ? [] : await trackReconstructed(sequence, { pose, objects }, ctx);
  const result: SceneResult = {
    kind: 'v2r/bop-scene',
    version: 1,
    digest,
    seconds: (performance.now() - started) / 1000,
    warnings: ctx.warnings.slice(warnedBefore),
    estimates,
    tracks: tracks.map((track) => ({ ...track, cameraFromFound: [...track.cameraFromFound] })),
  };
  await writeJson(file, result);
  return result;
}
