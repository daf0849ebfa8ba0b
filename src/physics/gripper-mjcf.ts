/** A two-pad gripper as MJCF: each finger moves as the robot model says, its pad is a flat block in the tool frame. */
import { compose, fromAxisAngle, fromTranslation, inverse, type Mat4, translationOf } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { Finger, Gripper, RobotModel } from '../robot/robot-model.js';
import { ARM_BITS, num, placeOf, vec } from './mjcf-text.js';

/** How far a pad would have to be from its goal for the full force: goals this far inside of an object hold it, metres. */
export const GRIP_TRAVEL_M = 0.01;
const FINGER_DAMPING = 60;
/** Sliding, twisting and rolling friction of rubber pads. */
const PAD_FRICTION = '1 0.02 0.0001';
/** A pad is several boxes, so that a flat thing between two of them cannot turn about one point. */
const PAD_COLUMNS = 2;
const PAD_ROWS = 3;
const PAD_THICKNESS_M = 0.004;

/** Joint value of a finger at an opening; straight on beyond both ends of its table. */
export function fingerValue({ valueAtWidth: table }: Finger, { maxWidthM }: Gripper, widthM: number): number {
  const x = (widthM / maxWidthM) * (table.length - 1);
  const k = Math.min(table.length - 2, Math.max(0, Math.floor(x)));
  return table[k] + (x - k) * (table[k + 1] - table[k]);
}

export const fingerTargets = (gripper: Gripper, widthM: number): number[] =>
  gripper.fingers.map((finger) => fingerValue(finger, gripper, widthM));

export function fingerBodies({ gripper }: RobotModel, massKg: number): string[] {
  const handFromTool = inverse(gripper.toolFromHand);
  const bodies = gripper.fingers.flatMap((finger, k) => {
    const name = fingerName(k);
    const bodyFromTool = compose(inverse(placeAt(finger, fingerValue(finger, gripper, 0))), handFromTool);
    const range = [0, gripper.maxWidthM].map((width) => fingerValue(finger, gripper, width)).sort((a, b) => a - b);
    const [centre] = centreOfPad(gripper, sideOf(finger, gripper));
    return [
      `      <body name="${name}" gravcomp="1" ${placeOf(finger.handFromJoint)}>`,
      `      <inertial mass="${num(massKg)}" pos="${vec(translationOf(compose(bodyFromTool, fromTranslation(centre))))}" diaginertia="1e-5 1e-5 1e-5"/>`,
      `      <joint name="${name}" type="${finger.motion === 'slide' ? 'slide' : 'hinge'}" axis="0 0 1" range="${range.map(num).join(' ')}" armature="${finger.motion === 'slide' ? 0.05 : 0.005}" damping="${finger.motion === 'slide' ? 10 : 0.1}"/>`,
      ...padGeoms(gripper, sideOf(finger, gripper), bodyFromTool),
      '      </body>',
    ];
  });
  return gripper.oneSided ? [...bodies, ...padGeoms(gripper, -1, handFromTool)] : bodies;
}

/** Fingers that move alike are geared to each other. */
export function fingerCoupling({ gripper }: RobotModel): string[] {
  const [first, second] = gripper.fingers;
  if (!second || first.valueAtWidth.some((value, k) => value !== second.valueAtWidth[k])) return [];
  return [
    '  <equality>',
    `    <joint joint1="${fingerName(0)}" joint2="${fingerName(1)}" solref="0.005 1"/>`,
    '  </equality>',
  ];
}

export function fingerDrives({ gripper }: RobotModel, gripN: number): string[] {
  return gripper.fingers.map((finger, k) => {
    // Metres of pad travel per unit of the joint: a lever for fingers that turn.
    const share = gripper.oneSided ? 1 : 2;
    const slope = (fingerValue(finger, gripper, gripper.maxWidthM) - fingerValue(finger, gripper, 0)) * share;
    const lever = Math.abs(gripper.maxWidthM / slope);
    const force = gripN * lever;
    return `    <position name="${fingerName(k)}" joint="${fingerName(k)}" kp="${num((gripN * lever * lever) / GRIP_TRAVEL_M)}" kv="${num(FINGER_DAMPING * lever * lever)}" forcerange="${num(-force)} ${num(force)}"/>`;
  });
}

const fingerName = (k: number): string => `finger${k + 1}`;

/** handFromBody at a joint value. */
function placeAt({ handFromJoint, motion }: Finger, value: number): Mat4 {
  return compose(handFromJoint, motion === 'slide' ? fromTranslation([0, 0, value]) : fromAxisAngle([0, 0, 1], value));
}

/** +1 when the finger opens towards the tool's +y. */
function sideOf(finger: Finger, gripper: Gripper): 1 | -1 {
  const { toolFromHand, maxWidthM } = gripper;
  const tipAt = (width: number): number => {
    const handFromFinger = compose(placeAt(finger, fingerValue(finger, gripper, width)), finger.jointFromFinger);
    const handFromClosed = compose(placeAt(finger, fingerValue(finger, gripper, 0)), finger.jointFromFinger);
    // Where the finger's part that is at the tool point when closed has gone.
    const tip = compose(toolFromHand, handFromFinger, inverse(handFromClosed), inverse(toolFromHand));
    return tip[7];
  };
  return tipAt(maxWidthM) >= 0 ? 1 : -1;
}

/** Centre and half extents of a closed finger's block, tool frame. */
function centreOfPad(gripper: Gripper, side: 1 | -1): [Vec3, Vec3] {
  const { fingerThicknessM: thick, fingerReachM, tipBeyondToolM, fingerWidthM } = gripper;
  return [
    [0, (side * thick) / 2, (tipBeyondToolM - fingerReachM) / 2],
    [fingerWidthM / 2, thick / 2, (tipBeyondToolM + fingerReachM) / 2],
  ];
}

/** Whether a point (tool frame) is in a closed finger's block, give or take the thickness of a pad. */
export function isInPadBlock(gripper: Gripper, side: 1 | -1, point: Vec3): boolean {
  const [centre, half] = centreOfPad(gripper, side);
  return point.every((x, i) => Math.abs(x - centre[i]) <= half[i] + PAD_THICKNESS_M);
}

function padGeoms(gripper: Gripper, side: 1 | -1, bodyFromTool: Mat4): string[] {
  const [[, , z], [halfX, halfY, halfZ]] = centreOfPad(gripper, side);
  const box = (centre: Vec3, half: Vec3, rest: string): string =>
    `      <geom type="box" ${placeOf(compose(bodyFromTool, fromTranslation(centre)))} size="${vec(half)}" ${ARM_BITS} ${rest}/>`;
  const geoms = [
    box(
      [0, side * (halfY + PAD_THICKNESS_M / 2), z],
      [halfX, halfY - PAD_THICKNESS_M / 2, halfZ],
      'rgba="0.85 0.85 0.85 1"',
    ),
  ];
  const half: Vec3 = [halfX / PAD_COLUMNS, PAD_THICKNESS_M / 2, halfZ / PAD_ROWS];
  for (let column = 0; column < PAD_COLUMNS; column++) {
    for (let row = 0; row < PAD_ROWS; row++) {
      const centre: Vec3 = [
        -halfX + (2 * column + 1) * half[0],
        (side * PAD_THICKNESS_M) / 2,
        z - halfZ + (2 * row + 1) * half[2],
      ];
      geoms.push(
        box(
          centre,
          half,
          `priority="1" friction="${PAD_FRICTION}" condim="4" solimp="0.95 0.99 0.001" solref="0.004 1" rgba="0.2 0.2 0.2 1"`,
        ),
      );
    }
  }
  return geoms;
}
