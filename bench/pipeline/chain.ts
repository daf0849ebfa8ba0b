/** Runs the chain on a fixture up to the skill stage; what is still valid in the run folder is kept. */
import { runStages } from '../../src/pipeline/run.js';
import { STAGES } from '../../src/pipeline/stages.js';

export async function runChain(videoFile: string, outFolder: string, force = false): Promise<Record<string, number>> {
  const result = await runStages(STAGES, {
    videoFile,
    outFolder,
    seed: 0,
    workers: 2,
    options: {},
    until: 'skill',
    force,
    onEvent: (event) => {
      if (event.kind === 'stage-end') {
        console.error(`  ${event.stage}: ${event.cached ? 'kept' : `${event.seconds.toFixed(1)} s`}`);
      }
    },
  });
  if (result.finding) console.error(`  finding: ${result.finding}`);
  return Object.fromEntries(result.stages.map(({ name, seconds }) => [name, seconds]));
}
