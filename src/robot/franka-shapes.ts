/**
 * The outside of the Panda as solids of our own in link frames, metres: white shells, dark covers and joint rings, a light hand,
 * rubber pads. Dimensions follow the maker's drawings to a few millimetres.
 */
import type { Vec3 } from '../math/vec3.js';
import type { Bar, Block, Solid } from './solid.js';

export type Material = 'shell' | 'dark' | 'hand' | 'rubber' | 'metal' | 'light';

/** A solid of one material. `frame` as in `Capsule.frame`; `FINGER` is drawn once per finger, in the finger's frame. */
export interface ShapePart {
  readonly frame: number;
  readonly material: Material;
  readonly solid: Solid;
}

export const FINGER = 9;

const bar = (a: Vec3, b: Vec3, radiusAM: number, radiusBM: number, edgeM: number): Bar => ({
  kind: 'bar',
  a,
  b,
  radiusAM,
  radiusBM,
  edgeM,
});
const block = (centre: Vec3, half: Vec3, edgeM: number): Block => ({ kind: 'block', centre, half, edgeM });
const part = (frame: number, material: Material, blendM: number, ...parts: Solid['parts']): ShapePart => ({
  frame,
  material,
  solid: { parts, blendM },
});

export const FRANKA_SHAPES: readonly ShapePart[] = [
  part(
    0,
    'shell',
    0.04,
    bar([0, 0, 0], [0, 0, 0.14], 0.068, 0.056, 0.01),
    block([-0.075, 0, 0.035], [0.075, 0.06, 0.035], 0.02),
    block([0.01, 0, 0.012], [0.06, 0.09, 0.012], 0.01),
  ),
  part(
    1,
    'shell',
    0.03,
    bar([0, 0, -0.192], [0, 0, -0.02], 0.055, 0.055, 0.01),
    bar([0, -0.129, 0], [0, 0.02, 0], 0.055, 0.055, 0.03),
  ),
  part(
    2,
    'shell',
    0.03,
    bar([0, 0, -0.02], [0, 0, 0.129], 0.055, 0.055, 0.03),
    bar([0, -0.194, 0], [0, 0.02, 0], 0.055, 0.055, 0.01),
  ),
  part(
    3,
    'shell',
    0.03,
    bar([0, 0, -0.121], [0, 0, 0.03], 0.055, 0.055, 0.01),
    bar([0.082, -0.02, 0], [0.082, 0.1, 0], 0.055, 0.055, 0.03),
  ),
  part(
    4,
    'shell',
    0.03,
    bar([0, 0, -0.02], [0, 0, 0.1], 0.055, 0.055, 0.03),
    bar([-0.082, -0.03, 0], [-0.082, 0.124, 0], 0.055, 0.055, 0.01),
  ),
  part(
    5,
    'shell',
    0.03,
    bar([0, 0, -0.259], [0, 0, -0.15], 0.055, 0.055, 0.01),
    bar([0, 0.06, -0.2], [0, 0.075, 0], 0.05, 0.05, 0.03),
    bar([0, 0, 0], [0, 0.12, 0], 0.05, 0.05, 0.02),
  ),
  part(
    6,
    'shell',
    0.03,
    bar([0, 0, -0.04], [0, 0, 0.05], 0.048, 0.045, 0.02),
    bar([0.088, -0.045, 0], [0.088, 0.075, 0], 0.045, 0.045, 0.02),
  ),
  part(
    7,
    'shell',
    0.01,
    bar([0, 0, 0.052], [0, 0, 0.107], 0.044, 0.034, 0.005),
    block([0.03, 0.03, 0.08], [0.03, 0.03, 0.012], 0.01),
  ),
  part(
    8,
    'hand',
    0.01,
    block([0, 0, 0.033], [0.03, 0.102, 0.033], 0.015),
    block([0, 0, 0.0], [0.031, 0.055, 0.01], 0.01),
  ),
  part(
    FINGER,
    'hand',
    0.004,
    block([0, 0.014, 0.012], [0.0105, 0.012, 0.012], 0.003),
    block([0, 0.0095, 0.035], [0.009, 0.006, 0.018], 0.003),
  ),
  part(FINGER, 'rubber', 0.002, block([0, 0.004, 0.045], [0.0085, 0.004, 0.0085], 0.001)),
];
