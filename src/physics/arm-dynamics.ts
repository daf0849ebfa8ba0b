/** What moves an arm in physics: masses of its links and the gains of its position control. */
import { norm, sub, type Vec3, vec3 } from '../math/vec3.js';
import type { Capsule, RobotModel } from '../robot/robot-model.js';
import type { MassProperties } from './mass.js';

export interface JointDrive {
  /** Stiffness (Nm/rad) and damping (Nm s/rad) of the position control, and the largest torque, Nm. */
  readonly stiffness: number;
  readonly damping: number;
  readonly maxTorque: number;
}

export interface ArmDynamics {
  /** Link frames 1..n, then the hand. */
  readonly links: readonly MassProperties[];
  readonly joints: readonly JointDrive[];
  readonly fingerKg: number;
  /** Force of each finger on what it holds, N. */
  readonly gripN: number;
}

type Inertia = MassProperties['inertia'];
const link = (massKg: number, centre: Vec3, inertia: Inertia): MassProperties => ({ massKg, centre, inertia });

/**
 * Links of the Panda as the maker's robot description publishes them (inertials.yaml and hand_inertials.yaml), link frames of
 * the modified Denavit-Hartenberg table. Order of inertia: xx, yy, zz, xy, xz, yz.
 */
const FRANKA_LINKS: readonly MassProperties[] = [
  link(2.7907, [0.00033, -0.02204, -0.04762], [0.0156478, 0.0143988, 0.0050044, 5.3e-6, -3.68e-5, -0.0024848]),
  link(2.542, [0.00038, -0.09211, 0.01908], [0.0166243, 0.004625, 0.0154512, 3.09e-5, 8.4e-6, 0.003559]),
  link(2.2513, [0.05152, 0.01696, -0.02971], [0.0063174, 0.0086629, 0.006578, 0.0009731, 0.0029253, 0.0009347]),
  link(2.2037, [-0.05113, 0.05825, 0.01698], [0.0078459, 0.0064954, 0.0100308, -0.0033959, 0.001587, -0.0018148]),
  link(2.2855, [-0.00005, 0.0373, -0.0928], [0.0229701, 0.0209506, 0.0043061, -9.5e-6, -2.06e-5, 0.0038235]),
  link(1.353, [0.06572, -0.00371, 0.00153], [0.0008796, 0.002778, 0.002867, -0.0002149, -0.0001191, 1.27e-5]),
  link(0.35973, [0.00089, -0.00044, 0.05491], [0.0001954, 0.0001921, 0.0001794, 1.7e-6, 1.5e-6, -1.3e-6]),
  link(0.6544, [-0.0000376, 0.0119128, 0.020726], [0.00186, 0.0003, 0.00174, 0, 0, -2e-5]),
];

/** Torque limits from the maker's table; gains of the kind its joint position control has: stiff, a little over-damped. */
const FRANKA_DRIVES: readonly JointDrive[] = [
  ...Array.from({ length: 4 }, (_, i) => ({
    stiffness: i < 2 ? 4500 : 3500,
    damping: i < 2 ? 450 : 350,
    maxTorque: 87,
  })),
  ...Array.from({ length: 3 }, () => ({ stiffness: 2000, damping: 200, maxTorque: 12 })),
];

/** Mean density of geared arms, kg/m^3: for arms whose masses are not known. */
const ARM_DENSITY = 1200;

export function armDynamics(robot: RobotModel): ArmDynamics {
  if (robot.name === 'franka') return { links: FRANKA_LINKS, joints: FRANKA_DRIVES, fingerKg: 0.0291, gripN: 40 };
  const links = Array.from({ length: robot.joints.length + 1 }, (_, i) => massOfCapsules(robot.capsules, i + 1));
  const joints = robot.joints.map(() => ({ stiffness: 500, damping: 50, maxTorque: 30 }));
  return { links, joints, fingerKg: 0.01, gripN: 15 };
}

/** A link as heavy as its capsules are large, with the inertia of a ball of their size. */
function massOfCapsules(capsules: readonly Capsule[], frame: number): MassProperties {
  let massKg = 0.02;
  let centre: Vec3 = [0, 0, 0];
  let reachM = 0.02;
  for (const { a, b, radiusM } of capsules.filter((capsule) => capsule.frame === frame)) {
    const length = norm(sub(b, a));
    const own = ARM_DENSITY * Math.PI * radiusM ** 2 * (length + (4 / 3) * radiusM);
    const middle: Vec3 = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2];
    const share = own / (massKg + own);
    centre = vec3((i) => centre[i] + share * (middle[i] - centre[i]));
    massKg += own;
    reachM = Math.max(reachM, radiusM + length / 2);
  }
  const moment = 0.4 * massKg * reachM ** 2;
  return { massKg, centre, inertia: [moment, moment, moment, 0, 0, 0] };
}
