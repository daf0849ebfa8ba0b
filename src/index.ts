/**
 * The library. Stages, formats and maths are also reachable one by one: `import { verifyLeRobot } from 'v2r/dataset/verify'`.
 *
 * @example
 * import { runVideo } from 'v2r';
 * const result = await runVideo({ videoFile: 'demo.mp4', outFolder: 'runs/demo', onEvent: console.log });
 */
import { type RunRequest, type RunResult, runStages } from './pipeline/run.js';
import { STAGES } from './pipeline/stages.js';

export type { ProgressEvent, StageContext } from './base/context.js';
export { CancelledError, UserError } from './base/errors.js';
export { type RunRequest, type RunResult, runStages } from './pipeline/run.js';
export type { Stage, StageName } from './pipeline/stage.js';
export { STAGES } from './pipeline/stages.js';
export { type RunSummary, summarizeFolder, summarizeRun } from './pipeline/summary.js';

/** The main job with its defaults: seed 0, one worker, every option at its default. */
export function runVideo(
  request: Pick<RunRequest, 'videoFile' | 'outFolder'> & Partial<RunRequest>,
): Promise<RunResult> {
  return runStages(STAGES, { seed: 0, workers: 1, options: {}, ...request });
}
