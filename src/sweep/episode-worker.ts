/** Entry of a worker thread that makes episodes. */
import { serveJobs } from '../base/pool.js';
import { prepareEpisodes } from './episode-job.js';

await serveJobs(prepareEpisodes);
