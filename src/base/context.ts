import { CancelledError } from './errors.js';
import { deriveSeed, Random } from './random.js';

/** What a stage tells the outside while it works. The library emits these; only the command line knows a terminal. */
export type ProgressEvent =
  | { kind: 'stage-start'; stage: string }
  | { kind: 'progress'; stage: string; done: number; total: number; what: string }
  | { kind: 'warning'; stage: string; code: string; message: string }
  | { kind: 'stage-end'; stage: string; seconds: number; cached: boolean };

/**
 * Everything a stage may reach for besides its inputs and options: randomness, progress, warnings, cancellation and the
 * number of workers. Results must not depend on `workers`.
 */
export interface StageContext {
  readonly stage: string;
  /** The run's seed. Use `random(label)` rather than this, so that two uses never share a stream. */
  readonly seed: number;
  readonly workers: number;
  readonly signal: AbortSignal;
  random(label: string): Random;
  progress(done: number, total: number, what?: string): void;
  /** `code` is a stable kebab-case word for machines; `message` is a sentence for people. */
  warn(code: string, message: string): void;
}

/** Throws `CancelledError` if the work was cancelled. Call it in long loops. */
export function throwIfCancelled(ctx: Pick<StageContext, 'signal'>): void {
  if (ctx.signal.aborted) throw new CancelledError();
}

/** A context for tests, scripts and library users who need no terminal: collects warnings, reports through `onEvent`. */
export function createContext(
  stage: string,
  options: { seed?: number; workers?: number; signal?: AbortSignal; onEvent?: (event: ProgressEvent) => void } = {},
): StageContext & { warnings: { code: string; message: string }[] } {
  const { seed = 0, workers = 1, signal = new AbortController().signal, onEvent = () => {} } = options;
  const warnings: { code: string; message: string }[] = [];
  return {
    stage,
    seed,
    workers,
    signal,
    warnings,
    random: (label) => new Random(deriveSeed(seed, stage, label)),
    progress: (done, total, what = '') => onEvent({ kind: 'progress', stage, done, total, what }),
    warn: (code, message) => {
      warnings.push({ code, message });
      onEvent({ kind: 'warning', stage, code, message });
    },
  };
}
