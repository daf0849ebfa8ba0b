/** One manipulation as legs of the arm: approach, close, lift, transfer, task, open, retreat, with a grasp that can do all of it. */
import { compose, fromTranslation, inverse, type Mat4, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import { followPoses } from '../robot/follow.js';
import { limitMargin } from '../robot/kinematics.js';
import { findConfigurations } from '../robot/reach.js';
import type { RobotModel } from '../robot/robot-model.js';
import { steady } from '../robot/timing.js';
import type { CollisionWorld } from './collision-world.js';
import type { EpisodeInputs } from './episode.js';
import type { EpisodeOptions } from './episode-options.js';
import type { Grasp } from './grasps.js';
import { fingerLeg, type Leg, movingLeg } from './legs.js';
import { archedWay, straightWay, toolAlong } from './motion.js';
import { shapeOf } from './object-shape.js';

import { freeTransit } from './transit.js';

/** What the arm has to do with one object, already placed in the world. */
export interface PlacedManipulation {
  readonly sourceId: number;
  readonly worldFromSource: Mat4;
  /** worldFromSource poses of each task motion, its target and how long the demonstration took. */
  readonly motions: readonly { targetId: number | null; poses: Mat4[]; durationSec: number }[];
  readonly released: boolean;
}

export interface ManipulationPlan {
  readonly legs: Leg[];
  readonly grasp: Grasp;
}

export interface PlanFailure {
  readonly reason: string;
  readonly detail: string;
}

export interface ArmState {
  readonly q: readonly number[];
  readonly widthM: number;
  readonly standing: ReadonlyMap<number, Mat4>;
}

/** How far before the grasp the straight approach begins, and how far the hand draws back after the release, metres. */
const APPROACH_M = 0.09;
const RETREAT_M = 0.1;
/** Least height of the carrying arch over its higher end; raised when the way is not free, metres. */
const ARCH_RISES_M = [0.1, 0.18, 0.28];
/** Penetration that is put down to the shapes (seen from one side, capsules rounder than fingers), metres. */
const CONTACT_TOLERANCE_M = 0.006;
/** Slow and careful near things: share of the free speed. */
const CAREFUL = 0.45;
/** Configurations tried for the first pose of each grasp. */
const STARTS_PER_GRASP = 2;
const GRASPS_TRIED = 80;

/** Working grasps that are compared; the first ones are the best holds, but another may spare the arm a contortion. */
const PLANS_COMPARED = 4;
/** Below this share of the half range to a joint limit a plan counts as strained. */
const COMFORTABLE_MARGIN = 0.15;

/** Seconds, plus what a worse hold and strained joints are worth in seconds. */
function costOf(robot: RobotModel, legs: readonly Leg[], grasp: Grasp, bestScore: number): number {
  const seconds = legs.reduce((sum, leg) => sum + leg.durationSec, 0);
  const margin = Math.min(...legs.map((leg) => limitMargin(robot, leg.path.q[leg.path.q.length - 1])));
  const strain = Math.max(0, COMFORTABLE_MARGIN - margin) / COMFORTABLE_MARGIN;
  return seconds + 2 * strain + 3 * (bestScore - grasp.score);
}

/** Counters of why grasps fell, for the rejection message. */
type Tally = Record<'unreachable approach' | 'unreachable task' | 'blocked hand' | 'blocked way', number>;

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
  const grasps = shapeOf(source.mesh, robot).grasps;
  if (grasps.length === 0) {
    const { low, high } = shapeOf(source.mesh, robot).extents;
    const size = [0, 1, 2].map((i) => ((high[i] - low[i]) * 100).toFixed(1)).join(' x ');
    return {
      reason: 'no-grasp',
      detail: `nothing on ${source.name} (${size} cm) fits between the fingers (${robot.gripper.maxWidthM * 100} cm)`,
    };
  }
  const tally: Tally = { 'unreachable approach': 0, 'unreachable task': 0, 'blocked hand': 0, 'blocked way': 0 };
  let best: (ManipulationPlan & { cost: number }) | null = null;
  let found = 0;
  for (const grasp of grasps.slice(0, GRASPS_TRIED)) {
    const legs = tryGrasp(inputs, options, world, state, task, grasp, tally);
    if (!legs) continue;
    const cost = costOf(robot, legs, grasp, grasps[0].score);
    if (!best || cost < best.cost) best = { legs, grasp, cost };
    if (++found >= PLANS_COMPARED) break;
  }
  if (best) return { legs: best.legs, grasp: best.grasp };
  const worst = (Object.entries(tally) as [keyof Tally, number][]).sort((a, b) => b[1] - a[1])[0][0];
  const list = Object.entries(tally)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
  return {
    reason: worst.startsWith('unreachable') ? 'unreachable' : 'blocked',
    detail: `none of ${Math.min(GRASPS_TRIED, grasps.length)} grasps of ${source.name} works: ${list}`,
  };
}

function tryGrasp(
  inputs: EpisodeInputs,
  options: EpisodeOptions,
  world: CollisionWorld,
  state: ArmState,
  task: PlacedManipulation,
  grasp: Grasp,
  tally: Tally,
): Leg[] | null {
  const { robot } = inputs;
  const { worldFromBase } = inputs.scene;
  const follow = (poses: readonly Mat4[], seed: readonly number[]): number[][] | null => {
    const path = followPoses(robot, worldFromBase, poses, seed);
    return path.length === poses.length ? path : null;
  };
  const atGrasp = compose(task.worldFromSource, grasp.objectFromTool);
  const before = compose(atGrasp, fromTranslation([0, 0, -APPROACH_M]));
  const others = new Map([...state.standing].filter(([id]) => id !== task.sourceId));
  const clouds = world.place(others);
  const everything = world.place(state.standing);
  const targets = task.motions.flatMap(({ targetId }) => (targetId === null ? [] : [targetId]));
  const held = { id: task.sourceId, objectFromTool: grasp.objectFromTool };
  const [taken, open] = [grasp.widthM, grasp.openWidthM];
  const none = new Set<number>();
  const touching = new Set(targets);
  const isClear = (q: readonly number[], widthM: number, contacts: ReadonlySet<number>): boolean => {
    const c = world.clearances(q, widthM, clouds, contacts);
    return (
      c.tableM >= 0 &&
      c.objectsM >= options.clearance &&
      c.contactsM >= -CONTACT_TOLERANCE_M &&
      c.selfM >= options.clearance
    );
  };

  // Cheap look ahead: the few poses that decide whether this grasp can do the whole task.
  const keyPoses = task.motions.flatMap(({ poses }) => keyPosesOf(poses));
  const starts = findConfigurations(robot, compose(inverse(worldFromBase), before)).slice(0, STARTS_PER_GRASP);
  if (starts.length === 0) tally['unreachable approach']++;
  for (const start of starts) {
    const approach = follow(straightWay(before, atGrasp, 10), start.q);
    if (!approach) {
      tally['unreachable approach']++;
      continue;
    }
    const graspQ = approach[approach.length - 1];
    if (!isClear(graspQ, open, none) || !isClear(start.q, open, none)) {
      tally['blocked hand']++;
      continue;
    }
    if (!reachesAll(inputs, graspQ, toolAlong(keyPoses, grasp.objectFromTool))) {
      tally['unreachable task']++;
      continue;
    }

    const legs: Leg[] = [];
    const timing = (poses: readonly Mat4[], share: number) => ({
      limitShare: options.limitShare,
      leastSec: lengthOf(poses) / (options.speed * share),
    });
    const transit = freeTransit(robot, world, worldFromBase, everything, state.q, start.q, open, options.clearance);
    if (!transit) {
      tally['blocked way']++;
      continue;
    }
    const empty = { held: null, contacts: [task.sourceId] };
    legs.push(
      movingLeg(
        robot,
        transit,
        { phase: 'transit', widthM: [state.widthM, open], held: null, contacts: [] },
        { limitShare: options.limitShare, leastSec: transit.lengthM / options.speed },
      ),
    );
    const approachPoses = straightWay(before, atGrasp, 10);
    legs.push(
      movingLeg(
        robot,
        { q: approach },
        { phase: 'approach', widthM: [open, open], ...empty },
        timing(approachPoses, CAREFUL),
      ),
    );
    legs.push(fingerLeg(robot, graspQ, { phase: 'close', widthM: [open, taken], ...empty }));

    let q: readonly number[] = graspQ;
    let objectPose = task.worldFromSource;
    let failed: keyof Tally | null = null;
    for (const motion of task.motions) {
      const contacts = motion.targetId === null ? [] : [motion.targetId];
      const firstPose = motion.poses[0];
      if (!isSamePose(objectPose, firstPose)) {
        const carry = carryOver(
          inputs,
          options,
          world,
          others,
          task.sourceId,
          objectPose,
          firstPose,
          grasp,
          q,
          new Set(contacts),
        );
        if (!carry) {
          failed = 'blocked way';
          break;
        }
        legs.push(
          movingLeg(
            robot,
            { q: carry.path },
            { phase: 'transfer', widthM: [taken, taken], held, contacts },
            timing(carry.poses, 1),
          ),
        );
        q = carry.path[carry.path.length - 1];
      }
      const poses = toolAlong(motion.poses, grasp.objectFromTool);
      const path = poses.length > 1 ? follow(poses, q) : [[...q]];
      if (!path) {
        failed = 'unreachable task';
        break;
      }
      if (!path.every((row, k) => k % CHECK_EVERY !== 0 || isClear(row, taken, new Set(contacts)))) {
        failed = 'blocked way';
        break;
      }
      if (path.length > 1) {
        legs.push(
          movingLeg(
            robot,
            { q: path },
            { phase: 'task', widthM: [taken, taken], held, contacts },
            {
              limitShare: options.limitShare,
              leastSec: Math.max(motion.durationSec, lengthOf(poses) / options.speed),
              course: steady,
            },
          ),
        );
      }
      q = path[path.length - 1];
      objectPose = motion.poses[motion.poses.length - 1];
    }
    if (failed) {
      tally[failed]++;
      continue;
    }
    if (task.released) {
      const contacts = [task.sourceId, ...targets];
      const wide = Math.min(robot.gripper.maxWidthM, open);
      const atEnd = compose(objectPose, grasp.objectFromTool);
      const away = straightWay(atEnd, compose(atEnd, fromTranslation([0, 0, -RETREAT_M])), 10);
      const back = follow(away, q);
      if (!back || !isClear(q, wide, touching)) {
        tally[back ? 'blocked hand' : 'unreachable task']++;
        continue;
      }
      legs.push(fingerLeg(robot, q, { phase: 'open', widthM: [taken, wide], held: null, contacts }));
      legs.push(
        movingLeg(
          robot,
          { q: back },
          { phase: 'retreat', widthM: [wide, wide], held: null, contacts },
          timing(away, CAREFUL),
        ),
      );
    }
    return legs;
  }
  return null;
}

/** Where a motion begins where the object is, nothing is carried there first. */
const isSamePose = (a: Mat4, b: Mat4): boolean => a.every((value, e) => Math.abs(value - b[e]) < 1e-6);

/** The held object's way over an arch to where the task begins, as high as needed to keep clear. */
function carryOver(
  inputs: EpisodeInputs,
  options: EpisodeOptions,
  world: CollisionWorld,
  others: ReadonlyMap<number, Mat4>,
  heldId: number,
  from: Mat4,
  to: Mat4,
  grasp: Grasp,
  seed: readonly number[],
  contacts: ReadonlySet<number>,
): { path: number[][]; poses: Mat4[] } | null {
  const { robot, scene, objects } = inputs;
  const clouds = world.place(others);
  for (const rise of ARCH_RISES_M) {
    const count = Math.max(16, Math.ceil((distance(translationOf(from), translationOf(to)) + 2 * rise) / STEP_M));
    const way = archedWay(from, to, rise, count);
    const poses = toolAlong(way, grasp.objectFromTool);
    const path = followPoses(robot, scene.worldFromBase, poses, seed);
    if (path.length < poses.length) continue;
    const clear = path.every((q, k) => {
      if (k % CHECK_EVERY !== 0) return true;
      const arm = world.clearances(q, grasp.widthM, clouds, contacts);
      const carried = world.heldClearance(heldId, way[k], others, contacts, objects);
      return (
        arm.objectsM >= options.clearance &&
        arm.contactsM >= -CONTACT_TOLERANCE_M &&
        arm.tableM >= 0 &&
        carried >= options.clearance
      );
    });
    if (clear) return { path, poses };
  }
  return null;
}

/** Spacing of carrying ways, metres, and how many of their poses are checked for clearance: one in so many. */
const STEP_M = 0.012;
const CHECK_EVERY = 3;

/** First, last and some poses in between. */
function keyPosesOf(poses: readonly Mat4[]): Mat4[] {
  const count = Math.min(5, poses.length);
  return Array.from({ length: count }, (_, k) => poses[Math.round((k * (poses.length - 1)) / Math.max(1, count - 1))]);
}

/** Whether the arm gets from pose to pose, allowing for turns in between that a finer path will make smoothly. */
function reachesAll(inputs: EpisodeInputs, seed: readonly number[], worldFromTool: readonly Mat4[]): boolean {
  let q: readonly number[] = seed;
  for (const pose of worldFromTool) {
    const [reached] = followPoses(inputs.robot, inputs.scene.worldFromBase, [pose], q);
    if (!reached) return false;
    q = reached;
  }
  return true;
}

function lengthOf(poses: readonly Mat4[]): number {
  let length = 0;
  for (let k = 1; k < poses.length; k++) length += distance(translationOf(poses[k]), translationOf(poses[k - 1]));
  return length;
}
