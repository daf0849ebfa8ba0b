/**
 * Collision shape of the Panda: capsules in link frames, metres. Each was fitted to its link's outline by least volume such that no
 * point of the outline lies more than 5 mm outside; the two of the hand are rounded up and made symmetric.
 */
import type { Vec3 } from '../math/vec3.js';
import type { Capsule } from './robot-model.js';

const capsule = (frame: number, a: Vec3, b: Vec3, radiusM: number): Capsule => ({ frame, a, b, radiusM });

export const FRANKA_CAPSULES: readonly Capsule[] = [
  capsule(0, [0, 0, 0.052], [-0.057, 0, 0.015], 0.1),
  capsule(1, [0, 0, -0.14], [0, -0.054, 0.001], 0.072),
  capsule(2, [0, -0.142, 0], [0, 0.002, 0.054], 0.072),
  capsule(3, [0.083, 0.043, 0], [0, 0, -0.08], 0.065),
  capsule(4, [0, 0, 0.042], [-0.082, 0.083, 0], 0.065),
  capsule(5, [-0.002, 0.065, 0.003], [0.001, 0.01, -0.244], 0.063),
  capsule(5, [0.05, 0.006, 0.025], [0.05, 0.006, 0.025], 0.02),
  capsule(6, [0.023, 0.006, 0.006], [0.087, 0.009, 0], 0.071),
  capsule(7, [-0.005, -0.005, 0.073], [0.033, 0.033, 0.081], 0.045),
  capsule(8, [0, -0.07, 0.034], [0, 0.07, 0.034], 0.034),
  capsule(8, [0, -0.07, 0.006], [0, 0.07, 0.006], 0.033),
];
