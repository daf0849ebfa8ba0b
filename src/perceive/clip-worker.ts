/** A thread that works on a clip (clip-crew.ts). */
import { serveJobs } from '../base/worker-jobs.js';
import { type ClipJob, workAt } from './clip-crew.js';
import { type ClipStoresShare, openStores } from './clip-stores.js';

await serveJobs(async (share: ClipStoresShare) => {
  const work = workAt(await openStores(share));
  return async (job: ClipJob) => work(job);
});
