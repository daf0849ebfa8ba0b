/** An arm made of Gaussians: one set per link and finger. */
import { fromAxes, quaternionOf } from '../math/se3.js';
import { cross, dot, norm, perpendicular, sub, type Vec3 } from '../math/vec3.js';
import { createGaussians, type GaussianSet, SH_C0 } from '../splat/gaussians.js';
import { FINGER, type Material, type Paint, type ShapePart } from './franka-shapes.js';
import { surfacePoints } from './solid.js';

export interface RobotGaussians {
  /** By `Capsule.frame`: base, links, hand. In the frame of the link. Closed skins whose third axis points outward. */
  readonly links: readonly GaussianSet[];
  /** By `Gripper.fingers`, in the finger frame. */
  readonly fingers: readonly GaussianSet[];
  readonly count: number;
}

/** sRGB 0..1 seen straight on, and how much darker the surface gets where it turns away from the viewer. */
const MATERIALS: Record<Material, { rgb: Vec3; falloff: number }> = {
  shell: { rgb: [0.945, 0.95, 0.955], falloff: 0.46 },
  dark: { rgb: [0.2, 0.205, 0.215], falloff: 0.42 },
  hand: { rgb: [0.87, 0.88, 0.885], falloff: 0.48 },
  rubber: { rgb: [0.1, 0.1, 0.105], falloff: 0.4 },
};

/**
 * Standard deviation of a disc per grid spacing, with about 1.5 points per spacing squared. Smaller ones leave gaps through which the
 * dark far side shines.
 */
const DISC_SD_PER_SPACING = 0.7;
/** Discs reach over the outline by about this share of their size: they are drawn in by as much. */
const INSET_PER_SD = 1.1;
const THICKNESS_RATIO = 0.12;
const OPACITY = 0.99;
/** Spherical harmonics constant of degree 1. */
const SH_C1 = 0.4886025119029199;

/** Fingers are 15 mm thick: coarser discs would round them off. */
const FINGER_SPACING_M = 0.0022;

/** Spacing that keeps a robot closed and sharp in an image of this width, metres: 1.5 to 2 px at arm's length. */
export function spacingFor(widthPx: number): number {
  return Math.min(0.012, Math.max(0.0046, 2 / widthPx));
}

/** Gaussians of a robot given by solids. `numFrames`: base + links + hand. No randomness: the same set every time. */
export function robotGaussians(shapes: readonly ShapePart[], numFrames: number, spacingM: number): RobotGaussians {
  const of = (frame: number, spacing: number): GaussianSet =>
    setOf(
      shapes.filter((shape) => shape.frame === frame),
      spacing,
    );
  const links = Array.from({ length: numFrames }, (_, frame) =>
    of(frame, frame >= numFrames - 2 ? spacingM * 0.75 : spacingM),
  );
  // Hand and fingers are small and in the middle of the picture: finer.
  const finger = of(FINGER, Math.min(spacingM / 2, FINGER_SPACING_M));
  return { links, fingers: [finger, finger], count: links.reduce((sum, set) => sum + set.count, 2 * finger.count) };
}

function setOf(parts: readonly ShapePart[], spacingM: number): GaussianSet {
  const sd = spacingM * DISC_SD_PER_SPACING;
  const discs = parts.flatMap((part) => {
    const { points, normals } = surfacePoints(part.solid, spacingM);
    return points.map((point, i) => ({ point, normal: normals[i], material: materialAt(point, part) }));
  });
  const set = createGaussians(discs.length, 1);
  const logSd = Math.log(sd);
  const logThickness = Math.log(sd * THICKNESS_RATIO);
  const opacityLogit = Math.log(OPACITY / (1 - OPACITY));
  discs.forEach(({ point, normal, material }, i) => {
    const across = perpendicular(normal);
    for (let c = 0; c < 3; c++) set.position[3 * i + c] = point[c] - INSET_PER_SD * sd * normal[c];
    set.rotation.set(quaternionOf(fromAxes(across, cross(normal, across), normal, [0, 0, 0])), 4 * i);
    set.logScale.set([logSd, logSd, logThickness], 3 * i);
    set.opacityLogit[i] = opacityLogit;
    writeShadedColour(set, i, normal, MATERIALS[material].rgb, MATERIALS[material].falloff);
  });
  return set;
}

function materialAt(point: Vec3, part: ShapePart): Material {
  return part.paints.find((paint) => isPainted(point, paint))?.material ?? part.material;
}

function isPainted(point: Vec3, { a, b, fromRadiusM, toRadiusM }: Paint): boolean {
  const line = sub(b, a);
  const length = norm(line);
  const offset = sub(point, a);
  const along = dot(offset, line) / length;
  if (along < 0 || along > length) return false;
  const radius = Math.sqrt(Math.max(0, dot(offset, offset) - along * along));
  return radius >= fromRadiusM && radius <= toRadiusM;
}

/**
 * Colour = rgb (1 - falloff + falloff n.v), v towards the viewer: a lamp beside the camera. It is linear in the viewing direction
 * d = -v, so spherical harmonics of degree 1 carry it exactly, whatever the pose of the link.
 */
export function writeShadedColour(set: GaussianSet, i: number, normal: Vec3, rgb: Vec3, falloff: number): void {
  for (let c = 0; c < 3; c++) {
    const at = i * 12 + c;
    const slope = (rgb[c] * falloff) / SH_C1;
    set.sh[at] = (rgb[c] * (1 - falloff) - 0.5) / SH_C0;
    set.sh[at + 3] = slope * normal[1];
    set.sh[at + 6] = -slope * normal[2];
    set.sh[at + 9] = slope * normal[0];
  }
}
