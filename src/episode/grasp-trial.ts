/** One grasp tried out for a whole manipulation: the legs of the arm if it can do all of it, else what stopped it. */
import { compose, fromTranslation, inverse, type Mat4, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import { followPoses } from '../robot/follow.js';
import { toolAt } from '../robot/kinematics.js';
import { placeArm } from '../robot/placed-arm.js';
import { motionScale } from '../robot/reach.js';
import { planJointPath } from '../robot/rrt-connect.js';
import { steady } from '../robot/timing.js';
import { keepsClearAsShown } from './as-shown.js';
import type { EpisodeInputs } from './episode.js';
import type { EpisodeOptions } from './episode-options.js';
import type { ScreenedGrasp } from './grasp-screen.js';
import type { Grasp } from './grasps.js';
import { fingerLeg, type HeldObject, type Leg, movingLeg } from './legs.js';
import { archedWay, heldPose, straightWay, toolAlong } from './motion.js';
import { isSeen } from './sight.js';
import { freeTransit } from './transit.js';
import {
  APPROACH_M,
  endsOfPushed,
  endsRight,
  handTouchesIn,
  holdsEveryOrientation,
  isClear,
  longestTime,
  type PlacedManipulation,
  type PlacedMotion,
  RETREAT_M,
  standingAround,
  type Trial,
  type TrialFailure,
  touchedIn,
  wayOptions,
} from './trial.js';

const STRAIGHT_POSES = 10;
/** Least height of the carrying arch over its higher end; raised when the way is not free, metres. */
const ARCH_RISES_M = [0.1, 0.18, 0.28];
/** Slow and careful near things: share of the free speed. */
const CAREFUL = 0.45;
/** Spacing of carrying ways, metres, and how many of their poses are checked for clearance: one in so many. */
const STEP_M = 0.012;
const CHECK_EVERY = 3;
/** One pose of a task in so many is looked at from the camera. */
const LOOK_EVERY = 4;

/** Before a way around, what is held is lifted by this much, metres; configurations that the planner may look at for it. */
const LIFT_M = 0.06;
const MAX_CARRY_CHECKS = 1500;
const ROUNDING_M = 5e-4;

type Path = number[][];
/** Part of a carrying way, and how far the hand goes on it. */
type Carry = { phase: 'lift' | 'transfer'; path: Path; lengthM: number };
type Step = { legs: Leg[]; q: readonly number[] };

const endOf = (path: Path): number[] => path[path.length - 1];

/** Where a motion begins where the object is, nothing is carried there first. */
/** What may be touched: by the hand, and by what it holds. */
interface Touched {
  readonly byHand: ReadonlySet<number>;
  readonly held: ReadonlySet<number>;
}

const isSamePose = (a: Mat4, b: Mat4): boolean => a.every((value, e) => Math.abs(value - b[e]) < 1e-6);

export class GraspTrial {
  /** What stands around; changes when things are pushed. */
  private others: ReadonlyMap<number, Mat4>;
  private readonly targets: number[];
  private readonly held: HeldObject;
  private readonly inputs: EpisodeInputs;
  private readonly options: EpisodeOptions;
  private readonly task: PlacedManipulation;
  private readonly grasp: Grasp;

  constructor(
    private readonly trial: Trial,
    private readonly screened: ScreenedGrasp,
  ) {
    this.inputs = trial.inputs;
    this.options = trial.options;
    this.task = trial.task;
    this.grasp = screened.grasp;
    this.others = standingAround(trial);
    this.targets = this.task.motions.flatMap(touchedIn);
    this.held = { id: this.task.sourceId, objectFromTool: this.grasp.objectFromTool, cargo: this.task.cargo };
  }

  /** The legs, or what is in the way of them. */
  run(): Leg[] | TrialFailure {
    const atGrasp = compose(this.task.worldFromSource, this.grasp.objectFromTool);
    const before = compose(atGrasp, fromTranslation([0, 0, -APPROACH_M * motionScale(this.inputs.robot)]));
    const poses = straightWay(before, atGrasp, STRAIGHT_POSES);
    const approach = this.follow(poses, this.screened.start);
    if (!approach) return 'unreachable approach';
    // What fails oftenest and costs least comes first, the way to the object last.
    const done = this.carryOut(endOf(approach));
    if (typeof done === 'string') return done;
    const released = this.task.released ? this.letGo(done.q) : { legs: [], q: done.q };
    if (typeof released === 'string') return released;
    const taken = this.take(approach, poses);
    if (typeof taken === 'string') return taken;
    return [...taken, ...done.legs, ...released.legs];
  }

  /** Transit to the start of the approach, approach, close. */
  private take(approach: Path, poses: readonly Mat4[]): Leg[] | TrialFailure {
    const { robot, scene } = this.inputs;
    const { limitShare, speed, clearance } = this.options;
    const { widthM: closed, openWidthM: open } = this.grasp;
    const { state, world } = this.trial;
    const clouds = world.place(state.standing);
    const transit = freeTransit(robot, world, scene.worldFromBase, clouds, state.q, approach[0], open, clearance);
    if (!transit) return 'blocked way';
    const contacts = [this.task.sourceId];
    return [
      movingLeg(
        robot,
        transit,
        { phase: 'transit', widthM: [state.widthM, open], held: null, contacts: [] },
        { limitShare, leastSec: transit.lengthM / speed },
      ),
      movingLeg(
        robot,
        { q: approach },
        { phase: 'approach', widthM: [open, open], held: null, contacts },
        this.timing(poses, CAREFUL),
      ),
      fingerLeg(robot, endOf(approach), { phase: 'close', widthM: [open, closed], held: null, contacts }),
    ];
  }

  /** Transfer to each motion's beginning and the motion itself. */
  private carryOut(from: readonly number[]): Step | TrialFailure {
    const { robot, scene } = this.inputs;
    const { widthM } = this.grasp;
    const legs: Leg[] = [];
    let q = from;
    let objectPose = this.task.worldFromSource;
    let before: readonly number[] = [];
    let handBefore: readonly number[] = [];
    for (const motion of this.task.motions) {
      // It begins where the motion before it ended: at what that one touched.
      const contacts = [...new Set([...touchedIn(motion), ...before])];
      const byHand = new Set([...handTouchesIn(motion), ...handBefore]);
      before = touchedIn(motion);
      handBefore = handTouchesIn(motion);
      const common = { widthM: [widthM, widthM] as const, held: this.held, contacts };
      if (!isSamePose(objectPose, motion.poses[0])) {
        const carry = this.carryOver(objectPose, motion.poses[0], q, { held: new Set(contacts), byHand });
        if (!carry) return 'blocked way';
        for (const { phase, path, lengthM } of carry) {
          const timing = { limitShare: this.options.limitShare, leastSec: lengthM / this.options.speed };
          legs.push(movingLeg(robot, { q: path }, { phase, ...common }, timing));
          q = endOf(path);
        }
      }
      objectPose = motion.poses[motion.poses.length - 1];
      if (motion.poses.length < 2) continue;
      const poses = toolAlong(motion.poses, this.grasp.objectFromTool);
      const path = this.follow(poses, q);
      if (!path || !endsRight(robot, inverse(scene.worldFromBase), poses[poses.length - 1], endOf(path))) {
        return 'unreachable task';
      }
      const { limitShare, leastSec } = this.timing(poses, 1);
      const wantedSec = Math.max(motion.durationSec, leastSec);
      const leg = movingLeg(
        robot,
        { q: path },
        { phase: 'task', ...common, pushed: motion.pushed },
        { limitShare, leastSec: wantedSec, course: steady },
      );
      if (leg.durationSec > longestTime(robot, wantedSec)) return 'slow task';
      if (!path.every((row, k) => k % CHECK_EVERY !== 0 || this.isClear(row, widthM, byHand))) return 'blocked way';
      if (!this.keepsClear(motion, path)) return 'blocked way';
      if (!this.isInSight(motion, path)) return 'hidden task';
      legs.push(leg);
      q = endOf(path);
      this.others = new Map([...this.others, ...endsOfPushed([motion])]);
    }
    return { legs, q };
  }

  /** Open and draw back. */
  private letGo(q: readonly number[]): Step | TrialFailure {
    const { robot } = this.inputs;
    const { widthM: closed, openWidthM: open } = this.grasp;
    const contacts = [this.task.sourceId, ...this.targets];
    const end = this.task.motions[this.task.motions.length - 1].poses;
    const atEnd = compose(end[end.length - 1], this.grasp.objectFromTool);
    const poses = straightWay(
      atEnd,
      compose(atEnd, fromTranslation([0, 0, -RETREAT_M * motionScale(robot)])),
      STRAIGHT_POSES,
    );
    const path = this.follow(poses, q);
    if (!path) return 'unreachable task';
    if (!this.isClear(q, open, new Set(this.task.motions.flatMap(handTouchesIn)))) return 'blocked hand';
    const legs = [
      fingerLeg(robot, q, { phase: 'open', widthM: [closed, open], held: null, contacts }),
      movingLeg(
        robot,
        { q: path },
        { phase: 'retreat', widthM: [open, open], held: null, contacts },
        this.timing(poses, CAREFUL),
      ),
    ];
    return { legs, q: endOf(path) };
  }

  /** The held object's way over an arch to where the task begins, as high as needed to keep clear. */
  private carryOver(from: Mat4, to: Mat4, seed: readonly number[], contacts: Touched): Carry[] | null {
    for (const rise of ARCH_RISES_M.map((usual) => usual * motionScale(this.inputs.robot))) {
      const length = distance(translationOf(from), translationOf(to)) + 2 * rise;
      const way = archedWay(from, to, rise, Math.max(16, Math.ceil(length / STEP_M)));
      const poses = toolAlong(way, this.grasp.objectFromTool);
      const path = this.follow(poses, seed);
      const isFree = path?.every(
        (q, k) => k % CHECK_EVERY !== 0 || this.isCarryClear(q, way[k], contacts, this.options.clearance),
      );
      if (path && isFree) return [{ phase: 'transfer', path, lengthM: lengthOf(poses) }];
    }
    return this.carryAround(from, to, seed, contacts);
  }

  /** Where no arch is free: straight up a little, then whatever way through joint space leads to the other end. */
  private carryAround(from: Mat4, to: Mat4, seed: readonly number[], { byHand }: Touched): Carry[] | null {
    const { robot, scene } = this.inputs;
    const { objectFromTool } = this.grasp;
    const up: Mat4 = from.with(11, from[11] + LIFT_M * motionScale(robot));
    const poses = toolAlong(straightWay(from, up, STRAIGHT_POSES), objectFromTool);
    const lift = this.follow(poses, seed);
    if (!lift) return null;
    const lifted = endOf(lift);
    const [end] = this.follow(toolAlong([to], objectFromTool), lifted) ?? [];
    if (!end) return null;
    // At its end the object may be as near to what it is brought to, and to the table, as the task has it.
    const { world } = this.trial;
    const { objects } = this.inputs;
    const none = new Set<number>();
    const endM = Math.min(
      world.heldClearance(this.held.id, to, this.others, none, objects),
      world.lowestPoint(this.held.id, to),
    );
    const nearestM = Math.min(this.options.clearance, endM - ROUNDING_M);
    const isFree = (q: readonly number[]): boolean => {
      const pose = heldPose(compose(scene.worldFromBase, toolAt(robot, q)), objectFromTool);
      return (
        this.isCarryClear(q, pose, { byHand, held: none }, nearestM) &&
        world.lowestPoint(this.held.id, pose) >= nearestM
      );
    };
    const around = planJointPath(robot, lifted, end, { isFree, maxChecks: MAX_CARRY_CHECKS });
    if (!around) return null;
    const tools = around.map((q) => compose(scene.worldFromBase, toolAt(robot, q)));
    return [
      { phase: 'lift', path: lift, lengthM: lengthOf(poses) },
      { phase: 'transfer', path: around, lengthM: lengthOf(tools) },
    ];
  }

  /** Whether neither the arm at `q` nor what it holds, at `pose`, is too near to anything that is not to be touched. */
  private isCarryClear(q: readonly number[], pose: Mat4, { byHand, held }: Touched, nearestM: number): boolean {
    const { world, inputs } = this.trial;
    return (
      this.isClear(q, this.grasp.widthM, byHand) &&
      world.heldClearance(this.held.id, pose, this.others, held, inputs.objects) >= nearestM
    );
  }

  /** Whether what is held comes no nearer to the motion's target than the demonstration, however the arm turns it on the way. */
  private keepsClear({ targetId, poses }: PlacedMotion, path: Path): boolean {
    const { robot, scene, objects } = this.inputs;
    if (targetId === null || holdsEveryOrientation(robot)) return true;
    const meshOf = (id: number) => objects.find((object) => object.id === id)!.mesh;
    const targetFromWorld = inverse(this.others.get(targetId)!);
    const real = path.map((q) => {
      const tool = toolAt(robot, q);
      return compose(targetFromWorld, heldPose(compose(scene.worldFromBase, tool), this.grasp.objectFromTool));
    });
    const shown = poses.map((pose) => compose(targetFromWorld, pose));
    return keepsClearAsShown(meshOf(this.held.id), meshOf(targetId), shown, real);
  }

  /** Whether the camera sees what is done on a way through a motion's poses. */
  private isInSight({ targetId, poses }: PlacedMotion, path: Path): boolean {
    const { sight } = this.trial;
    const { robot, scene, objects } = this.inputs;
    const shown = objects.filter(
      ({ id, role }) => id === this.task.sourceId || (id === targetId && role !== 'passive'),
    );
    const frames = path.flatMap((q, k) => {
      if (k % LOOK_EVERY !== 0) return [];
      const poseOf = (id: number): Mat4 => (id === this.task.sourceId ? poses[k] : this.others.get(id)!);
      return [
        {
          arm: placeArm(robot, q, this.grasp.widthM, scene.worldFromBase),
          objects: shown.map((object) => ({ object, pose: poseOf(object.id) })),
        },
      ];
    });
    return isSeen(sight.viewOf(frames));
  }

  private isClear(q: readonly number[], widthM: number, contacts: ReadonlySet<number>): boolean {
    return isClear(this.trial, this.others, q, widthM, contacts);
  }

  private follow(poses: readonly Mat4[], seed: readonly number[]): Path | null {
    const { robot, scene } = this.inputs;
    const path = followPoses(robot, scene.worldFromBase, poses, seed, wayOptions(robot));
    return path.length === poses.length ? path : null;
  }

  private timing(poses: readonly Mat4[], share: number): { limitShare: number; leastSec: number } {
    return { limitShare: this.options.limitShare, leastSec: lengthOf(poses) / (this.options.speed * share) };
  }
}

function lengthOf(poses: readonly Mat4[]): number {
  let length = 0;
  for (let k = 1; k < poses.length; k++) length += distance(translationOf(poses[k]), translationOf(poses[k - 1]));
  return length;
}
