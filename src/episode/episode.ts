/** What goes into an episode and what a planned one consists of. */
import type { Mat4 } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import type { PhysicsVerdict } from '../physics/verdict.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { Scene } from '../scene/scene.js';
import type { Skill } from '../skill/skill.js';

/** A task object as episodes need it. */
export interface EpisodeObject {
  readonly id: number;
  readonly name: string;
  readonly role: 'source' | 'target' | 'passive';
  /** Turning about the object's z changes nothing that matters. */
  readonly symmetry: 'none' | 'z';
  /** Open at the top: other things can be put in. */
  readonly hollow: boolean;
  /** Object frame, metres, closed. */
  readonly mesh: TriangleMesh;
  /** Standard deviations of the mesh's extents, metres; null: not known. */
  readonly sizeSdM: Vec3 | null;
  /** Where people hold it: surface points x, y, z (object frame, metres) and how much a hand covered them, 0..1; null: not seen. */
  readonly hold: readonly (readonly number[])[] | null;
  /** Grasps given by hand: then no others are tried; null: they are found. */
  readonly grasps: readonly { readonly objectFromTool: Mat4; readonly widthM: number }[] | null;
  /** Yaw at which it stood in the video, radians, world. */
  readonly restYawRad: number;
}

export interface EpisodeInputs {
  readonly robot: RobotModel;
  readonly scene: Scene;
  readonly skill: Skill;
  readonly objects: readonly EpisodeObject[];
}

export const PHASES = [
  'transit',
  'approach',
  'close',
  'lift',
  'transfer',
  'task',
  'open',
  'retreat',
  'return',
] as const;
export type PhaseName = (typeof PHASES)[number];

/** Frames [fromFrame, toFrame) of one phase. */
export interface Phase {
  readonly name: PhaseName;
  readonly fromFrame: number;
  readonly toFrame: number;
  /** Object in the hand, if any. */
  readonly heldId: number | null;
  /** Objects that hand or held object come close to on purpose; those carried along among them. */
  readonly contactIds: readonly number[];
}

/** One measured figure against its limit. `atLeast`: the value must not be below the limit, else not above. */
export interface EpisodeCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly value: number;
  readonly limit: number;
  readonly atLeast: boolean;
  readonly unit: string;
}

/** What was drawn at random for an episode. */
export interface EpisodeDraws {
  readonly attempt: number;
  readonly objects: { id: number; xM: number; yM: number; yawRad: number }[];
}

export interface PlannedGrasp {
  readonly sourceId: number;
  readonly objectFromTool: Mat4;
  readonly widthM: number;
}

export interface ObjectTrack {
  readonly id: number;
  /** [T, 16] f64 row-major worldFromObject per frame. */
  readonly worldFromObject: Float64Array;
}

export interface EpisodePlan {
  readonly seed: number;
  readonly fps: number;
  readonly numFrames: number;
  readonly draws: EpisodeDraws;
  /** [T, n] f32 radians. */
  readonly jointPositions: Float32Array;
  /** [T] f32 metres, opening between the pads. */
  readonly gripperWidth: Float32Array;
  readonly objectPoses: readonly ObjectTrack[];
  readonly phases: readonly Phase[];
  readonly grasps: readonly PlannedGrasp[];
  readonly checks: readonly EpisodeCheck[];
  /** What came of it in physics; null when that was not asked. */
  readonly physics: PhysicsVerdict | null;
  readonly accepted: boolean;
  /** null when accepted, else a kebab-case word such as `no-grasp` or the failed check's name. */
  readonly reason: string | null;
  /** The reason as a sentence with figures. */
  readonly detail: string;
}

/**
 * State of frame t: joint positions and gripper opening, [n + 1] f32. The action of frame t is the state of the next frame (the last
 * frame's action is to stay): absolute joint positions in radians and the opening in metres.
 */
export function stateAt(plan: EpisodePlan, frame: number): Float32Array {
  const n = plan.jointPositions.length / plan.numFrames;
  const at = Math.min(plan.numFrames - 1, frame);
  const state = new Float32Array(n + 1);
  state.set(plan.jointPositions.subarray(at * n, (at + 1) * n));
  state[n] = plan.gripperWidth[at];
  return state;
}

export const actionAt = (plan: EpisodePlan, frame: number): Float32Array => stateAt(plan, frame + 1);
