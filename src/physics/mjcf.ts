/**
 * The scene of an episode as MJCF: table, arm with position-controlled joints and a two-finger gripper, objects as convex pieces.
 * One file without others beside it, so that it opens in MuJoCo's own viewer. Metres, radians, kilograms, world frame as ours.
 */
import { compose, inverse, type Mat4, quaternionOf, translationOf } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import type { RobotModel } from '../robot/robot-model.js';
import { type ArmDynamics, armDynamics } from './arm-dynamics.js';
import type { ConvexPiece } from './decompose.js';
import type { MassProperties } from './mass.js';

export const TIMESTEP_SEC = 0.002;

export interface PhysicsObject {
  readonly id: number;
  readonly name: string;
  readonly mesh: TriangleMesh;
  readonly pieces: readonly ConvexPiece[];
  readonly mass: MassProperties;
  readonly friction: number;
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

/** Bits of collision classes: the arm meets objects and table but not itself (the planner sees to that). */
const ARM_BITS = 'contype="1" conaffinity="2"';
const OBJECT_BITS = 'contype="2" conaffinity="3"';
/** Sliding, twisting and rolling friction of rubber finger pads and of a wooden table. */
const PAD_FRICTION = '1 0.02 0.0001';
const TABLE_FRICTION = '0.5 0.005 0.0001';
const PAD_COLUMNS = 2;
const PAD_ROWS = 3;
const PAD_THICKNESS_M = 0.004;

export function toMjcf(scene: PhysicsScene): string {
  const { robot } = scene;
  const dynamics = armDynamics(robot);
  return [
    '<mujoco model="v2r episode">',
    '  <compiler angle="radian" autolimits="true" balanceinertia="true"/>',
    `  <option timestep="${TIMESTEP_SEC}" integrator="implicitfast" cone="elliptic" impratio="10">`,
    '    <flag multiccd="enable"/>',
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
    '  <equality>',
    '    <joint joint1="finger1" joint2="finger2" solref="0.005 1"/>',
    '  </equality>',
    '  <actuator>',
    ...robot.joints.map((joint, i) => {
      const { stiffness, damping, maxTorque } = dynamics.joints[i];
      return `    <position name="${jointName(i)}" joint="${jointName(i)}" kp="${stiffness}" kv="${damping}" forcerange="${-maxTorque} ${maxTorque}" ctrlrange="${num(joint.lowerRad - 1)} ${num(joint.upperRad + 1)}"/>`;
    }),
    ...['finger1', 'finger2'].map(
      (name) =>
        `    <position name="${name}" joint="${name}" kp="${num(dynamics.gripN / GRIP_TRAVEL_M)}" kv="${FINGER_DAMPING}" forcerange="${-dynamics.gripN} ${dynamics.gripN}"/>`,
    ),
    '  </actuator>',
    '  <keyframe>',
    `    <key name="start" qpos="${startOf(scene)}" ctrl="${controlOf(scene)}"/>`,
    '  </keyframe>',
    '</mujoco>',
    '',
  ].join('\n');
}

/** How far a finger would have to be from its goal for the full force: goals this far inside of an object hold it, metres. */
export const GRIP_TRAVEL_M = 0.01;
const FINGER_DAMPING = 60;

/** Positions of all joints at the start, in MuJoCo's order: arm, fingers, then place and turn of each object. */
function startOf(scene: PhysicsScene): string {
  const arm = [...Array.from(scene.q), scene.widthM / 2, scene.widthM / 2];
  const objects = scene.objects.flatMap(({ id }) => {
    const pose = scene.worldFromObject.get(id)!;
    return [...translationOf(pose), ...quaternionOf(pose)];
  });
  return [...arm, ...objects].map(num).join(' ');
}

const controlOf = (scene: PhysicsScene): string =>
  [...Array.from(scene.q), scene.widthM / 2, scene.widthM / 2].map(num).join(' ');

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
    ...fingerBody(robot, 'finger1', false, dynamics.fingerKg),
    ...fingerBody(robot, 'finger2', true, dynamics.fingerKg),
    ...new Array<string>(n + 2).fill('    </body>'),
  );
  return lines;
}

/** A finger slides out along its own y; pads of several boxes keep a flat thing from turning between them. */
function fingerBody({ gripper }: RobotModel, name: string, turned: boolean, massKg: number): string[] {
  const toolZ = inverse(gripper.toolFromHand)[11] - gripper.fingerFrameZM;
  const low = toolZ - gripper.fingerReachM;
  const high = toolZ + gripper.tipBeyondToolM;
  const half = gripper.fingerWidthM / 2;
  const box = (x0: number, x1: number, y0: number, y1: number, z0: number, z1: number): string =>
    `type="box" pos="${[x0 + x1, y0 + y1, z0 + z1].map((s) => num(s / 2)).join(' ')}" size="${[x1 - x0, y1 - y0, z1 - z0].map((s) => num(s / 2)).join(' ')}"`;
  const pads: string[] = [];
  for (let column = 0; column < PAD_COLUMNS; column++) {
    for (let row = 0; row < PAD_ROWS; row++) {
      const x = (k: number): number => -half + (2 * half * k) / PAD_COLUMNS;
      const z = (k: number): number => low + ((high - low) * k) / PAD_ROWS;
      pads.push(
        `      <geom ${box(x(column), x(column + 1), 0, PAD_THICKNESS_M, z(row), z(row + 1))} ${ARM_BITS} friction="${PAD_FRICTION}" condim="4" solimp="0.95 0.99 0.001" solref="0.004 1" rgba="0.2 0.2 0.2 1"/>`,
      );
    }
  }
  return [
    `      <body name="${name}" gravcomp="1" pos="0 0 ${num(gripper.fingerFrameZM)}" quat="${turned ? '0 0 0 1' : '1 0 0 0'}">`,
    `      <inertial mass="${massKg}" pos="0 0 ${num((low + high) / 2)}" diaginertia="1e-5 1e-5 1e-6"/>`,
    `      <joint name="${name}" type="slide" axis="0 1 0" range="0 ${num(gripper.maxWidthM / 2)}" armature="0.05" damping="10"/>`,
    `      <geom ${box(-half, half, PAD_THICKNESS_M, gripper.fingerThicknessM, low, high)} ${ARM_BITS} rgba="0.85 0.85 0.85 1"/>`,
    ...pads,
    '      </body>',
  ];
}

const linkGeoms = (robot: RobotModel, frame: number): string[] =>
  robot.capsules
    .filter((capsule) => capsule.frame === frame)
    .map(({ a, b, radiusM }) => {
      const isBall = a.every((x, i) => Math.abs(x - b[i]) < 1e-9);
      const shape = isBall
        ? `type="sphere" pos="${vec(a)}" size="${num(radiusM)}"`
        : `type="capsule" fromto="${vec(a)} ${vec(b)}" size="${num(radiusM)}"`;
      return `      <geom ${shape} ${ARM_BITS} rgba="0.9 0.9 0.9 1"/>`;
    });

function meshAssets({ id, pieces }: PhysicsObject): string[] {
  return pieces.map((corners, k) => `    <mesh name="${objectName(id)}-${k}" vertex="${corners.map(vec).join(' ')}"/>`);
}

function objectBody({ id, name, pieces, mass, friction }: PhysicsObject, pose: Mat4): string[] {
  const colour = PALETTE[id % PALETTE.length];
  return [
    `    <body name="${objectName(id)}" ${placeOf(pose)}><!-- ${name.replace(/-{2,}/g, '-')} -->`,
    `      <freejoint name="${objectName(id)}"/>`,
    inertialOf(mass),
    ...pieces.map(
      (_, k) =>
        `      <geom type="mesh" mesh="${objectName(id)}-${k}" ${OBJECT_BITS} friction="${friction} 0.005 0.0001" condim="4" rgba="${colour} 1"/>`,
    ),
    '    </body>',
  ];
}

const PALETTE = ['0.8 0.3 0.25', '0.25 0.5 0.75', '0.35 0.65 0.35', '0.85 0.7 0.25', '0.6 0.4 0.7'];

function inertialOf({ massKg, centre, inertia }: MassProperties): string {
  return `      <inertial mass="${num(massKg)}" pos="${vec(centre)}" fullinertia="${inertia.map(num).join(' ')}"/>`;
}

const placeOf = (aFromB: Mat4): string => `pos="${vec(translationOf(aFromB))}" quat="${quaternionOf(aFromB).map(num).join(' ')}"`;
const vec = (v: Vec3): string => v.map(num).join(' ');
/** Eight significant digits: far below what contacts resolve, and the same text on every machine. */
const num = (x: number): string => String(Number(x.toPrecision(8)));
