/** Is a solid of revolution open at the top? By its name, or because the disc seen at its top is shaded like an inside. */
import type { RgbImage } from '../image/image.js';
import { type Intrinsics, project } from '../math/camera.js';
import { compose, type Mat4, transformPoint } from '../math/se3.js';
import type { RevolutionFit } from './fit-revolution.js';

const VESSEL_WORDS = /\b(bowl|cup|mug|pot|glass|beaker|basket|dish|vase|planter)\b/i;
/** A vessel's rim is (nearly) its widest circle. */
const RIM_PER_WIDEST = 0.9;
/** Flatter than this (height per diameter) is a plate or coaster. */
const MIN_HEIGHT_PER_DIAMETER = 0.22;
/** Mean difference in 8-bit grey levels between the near and far half of the top, above which it is no flat lid. */
const SHADING_LEVELS = 14;
const MIN_DISC_PX = 30;
/** Opening wider than the base by this much is a bowl even when no shading shows. */
const FLARE = 1.3;

export function looksOpen(
  fit: RevolutionFit,
  scene: {
    readonly name: string;
    readonly view: { readonly rgb: RgbImage };
    readonly camera: Intrinsics;
    readonly cameraFromWorld: Mat4;
  },
): boolean {
  const { profile } = fit;
  const rim = profile[profile.length - 1];
  const widest = Math.max(...profile.map((p) => p.radiusM));
  if (rim.radiusM < RIM_PER_WIDEST * widest) return false;
  if (rim.heightM < MIN_HEIGHT_PER_DIAMETER * 2 * rim.radiusM) return false;
  if (VESSEL_WORDS.test(scene.name)) return true;
  if (rim.radiusM > FLARE * profile[0].radiusM && rim.heightM < 2 * rim.radiusM) return true;
  const { difference, spread } = topShading(fit, rim.radiusM, rim.heightM, scene);
  return difference > SHADING_LEVELS && difference > spread;
}

/**
 * Difference of mean grey between the half of the top disc nearer to the camera and the farther half, and the larger standard
 * deviation inside the halves: an inside is shaded smoothly, a patterned lid (or a plant) is not.
 */
function topShading(
  fit: RevolutionFit,
  radiusM: number,
  heightM: number,
  scene: { readonly view: { readonly rgb: RgbImage }; readonly camera: Intrinsics; readonly cameraFromWorld: Mat4 },
): { difference: number; spread: number } {
  const { rgb } = scene.view;
  const cameraFromMesh = compose(scene.cameraFromWorld, fit.worldFromMesh);
  const middle = transformPoint(cameraFromMesh, [0, 0, heightM]);
  const halves = { near: { count: 0, sum: 0, squares: 0 }, far: { count: 0, sum: 0, squares: 0 } };
  const seen = new Set<number>();
  const steps = 24;
  for (let i = -steps; i <= steps; i++) {
    for (let j = -steps; j <= steps; j++) {
      const [u, v] = [i / steps, j / steps];
      if (u * u + v * v > 0.7) continue;
      const p = transformPoint(cameraFromMesh, [u * radiusM, v * radiusM, heightM]);
      const [x, y] = project(scene.camera, p).map(Math.floor);
      if (!(x >= 0 && y >= 0 && x < rgb.widthPx && y < rgb.heightPx)) continue;
      const k = y * rgb.widthPx + x;
      if (seen.has(k)) continue;
      seen.add(k);
      const grey = 0.299 * rgb.data[3 * k] + 0.587 * rgb.data[3 * k + 1] + 0.114 * rgb.data[3 * k + 2];
      const half = halves[p[2] < middle[2] ? 'near' : 'far'];
      half.count++;
      half.sum += grey;
      half.squares += grey * grey;
    }
  }
  const { near, far } = halves;
  if (Math.min(near.count, far.count) < MIN_DISC_PX) return { difference: 0, spread: 0 };
  const spreadOf = ({ count, sum, squares }: typeof near): number =>
    Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  return {
    difference: Math.abs(near.sum / near.count - far.sum / far.count),
    spread: Math.max(spreadOf(near), spreadOf(far)),
  };
}
