/** The threads that work on a clip, and the list of what they can do. Where one thread is enough, it is this one. */
import type { StageContext } from '../base/context.js';
import { type Crew, crewHere, startCrew } from '../base/crew.js';
import { platesTask } from './change/plates.js';
import type { Clip, ClipCrew, ClipFacts, ClipNote, ClipTask } from './clip.js';
import { type ClipStores, type ClipStoresShare, clipOf, shareStores } from './clip-stores.js';
import { linesTask } from './geometry/lines-task.js';
import {
  cutOutTask,
  endsNote,
  factsNote,
  motionCutTask,
  restCutTask,
  sharpenTask,
  viewsNote,
} from './movers/outline-tasks.js';
import { sceneNote, segmentTask } from './providers/frame-task.js';
import { type FrameRange, readRange, type SettleJob, settleRange } from './read-clip.js';
import { driftTask } from './tracks/drift.js';
import { followTask } from './tracks/follow-task.js';

// Inputs and outputs differ from task to task: whoever asks knows them (ClipCrew).
const TASKS: readonly ClipTask<unknown, unknown>[] = [
  platesTask,
  cutOutTask,
  motionCutTask,
  sharpenTask,
  restCutTask,
  followTask,
  driftTask,
  segmentTask,
  linesTask,
];
const NOTES: readonly ClipNote<unknown>[] = [viewsNote, endsNote, factsNote, sceneNote];

export type ClipJob =
  | { readonly kind: 'read'; readonly range: FrameRange }
  | { readonly kind: 'settle'; readonly job: SettleJob }
  | { readonly kind: 'open'; readonly facts: ClipFacts }
  | { readonly kind: 'tell'; readonly note: string; readonly value: unknown }
  | { readonly kind: 'task'; readonly task: string; readonly input: unknown };

/** What can be had of the threads before the clip has been read, too. */
export interface ClipThreads extends ClipCrew {
  read(range: FrameRange): Promise<Uint8Array[]>;
  settle(job: SettleJob): Promise<Uint8Array | null>;
  /** From now on tasks can be done. */
  open(facts: ClipFacts): Promise<void>;
  close(): Promise<void>;
}

/** Threads take a fifth of a second to start. */
const MIN_FRAMES = 24;
/** Each takes some 150 MB. */
const MAX_WORKERS = 8;
/** Of a thread, before garbage is collected: collecting every 30 MB took a tenth of all CPU time. */
const HEAP_MB = 200;

export function startThreads(stores: ClipStores, ctx: StageContext): ClipThreads {
  const share = ctx.workers > 1 && stores.frames.numFrames >= MIN_FRAMES ? shareStores(stores) : null;
  if (!share) return threadsOf(crewHere(workAt(stores)));
  const workerUrl = new URL('./clip-worker.js', import.meta.url);
  const workers = Math.min(ctx.workers, MAX_WORKERS);
  return threadsOf(
    startCrew<ClipJob, unknown, ClipStoresShare>({
      workerUrl,
      setup: share,
      workers,
      signal: ctx.signal,
      heapMb: HEAP_MB,
    }),
  );
}

function threadsOf(crew: Crew<ClipJob, unknown>): ClipThreads {
  return {
    ahead: crew.ahead,
    read: (range) => crew.ask({ kind: 'read', range }) as Promise<Uint8Array[]>,
    settle: (job) => crew.ask({ kind: 'settle', job }) as Promise<Uint8Array | null>,
    open: (facts) => crew.tellAll({ kind: 'open', facts }),
    tell: ({ name }, value) => crew.tellAll({ kind: 'tell', note: name, value }),
    ask: <Input, Output>({ name }: ClipTask<Input, Output>, input: Input) =>
      crew.ask({ kind: 'task', task: name, input }) as Promise<Output>,
    close: crew.close,
  };
}

/** Does jobs with the clip in these stores, in this thread. */
export function workAt(stores: ClipStores): (job: ClipJob) => unknown {
  let clip: Clip | null = null;
  const notes = new Map<string, unknown>();
  const told = <T>({ name }: ClipNote<T>): T => {
    if (!notes.has(name)) throw new Error(`clip task: nobody told "${name}"`);
    return notes.get(name) as T;
  };
  const work = (job: ClipJob): unknown => {
    switch (job.kind) {
      case 'read':
        return readRange(stores, job.range);
      case 'settle':
        return settleRange(stores, job.job);
      case 'open':
        clip = clipOf(stores, job.facts, threadsOf(crewHere(work)));
        return;
      case 'tell': {
        const note = named(NOTES, job.note);
        notes.set(job.note, note.received ? note.received(job.value) : job.value);
        return;
      }
      case 'task':
        if (!clip) throw new Error('clip task: the clip has not been opened');
        return named(TASKS, job.task).run(clip, job.input, told);
    }
  };
  return work;
}

function named<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find((item) => item.name === name);
  if (!found) throw new Error(`clip task: there is no "${name}"`);
  return found;
}
