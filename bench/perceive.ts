/**
 * `npm run bench -- perceive [--runs N] [--video FILE]...`: frames per second of classical perception with one worker (the baseline)
 * and with two, run in turn, each in a process of its own; its section of docs/performance.md.
 */
import { fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJson } from '../src/base/files.js';
import { VERSION } from '../src/base/version.js';
import { runStages } from '../src/pipeline/run.js';
import { STAGES } from '../src/pipeline/stages.js';
import { VideoInfoSchema } from '../src/video/video-info.js';
import type { RunCost, RunRequest } from './perceive/run-once.js';
import { medianOf } from './pipeline/stats.js';
import { replaceSection } from './section.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROCESS = fileURLToPath(new URL('perceive/run-once.ts', import.meta.url));
const WORKERS = [1, 2];

interface Row {
  film: string;
  numFrames: number;
  workers: number;
  runs: number;
  /** Medians. */
  fps: number;
  fpsPerCpuSec: number;
  mainShare: number | null;
  peakMb: number;
  /** Against one worker: of the medians by the wall clock. */
  ratio: number;
}

export default async function run(args: string[]): Promise<{ rows: Row[]; partial: boolean }> {
  const after = (flag: string): string[] => args.filter((_, i) => args[i - 1] === flag);
  const numRuns = Number(after('--runs')[0] ?? 3);
  const given = after('--video');
  const videos = given.length > 0 ? given : [path.join(ROOT, 'fixtures', 'videos', 'place.mp4')];
  const rows: Row[] = [];
  for (const videoFile of videos) rows.push(...(await measure(path.resolve(videoFile), numRuns)));
  const text = describe(rows);
  console.error(text);
  const partial = given.length > 0;
  if (!partial) await replaceSection(path.join(ROOT, 'docs', 'performance.md'), 'perceive', text);
  return { rows, partial };
}

async function measure(videoFile: string, numRuns: number): Promise<Row[]> {
  const film = path.basename(videoFile);
  const folder = path.join(ROOT, '.cache', 'bench-perceive', film);
  await runStages(STAGES, { videoFile, outFolder: folder, seed: 0, workers: 1, options: {}, until: 'video' });
  const { numFrames } = await readJson(path.join(folder, 'video', 'video.json'), VideoInfoSchema);
  const costs = new Map<number, RunCost[]>(WORKERS.map((workers) => [workers, []]));
  for (let r = 0; r < numRuns; r++) {
    for (const workers of WORKERS) {
      const cost = await runOnce({ folder, workers });
      console.error(film, workers, JSON.stringify(cost));
      costs.get(workers)!.push(cost);
    }
  }
  const median = (workers: number, value: (cost: RunCost) => number): number =>
    medianOf(costs.get(workers)!.map(value)) ?? Number.NaN;
  const wall = (workers: number): number => median(workers, ({ wallSec }) => wallSec);
  return WORKERS.map((workers) => {
    const known = costs.get(workers)!.every(({ mainCpuSec }) => mainCpuSec !== null);
    return {
      film,
      numFrames,
      workers,
      runs: numRuns,
      fps: numFrames / wall(workers),
      fpsPerCpuSec: numFrames / median(workers, ({ cpuSec }) => cpuSec),
      mainShare: known ? median(workers, ({ mainCpuSec, cpuSec }) => mainCpuSec! / cpuSec) : null,
      peakMb: median(workers, ({ peakMb }) => peakMb),
      ratio: wall(1) / wall(workers),
    };
  });
}

function runOnce(request: RunRequest): Promise<RunCost> {
  return new Promise((resolve, reject) => {
    const child = fork(PROCESS, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.once('message', (cost) => resolve(cost as RunCost));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`perceive: the process ended (${code}) without a result`)));
    child.send(request);
  });
}

function describe(rows: readonly Row[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const title = [
    'film',
    'frames',
    '`--workers`',
    'frames / s',
    'against one worker',
    'frames / s of CPU time',
    "main thread's share of it",
    'peak MB',
    'runs',
  ];
  return [
    '## Perception',
    '',
    `Written by \`npm run bench -- perceive\` (v2r ${VERSION}); raw figures in \`bench/results/perceive.json\`. Classical perception of a decoded film at 640 px,`,
    'masks written; medians, runs with one worker and with two in turn. By the wall clock where other programs want the cores too the figures are low, and so',
    'is the gain of a second worker; CPU time and the share of it that only the main thread can do stay meaningful.',
    '',
    row(title),
    row(title.map(() => '---')),
    ...rows.map((r) =>
      row([
        r.film,
        String(r.numFrames),
        String(r.workers),
        r.fps.toFixed(1),
        r.ratio.toFixed(2),
        r.fpsPerCpuSec.toFixed(1),
        r.mainShare === null ? '-' : `${(100 * r.mainShare).toFixed(0)} %`,
        r.peakMb.toFixed(0),
        String(r.runs),
      ]),
    ),
  ].join('\n');
}
