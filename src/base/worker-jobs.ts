/**
 * Jobs for worker threads: how one is started, what goes to it and comes back. A worker's file calls `serveJobs`; who asks is a crew
 * (crew.ts).
 */
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { UserError } from './errors.js';

export interface Request<Job> {
  jobIdx: number;
  job: Job;
}
export type Reply<Result> =
  | { jobIdx: number; result: Result }
  | { jobIdx: number; error: { name: string; message: string; stack?: string; remedy?: string } };

/** From source (tests, scripts) the worker is TypeScript, which Node 20 reads only once a loader has been registered. */
export function startWorker(url: URL, setup: unknown): Worker {
  const fromSource = import.meta.url.endsWith('.ts');
  if (!fromSource) return new Worker(url, { workerData: setup });
  const loader = import.meta.resolve('tsx/esm/api');
  const source = url.href.replace(/\.js$/, '.ts');
  const bootstrap = `import('${loader}').then((tsx) => { tsx.register(); return import('${source}'); })`;
  return new Worker(bootstrap, { eval: true, workerData: setup });
}

export function errorFrom(error: { name: string; message: string; stack?: string; remedy?: string }): Error {
  if (error.name === 'UserError') return new UserError(error.message, error.remedy);
  return Object.assign(new Error(error.message), { stack: error.stack });
}

/** The worker's side: prepares once, then answers jobs one after the other until the parent ends it. */
export async function serveJobs<Setup, Job, Result>(
  prepare: (setup: Setup) => Promise<(job: Job) => Promise<Result>>,
): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('serveJobs must run in a worker thread');
  const ready = prepare(workerData as Setup);
  // Without a handler a failing preparation would end the process before the first job could report it.
  ready.catch(() => {});
  port.on('message', async ({ jobIdx, job }: Request<Job>) => {
    try {
      const work = await ready;
      port.postMessage({ jobIdx, result: await work(job) } satisfies Reply<Result>);
    } catch (error) {
      const { name, message, stack } = error as Error;
      const remedy = error instanceof UserError ? error.remedy : undefined;
      port.postMessage({ jobIdx, error: { name, message, stack, remedy } } satisfies Reply<Result>);
    }
  });
}
