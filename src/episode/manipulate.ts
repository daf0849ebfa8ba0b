/** One manipulation as legs of the arm: the grasp that can do all of it with least time and strain. */
import { limitMargin } from '../robot/kinematics.js';
import type { CollisionWorld } from './collision-world.js';
import type { EpisodeInputs } from './episode.js';
import type { EpisodeOptions } from './episode-options.js';
import { type ArmState, GraspTrial, type PlacedManipulation, type TrialFailure } from './grasp-trial.js';
import type { Grasp } from './grasps.js';
import type { Leg } from './legs.js';
import { graspsOf, shapeOf } from './object-shape.js';
import { occludedShare } from './occlusion.js';

export interface ManipulationPlan {
  readonly legs: readonly Leg[];
  readonly grasp: Grasp;
}

export interface PlanFailure {
  /** Kebab-case word. */
  readonly reason: string;
  /** A sentence with figures. */
  readonly detail: string;
}

const GRASPS_TRIED = 80;
/** Working grasps that are compared; the first ones are the best holds, but another may spare the arm a contortion. */
const PLANS_COMPARED = 6;
/** Below this share of the half range to a joint limit a plan counts as strained. */
const COMFORTABLE_MARGIN = 0.15;
/** What full strain, a hold worse by one point of its score, and an arm always in the camera's way are worth in seconds. */
const STRAIN_SEC = 2;
const SCORE_SEC = 3;
const OCCLUSION_SEC = 4;

export function planManipulation(
  inputs: EpisodeInputs,
  options: EpisodeOptions,
  world: CollisionWorld,
  state: ArmState,
  task: PlacedManipulation,
): ManipulationPlan | PlanFailure {
  const { robot } = inputs;
  const source = inputs.objects.find((object) => object.id === task.sourceId);
  if (!source) return { reason: 'no-source', detail: `the skill moves object ${task.sourceId}, which does not exist` };
  const { extents } = shapeOf(source.mesh);
  const grasps = graspsOf(source, robot);
  if (grasps.length === 0) {
    const size = extents.high.map((high, i) => ((high - extents.low[i]) * 100).toFixed(1)).join(' x ');
    return {
      reason: 'no-grasp',
      detail: `nothing on ${source.name} (${size} cm) fits between the fingers (${(robot.gripper.maxWidthM * 100).toFixed(1)} cm)`,
    };
  }
  const tried = grasps.slice(0, GRASPS_TRIED);
  const failures: TrialFailure[] = [];
  const plans: (ManipulationPlan & { cost: number })[] = [];
  for (const grasp of tried) {
    const result = new GraspTrial(inputs, options, world, state, task, grasp).run();
    if (isFailed(result)) {
      failures.push(...result);
      continue;
    }
    plans.push({ legs: result, grasp, cost: costOf(inputs, result, grasp, grasps[0].score) });
    if (plans.length === PLANS_COMPARED) break;
  }
  if (plans.length === 0) return explain(source.name, tried.length, failures);
  return plans.reduce((best, plan) => (plan.cost < best.cost ? plan : best));
}

const isFailed = (result: Leg[] | TrialFailure[]): result is TrialFailure[] => typeof result[0] === 'string';

/** Seconds, plus what a worse hold, strained joints and a hidden tool are worth in seconds. */
function costOf(inputs: EpisodeInputs, legs: readonly Leg[], grasp: Grasp, bestScore: number): number {
  const { robot } = inputs;
  const seconds = legs.reduce((sum, leg) => sum + leg.durationSec, 0);
  const margin = Math.min(...legs.map((leg) => limitMargin(robot, leg.path.q[leg.path.q.length - 1])));
  const strain = Math.max(0, COMFORTABLE_MARGIN - margin) / COMFORTABLE_MARGIN;
  const hidden = occludedShare(inputs, legs);
  return seconds + STRAIN_SEC * strain + SCORE_SEC * (bestScore - grasp.score) + OCCLUSION_SEC * hidden;
}

function explain(name: string, numGrasps: number, failures: readonly TrialFailure[]): PlanFailure {
  const counts = new Map<TrialFailure, number>();
  for (const failure of failures) counts.set(failure, (counts.get(failure) ?? 0) + 1);
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return {
    reason: sorted[0][0].startsWith('unreachable') ? 'unreachable' : 'blocked',
    detail: `none of ${numGrasps} grasps of ${name} works: ${sorted.map(([what, count]) => `${count} ${what}`).join(', ')}`,
  };
}
