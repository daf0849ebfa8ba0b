/** The set of rigid motions that leave an object looking the same, as the BOP toolkit builds it from `models_info.json`. */
import { compose, fromTranslation, identity, type Mat4 } from '../../math/se3.js';
import { normalize, type Vec3 } from '../../math/vec3.js';

export interface ContinuousSymmetry {
  readonly axis: Vec3;
  /** A point of the axis, metres, model frame. */
  readonly offsetM: Vec3;
}

export interface Symmetries {
  /** modelFromModel, metres, without the identity. */
  readonly discrete: readonly Mat4[];
  readonly continuous: readonly ContinuousSymmetry[];
}

/** Between neighbouring rotations the farthest point moves by at most this share of the diameter (`max_sym_disc_step`). */
export const MAX_SYMMETRY_STEP = 0.01;

/**
 * All symmetries, the identity first. Each continuous axis is cut into ceil(pi / maxStep) rotations, which follow each of the
 * discrete motions; several axes are listed one after the other, not combined.
 */
export function symmetrySet({ discrete, continuous }: Symmetries, maxStep = MAX_SYMMETRY_STEP): Mat4[] {
  const all = [identity(), ...discrete];
  if (continuous.length === 0) return all;
  const turns = continuous.flatMap((symmetry) => turnsAbout(symmetry, Math.ceil(Math.PI / maxStep)));
  return all.flatMap((motion) => turns.map((turn) => compose(turn, motion)));
}

function turnsAbout({ axis, offsetM }: ContinuousSymmetry, count: number): Mat4[] {
  const unit = normalize(axis);
  const back = fromTranslation([-offsetM[0], -offsetM[1], -offsetM[2]]);
  return Array.from({ length: count }, (_, i) =>
    compose(fromTranslation(offsetM), rotationAbout(unit, (i * 2 * Math.PI) / count), back),
  );
}

/** Rodrigues' formula. Not through a quaternion: the errors here are compared at 1e-6 and every bit helps. */
function rotationAbout([x, y, z]: Vec3, angleRad: number): Mat4 {
  const [s, c] = [Math.sin(angleRad), Math.cos(angleRad)];
  const u = 1 - c;
  return [
    ...[c + x * x * u, x * y * u - z * s, x * z * u + y * s, 0],
    ...[x * y * u + z * s, c + y * y * u, y * z * u - x * s, 0],
    ...[x * z * u - y * s, y * z * u + x * s, c + z * z * u, 0],
    ...[0, 0, 0, 1],
  ];
}
