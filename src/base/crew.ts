/**
 * Worker threads that stay for as long as there is work: jobs are asked for one by one and answered in any order. Where one thread is
 * enough, the same jobs are done in this one, so that results do not depend on the number of threads.
 */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';
import { CancelledError } from './errors.js';
import { errorFrom, type Reply, type Request, startWorker } from './worker-jobs.js';

export interface Crew<Job, Result> {
  /** Jobs worth asking for before the first is answered; 1 where they are done in this thread. */
  readonly ahead: number;
  ask(job: Job): Promise<Result>;
  /** Has every thread do the job, before any that is asked for later. */
  tellAll(job: Job): Promise<void>;
  close(): Promise<void>;
}

/** Does the jobs in this thread. */
export function crewHere<Job, Result>(work: (job: Job) => Promise<Result> | Result): Crew<Job, Result> {
  return {
    ahead: 1,
    ask: async (job) => work(job),
    tellAll: async (job) => void (await work(job)),
    close: async () => {},
  };
}

/** More threads than this many per core only wait for each other. */
const MAX_PER_CORE = 4;

interface Waiting<Job, Result> {
  readonly job: Job;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

interface Member<Job, Result> {
  readonly worker: Worker;
  readonly open: Map<number, Waiting<Job, Result>>;
}

export interface CrewOptions<Setup> {
  /** `new URL('./some-worker.js', import.meta.url)`; that file calls `serveJobs`. */
  readonly workerUrl: URL;
  /** Given once to every thread; must survive structured cloning. */
  readonly setup: Setup;
  readonly workers: number;
  readonly signal: AbortSignal;
  /**
   * Jobs that a thread has at once. 2 (the default): the next one is there when it has done one; 1: long ones, that another thread
   * may be free for first.
   */
  readonly inHand?: number;
  /**
   * Garbage is collected only from this size of a thread's heap on, array buffers included. For threads that make and drop large
   * arrays all the time: V8 would go through all that lives every 30 MB or so.
   */
  readonly heapMb?: number;
}

/** V8 sizes the heap of a thread by a flag of the process, read when the thread starts; others that start later get the usual one. */
function startWithHeap(heapMb: number, start: () => Worker[]): Worker[] {
  setFlagsFromString(`--initial-old-space-size=${heapMb}`);
  const workers = start();
  let starting = workers.length;
  for (const worker of workers) {
    let counted = false;
    const started = (): void => {
      if (counted) return;
      counted = true;
      if (--starting === 0) setFlagsFromString('--initial-old-space-size=0');
    };
    worker.once('online', started);
    worker.once('exit', started);
  }
  return workers;
}

/** Starts threads. */
export function startCrew<Job, Result, Setup>(options: CrewOptions<Setup>): Crew<Job, Result> {
  const { workerUrl, setup, signal, inHand = 2 } = options;
  const workers = Math.max(1, Math.min(options.workers, MAX_PER_CORE * availableParallelism()));
  const queue: Waiting<Job, Result>[] = [];
  let nextIdx = 0;
  let broken: unknown = signal.aborted ? new CancelledError() : null;
  const start = (): Worker[] => Array.from({ length: workers }, () => startWorker(workerUrl, setup));
  const members = (options.heapMb === undefined ? start() : startWithHeap(options.heapMb, start)).map(
    (worker): Member<Job, Result> => ({ worker, open: new Map() }),
  );
  const fail = (error: unknown): void => {
    broken ??= error;
    for (const { open } of members) {
      for (const waiting of open.values()) waiting.reject(broken);
      open.clear();
    }
    for (const waiting of queue.splice(0)) waiting.reject(broken);
  };
  const give = ({ worker, open }: Member<Job, Result>, waiting: Waiting<Job, Result>): void => {
    const jobIdx = nextIdx++;
    open.set(jobIdx, waiting);
    worker.postMessage({ jobIdx, job: waiting.job } satisfies Request<Job>);
  };
  const feed = (): void => {
    while (queue.length > 0) {
      const idle = members.reduce((least, member) => (member.open.size < least.open.size ? member : least));
      if (idle.open.size >= inHand) return;
      give(idle, queue.shift()!);
    }
  };
  const asked = (job: Job, start: (waiting: Waiting<Job, Result>) => void): Promise<Result> =>
    new Promise((resolve, reject) => {
      if (broken !== null) reject(broken);
      else start({ job, resolve, reject });
    });
  const onExit = (code: number): void => {
    if (code !== 0) fail(new Error(`a worker thread ended with code ${code}`));
  };
  for (const { worker, open } of members) {
    worker.on('message', (reply: Reply<Result>) => {
      const waiting = open.get(reply.jobIdx);
      open.delete(reply.jobIdx);
      if ('error' in reply) waiting?.reject(errorFrom(reply.error));
      else waiting?.resolve(reply.result);
      feed();
    });
    worker.on('error', fail);
    worker.on('exit', onExit);
  }
  const cancel = (): void => fail(new CancelledError());
  signal.addEventListener('abort', cancel, { once: true });
  return {
    ahead: (inHand + 1) * workers,
    ask: (job) =>
      asked(job, (waiting) => {
        queue.push(waiting);
        feed();
      }),
    tellAll: async (job) => {
      await Promise.all(members.map((member) => asked(job, (waiting) => give(member, waiting))));
    },
    close: async () => {
      signal.removeEventListener('abort', cancel);
      for (const { worker } of members) worker.off('exit', onExit);
      await Promise.all(members.map(({ worker }) => worker.terminate()));
      fail(new Error('the worker threads have been ended'));
    },
  };
}

/** Asks for `count` results, up to `ahead` of them before the first is there, and gives them in order. */
export async function* inOrder<T>(count: number, ahead: number, ask: (n: number) => Promise<T>): AsyncGenerator<T> {
  const asked: Promise<T>[] = [];
  for (let n = 0; n < count; n++) {
    while (asked.length < Math.min(count, n + ahead)) {
      const result = ask(asked.length);
      // Nobody may wait for it any more when one before it fails.
      result.catch(() => {});
      asked.push(result);
    }
    yield await asked[n];
    delete asked[n];
  }
}
