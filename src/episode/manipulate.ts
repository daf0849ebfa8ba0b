/** One manipulation as legs of the arm: the grasp that can do all of it with least time and strain, and in the camera's sight. */
import type { EpisodeObject } from './episode.js';
import { type ScreenedGrasp, screenGrasp } from './grasp-screen.js';
import { GraspTrial } from './grasp-trial.js';
import type { Grasp } from './grasps.js';
import type { Leg } from './legs.js';
import { graspsOf, shapeOf } from './object-shape.js';
import type { PlacedManipulation, Trial, TrialFailure } from './trial.js';

export interface ManipulationPlan {
  readonly legs: readonly Leg[];
  readonly grasp: Grasp;
  /** Where the motions were in the end: round things may have been turned for the arm. */
  readonly task: PlacedManipulation;
}

export interface PlanFailure {
  /** Kebab-case word. */
  readonly reason: string;
  /** A sentence with figures. */
  readonly detail: string;
}

const GRASPS_TRIED = 80;
/** When so many of the best have been looked at and none is possible, another arrangement is the better idea. */
const HOPELESS_AFTER = 24;
/** Grasps that look possible and wait to be planned, the most promising next: enough to choose from, few enough to be quick. */
const GRASPS_AHEAD = 6;
/** Working plans that are compared: what looked best may turn out slow. */
const PLANS_COMPARED = 2;
/** Promising grasps that may fail in planning before another arrangement is the better idea. */
const MOST_FAILED_PLANS = 6;

export function planManipulation(trial: Trial): ManipulationPlan | PlanFailure {
  const { task } = trial;
  const { robot, objects } = trial.inputs;
  const source = objects.find((object) => object.id === task.sourceId);
  if (!source) return { reason: 'no-source', detail: `the skill moves object ${task.sourceId}, which does not exist` };
  const grasps = graspsFor(trial, source);
  if (grasps.length === 0) {
    const { extents } = shapeOf(source.mesh);
    const size = extents.high.map((high, i) => ((high - extents.low[i]) * 100).toFixed(1)).join(' x ');
    return {
      reason: 'no-grasp',
      detail: `nothing on ${source.name} (${size} cm) fits between the fingers (${(robot.gripper.maxWidthM * 100).toFixed(1)} cm)`,
    };
  }
  const failures: TrialFailure[] = [];
  const plans: (ManipulationPlan & { cost: number })[] = [];
  let failedPlans = 0;
  for (const screened of promising(trial, grasps.slice(0, GRASPS_TRIED), failures)) {
    const { grasp, task: own } = screened;
    const result = new GraspTrial({ ...trial, task: own }, screened).run();
    if (typeof result === 'string') {
      failures.push(result);
      failedPlans++;
      if (failedPlans === MOST_FAILED_PLANS) break;
      continue;
    }
    plans.push({ legs: result, grasp, task: own, cost: screened.cost + wayCost(result) });
    if (plans.length === PLANS_COMPARED) break;
  }
  if (plans.length === 0) return explain(source.name, failures);
  return plans.reduce((best, plan) => (plan.cost < best.cost ? plan : best));
}

/** With fewer grasps where the hand held the object, all others are tried too; a round thing is as good from any side. */
const LEAST_AS_HELD = 12;

function graspsFor({ inputs, onlyAsHeld }: Trial, source: EpisodeObject): readonly Grasp[] {
  const all = graspsOf(source, inputs.robot);
  const asHeld = onlyAsHeld && source.symmetry !== 'z' ? all.filter(({ isAsHeld }) => isAsHeld) : all;
  return asHeld.length < LEAST_AS_HELD ? all : asHeld;
}

/** Grasps that a quick look at a whole task takes, spread over the best so many; an odd step, since half turns come in pairs. */
const SAMPLED = 8;
const SAMPLE_STEP = 5;

/** Whether one of a few grasps passes a quick look: tells tasks that the arm cannot do from where it stands. */
export function looksPossible(trial: Trial): boolean {
  const source = trial.inputs.objects.find(({ id }) => id === trial.task.sourceId);
  const grasps = source ? graspsFor(trial, source) : [];
  const sample = grasps.filter((_, k) => k % SAMPLE_STEP === 0).slice(0, SAMPLED);
  return sample.some((grasp) => !Array.isArray(screenGrasp(trial, grasp, grasps[0].score)));
}

/** Grasps that pass a quick look, the most promising of the next few first; what is wrong with the others goes to `failures`. */
function* promising(trial: Trial, grasps: readonly Grasp[], failures: TrialFailure[]): Generator<ScreenedGrasp> {
  const waiting: ScreenedGrasp[] = [];
  let isHopeless = true;
  let looked = 0;
  for (let next = 0; next < grasps.length || waiting.length > 0; ) {
    while (waiting.length < GRASPS_AHEAD && next < grasps.length) {
      if (isHopeless && looked === HOPELESS_AFTER) return;
      const screened = screenGrasp(trial, grasps[next], grasps[0].score);
      next++;
      // Hands that cannot even be brought there say nothing about the task.
      if (!Array.isArray(screened) || screened[0] !== 'unreachable approach') looked++;
      if (Array.isArray(screened)) failures.push(...screened);
      else {
        waiting.push(screened);
        isHopeless = false;
      }
    }
    waiting.sort((a, b) => a.cost - b.cost);
    const [best] = waiting.splice(0, 1);
    if (!best) return;
    yield best;
  }
}

/** Seconds of the ways between: those of the task are in the grasp's own cost. */
const wayCost = (legs: readonly Leg[]): number =>
  legs.reduce((sum, leg) => sum + (leg.phase === 'task' ? 0 : leg.durationSec), 0);

function explain(name: string, failures: readonly TrialFailure[]): PlanFailure {
  const counts = new Map<TrialFailure, number>();
  for (const failure of failures) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const [worst] = sorted[0];
  return {
    reason: worst.startsWith('unreachable') ? 'unreachable' : worst.startsWith('hidden') ? 'hidden' : 'blocked',
    detail: `no grasp of ${name} works: ${sorted.map(([what, count]) => `${count} ${what}`).join(', ')}`,
  };
}
