import { existsSync } from 'node:fs';
import path from 'node:path';
import { readJson, writeFileAtomic } from '../../base/files.js';
import { VERSION } from '../../base/version.js';
import { inspectDataset } from '../../dataset/inspect.js';
import { episodeFolder, readEpisodes } from '../../episode/episode-record.js';
import { readObjects } from '../../objects/objects-io.js';
import { readPlate } from '../../perceive/store.js';
import { readPoses } from '../../pose/poses-io.js';
import { readScene } from '../../scene/scene-io.js';
import { readSkill } from '../../skill/skill-io.js';
import { VideoInfoSchema } from '../../video/video-info.js';
import { buildReport } from '../../view/report/build-report.js';
import type { ReportInputs } from '../../view/report/inputs.js';
import { RunFolder, type StageRecord } from '../run-folder.js';
import { STAGE_NAMES, type Stage, type StageIo, type StageName } from '../stage.js';
import { readSeen, readShapes } from './read-inputs.js';

const INPUTS = STAGE_NAMES.filter((name) => name !== 'report');

export const reportStage: Stage = {
  name: 'report',
  version: 1,
  inputs: INPUTS,
  options: {},
  afterFinding: true,
  run: async (io, _options, ctx) => {
    const inputs = await gather(io, ctx.seed);
    const html = await buildReport(inputs, (share) => ctx.progress(Math.round(share * 100), 100, 'drawing'));
    await writeFileAtomic(path.join(io.output, 'index.html'), html);
    return undefined;
  },
};

/** Reads what this run made. After a finding later folders may still hold an older run's results: those are left out. */
async function gather(io: StageIo, seed: number): Promise<ReportInputs> {
  const folder = new RunFolder(path.dirname(io.input('video')));
  const records: StageRecord[] = [];
  for (const name of INPUTS) {
    const record = await folder.record(name);
    if (record === null) break;
    records.push(record);
    if (record.finding !== null) break;
  }
  const has = (name: StageName): boolean => records.some((record) => record.stage === name);
  const video = await readJson(path.join(io.input('video'), 'video.json'), VideoInfoSchema);
  const shapes = has('objects') ? await readShapes(io) : null;
  return {
    video,
    seen: await readSeen(io),
    plate: await readPlate(io.input('perceive')),
    objects: shapes && { models: (await readObjects(io.input('objects'))).objects, gaussians: shapes.gaussians },
    poses: has('poses') ? await readPoses(io.input('poses')) : null,
    skill: has('skill') ? await readSkill(io.input('skill')) : null,
    scene: has('scene') ? await readScene(io.input('scene')) : null,
    episodes: has('episodes') ? await episodesOf(io.input('episodes')) : null,
    dataset: has('dataset') ? await datasetFacts(io.input('dataset')) : null,
    stages: records.map(({ stage, seconds }) => ({ name: stage, seconds })),
    warnings: records.flatMap(({ stage, warnings }) => warnings.map((warning) => ({ stage, ...warning }))),
    provenance: { 'v2r version': VERSION, seed: String(seed), 'video sha256': video.source.sha256 },
  };
}

async function episodesOf(folder: string): Promise<ReportInputs['episodes']> {
  const made = await readEpisodes(folder);
  return { made, videoOf: (number) => path.join(episodeFolder(folder, number), `${made.camera.name}.mp4`) };
}

async function datasetFacts(folder: string): Promise<Record<string, string> | null> {
  if (!existsSync(path.join(folder, 'meta/info.json'))) return null;
  const facts = await inspectDataset(folder);
  return {
    format: facts.format,
    episodes: String(facts.episodes),
    frames: String(facts.frames),
    tasks: facts.tasks.join('; '),
    size: `${(facts.bytes / 1024 ** 2).toFixed(1)} MB`,
  };
}
