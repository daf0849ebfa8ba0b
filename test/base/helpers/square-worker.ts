import { UserError } from '../../../src/base/errors.js';
import { serveJobs } from '../../../src/base/worker-jobs.js';

/** Squares numbers; even ones take longer, so that results arrive out of order. 13 is refused. */
await serveJobs(async (setup: { offset: number }) => {
  return async (job: number) => {
    await new Promise((resolve) => setTimeout(resolve, job % 2 === 0 ? 30 : 1));
    if (job === 13) throw new UserError('13 is not wanted', 'give another number');
    return job * job + setup.offset;
  };
});
