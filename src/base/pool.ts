/**
 * A pool of worker threads for jobs that do not depend on each other. Results come back in the order of the jobs, so what
 * is made of them does not depend on the number of workers.
 */
import { availableParallelism } from 'node:os';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { CancelledError, UserError } from './errors.js';

export interface Request<Job> {
  jobIdx: number;
  job: Job;
}
export type Reply<Result> =
  | { jobIdx: number; result: Result }
  | { jobIdx: number; error: { name: string; message: string; stack?: string; remedy?: string } };

export interface PoolOptions<Job, Setup> {
  /** `new URL('./some-worker.js', import.meta.url)`; that file calls `serveJobs`. */
  workerUrl: URL;
  /** Given once to every worker; must survive structured cloning. */
  setup: Setup;
  jobs: readonly Job[];
  workers: number;
  signal: AbortSignal;
}

/** Calls `onResult` for every job in job order. Stops at the first error, after ending all workers. */
export async function runPool<Job, Result, Setup>(
  options: PoolOptions<Job, Setup>,
  onResult: (result: Result, jobIdx: number) => Promise<void> | void,
): Promise<void> {
  const { jobs, signal } = options;
  if (signal.aborted) throw new CancelledError();
  const count = Math.max(1, Math.min(options.workers, jobs.length, 4 * availableParallelism()));
  if (jobs.length === 0) return;
  const workers = Array.from({ length: count }, () => startWorker(options.workerUrl, options.setup));
  try {
    await drain(workers, jobs, signal, onResult);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** From source (tests, scripts) the worker is TypeScript, which Node 20 reads only once a loader has been registered. */
export function startWorker(url: URL, setup: unknown): Worker {
  const fromSource = import.meta.url.endsWith('.ts');
  if (!fromSource) return new Worker(url, { workerData: setup });
  const loader = import.meta.resolve('tsx/esm/api');
  const source = url.href.replace(/\.js$/, '.ts');
  const bootstrap = `import('${loader}').then((tsx) => { tsx.register(); return import('${source}'); })`;
  return new Worker(bootstrap, { eval: true, workerData: setup });
}

function drain<Job, Result>(
  workers: readonly Worker[],
  jobs: readonly Job[],
  signal: AbortSignal,
  onResult: (result: Result, jobIdx: number) => Promise<void> | void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiting = new Map<number, Result>();
    let nextJob = 0;
    let nextResult = 0;
    let delivering: Promise<void> = Promise.resolve();
    const give = (worker: Worker): void => {
      if (nextJob >= jobs.length) return;
      const request: Request<Job> = { jobIdx: nextJob, job: jobs[nextJob] };
      nextJob++;
      worker.postMessage(request);
    };
    const deliver = async (): Promise<void> => {
      while (waiting.has(nextResult)) {
        const result = waiting.get(nextResult)!;
        waiting.delete(nextResult);
        await onResult(result, nextResult);
        nextResult++;
      }
      if (nextResult === jobs.length) resolve();
    };
    const cancel = (): void => reject(new CancelledError());
    signal.addEventListener('abort', cancel, { once: true });
    for (const worker of workers) {
      worker.on('message', (reply: Reply<Result>) => {
        if ('error' in reply) return reject(errorFrom(reply.error));
        waiting.set(reply.jobIdx, reply.result);
        give(worker);
        delivering = delivering.then(deliver).catch(reject);
      });
      worker.on('error', reject);
      worker.on('exit', (code) => {
        if (code !== 0) reject(new Error(`a worker thread ended with code ${code}`));
      });
      give(worker);
    }
  });
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
