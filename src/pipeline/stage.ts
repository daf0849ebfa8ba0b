import type { StageContext } from '../base/context.js';
import type { OptionTable } from '../base/options.js';

export const STAGE_NAMES = [
  'video',
  'perceive',
  'objects',
  'poses',
  'skill',
  'scene',
  'episodes',
  'dataset',
  'report',
] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** Where a stage reads and writes. It never touches another folder. */
export interface StageIo {
  /** The user's video. Only the first stage reads it. */
  readonly videoFile: string;
  /** Folder of a finished earlier stage. */
  input(stage: StageName): string;
  /** Folder to write to: a temporary one that takes the stage's name once the stage has succeeded. */
  readonly output: string;
}

/** What a stage tells besides its artifact: a finding ends the run early, in a friendly way. */
export interface StageOutcome {
  /** Set when there is nothing to go on with (no hand, nothing moved): a sentence for people. */
  readonly finding?: string;
}

/** One step of the chain: a pure function of its inputs, options and context that meets the others only on disk. */
export interface Stage {
  readonly name: StageName;
  /** Raised whenever the same inputs and options would give another result: old results are then not reused. */
  readonly version: number;
  readonly inputs: readonly StageName[];
  readonly options: OptionTable;
  /** The stage finds its own half-finished work in `io.output` and goes on with it. */
  readonly resumable?: boolean;
  /** Also run when an earlier stage ended the run with a finding. */
  readonly afterFinding?: boolean;
  /** Whatever the result depends on besides inputs and options (networks that are present, files that options name). */
  fingerprint?(options: Record<string, unknown>): Promise<unknown>;
  run(io: StageIo, options: Record<string, unknown>, ctx: StageContext): Promise<StageOutcome | undefined>;
}
