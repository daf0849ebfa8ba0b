/** Plans many episodes of one run and replays them in physics; nothing is drawn. */
import path from 'node:path';
import { resolveOptions } from '../../src/base/options.js';
import { deriveSeed } from '../../src/base/random.js';
import { actionAt, type EpisodePlan, stateAt } from '../../src/episode/episode.js';
import { type EpisodeOptions, episodeOptions } from '../../src/episode/episode-options.js';
import { recordOf } from '../../src/episode/episode-record.js';
import { loadEpisodeInputs } from '../../src/episode/load-inputs.js';
import { openPhysics } from '../../src/episode/physics.js';
import { planEpisode } from '../../src/episode/plan.js';
import { EpisodeRecheck } from '../../src/episode/recheck.js';

export interface MotionScores {
  instruction: string;
  episodes: number;
  /** Accepted share of all plans. */
  yield: number;
  rejectReasons: Record<string, number>;
  /** Faults that the independent recheck (`v2r verify --kinematics`) finds in accepted episodes, by its codes. */
  recheckFaults: Record<string, number>;
  /** Share of the accepted episodes that succeed in physics, and why the others do not. */
  physicsAgreement: number | null;
  physicsReasons: Record<string, number>;
  /** Median distance from the plan at the end in physics, over the objects that the task moves, metres. */
  physicsEndM: number | null;
  /** CPU time of planning an episode with all its attempts: median and mean. */
  planMs: number;
  planMeanMs: number;
  /** CPU time of finding grasps and convex pieces, once per run and worker. */
  setupMs: number;
  physicsMs: number | null;
  meanAttempts: number;
  meanSeconds: number | null;
}

const cpuMs = (): number => process.cpuUsage().user / 1000;

export async function measureMotion(runFolder: string, episodes: number, seed: number): Promise<MotionScores> {
  const folders = {
    objects: path.join(runFolder, 'objects'),
    poses: path.join(runFolder, 'poses'),
    skill: path.join(runFolder, 'skill'),
    scene: path.join(runFolder, 'scene'),
  };
  const { inputs } = await loadEpisodeInputs(folders);
  const options = resolveOptions(episodeOptions, {}) as EpisodeOptions;
  const before = cpuMs();
  const replay = await openPhysics(inputs);
  planEpisode(inputs, { ...options, attempts: 1 }, 0);
  const setupMs = cpuMs() - before;
  const times: number[] = [];
  const plans: EpisodePlan[] = [];
  const endsM: number[] = [];
  const verdicts: (string | null)[] = [];
  const recheck = new EpisodeRecheck(
    inputs,
    options.episodeFps,
    inputs.objects.map(({ id }) => id),
  );
  const faults: string[] = [];
  let physicsMs = 0;
  for (let number = 0; number < episodes; number++) {
    const from = cpuMs();
    const plan = planEpisode(inputs, options, deriveSeed(seed, 'episode', number));
    times.push(cpuMs() - from);
    plans.push(plan);
    if (!plan.accepted) continue;
    faults.push(...faultsOf(recheck, plan));
    const start = cpuMs();
    const verdict = replay(plan);
    physicsMs += cpuMs() - start;
    verdicts.push(verdict.reason && `${verdict.reason}: ${verdict.detail.replace(/\d+(\.\d+)?/g, '#')}`);
    for (const { part, endM } of verdict.objects) if (part !== 'bystander') endsM.push(endM);
  }
  const accepted = plans.filter((plan) => plan.accepted);
  return {
    instruction: inputs.skill.instruction,
    episodes,
    yield: accepted.length / plans.length,
    rejectReasons: counts(plans.map(({ reason }) => reason)),
    recheckFaults: counts(faults),
    physicsAgreement: share(verdicts.filter((reason) => reason === null).length, accepted.length),
    physicsReasons: counts(verdicts),
    physicsEndM: endsM.length > 0 ? median(endsM) : null,
    planMs: median(times),
    planMeanMs: mean(times),
    setupMs,
    physicsMs: share(physicsMs, accepted.length),
    meanAttempts: mean(plans.map(({ draws }) => draws.attempt + 1)),
    meanSeconds: accepted.length > 0 ? mean(accepted.map(({ numFrames, fps }) => numFrames / fps)) : null,
  };
}

/** Codes of what is wrong with a plan as it would be written. */
function faultsOf(recheck: EpisodeRecheck, plan: EpisodePlan): string[] {
  const frames = Array.from({ length: plan.numFrames }, (_, t) => t);
  const numObjects = plan.objectPoses.length;
  const poses = new Float64Array(plan.numFrames * numObjects * 16);
  plan.objectPoses.forEach(({ worldFromObject }, k) => {
    for (const t of frames) poses.set(worldFromObject.subarray(t * 16, t * 16 + 16), (t * numObjects + k) * 16);
  });
  const state = frames.map((t) => [...stateAt(plan, t)]);
  const action = frames.map((t) => [...actionAt(plan, t)]);
  const problems = recheck.problems(recordOf(plan, 0), state, action, poses);
  return [...new Set(problems.map(({ code }) => code))];
}

const share = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

function counts(reasons: readonly (string | null)[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const reason of reasons) if (reason !== null) out[reason] = (out[reason] ?? 0) + 1;
  return Object.fromEntries(Object.entries(out).sort((a, b) => b[1] - a[1]));
}
