/**
 * The scene of an episode as MJCF: table, arm with position-controlled joints and a two-finger gripper, objects as convex pieces.
 * One file without others beside it, so that it opens in MuJoCo's own viewer. Metres, radians, kilograms, world frame as ours.
 */
import { compose, type Mat4, quaternionOf, transformPoint, translationOf } from '../math/se3.js';
import type { Capsule, RobotModel } from '../robot/robot-model.js';
import { type ArmDynamics, armDynamics } from './arm-dynamics.js';
import type { ConvexPiece } from './decompose.js';
import { fingerBodies, fingerCoupling, fingerDrives, fingerTargets, isInPadBlock } from './gripper-mjcf.js';
import type { MassProperties } from './mass.js';
import { ARM_BITS, num, OBJECT_BITS, placeOf, vec } from './mjcf-text.js';

export const TIMESTEP_SEC = 0.002;

export interface PhysicsObject {
  readonly id: number;
  readonly name: string;
  readonly pieces: readonly ConvexPiece[];
  readonly mass: MassProperties;
  readonly friction: number;
  /** Bristles and foam: several millimetres give before the full force is there. */
  readonly isSoft: boolean;
  /** Has walls that may be thin. */
  readonly isHollow?: boolean;
}

export interface PhysicsScene {
  readonly robot: RobotModel;
  readonly worldFromBase: Mat4;
  readonly objects: readonly PhysicsObject[];
  /** Where the objects are at the start, by id. */
  readonly worldFromObject: ReadonlyMap<number, Mat4>;
  /** Arm and gripper at the start. */
  readonly q: ArrayLike<number>;
  readonly widthM: number;
}

export const jointName = (i: number): string => `joint${i + 1}`;
export const objectName = (id: number): string => `object${id}`;

/** Sliding, twisting and rolling friction of a wooden table. */
const TABLE_FRICTION = '0.5 0.005 0.0001';

export function toMjcf(scene: PhysicsScene): string {
  const { robot } = scene;
  const dynamics = armDynamics(robot);
  return [
    '<mujoco model="v2r episode">',
    '  <compiler angle="radian" autolimits="true" balanceinertia="true"/>',
    // Several contacts per pair keep flat things from turning about one point; on thin walls some of them get normals along the wall.
    `  <option timestep="${TIMESTEP_SEC}" integrator="implicitfast" cone="elliptic" impratio="10">`,
    `    <flag multiccd="${scene.objects.some(({ isHollow }) => isHollow) ? 'disable' : 'enable'}"/>`,
    '  </option>',
    '  <visual><headlight ambient="0.4 0.4 0.4"/></visual>',
    '  <asset>',
    ...scene.objects.flatMap(meshAssets),
    '  </asset>',
    '  <worldbody>',
    '    <light pos="0 0 2" dir="0 0 -1"/>',
    `    <geom name="table" type="plane" size="1.5 1.5 0.1" ${OBJECT_BITS} friction="${TABLE_FRICTION}" condim="4" rgba="0.75 0.7 0.62 1"/>`,
    ...armBodies(scene, dynamics),
    ...scene.objects.flatMap((object) => objectBody(object, scene.worldFromObject.get(object.id)!)),
    '  </worldbody>',
    ...fingerCoupling(robot),
    '  <actuator>',
    ...robot.joints.map((joint, i) => {
      const { stiffness, damping, maxTorque } = dynamics.joints[i];
      return `    <position name="${jointName(i)}" joint="${jointName(i)}" kp="${stiffness}" kv="${damping}" forcerange="${-maxTorque} ${maxTorque}" ctrlrange="${num(joint.lowerRad - 1)} ${num(joint.upperRad + 1)}"/>`;
    }),
    ...fingerDrives(robot, dynamics.gripN),
    '  </actuator>',
    '  <keyframe>',
    `    <key name="start" qpos="${startOf(scene)}" ctrl="${controlOf(scene)}"/>`,
    '  </keyframe>',
    '</mujoco>',
    '',
  ].join('\n');
}

/** Positions of all joints at the start, in MuJoCo's order: arm, fingers, then place and turn of each object. */
function startOf(scene: PhysicsScene): string {
  const arm = [...Array.from(scene.q), ...fingerTargets(scene.robot.gripper, scene.widthM)];
  const objects = scene.objects.flatMap(({ id }) => {
    const pose = scene.worldFromObject.get(id)!;
    return [...translationOf(pose), ...quaternionOf(pose)];
  });
  return [...arm, ...objects].map(num).join(' ');
}

const controlOf = (scene: PhysicsScene): string =>
  [...Array.from(scene.q), ...fingerTargets(scene.robot.gripper, scene.widthM)].map(num).join(' ');

function armBodies({ robot, worldFromBase }: PhysicsScene, dynamics: ArmDynamics): string[] {
  const n = robot.joints.length;
  const lines: string[] = [`    <body name="base" ${placeOf(worldFromBase)}>`, ...linkGeoms(robot, 0)];
  robot.joints.forEach((joint, i) => {
    lines.push(
      `    <body name="link${i + 1}" gravcomp="1" ${placeOf(joint.parentFromJoint)}>`,
      inertialOf(dynamics.links[i]),
      `      <joint name="${jointName(i)}" axis="0 0 1" range="${num(joint.lowerRad)} ${num(joint.upperRad)}" armature="0.1" damping="1"/>`,
      ...linkGeoms(robot, i + 1),
    );
  });
  const { gripper } = robot;
  const lastFromHand = compose(robot.lastFromTool, gripper.toolFromHand);
  lines.push(
    `    <body name="hand" gravcomp="1" ${placeOf(lastFromHand)}>`,
    inertialOf(dynamics.links[n]),
    ...linkGeoms(robot, n + 1),
    ...fingerBodies(robot, dynamics.fingerKg),
    ...new Array<string>(n + 2).fill('    </body>'),
  );
  return lines;
}

const linkGeoms = (robot: RobotModel, frame: number): string[] =>
  robot.capsules
    .filter((capsule) => capsule.frame === frame && !isPartOfPad(robot, capsule))
    .map(({ a, b, radiusM }) => {
      const isBall = a.every((x, i) => Math.abs(x - b[i]) < 1e-9);
      const shape = isBall
        ? `type="sphere" pos="${vec(a)}" size="${num(radiusM)}"`
        : `type="capsule" fromto="${vec(a)} ${vec(b)}" size="${num(radiusM)}"`;
      return `      <geom ${shape} ${ARM_BITS} rgba="0.9 0.9 0.9 1"/>`;
    });

/** A jaw that is fixed to the hand is a block with pads already; its capsules, rounder than it, would touch things before the pads. */
function isPartOfPad({ joints, gripper }: RobotModel, { frame, a, b }: Capsule): boolean {
  if (!gripper.oneSided || frame <= joints.length) return false;
  return [a, b].every((end) => isInPadBlock(gripper, -1, transformPoint(gripper.toolFromHand, end)));
}

function meshAssets({ id, pieces }: PhysicsObject): string[] {
  return pieces.map((corners, k) => `    <mesh name="${objectName(id)}-${k}" vertex="${corners.map(vec).join(' ')}"/>`);
}

function objectBody({ id, name, pieces, mass, friction, isSoft }: PhysicsObject, pose: Mat4): string[] {
  const colour = PALETTE[id % PALETTE.length];
  return [
    `    <body name="${objectName(id)}" ${placeOf(pose)}><!-- ${name.replace(/-{2,}/g, '-')} -->`,
    `      <freejoint name="${objectName(id)}"/>`,
    inertialOf(mass),
    ...pieces.map(
      (_, k) =>
        `      <geom type="mesh" mesh="${objectName(id)}-${k}" ${OBJECT_BITS} friction="${friction} 0.005 0.0001" condim="4"${isSoft ? SOFT_CONTACT : ''} rgba="${colour} 1"/>`,
    ),
    '    </body>',
  ];
}

/** Little resistance at first, nearly rigid 8 mm deep. */
const SOFT_CONTACT = ' solref="0.02 1" solimp="0.05 0.9 0.008"';

const PALETTE = ['0.8 0.3 0.25', '0.25 0.5 0.75', '0.35 0.65 0.35', '0.85 0.7 0.25', '0.6 0.4 0.7'];

function inertialOf({ massKg, centre, inertia }: MassProperties): string {
  return `      <inertial mass="${num(massKg)}" pos="${vec(centre)}" fullinertia="${inertia.map(num).join(' ')}"/>`;
}
