/**
 * Planning one episode: draw where things stand, fit the demonstrated motions to it, find grasps and ways, time them, check the
 * result. A pure function of inputs, options and the episode's seed.
 */
import { deriveSeed, Random } from '../base/random.js';
import { type Mat4, translationOf } from '../math/se3.js';
import type { PhysicsVerdict } from '../physics/verdict.js';
import { motionScale } from '../robot/reach.js';
import {
  arrange,
  drawPlace,
  followersOf,
  isUnoccupied,
  isWhollySeen,
  type Placement,
  standingPose,
  standingPoses,
} from './arrange.js';
import { checkEpisode, jointChecks } from './checks.js';
import { CollisionWorld } from './collision-world.js';
import type { EpisodeCheck, EpisodeInputs, EpisodePlan, PlannedGrasp } from './episode.js';
import type { EpisodeOptions } from './episode-options.js';
import { type Leg, movingLeg, type SampledLegs, sampleLegs } from './legs.js';
import { looksPossible, type PlanFailure, planManipulation } from './manipulate.js';
import {
  anchorMotion,
  keepAboveTable,
  type Manipulation,
  manipulationsOf,
  replayAtPlace,
  replayAtTarget,
  replayOverTable,
  slideOver,
  spinSource,
  yawOf,
} from './motion.js';
import { shapeOf } from './object-shape.js';
import { Sight } from './sight.js';
import { freeTransit } from './transit.js';
import { type ArmState, endsOf, type PlacedManipulation, type PlacedMotion, type Trial } from './trial.js';

/**
 * Plans episode `seed`; when an attempt fails, the next one draws a new arrangement from the same seed. With `replay`, a plan that
 * fails in physics has failed (`--physics require`).
 */
export function planEpisode(
  inputs: EpisodeInputs,
  options: EpisodeOptions,
  seed: number,
  replay?: (plan: EpisodePlan) => PhysicsVerdict,
): EpisodePlan {
  let rejected: EpisodePlan | null = null;
  for (let attempt = 0; attempt < options.attempts; attempt++) {
    const planned = planAttempt(inputs, options, seed, attempt);
    const plan = planned.accepted && replay ? withVerdict(planned, replay(planned)) : planned;
    if (plan.accepted) return plan;
    rejected ??= plan;
  }
  return rejected!;
}

function withVerdict(plan: EpisodePlan, physics: PhysicsVerdict): EpisodePlan {
  if (physics.ok) return { ...plan, physics };
  return { ...plan, physics, accepted: false, reason: `physics-${physics.reason}`, detail: physics.detail };
}

function planAttempt(inputs: EpisodeInputs, options: EpisodeOptions, seed: number, attempt: number): EpisodePlan {
  const { robot, scene, objects } = inputs;
  const random = new Random(deriveSeed(seed, 'attempt', attempt));
  const reject = (failure: PlanFailure, placements: readonly Placement[] = []): EpisodePlan =>
    rejectedPlan(inputs, options, seed, attempt, placements, failure);

  const manipulations = manipulationsOf(inputs.skill);
  if (manipulations.length === 0) {
    return reject({ reason: 'no-motion', detail: 'the skill has no task motion to replay' });
  }
  const followers = followersOf(manipulations);
  const placements = arrange(objects, scene, (options.yawRangeDeg * Math.PI) / 180, random, followers);
  if (!placements) {
    return reject({
      reason: 'no-arrangement',
      detail: `no room for ${objects.length} objects on the workspace without overlap`,
    });
  }
  const standing = standingPoses(objects, placements, followers);
  const start = new Map(standing);
  const world = new CollisionWorld(robot, scene.worldFromBase, objects);
  const sight = new Sight(scene);
  const legs: Leg[] = [];
  const grasps: PlannedGrasp[] = [];
  const wantedEnds = new Map<number, Mat4>();
  const onlyAsHeld = attempt < AS_HELD_SHARE * options.attempts;
  let state: ArmState = { q: robot.home, widthM: robot.gripper.maxWidthM, standing };
  for (const manipulation of manipulations) {
    const draws = hasChoice(inputs, manipulation) ? FITS_DRAWN : 1;
    let trial: Trial | null = null;
    for (let draw = 0; draw < draws; draw++) {
      const placed = placeManipulation(inputs, world, manipulation, state.standing, random);
      if ('reason' in placed) return reject(placed, placements);
      trial = { inputs, options, world, sight, state, task: placed, onlyAsHeld };
      if (draws === 1 || looksPossible(trial)) break;
    }
    const planned = planManipulation(trial!);
    if ('reason' in planned) return reject(planned, placements);
    const placed = trial!.task;
    legs.push(...planned.legs);
    const { objectFromTool, widthM } = planned.grasp;
    grasps.push({ sourceId: placed.sourceId, objectFromTool, widthM });
    const ends = endsOf(planned.task);
    for (const [id, end] of ends) wantedEnds.set(id, end);
    const lastLeg = legs[legs.length - 1];
    state = {
      q: lastLeg.path.q[lastLeg.path.q.length - 1],
      widthM: lastLeg.widthM[1],
      standing: new Map([...state.standing, ...ends]),
    };
  }
  const lastLeg = legs[legs.length - 1];
  if (!lastLeg.held) {
    const clouds = world.place(state.standing);
    const { q, widthM } = state;
    const way = freeTransit(robot, world, scene.worldFromBase, clouds, q, robot.home, widthM, 0);
    if (!way) return reject({ reason: 'blocked', detail: 'no free way back home' }, placements);
    legs.push(
      movingLeg(
        robot,
        way,
        { phase: 'return', widthM: [widthM, robot.gripper.maxWidthM], held: null, contacts: [] },
        { limitShare: options.limitShare, leastSec: way.lengthM / options.speed },
      ),
    );
  }
  const { sampled, checks } = sampleWithinLimits(inputs, options, world, legs, start, wantedEnds);
  const failed = checks.find((check) => !check.ok);
  const { legOfFrame: _, ...frames } = sampled;
  return {
    ...frames,
    seed,
    fps: options.episodeFps,
    draws: { attempt, objects: placements.map(({ id, xM, yM, yawRad }) => ({ id, xM, yM, yawRad })) },
    grasps,
    checks,
    physics: null,
    accepted: !failed,
    reason: failed ? failed.name : null,
    detail: failed
      ? `${failed.name} is ${failed.value.toPrecision(3)} ${failed.unit}, ${failed.atLeast ? 'at least' : 'at most'} ${failed.limit} wanted`
      : 'all checks passed',
  };
}

/** In this share of the attempts things are only taken where people take them: another arrangement is the better idea first. */
const AS_HELD_SHARE = 0.5;

/** Rounds of slowing down before limits that are still exceeded count as a fault. */
const SLOWER_ROUNDS = 3;

/** Frames and their checks; where frames move faster than joints may, all legs are run a little slower. */
function sampleWithinLimits(
  inputs: EpisodeInputs,
  options: EpisodeOptions,
  world: CollisionWorld,
  legs: readonly Leg[],
  start: ReadonlyMap<number, Mat4>,
  wantedEnds: ReadonlyMap<number, Mat4>,
): { sampled: SampledLegs; checks: EpisodeCheck[] } {
  const { robot, scene } = inputs;
  const fps = options.episodeFps;
  let timed = legs;
  for (let round = 0; ; round++) {
    const sampled = sampleLegs(robot, scene.worldFromBase, timed, fps, start);
    const slower = Math.max(...jointChecks(robot, fps, sampled).map(slowdownFor));
    if (slower <= 1 || round === SLOWER_ROUNDS) {
      return { sampled, checks: checkEpisode(inputs, options.clearance, world, fps, sampled, timed, wantedEnds) };
    }
    timed = timed.map((leg) => ({ ...leg, durationSec: leg.durationSec * slower * 1.02 }));
  }
}

/** Factor on time that brings an exceeded limit back: velocity goes with 1 / time, acceleration with 1 / time^2. */
function slowdownFor({ name, ok, value }: EpisodeCheck): number {
  if (ok) return 1;
  if (name === 'joint-velocity') return value;
  return name === 'joint-acceleration' ? Math.sqrt(value) : 1;
}

/** Tilted by less than this from its standing pose, an object put down is meant to stand. */
const UPRIGHT_COSINE = Math.cos(0.35);

/** So many ways to fit a motion to one arrangement are drawn, where it leaves some open, until one looks possible for the arm. */
const FITS_DRAWN = 8;

/** Whether a manipulation can be fitted in more than one way: turned about a round target, or put down at another place. */
const hasChoice = ({ objects }: EpisodeInputs, { motions }: Manipulation): boolean =>
  motions.some(({ targetId, pushed }) => targetId === null || isTurnable(objects, targetId, pushed));

/** What is pushed lies on one side of the target: then a round one may not be turned either. */
const isTurnable = (objects: EpisodeInputs['objects'], targetId: number, pushed: PlacedMotion['pushed']): boolean =>
  pushed.length === 0 && objects.find(({ id }) => id === targetId)?.symmetry === 'z';

/** Fits a manipulation's motions to where its objects stand now. */
function placeManipulation(
  inputs: EpisodeInputs,
  world: CollisionWorld,
  manipulation: Manipulation,
  standing: ReadonlyMap<number, Mat4>,
  random: Random,
): PlacedManipulation | PlanFailure {
  const { objects, scene } = inputs;
  const source = objects.find((object) => object.id === manipulation.sourceId);
  const worldFromSource = standing.get(manipulation.sourceId);
  if (!source || !worldFromSource) {
    return { reason: 'no-source', detail: `the skill moves object ${manipulation.sourceId}, which does not exist` };
  }
  const motions: PlacedMotion[] = [];
  const now = new Map(standing);
  let current = worldFromSource;
  for (const motion of manipulation.motions) {
    let poses: Mat4[];
    let pushed: PlacedMotion['pushed'] = [];
    if (motion.targetId === null) {
      const taken = othersAround(inputs, now, source.id);
      const radiusM = shapeOf(source.mesh).extents.radiusM;
      const yawRad = yawOf(current);
      const isSeen = (x: number, y: number): boolean => {
        const pose = standingPose(source, x, y, yawRad);
        return isUnoccupied(source, pose, scene) && isWhollySeen(source, pose, scene);
      };
      const place =
        drawPlace(scene.workspace, radiusM, taken, random, isSeen) ??
        drawPlace(scene.workspace, radiusM, taken, random);
      if (!place) return { reason: 'no-arrangement', detail: `no free place on the table to put ${source.name} down` };
      const [xM, yM] = translationOf(current);
      const to = { xM: place[0], yM: place[1] };
      // What is put down after it was at something else is carried there over an arch: the straight way would lead through that.
      const isFirst = motions.length === 0;
      poses = isFirst
        ? replayOverTable(motion, { xM, yM, yawRad }, to)
        : replayAtPlace(motion, yawRad - yawOf(motion.poses[0]), to);
      const isLast = motion === manipulation.motions.at(-1);
      const end = poses[poses.length - 1];
      const [endX, endY] = translationOf(end);
      // A thing laid down on purpose stays lying; what is kept in the hand need not stand at all.
      const stands = manipulation.released && isLast && end[10] > UPRIGHT_COSINE;
      poses = anchorMotion(
        poses,
        isFirst ? current : poses[0],
        stands ? standingPose(source, endX, endY, yawOf(end)) : null,
      );
      poses = keepAboveTable(poses, shapeOf(source.mesh).points);
    } else {
      const target = objects.find((object) => object.id === motion.targetId);
      const worldFromTarget = now.get(motion.targetId);
      if (!target || !worldFromTarget) {
        return { reason: 'no-target', detail: `the skill acts on object ${motion.targetId}, which does not exist` };
      }
      const isFree = isTurnable(objects, target.id, motion.pushed);
      poses = replayAtTarget(motion, worldFromTarget, isFree ? random.uniform(-Math.PI, Math.PI) : 0);
      if (motion.pushed.length === 0) {
        const alone = new Map([[target.id, worldFromTarget]]);
        const nearM = APPROACH_DISTANCE_M * motionScale(inputs.robot);
        poses = fromNearBy(poses, (pose) => world.heldClearance(source.id, pose, alone, NONE, objects) <= nearM);
      }
      pushed = motion.pushed.flatMap((driven) => {
        const start = now.get(driven.id);
        const object = objects.find(({ id }) => id === driven.id);
        if (!start || !object) return [];
        const led = anchorMotion(replayAtTarget(driven, worldFromTarget), start, null);
        return [{ id: driven.id, poses: keepAboveTable(led, shapeOf(object.mesh).points) }];
      });
      for (const driven of pushed) now.set(driven.id, driven.poses[driven.poses.length - 1]);
      const pointsOf = (id: number): Float64Array => shapeOf(objects.find((object) => object.id === id)!.mesh).points;
      poses = slideOver(
        poses,
        pointsOf(source.id),
        pushed.map(({ id, poses: way }) => ({ poses: way, points: pointsOf(id) })),
      );
    }
    // A round source need not be turned on the way: it keeps the heading it has.
    if (source.symmetry === 'z') poses = spinSource(poses, yawOf(current) - yawOf(poses[0]));
    const durationSec = (motion.durationSec * poses.length) / motion.poses.length;
    motions.push({ targetId: motion.targetId, touchesTarget: motion.touchesTarget, poses, durationSec, pushed });
    current = poses[poses.length - 1];
  }
  return { sourceId: source.id, worldFromSource, motions, cargo: manipulation.cargo, released: manipulation.released };
}

/** Task motions begin about this far from the target (the skill's `approachDistance`), metres; for small arms nearer. */
const APPROACH_DISTANCE_M = 0.05;
const NONE: ReadonlySet<number> = new Set();

/** Without the first poses that are not near yet, which a small arm might not reach: it is the rest that matters. */
function fromNearBy(poses: Mat4[], isNear: (pose: Mat4) => boolean): Mat4[] {
  const first = poses.findIndex(isNear);
  return first < 0 ? poses : poses.slice(Math.min(first, Math.max(0, poses.length - 2)));
}

function othersAround(inputs: EpisodeInputs, standing: ReadonlyMap<number, Mat4>, sourceId: number) {
  return [...standing]
    .filter(([id]) => id !== sourceId)
    .map(([id, pose]) => {
      const object = inputs.objects.find((candidate) => candidate.id === id)!;
      const [xM, yM] = translationOf(pose);
      return { xM, yM, radiusM: shapeOf(object.mesh).extents.radiusM };
    });
}

function rejectedPlan(
  inputs: EpisodeInputs,
  options: EpisodeOptions,
  seed: number,
  attempt: number,
  placements: readonly Placement[],
  failure: PlanFailure,
): EpisodePlan {
  return {
    seed,
    fps: options.episodeFps,
    numFrames: 0,
    draws: { attempt, objects: placements.map(({ id, xM, yM, yawRad }) => ({ id, xM, yM, yawRad })) },
    jointPositions: new Float32Array(0),
    gripperWidth: new Float32Array(0),
    objectPoses: inputs.objects.map(({ id }) => ({ id, worldFromObject: new Float64Array(0) })),
    phases: [],
    grasps: [],
    checks: [],
    physics: null,
    accepted: false,
    reason: failure.reason,
    detail: failure.detail,
  };
}
