/** The bench's tracking cut into scenes that run side by side; the bench then finds their results on disk and only scores. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ablationsOf, type BenchFlags, prepareBop } from '../../src/cli/bench-bop.js';

export interface TrackJob {
  readonly title: string;
  readonly folder: string;
  /** With one scene. */
  readonly flags: BenchFlags;
  /** Name among `ablationsOf`. */
  readonly ablation?: string;
}

/** All jobs of one configuration, the ones that also perceive first. */
export async function jobsOf(
  title: string,
  folder: string,
  flags: BenchFlags,
): Promise<{ first: TrackJob[]; ablations: TrackJob[] }> {
  const { request } = await prepareBop(folder, flags, new AbortController().signal, () => {});
  const first = [...request.used.keys()].map(
    (scene): TrackJob => ({ title: `${title}, scene ${scene}`, folder, flags: { ...flags, scenes: `${scene}` } }),
  );
  if (!flags.ablate) return { first, ablations: [] };
  const ablations = [...ablationsOf(request).keys()].flatMap((ablation) =>
    first.map((job) => ({ ...job, title: `${job.title}, ${ablation}`, ablation })),
  );
  return { first, ablations };
}

const SCRIPT = fileURLToPath(new URL('track-scene.ts', import.meta.url));

/** Runs jobs in `workers` processes at a time; throws when one fails. */
export async function runJobs(jobs: readonly TrackJob[], workers: number): Promise<void> {
  const queue = [...jobs];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let job = queue.shift(); job; job = queue.shift()) {
      const started = Date.now();
      await runJob(job);
      console.error(`  ${++done}/${jobs.length} ${job.title}: ${((Date.now() - started) / 1000).toFixed(0)} s`);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
}

function runJob(job: TrackJob): Promise<void> {
  const child = spawn(process.execPath, ['--max-semi-space-size=64', '--import', 'tsx', SCRIPT, JSON.stringify(job)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${job.title} failed`))));
  });
}
