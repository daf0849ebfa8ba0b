/** An arm made of Gaussians: one set per link, plus one finger that is drawn twice. */

import { fromAxes, quaternionOf } from '../math/se3.js';
import { cross, perpendicular, type Vec3 } from '../math/vec3.js';
import { createGaussians, type GaussianSet, SH_C0 } from '../splat/gaussians.js';
import { FINGER, type Material, type ShapePart } from './franka-shapes.js';
import { solidDistance, surfacePoints } from './solid.js';

export interface RobotGaussians {
  /** By `Capsule.frame`: base, links, hand. In the frame of the link. */
  readonly links: readonly GaussianSet[];
  /** In the finger frame; both fingers are alike. */
  readonly finger: GaussianSet;
  readonly count: number;
}

/** sRGB 0..1 seen straight on, and how much darker the surface gets where it turns away from the viewer. */
const MATERIALS: Record<Material, { rgb: Vec3; falloff: number }> = {
  shell: { rgb: [0.93, 0.935, 0.94], falloff: 0.5 },
  dark: { rgb: [0.21, 0.22, 0.24], falloff: 0.45 },
  hand: { rgb: [0.86, 0.87, 0.88], falloff: 0.5 },
  rubber: { rgb: [0.11, 0.11, 0.12], falloff: 0.4 },
  metal: { rgb: [0.68, 0.69, 0.71], falloff: 0.55 },
  light: { rgb: [0.35, 0.65, 0.95], falloff: 0.1 },
};

/** Standard deviation of a disc per grid spacing (1.5 points per spacing squared): closed without washing edges out. */
const DISC_SD_PER_SPACING = 0.55;
const THICKNESS_RATIO = 0.1;
const OPACITY_LOGIT = Math.log(0.98 / 0.02);
/** Spherical harmonics constant of degree 1. */
const SH_C1 = 0.4886025119029199;

/** Spacing that keeps a robot filling an image of `widthPx` closed and sharp: about 1.5 px at arm's length, metres. */
export function spacingFor(widthPx: number): number {
  return Math.min(0.012, Math.max(0.0055, 3.2 / widthPx));
}

/** Gaussians of a robot given by solids. `numFrames`: base + links + hand. Deterministic. */
export function robotGaussians(shapes: readonly ShapePart[], numFrames: number, spacingM: number): RobotGaussians {
  const links = Array.from({ length: numFrames }, (_, frame) =>
    setOf(
      shapes.filter((shape) => shape.frame === frame),
      spacingM,
    ),
  );
  // Fingers are small and in the middle of the picture: twice as fine.
  const finger = setOf(
    shapes.filter((shape) => shape.frame === FINGER),
    spacingM / 2,
  );
  return { links, finger, count: links.reduce((sum, set) => sum + set.count, 2 * finger.count) };
}

function setOf(parts: readonly ShapePart[], spacingM: number): GaussianSet {
  const discs: { point: Vec3; normal: Vec3; material: Material }[] = [];
  parts.forEach((part, index) => {
    const { points, normals } = surfacePoints(part.solid, spacingM);
    points.forEach((point, i) => {
      // What lies inside another part of the same link is never seen.
      const hidden = parts.some((other, k) => k !== index && solidDistance(point, other.solid) < -HIDDEN_DEPTH_M);
      if (!hidden) discs.push({ point, normal: normals[i], material: part.material });
    });
  });
  const set = createGaussians(discs.length, 1);
  const sd = Math.log(spacingM * DISC_SD_PER_SPACING);
  const thickness = Math.log(spacingM * DISC_SD_PER_SPACING * THICKNESS_RATIO);
  discs.forEach(({ point, normal, material }, i) => {
    const across = perpendicular(normal);
    set.position.set(point, 3 * i);
    set.rotation.set(quaternionOf(fromAxes(across, cross(normal, across), normal, [0, 0, 0])), 4 * i);
    set.logScale.set([sd, sd, thickness], 3 * i);
    set.opacityLogit[i] = OPACITY_LOGIT;
    writeShadedColour(set, i, normal, material);
  });
  return set;
}

const HIDDEN_DEPTH_M = 0.002;

/**
 * Colour = rgb (1 - falloff + falloff n.v), v towards the viewer: a lamp beside the camera. It is linear in the viewing direction
 * d = -v, so spherical harmonics of degree 1 carry it exactly, whatever the pose of the link.
 */
function writeShadedColour(set: GaussianSet, i: number, normal: Vec3, material: Material): void {
  const { rgb, falloff } = MATERIALS[material];
  for (let c = 0; c < 3; c++) {
    const at = i * 12 + c;
    const slope = (rgb[c] * falloff) / SH_C1;
    set.sh[at] = (rgb[c] * (1 - falloff) - 0.5) / SH_C0;
    set.sh[at + 3] = slope * normal[1];
    set.sh[at + 6] = -slope * normal[2];
    set.sh[at + 9] = slope * normal[0];
  }
}
