/** A planned episode replayed in physics. */
import type { Mat4 } from '../math/se3.js';
import { convexPieces } from '../physics/decompose.js';
import { massOf, priorFor } from '../physics/mass.js';
import type { PhysicsObject, PhysicsScene } from '../physics/mjcf.js';
import { openMujoco, simulate } from '../physics/simulate.js';
import { judge, type PhysicsVerdict, type WantedMotion } from '../physics/verdict.js';
import { posesAt } from './checks.js';
import type { EpisodeInputs, EpisodeObject, EpisodePlan } from './episode.js';
import { SETTLE_SEC } from './legs.js';

/** Judges accepted plans by replay; the objects' convex pieces are worked out once. */
export async function openPhysics(inputs: EpisodeInputs): Promise<(plan: EpisodePlan) => PhysicsVerdict> {
  const mujoco = await openMujoco();
  const objects = inputs.objects.map(physicsObject);
  return (plan) => {
    const scene = physicsScene(inputs, objects, plan);
    const targets = { ...plan, grip: gripOf(plan) };
    return judge(wantedMotions(inputs, plan), simulate(mujoco, scene, targets).poses);
  };
}

export function physicsObject({ id, name, mesh, hollow }: EpisodeObject): PhysicsObject {
  const { densityKgM3, friction, isSoft = false } = priorFor(name, hollow);
  return {
    id,
    name,
    pieces: convexPieces(mesh, hollow),
    mass: massOf(mesh, densityKgM3),
    friction,
    isSoft,
    isHollow: hollow,
  };
}

/** The scene as the episode begins. */
export function physicsScene(
  { robot, scene }: EpisodeInputs,
  objects: readonly PhysicsObject[],
  plan: Pick<EpisodePlan, 'jointPositions' | 'gripperWidth' | 'objectPoses'>,
): PhysicsScene {
  return {
    robot,
    worldFromBase: scene.worldFromBase,
    objects,
    worldFromObject: posesAt(plan, 0),
    q: plan.jointPositions.subarray(0, robot.joints.length),
    widthM: plan.gripperWidth[0],
  };
}

/**
 * Share of the grip's force at every frame: it grows while the closed fingers settle on the object (before that they would be driven
 * into thin walls at speed) and is there as long as something is held.
 */
export function gripOf({ phases, numFrames, fps }: Pick<EpisodePlan, 'phases' | 'numFrames' | 'fps'>): Float32Array {
  const grip = new Float32Array(numFrames);
  const settling = Math.max(1, Math.round(SETTLE_SEC * fps));
  for (const { name, fromFrame, toFrame, heldId } of phases) {
    for (let t = fromFrame; t < toFrame; t++) {
      if (heldId !== null) grip[t] = 1;
      else if (name === 'close') grip[t] = Math.max(0, (t + 1 - (toFrame - settling)) / settling);
    }
  }
  return grip;
}

function wantedMotions(inputs: EpisodeInputs, plan: EpisodePlan): WantedMotion[] {
  const heldIds = new Set(plan.grasps.map(({ sourceId }) => sourceId));
  return inputs.objects.map(({ id, name, symmetry }) => {
    const { worldFromObject: flat } = plan.objectPoses.find((track) => track.id === id)!;
    const poses = Array.from({ length: plan.numFrames }, (_, t): Mat4 => [...flat.subarray(t * 16, t * 16 + 16)]);
    const moves = poses[0].some((value, e) => Math.abs(value - poses[poses.length - 1][e]) > 1e-6);
    const held = plan.phases
      .filter(({ heldId }) => heldId === id)
      .map(({ fromFrame, toFrame }): [number, number] => [fromFrame, toFrame]);
    return {
      id,
      name,
      isRound: symmetry === 'z',
      part: heldIds.has(id) ? 'held' : moves ? 'pushed' : 'bystander',
      poses,
      held,
    };
  });
}
