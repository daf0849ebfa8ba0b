/**
 * Runs the chain's later stages with the truth in place of earlier ones: the T_rel error that is left is what the other stages
 * make. Works on a copy of a finished run; the program itself never sees the truth file.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import type { StageName } from '../../src/pipeline/stage.js';
import { STAGES } from '../../src/pipeline/stages.js';
import { evaluate, type FixtureScores } from './evaluate.js';
import { readFound } from './found.js';
import { alignTruth } from './frames.js';
import { matchObjects } from './masks.js';
import type { TrueScene } from './truth.js';
import { putObjects } from './truth-as-result/objects.js';
import { putCamera, putMasks } from './truth-as-result/perception.js';
import { putPoses } from './truth-as-result/poses.js';
import { putSkill } from './truth-as-result/skill.js';

export const REPLACEMENTS = [
  'camera and table',
  'masks and tracks',
  'perception',
  'objects',
  'poses',
  'skill',
] as const;
export type Replacement = (typeof REPLACEMENTS)[number];

const LATER = ['perceive', 'objects', 'poses', 'skill'] as const;
/** The last stage whose result is put in from the truth; those after it run anew. */
const REPLACED: Record<Replacement, (typeof LATER)[number]> = {
  'camera and table': 'perceive',
  'masks and tracks': 'perceive',
  perception: 'perceive',
  objects: 'objects',
  poses: 'poses',
  skill: 'skill',
};

/** null: the run ended before the stage that is to be replaced, so there is nothing to put the truth into. */
export async function scoreWithTruth(
  scene: TrueScene,
  runFolder: string,
  outFolder: string,
  what: Replacement,
  workers: number,
): Promise<FixtureScores | null> {
  const replaced = REPLACED[what];
  if (!existsSync(path.join(runFolder, replaced))) return null;
  await rm(outFolder, { recursive: true, force: true });
  await mkdir(outFolder, { recursive: true });
  const kept = LATER.slice(0, LATER.indexOf(replaced) + 1);
  for (const name of ['run.json', 'video', ...kept]) {
    await cp(path.join(runFolder, name), path.join(outFolder, name), { recursive: true });
  }
  const found = await readFound(runFolder);
  const aligned = alignTruth(scene, found);
  const trueIds = scene.truth.objects.map(({ id }) => id);
  const matches = await matchObjects(found, aligned, trueIds);
  const perceiveFolder = path.join(outFolder, 'perceive');
  if (what === 'masks and tracks' || what === 'perception') await putMasks(scene, matches, aligned, perceiveFolder);
  if (what === 'camera and table' || what === 'perception') await putCamera(scene, aligned, perceiveFolder);
  if (what === 'objects') await putObjects(scene, aligned, matches, outFolder);
  if (what === 'poses') await putPoses(scene, aligned, matches, outFolder);
  if (what === 'skill') await putSkill(scene, aligned, matches, outFolder);
  for (const name of LATER.slice(kept.length)) {
    const finding = await runAlone(name, outFolder, workers);
    if (finding !== null) break;
  }
  return evaluate(scene, await readFound(outFolder));
}

/** Runs one stage; returns why the chain ends there, if it does. */
export async function runAlone(name: StageName, folder: string, workers: number): Promise<string | null> {
  const stage = STAGES.find((candidate) => candidate.name === name)!;
  const output = path.join(folder, name);
  await mkdir(output, { recursive: true });
  const io = { videoFile: '', output, input: (input: StageName) => path.join(folder, input) };
  const ctx = createContext(name, { seed: 0, workers });
  const outcome = await stage.run(io, resolveOptions(stage.options, {}), ctx);
  return outcome?.finding ?? null;
}
