/**
 * One job of the BOP bench in a process of its own: tracks what its flags ask for and leaves the result where the bench itself
 * then finds it. Called with a `TrackJob` as JSON.
 */

import { trackDataset } from '../../src/bop/track/track-dataset.js';
import { ablationsOf, prepareBop } from '../../src/cli/bench-bop.js';
import type { TrackJob } from './track-jobs.js';

const { folder, flags, ablation } = JSON.parse(process.argv[2]) as TrackJob;
const { dataset, request, ctx } = await prepareBop(folder, flags, new AbortController().signal, () => {});
const changed = ablation === undefined ? request : ablationsOf(request).get(ablation);
if (!changed) throw new Error(`no ablation "${ablation}"`);
await trackDataset(dataset, changed, ctx);
