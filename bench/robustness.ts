/**
 * `npm run bench -- robustness [fixture...] [--only NAME,NAME] [--write] [--runs DIR]`: classical perception of the fixtures when the film is darker,
 * noisier, smaller or compressed more than the one that was made, and the table of it in docs/accuracy.md; of a part
 * of them only with --write, the rest as "-".
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../src/base/version.js';
import { createRgb } from '../src/image/image.js';
import { readPerception } from '../src/perceive/store.js';
import { runStages } from '../src/pipeline/run.js';
import { STAGES } from '../src/pipeline/stages.js';
import { VideoEncoder } from '../src/video/encode.js';
import { openFrames } from '../src/video/open-frames.js';
import { scorePerceived } from './pipeline/perceived.js';
import { meanOf } from './pipeline/stats.js';
import { readTruth, type TrueScene } from './pipeline/truth.js';
import { PERTURBATIONS, type Perturbation } from './robustness/perturbations.js';
import { replaceSection } from './section.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VIDEOS = path.join(ROOT, 'fixtures', 'videos');

interface Scores {
  maskIouSource: number;
  maskIouTarget: number;
  /** Sources and targets are those of the truth, and no others. */
  rightThings: boolean;
  finding: string | null;
}

/** By fixture and perturbation. */
type Table = Record<string, Record<string, Scores | undefined>>;

export default async function run(args: string[]): Promise<{ fixtures: Table; partial: boolean }> {
  const after = (flag: string): string | undefined => args.find((_, i) => args[i - 1] === flag);
  const runs = path.resolve(after('--runs') ?? path.join(ROOT, '.cache', 'robustness'));
  const only = after('--only')?.split(',');
  const wanted = args.filter((arg, i) => !arg.startsWith('--') && !args[i - 1]?.startsWith('--'));
  const all = readdirSync(VIDEOS).flatMap((name) => (name.endsWith('.truth') ? [path.basename(name, '.truth')] : []));
  const partial = wanted.length > 0 || only !== undefined;
  const fixtures: Table = {};
  for (const name of wanted.length > 0 ? wanted : all) {
    const scene = await readTruth(path.join(VIDEOS, `${name}.truth`));
    fixtures[name] = {};
    for (const perturbation of PERTURBATIONS) {
      if (only && !only.includes(perturbation.name)) continue;
      const scores = await perceivePerturbed(scene, name, perturbation, runs);
      console.error(name, perturbation.name, JSON.stringify(scores));
      fixtures[name][perturbation.name] = scores;
    }
  }
  if (!partial || args.includes('--write'))
    await replaceSection(path.join(ROOT, 'docs', 'accuracy.md'), 'robustness', describe(fixtures));
  return { fixtures, partial };
}

async function perceivePerturbed(scene: TrueScene, name: string, what: Perturbation, runs: string): Promise<Scores> {
  const original = path.join(VIDEOS, scene.truth.video);
  const folder = path.join(runs, `${name}-${slug(what.name)}`);
  const videoFile =
    what.crf === undefined ? original : await perturbedFilm(original, path.join(runs, `${name}-frames`), folder, what);
  const methods = { segment: 'classical', track: 'classical', depth: 'classical', camera: 'classical' };
  const { finding } = await runStages(STAGES, {
    videoFile,
    outFolder: folder,
    seed: 0,
    workers: 2,
    options: { ...methods, ...what.options },
    until: 'perceive',
  });
  return score(scene, folder, finding);
}

const slug = (name: string): string => name.replaceAll(' ', '-');

/** Writes the film once; `decoded` is a run folder that holds the frames of the original. */
async function perturbedFilm(original: string, decoded: string, folder: string, what: Perturbation): Promise<string> {
  const file = `${folder}.mp4`;
  if (existsSync(file)) return file;
  await mkdir(path.dirname(file), { recursive: true });
  const request = {
    videoFile: original,
    outFolder: decoded,
    seed: 0,
    workers: 2,
    options: {},
    until: 'video',
  } as const;
  await runStages(STAGES, request);
  const frames = await openFrames(path.join(decoded, 'video'));
  const { widthPx, heightPx, fps, numFrames } = frames;
  const unfinished = `${folder}.part.mp4`;
  const encoder = await VideoEncoder.open(unfinished, {
    widthPx,
    heightPx,
    fps: Math.round(fps),
    crf: what.crf,
    gop: 30,
  });
  for (let k = 0; k < numFrames; k++) {
    const image = createRgb(widthPx, heightPx, Uint8Array.from((await frames.read(k)).data));
    what.frame?.(image, k, numFrames);
    await encoder.write(image.data);
  }
  await encoder.close();
  await rename(unfinished, file);
  return file;
}

async function score(scene: TrueScene, folder: string, finding: string | null): Promise<Scores> {
  const { objects } = await readPerception(path.join(folder, 'perceive'));
  const { matches, iouOf } = await scorePerceived(scene, folder);
  const found = new Map([...matches].map(([foundId, trueId]) => [trueId, objects.find(({ id }) => id === foundId)!]));
  const parts = scene.truth.objects.filter(({ role }) => role === 'source' || role === 'target');
  const known = new Set(scene.truth.objects.filter(({ role }) => role !== 'distractor').map(({ id }) => found.get(id)));
  const rightThings =
    finding === null &&
    parts.every(({ id, role }) => found.get(id)?.role === role) &&
    objects.every((object) => object.role === 'passive' || known.has(object));
  const round = (value: number | null): number => Math.round(1000 * (value ?? 0)) / 1000;
  return { maskIouSource: round(iouOf('source')), maskIouTarget: round(iouOf('target')), rightThings, finding };
}

function describe(fixtures: Table): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const title = ['fixture', ...PERTURBATIONS.map(({ name }) => name)];
  const cell = (scores: Scores | undefined): string =>
    scores
      ? `${scores.maskIouSource.toFixed(2)} ${scores.maskIouTarget.toFixed(2)}${scores.rightThings ? '' : ' **wrong**'}`
      : '-';
  const rows = Object.entries(fixtures).map(([name, scores]) =>
    row([name, ...PERTURBATIONS.map((what) => cell(scores[what.name]))]),
  );
  const means = PERTURBATIONS.map(({ name }) => {
    const all = Object.values(fixtures).flatMap((scores) => scores[name] ?? []);
    if (all.length === 0) return '-';
    const mean = (value: (scores: Scores) => number): string => meanOf(all.map(value))!.toFixed(3);
    const right = all.filter(({ rightThings }) => rightThings).length;
    return `${mean((s) => s.maskIouSource)} ${mean((s) => s.maskIouTarget)}, ${right} of ${all.length} right`;
  });
  return [
    `Written by \`npm run bench -- robustness\` (v2r ${VERSION}), classical perception without hints. Do not edit by hand. In each cell the mask IoU of source`,
    'and target (mean over frames; not found counts 0), "-" where it was not measured, and **wrong** where sources and targets are not those of the truth or the film ended in a finding.',
    `${PERTURBATIONS.map(({ name, meaning }) => `${name}: ${meaning}`).join('; ')}.`,
    '',
    row(title),
    row(title.map(() => '---')),
    ...rows,
    row(['mean', ...means]),
  ].join('\n');
}
