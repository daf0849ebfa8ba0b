/**
 * One film shows no scale: all lengths are known up to a common factor, with the spread that perception states. Where nothing on
 * an object that is to be held fits between the fingers, the factor is taken as much smaller as it needs, within that spread:
 * everything shrinks towards the camera's world origin, and every picture stays the same.
 */
import { identity, type Mat4 } from '../math/se3.js';
import { scale } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { Scene } from '../scene/scene.js';
import type { Skill } from '../skill/skill.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { transformSet } from '../splat/ops.js';
import type { EpisodeInputs, EpisodeObject } from './episode.js';
import { isGraspable } from './grasps.js';

/** Lengths this many standard deviations from the estimate are still believed. */
const BELIEVED_SDS = 2;
/** Factors are tried in steps of this share, and one step is added: a grasp should not hang on a tenth of a millimetre. */
const STEP_SHARE = 0.03;

/**
 * The factor for all lengths, 1 or smaller: the largest at which every held object has a grasp. 1 when nothing believable helps.
 * `scaleLogSd` is the standard deviation of the logarithm of the scale.
 */
export function fittingLengthScale({ objects, skill, robot }: EpisodeInputs, scaleLogSd: number): number {
  const held = new Set(skill.segments.filter(({ kind }) => kind === 'grasp').map(({ sourceId }) => sourceId));
  const sources = objects.filter(({ id, grasps }) => held.has(id) && grasps === null);
  const fits = (factor: number): boolean => sources.every((source) => hasGrasp(source, robot, factor));
  if (fits(1)) return 1;
  const least = Math.exp(-BELIEVED_SDS * scaleLogSd);
  for (let factor = 1 - STEP_SHARE; factor >= least; factor -= STEP_SHARE) {
    if (fits(factor)) return Math.max(least, factor - STEP_SHARE);
  }
  return 1;
}

function hasGrasp({ mesh }: EpisodeObject, robot: RobotModel, factor: number): boolean {
  return isGraspable(scaledMesh(mesh, factor), robot);
}

/** The same film with all lengths but the robot's times `factor`. */
export function scaledInputs(inputs: EpisodeInputs, factor: number): EpisodeInputs {
  const { scene, skill, objects } = inputs;
  return {
    ...inputs,
    scene: scaledScene(scene, factor),
    skill: scaledSkill(skill, factor),
    objects: objects.map((object) => ({
      ...object,
      mesh: scaledMesh(object.mesh, factor),
      sizeSdM: object.sizeSdM && scale(object.sizeSdM, factor),
      hold: object.hold && scaledHold(object.hold, factor),
    })),
  };
}

export function scaledGaussians(sets: ReadonlyMap<number, GaussianSet>, factor: number): Map<number, GaussianSet> {
  return new Map([...sets].map(([id, set]) => [id, transformSet(set, identity(), factor)]));
}

function scaledScene(scene: Scene, factor: number): Scene {
  return {
    ...scene,
    cameraFromWorld: scaledShift(scene.cameraFromWorld, factor),
    worldFromBase: scaledShift(scene.worldFromBase, factor),
    workspace: scene.workspace.map(([x, y]): [number, number] => [x * factor, y * factor]),
    occupied: scene.occupied?.map(([x, y, r]): [number, number, number] => [x * factor, y * factor, r * factor]),
  };
}

function scaledSkill(skill: Skill, factor: number): Skill {
  return {
    ...skill,
    relativeMotions: skill.relativeMotions.map((motion) => ({
      ...motion,
      targetFromSource: motion.targetFromSource.map((pose) => scaledShift(pose, factor)),
    })),
  };
}

function scaledMesh(mesh: TriangleMesh, factor: number): TriangleMesh {
  return { ...mesh, vertices: mesh.vertices.map((x) => x * factor) };
}

function scaledHold(hold: NonNullable<EpisodeObject['hold']>, factor: number): NonNullable<EpisodeObject['hold']> {
  return hold.map(([x, y, z, share]) => [x * factor, y * factor, z * factor, share]);
}

/** A rigid transform between frames whose lengths all change by `factor`. */
function scaledShift(pose: Mat4, factor: number): Mat4 {
  return pose.map((x, i) => (i % 4 === 3 && i < 12 ? x * factor : x));
}
