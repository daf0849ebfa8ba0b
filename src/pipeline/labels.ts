/**
 * Names that people give to objects of a finished run. They are written into the artifacts, and kept in RUN/labels.json, so that
 * a stage that runs again with the same digest keeps them.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { createContext } from '../base/context.js';
import { UserError } from '../base/errors.js';
import { readJson, writeJson } from '../base/files.js';
import { readEpisodes } from '../episode/episode-record.js';
import { ObjectsSchema } from '../objects/object-model.js';
import { PerceptionSchema } from '../perceive/perception.js';
import { readSkill } from '../skill/skill-io.js';
import { RunFolder } from './run-folder.js';
import type { Stage, StageName } from './stage.js';

const LabelsSchema = z.object({
  kind: z.literal('v2r/labels'),
  version: z.literal(1),
  /** Digest of the perceive stage whose ids these are. */
  perceive: z.string(),
  /** Name by object id. */
  names: z.record(z.string().regex(/^\d+$/), z.string().min(1)),
});
export type Labels = z.infer<typeof LabelsSchema>;

const labelsFile = (run: string): string => path.join(run, 'labels.json');

/** Labels of a run whose perceive stage has this digest; null without any. */
async function labelsFor(run: string, perceiveDigest: string): Promise<Labels | null> {
  if (!existsSync(labelsFile(run))) return null;
  const labels = await readJson(labelsFile(run), LabelsSchema);
  return labels.perceive === perceiveDigest ? labels : null;
}

/** Writes the labels into a perceive folder that was just made. */
export async function applyLabels(run: string, perceiveDigest: string, perceiveFolder: string): Promise<void> {
  const labels = await labelsFor(run, perceiveDigest);
  if (labels) await renameIn(path.join(perceiveFolder, 'perception.json'), PerceptionSchema, labels.names);
}

async function renameIn<T extends { objects: { id: number; name: string }[] }>(
  file: string,
  schema: z.ZodType<T>,
  names: Readonly<Record<string, string>>,
): Promise<void> {
  const artifact = await readJson(file, schema);
  const objects = artifact.objects.map((object) => ({ ...object, name: names[String(object.id)] ?? object.name }));
  await writeJson(file, { ...artifact, objects });
}

export interface Relabelled {
  readonly objects: { id: number; name: string }[];
  readonly instruction: string | null;
  /** Stages that were made again, for they hold words: never perception, poses or episodes. */
  readonly remade: StageName[];
}

const RunSchema = z.object({
  seed: z.number(),
  options: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/** Renames objects of a run. Nothing is seen, planned or rendered again; only what holds words is written anew. */
export async function relabel(
  run: string,
  names: Readonly<Record<string, string>>,
  stages: readonly Stage[],
): Promise<Relabelled> {
  const folder = new RunFolder(run);
  if (!existsSync(path.join(run, 'run.json'))) throw noRun(run);
  const unlock = await folder.lock();
  try {
    return await relabelLocked(run, folder, names, stages);
  } finally {
    await unlock();
  }
}

const noRun = (run: string): UserError =>
  new UserError(`${run} is not a run with a perceive stage`, 'name the folder that v2r run or v2r perceive wrote');

async function relabelLocked(
  run: string,
  folder: RunFolder,
  names: Readonly<Record<string, string>>,
  stages: readonly Stage[],
): Promise<Relabelled> {
  const record = await folder.record('perceive');
  if (!record) throw noRun(run);
  const perceptionFile = path.join(folder.folderOf('perceive'), 'perception.json');
  const { objects } = await readJson(perceptionFile, PerceptionSchema);
  for (const id of Object.keys(names)) {
    if (objects.some((object) => String(object.id) === id)) continue;
    const known = objects.map((object) => `${object.id} (${object.name})`).join(', ') || 'none';
    throw new UserError(`${run} has no object ${id}; there are: ${known}`, undefined, 2);
  }
  const before = await labelsFor(run, record.digest);
  const all = { ...before?.names, ...names };
  await writeJson(labelsFile(run), {
    kind: 'v2r/labels',
    version: 1,
    perceive: record.digest,
    names: all,
  } satisfies Labels);
  await renameIn(perceptionFile, PerceptionSchema, all);
  const objectsFile = path.join(folder.folderOf('objects'), 'objects.json');
  if (existsSync(objectsFile)) await renameIn(objectsFile, ObjectsSchema, all);
  const { seed, options } = await readJson(path.join(run, 'run.json'), RunSchema);
  const remade: StageName[] = [];
  const remake = async (name: StageName): Promise<void> => {
    const stage = stages.find((candidate) => candidate.name === name);
    const old = await folder.record(name);
    if (!stage || !old || old.finding !== null) return;
    const work = await folder.beginStage(name, old.digest, false);
    const ctx = createContext(name, { seed, workers: 1 });
    const io = { videoFile: '', output: work, input: (input: StageName) => folder.folderOf(input) };
    await stage.run(io, options[name] ?? {}, ctx);
    await folder.commitStage(work, old);
    remade.push(name);
  };
  await remake('skill');
  const skill = (await folder.record('skill')) ? await readSkill(folder.folderOf('skill')) : null;
  if (skill && (await folder.record('episodes'))) {
    const episodes = await readEpisodes(folder.folderOf('episodes'));
    const file = path.join(folder.folderOf('episodes'), 'episodes.json');
    await writeJson(file, { ...episodes, instruction: skill.instruction });
    await remake('dataset');
  }
  await remake('report');
  return {
    objects: objects.map(({ id, name }) => ({ id, name: all[String(id)] ?? name })),
    instruction: skill && skill.segments.length > 0 ? skill.instruction : null,
    remade,
  };
}
