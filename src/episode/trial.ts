/** What every grasp of one manipulation is tried against. */
import { compose, type Mat4, rotationAngleBetween, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import type { IkOptions } from '../robot/ik.js';
import { toolAt } from '../robot/kinematics.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { CollisionWorld, FreeLimits } from './collision-world.js';
import type { EpisodeInputs } from './episode.js';
import type { EpisodeOptions } from './episode-options.js';
import type { Cargo, PushedMotion } from './motion.js';
import type { Sight } from './sight.js';

/** A task motion in the world: `poses` are worldFromSource. */
export interface PlacedMotion {
  readonly targetId: number | null;
  /** Whether the source comes to touch the target. */
  readonly touchesTarget: boolean;
  readonly poses: Mat4[];
  readonly durationSec: number;
  readonly pushed: readonly PushedMotion[];
}

/** What the arm has to do with one object, already placed in the world. */
export interface PlacedManipulation {
  readonly sourceId: number;
  readonly worldFromSource: Mat4;
  /** worldFromSource poses of each task motion, its target and how long the demonstration took. */
  readonly motions: readonly PlacedMotion[];
  readonly cargo: readonly Cargo[];
  readonly released: boolean;
}

export interface ArmState {
  readonly q: readonly number[];
  readonly widthM: number;
  readonly standing: ReadonlyMap<number, Mat4>;
}

export interface Trial {
  readonly inputs: EpisodeInputs;
  readonly options: EpisodeOptions;
  readonly world: CollisionWorld;
  readonly sight: Sight;
  readonly state: ArmState;
  readonly task: PlacedManipulation;
  /** Only as the hand was seen to hold the object, where enough such grasps are known. */
  readonly onlyAsHeld: boolean;
}

export type TrialFailure =
  | 'unreachable approach'
  | 'unreachable task'
  | 'slow task'
  | 'blocked hand'
  | 'blocked way'
  | 'hidden task';

/** An arm that needs this many times the demonstration's time is near a singular configuration: another grasp does it better. */
const MOST_SLOWED = 3;
/** Joint speed that this was chosen for; slower joints take longer anywhere, rad/s. */
const USUAL_SPEED = 2;

/** Quick gestures may take this long in any case, seconds. */
const SHORT_SEC = 1.5;

/** Longest time that an arm may need for a motion that takes `wantedSec` where nothing slows it, seconds. */
export const longestTime = ({ joints }: RobotModel, wantedSec: number): number => {
  const slowed = MOST_SLOWED * Math.max(1, USUAL_SPEED / Math.min(...joints.map(({ maxVelocity }) => maxVelocity)));
  return Math.max(slowed * wantedSec, SHORT_SEC);
};
/** How far before the grasp the straight approach begins, and how far the hand draws back after the release, metres. */
export const APPROACH_M = 0.09;
export const RETREAT_M = 0.1;
/** Penetration that is put down to the shapes (seen from one side, capsules rounder than fingers), metres. */
const CONTACT_TOLERANCE_M = 0.006;

/** How far arms that cannot hold every orientation may turn what they carry on the way; where a motion ends is checked to 2 degrees. */
const TURN_ON_THE_WAY_RAD = 0.7;

/** Whether the arm can bring its hand to any place in any orientation (within its reach and its joints' limits). */
export const holdsEveryOrientation = ({ joints }: RobotModel): boolean => joints.length >= 6;

export const wayOptions = (robot: RobotModel): IkOptions =>
  holdsEveryOrientation(robot) ? {} : { acceptRotationRad: TURN_ON_THE_WAY_RAD };

/** Off by less than this at its end, a motion passes the check of where things are left: metres and radians. */
const END_M = 0.0005;
const END_RAD = 0.025;

/** Whether the hand at `q` is where a motion ends: arms that give way on the way must not do so there. */
export function endsRight(robot: RobotModel, baseFromWorld: Mat4, worldFromTool: Mat4, q: readonly number[]): boolean {
  const wanted = compose(baseFromWorld, worldFromTool);
  const tool = toolAt(robot, q);
  return distance(translationOf(wanted), translationOf(tool)) < END_M && rotationAngleBetween(wanted, tool) < END_RAD;
}

/** What stands around while the source is in the hand. */
export function standingAround({ state, task }: Trial): ReadonlyMap<number, Mat4> {
  const riding = new Set([task.sourceId, ...task.cargo.map(({ id }) => id)]);
  return new Map([...state.standing].filter(([id]) => !riding.has(id)));
}

/** Where a motion leaves the things that it pushes. */
export const endsOfPushed = (motions: readonly PlacedMotion[]): [number, Mat4][] =>
  motions.flatMap(({ pushed }) => pushed.map(({ id, poses }): [number, Mat4] => [id, poses[poses.length - 1]]));

/** Where a manipulation leaves everything that it moves. */
export function endsOf({ sourceId, motions, cargo }: PlacedManipulation): [number, Mat4][] {
  const end = motions.at(-1)!.poses.at(-1)!;
  return [
    [sourceId, end],
    ...cargo.map(({ id, sourceFromCargo }): [number, Mat4] => [id, compose(end, sourceFromCargo)]),
    ...endsOfPushed(motions),
  ];
}

/** Objects that a motion brings the source to on purpose. */
export const touchedIn = ({ targetId, pushed }: PlacedMotion): number[] => [
  ...(targetId === null ? [] : [targetId]),
  ...pushed.map(({ id }) => id),
];

/** Of them, what the hand may touch too: at a thing that the source itself keeps clear of (a bowl that it pours into) it has no business. */
export const handTouchesIn = (motion: PlacedMotion): number[] =>
  touchedIn(motion).filter((id) => id !== motion.targetId || motion.touchesTarget);

/** Whether the arm may be at `q` among `others`. */
export function isClear(
  { world, options }: Trial,
  others: ReadonlyMap<number, Mat4>,
  q: readonly number[],
  widthM: number,
  contacts: ReadonlySet<number>,
): boolean {
  return world.isFree(q, widthM, world.place(others), contacts, limitsOf(options));
}

/** Whether the hand may be at `worldFromTool` among `others`, whatever the arm does behind it. */
export function isHandClear(
  { world, options }: Trial,
  others: ReadonlyMap<number, Mat4>,
  worldFromTool: Mat4,
  widthM: number,
  contacts: ReadonlySet<number>,
): boolean {
  return world.isHandFree(worldFromTool, widthM, world.place(others), contacts, limitsOf(options));
}

const limitsOf = ({ clearance }: EpisodeOptions): FreeLimits => ({
  tableM: 0,
  objectsM: clearance,
  contactsM: -CONTACT_TOLERANCE_M,
  selfM: clearance,
});
