/**
 * The Franka Emika Panda as data. Kinematics are the maker's published modified Denavit-Hartenberg table (Craig), limits those
 * of its control interface documentation: T(i-1,i) = RotX(alpha) TransX(a) RotZ(q) TransZ(d).
 */
import { compose, fromAxisAngle, fromTranslation, identity, inverse, type Mat4 } from '../math/se3.js';
import { FRANKA_CAPSULES } from './franka-capsules.js';
import { type Finger, type Joint, type RobotModel, toleranceFor } from './robot-model.js';

interface DhRow {
  aM: number;
  dM: number;
  alphaRad: number;
  lowerRad: number;
  upperRad: number;
  maxVelocity: number;
  maxAcceleration: number;
  maxJerk: number;
}

const H = Math.PI / 2;
const row = (
  [aM, dM, alphaRad]: [number, number, number],
  [lowerRad, upperRad]: [number, number],
  [maxVelocity, maxAcceleration, maxJerk]: [number, number, number],
): DhRow => ({ aM, dM, alphaRad, lowerRad, upperRad, maxVelocity, maxAcceleration, maxJerk });

/** [a (m), d (m), alpha (rad)], [lower, upper] (rad), [velocity rad/s, acceleration rad/s^2, jerk rad/s^3]. */
const DH_TABLE: readonly DhRow[] = [
  row([0, 0.333, 0], [-2.8973, 2.8973], [2.175, 15, 7500]),
  row([0, 0, -H], [-1.7628, 1.7628], [2.175, 7.5, 3750]),
  row([0, 0.316, H], [-2.8973, 2.8973], [2.175, 10, 5000]),
  row([0.0825, 0, H], [-3.0718, -0.0698], [2.175, 12.5, 6250]),
  row([-0.0825, 0.384, -H], [-2.8973, 2.8973], [2.61, 15, 7500]),
  row([0, 0, H], [-0.0175, 3.7525], [2.61, 20, 10000]),
  row([0.088, 0, H], [-2.8973, 2.8973], [2.61, 20, 10000]),
];

const FLANGE_M = 0.107;
const HAND_TO_TOOL_M = 0.1034;
const HAND_TO_FINGER_M = 0.0584;
const MAX_WIDTH_M = 0.08;

/** The arm is never folded so far that links closer than this in the chain meet; nearer ones touch by construction. */
const SELF_LINKS_APART = 4;

function selfPairsOf(numFrames: number): [number, number][] {
  const frames = Array.from({ length: numFrames }, (_, frame) => frame);
  return frames.flatMap((a) => frames.filter((b) => b - a >= SELF_LINKS_APART).map((b): [number, number] => [a, b]));
}

/** Both fingers are alike; the second is turned half round about the hand's z. Each travels half of the opening along the hand's y. */
function fingerOf(name: string, turnRad: number): Finger {
  const handFromFinger = compose(fromTranslation([0, 0, HAND_TO_FINGER_M]), fromAxisAngle([0, 0, 1], turnRad));
  // A quarter turn about x brings the joint's z onto the finger's y.
  const fingerFromJoint = fromAxisAngle([1, 0, 0], -H);
  return {
    name,
    motion: 'slide',
    handFromJoint: compose(handFromFinger, fingerFromJoint),
    jointFromFinger: inverse(fingerFromJoint),
    valueAtWidth: [0, MAX_WIDTH_M / 2],
    capsules: [{ a: [0, 0.009, 0.008], b: [0, 0.009, 0.044], radiusM: 0.0095 }],
  };
}

function jointOf(dh: DhRow, index: number): Joint {
  // RotZ(q) and TransZ(d) commute, so all that is fixed can stand before the turn.
  const parentFromJoint: Mat4 = compose(
    fromAxisAngle([1, 0, 0], dh.alphaRad),
    fromTranslation([dh.aM, 0, 0]),
    fromTranslation([0, 0, dh.dM]),
  );
  return {
    name: `panda_joint${index + 1}`,
    link: `link${index + 1}`,
    parentFromJoint,
    jointFromLink: identity(),
    lowerRad: dh.lowerRad,
    upperRad: dh.upperRad,
    maxVelocity: dh.maxVelocity,
    maxAcceleration: dh.maxAcceleration,
    maxJerk: dh.maxJerk,
  };
}

/** Franka Emika Panda with the Franka hand. Base frame: on the mounting plane, z up, x forward. */
export function createFranka(): RobotModel {
  const handFromTool = fromTranslation([0, 0, HAND_TO_TOOL_M]);
  const lastFromHand = compose(fromTranslation([0, 0, FLANGE_M]), fromAxisAngle([0, 0, 1], -Math.PI / 4));
  return {
    name: 'franka',
    joints: DH_TABLE.map(jointOf),
    lastFromTool: compose(lastFromHand, handFromTool),
    home: [0, -Math.PI / 4, 0, (-3 * Math.PI) / 4, 0, Math.PI / 2, Math.PI / 4],
    gripper: {
      maxWidthM: MAX_WIDTH_M,
      widthSpeed: 0.1,
      oneSided: false,
      toolFromHand: inverse(handFromTool),
      fingers: [fingerOf('left_finger', 0), fingerOf('right_finger', Math.PI)],
      tipBeyondToolM: 0.0087,
      fingerWidthM: 0.021,
      fingerThicknessM: 0.015,
      fingerReachM: 0.038,
      palmHalfM: [0.032, 0.102],
    },
    capsules: FRANKA_CAPSULES,
    selfPairs: selfPairsOf(DH_TABLE.length + 2),
    // The foot is 0.19 m x 0.25 m: its half diagonal and a little.
    mount: { forwardRad: 0, heightM: 0, footRadiusM: 0.17 },
    tolerance: toleranceFor(DH_TABLE.length),
  };
}
