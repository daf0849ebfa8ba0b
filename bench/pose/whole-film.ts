/** What shapes and poses of a whole film cost: the stages objects and poses on a fixture, its perception kept or made beforehand. */
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { readPerception } from '../../src/perceive/store.js';
import { runStages } from '../../src/pipeline/run.js';
import { STAGES } from '../../src/pipeline/stages.js';
import { runAlone } from '../pipeline/replace.js';
import { cpuSec } from './cpu-time.js';

/** Six seconds, two objects. */
const FILM = 'drum.mp4';

interface StageCost {
  cpuSec: number;
  wallSec: number;
}

export interface WholeFilm {
  film: string;
  filmSec: number;
  objects: number;
  stages: Record<'objects' | 'poses', StageCost>;
}

/** `runs`: folder in which run folders are kept. */
export async function wholeFilm(root: string, runs: string): Promise<WholeFilm> {
  const name = path.parse(FILM).name;
  const run = path.join(runs, name);
  await runStages(STAGES, {
    videoFile: path.join(root, 'fixtures', 'videos', FILM),
    outFolder: run,
    ...{ seed: 0, workers: 2, options: {}, until: 'perceive' },
    onEvent: () => {},
  });
  const copy = `${run}-timed`;
  await rm(copy, { recursive: true, force: true });
  for (const made of ['video', 'perceive']) await cp(path.join(run, made), path.join(copy, made), { recursive: true });
  const { numFrames, fps, objects } = await readPerception(path.join(copy, 'perceive'));
  const cost = async (stage: 'objects' | 'poses'): Promise<StageCost> => {
    const [cpu, wall] = [cpuSec(), performance.now()];
    await runAlone(stage, copy, 1);
    return { cpuSec: cpuSec() - cpu, wallSec: (performance.now() - wall) / 1000 };
  };
  const stages = { objects: await cost('objects'), poses: await cost('poses') };
  return { film: name, filmSec: numFrames / fps, objects: objects.length, stages };
}
