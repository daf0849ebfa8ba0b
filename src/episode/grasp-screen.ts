/**
 * A quick look at one grasp: can the arm take the object there and be at a few poses of each task motion, in the demonstration's
 * time and without standing in the camera's way? Ten times cheaper than planning the ways between, so most grasps need no more.
 */
import { compose, fromTranslation, inverse, type Mat4, rotationAngleBetween, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import { solveIk } from '../robot/ik.js';
import { limitMargin } from '../robot/kinematics.js';
import { placeArm } from '../robot/placed-arm.js';
import { findConfigurations, motionScale } from '../robot/reach.js';
import { STEADY_SPEED } from '../robot/timing.js';
import { fitToArm } from './fit-to-arm.js';
import type { Grasp } from './grasps.js';
import { toolAlong } from './motion.js';
import { HIDDEN_SHARE, LEAST_VISIBLE_SHARE } from './sight.js';
import {
  APPROACH_M,
  endsOfPushed,
  endsRight,
  handTouchesIn,
  holdsEveryOrientation,
  isClear,
  isHandClear,
  longestTime,
  type PlacedManipulation,
  type PlacedMotion,
  RETREAT_M,
  standingAround,
  type Trial,
  type TrialFailure,
  wayOptions,
} from './trial.js';

export interface ScreenedGrasp {
  /** As the arm can do it (fit-to-arm.ts). */
  readonly grasp: Grasp;
  readonly task: PlacedManipulation;
  /** Configuration before the straight approach. */
  readonly start: readonly number[];
  /** Seconds of the task, plus what a worse hold, strained joints and a hidden task are worth in seconds. */
  readonly cost: number;
}

/** Configurations tried for the first pose of each grasp. */
const STARTS_PER_GRASP = 2;
/** First, last and some poses in between of each motion. */
const KEY_POSES = 7;
/** The camera's view is judged at one key pose in so many. */
const LOOK_EVERY = 2;
/** Next to nothing seen in so many looks at one motion is no accident: too many of its frames will not show what is done. */
const HIDDEN_LOOKS = 2;
/** Enough for a quick look, and for poses that are near the last one: those out of reach are given up early. */
const ROUGH = { maxIterations: 25, positionToleranceM: 1e-4, rotationToleranceRad: 1e-3 };
const ONE_STEP = { maxIterations: 1 };
/** The shortest motion counts as taking this long, seconds. */
const LEAST_SEC = 0.01;
/** What a turn counts beside a way, metres per radian: about what wrists find as hard. */
const TURN_WEIGHT_M = 0.3;
/** Below this share of the half range to a joint limit a plan counts as strained. */
const COMFORTABLE_MARGIN = 0.15;
/** What full strain, a hold worse by one point of its score, and a task wholly hidden by the arm are worth in seconds. */
const STRAIN_SEC = 2;
const SCORE_SEC = 3;
const HIDDEN_SEC = 8;

type Screened = ScreenedGrasp | TrialFailure[];

/** A whole task is looked at with a few grasps first: what came of them is known when its grasps are gone through one by one. */
const known = new WeakMap<Trial, Map<Grasp, Screened>>();

export function screenGrasp(trial: Trial, grasp: Grasp, bestScore: number): Screened {
  const ofTrial = known.get(trial) ?? new Map<Grasp, Screened>();
  known.set(trial, ofTrial);
  const screened = ofTrial.get(grasp) ?? screenAnew(trial, grasp, bestScore);
  ofTrial.set(grasp, screened);
  return screened;
}

function screenAnew(given: Trial, found: Grasp, bestScore: number): Screened {
  const { robot, scene } = given.inputs;
  const fitted = fitToArm(given, found);
  if (!fitted) return ['unreachable approach'];
  const { grasp, task } = fitted;
  const trial: Trial = { ...given, task };
  const atGrasp = compose(task.worldFromSource, grasp.objectFromTool);
  const before = compose(atGrasp, fromTranslation([0, 0, -APPROACH_M * motionScale(robot)]));
  const blocked = blockedHand(trial, grasp, [before, atGrasp]);
  if (blocked) return [blocked];
  const starts = findConfigurations(robot, compose(inverse(scene.worldFromBase), before)).slice(0, STARTS_PER_GRASP);
  if (starts.length === 0) return ['unreachable approach'];
  const failures: TrialFailure[] = [];
  for (const { q } of starts) {
    const screening = new Screening(trial, grasp);
    const cost = screening.costFrom(q, atGrasp);
    if (typeof cost !== 'string') {
      return { grasp, task, start: q, cost: cost + SCORE_SEC * (bestScore - grasp.score) };
    }
    failures.push(cost);
  }
  return failures;
}

/**
 * What the hand alone meets on its way, before any arm is looked for: half of all grasps fail by it, at a hundredth of the cost. Arms
 * that cannot hold every orientation bring the hand elsewhere on the way, so nothing is said about them.
 */
function blockedHand(trial: Trial, { objectFromTool, openWidthM, widthM }: Grasp, taking: Mat4[]): TrialFailure | null {
  const { task, inputs } = trial;
  if (!holdsEveryOrientation(inputs.robot)) return null;
  let others = standingAround(trial);
  const none = new Set<number>();
  if (!taking.every((pose) => isHandClear(trial, others, pose, openWidthM, none))) return 'blocked hand';
  for (const motion of task.motions) {
    const touched = new Set(handTouchesIn(motion));
    const way = toolAlong(
      keyFramesOf(motion.poses).map((frame) => motion.poses[frame]),
      objectFromTool,
    );
    if (!way.every((pose) => isHandClear(trial, others, pose, widthM, touched))) return 'blocked way';
    others = new Map([...others, ...endsOfPushed([motion])]);
  }
  return null;
}

class Screening {
  private readonly baseFromWorld: Mat4;
  private seconds = 0;
  private margin = 1;
  /** Over all looks at all motions: share of source or target in sight, whichever is seen less. */
  private readonly looks: number[] = [];

  constructor(
    private readonly trial: Trial,
    private readonly grasp: Grasp,
  ) {
    this.baseFromWorld = inverse(trial.inputs.scene.worldFromBase);
  }

  costFrom(start: readonly number[], atGrasp: Mat4): number | TrialFailure {
    const { task } = this.trial;
    const { robot } = this.trial.inputs;
    const { openWidthM: open } = this.grasp;
    const none = new Set<number>();
    const taken = this.reach(atGrasp, start);
    if (!taken) return 'unreachable approach';
    let q: readonly number[] = taken;
    let others = standingAround(this.trial);
    if (!isClear(this.trial, others, q, open, none) || !isClear(this.trial, others, start, open, none)) {
      return 'blocked hand';
    }
    for (const motion of task.motions) {
      const end = this.along(motion, q, others);
      if (typeof end === 'string') return end;
      q = end;
      others = new Map([...others, ...endsOfPushed([motion])]);
    }
    if (task.released) {
      const targets = new Set(task.motions.flatMap(handTouchesIn));
      if (!isClear(this.trial, others, q, open, targets)) return 'blocked hand';
      const end = task.motions.at(-1)!.poses.at(-1)!;
      const back = fromTranslation([0, 0, -RETREAT_M * motionScale(robot)]);
      if (!this.reach(compose(end, this.grasp.objectFromTool, back), q)) return 'unreachable task';
    }
    const visible = meanOf(this.looks);
    const strain = Math.max(0, COMFORTABLE_MARGIN - this.margin) / COMFORTABLE_MARGIN;
    return this.seconds + STRAIN_SEC * strain + HIDDEN_SEC * (1 - visible);
  }

  /** Goes through the key poses of a motion; the configuration at its end, or what is wrong. */
  private along(
    motion: PlacedMotion,
    from: readonly number[],
    others: ReadonlyMap<number, Mat4>,
  ): readonly number[] | TrialFailure {
    const { robot } = this.trial.inputs;
    const frames = keyFramesOf(motion.poses);
    const keys = frames.map((frame) => motion.poses[frame]);
    const toolPoses = toolAlong(keys, this.grasp.objectFromTool);
    const durationSec = Math.max(LEAST_SEC, motion.durationSec);
    const secPerFrame = durationSec / Math.max(1, motion.poses.length - 1);
    const mostSlowed = longestTime(robot, durationSec) / durationSec;
    const touched = new Set(handTouchesIn(motion));
    const looks: number[] = [];
    let slowed = 1;
    let q = from;
    for (let k = 0; k < keys.length; k++) {
      const next = this.reach(toolPoses[k], q);
      if (!next || (k === keys.length - 1 && !endsRight(robot, this.baseFromWorld, toolPoses[k], next))) {
        return 'unreachable task';
      }
      if (!isClear(this.trial, others, next, this.grasp.widthM, touched)) return 'blocked way';
      if (k === 0) this.seconds += this.leastSeconds(q, next);
      else slowed = Math.max(slowed, this.leastSeconds(q, next) / ((frames[k] - frames[k - 1]) * secPerFrame));
      slowed = Math.max(slowed, this.leastSecondsAt(motion, frames[k], next) / secPerFrame);
      if (slowed > mostSlowed) return 'slow task';
      this.margin = Math.min(this.margin, limitMargin(robot, next));
      q = next;
      if (k % LOOK_EVERY === 0) looks.push(this.look(motion, q, keys[k], others));
    }
    this.seconds += slowed * durationSec;
    this.looks.push(...looks);
    const hidden = looks.filter((share) => share < HIDDEN_SHARE).length;
    return meanOf(looks) < LEAST_VISIBLE_SHARE || hidden >= HIDDEN_LOOKS ? 'hidden task' : q;
  }

  /** Share of source or target in sight, whichever is seen less. */
  private look(motion: PlacedMotion, q: readonly number[], source: Mat4, others: ReadonlyMap<number, Mat4>): number {
    const { inputs, sight, task } = this.trial;
    const arm = placeArm(inputs.robot, q, this.grasp.widthM, inputs.scene.worldFromBase);
    let least = 1;
    for (const object of inputs.objects) {
      const pose = object.id === task.sourceId ? source : object.id === motion.targetId ? others.get(object.id) : null;
      if (pose) least = Math.min(least, sight.visibleShare(arm, object, pose));
    }
    return least;
  }

  /** Time for a part of a way, the one between two configurations, if all joints may run at their share of the limit in its middle. */
  private leastSeconds(a: readonly number[], b: readonly number[]): number {
    const { robot } = this.trial.inputs;
    const share = this.trial.options.limitShare;
    let least = 0;
    for (let i = 0; i < a.length; i++) {
      least = Math.max(least, Math.abs(b[i] - a[i]) / (share * robot.joints[i].maxVelocity));
    }
    return STEADY_SPEED * least;
  }

  /** The same for the way from one frame to the next: near singular configurations joints run far faster there than from key pose to key pose. */
  private leastSecondsAt({ poses }: PlacedMotion, frame: number, q: readonly number[]): number {
    const next = poses[frame + 1] ?? poses[frame - 1];
    if (!next) return 0;
    const { robot } = this.trial.inputs;
    const baseFromTool = compose(this.baseFromWorld, next, this.grasp.objectFromTool);
    return this.leastSeconds(q, solveIk(robot, baseFromTool, q, ONE_STEP).q);
  }

  private reach(worldFromTool: Mat4, seed: readonly number[]): number[] | null {
    const { robot } = this.trial.inputs;
    const { q, ok } = solveIk(robot, compose(this.baseFromWorld, worldFromTool), seed, {
      preferred: robot.home.with(0, seed[0]),
      ...ROUGH,
      ...wayOptions(robot),
    });
    return ok ? q : null;
  }
}

const meanOf = (shares: readonly number[]): number =>
  shares.length === 0 ? 1 : shares.reduce((sum, share) => sum + share, 0) / shares.length;

/** First and last frame of a motion, and the one in each equal part between at which it is fastest: there an arm fails first. */
function keyFramesOf(poses: readonly Mat4[]): readonly number[] {
  const frames = knownKeyFrames.get(poses) ?? findKeyFrames(poses);
  knownKeyFrames.set(poses, frames);
  return frames;
}

const knownKeyFrames = new WeakMap<readonly Mat4[], readonly number[]>();

function findKeyFrames(poses: readonly Mat4[]): number[] {
  const last = poses.length - 1;
  if (last < KEY_POSES) return poses.map((_, frame) => frame);
  const parts = KEY_POSES - 2;
  const fastest = Array.from({ length: parts }, (_, k) => {
    const from = 1 + Math.round((k * (last - 1)) / parts);
    const to = 1 + Math.round(((k + 1) * (last - 1)) / parts);
    let best = from;
    let most = 0;
    for (let frame = from; frame < to; frame++) {
      const speed =
        distance(translationOf(poses[frame + 1]), translationOf(poses[frame])) +
        TURN_WEIGHT_M * rotationAngleBetween(poses[frame], poses[frame + 1]);
      if (speed > most) [best, most] = [frame, speed];
    }
    return best;
  });
  return [0, ...fastest, last];
}
