/** A round bar lying on the table (a stick, a pen, a roll): place, direction, length, radii at both ends and how round the ends are. */
import type { ByteImage } from '../image/image.js';
import type { Intrinsics } from '../math/camera.js';
import { nelderMead } from '../math/nelder-mead.js';
import { inverse, type Mat4 } from '../math/se3.js';
import { meshBounds, type ProfilePoint, revolutionMesh, transformMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import { type ShapeFit, standingAt } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import { onPlane } from './standing.js';

/** Length per width of the outline from which a lying bar is looked for. */
const MIN_ELONGATION = 3;
/** Length of a rounded end per radius: 0 a flat disc, 1 a half ball; kept between, and expected in the middle. */
const USUAL_CAP = 0.5;
/** Bars rarely taper: natural log of the ratio of the radii, and the weight of that and of the ends. */
const TAPER_LOG_SD = 0.3;
const CAP_SD = 0.5;
const PRIOR_WEIGHT = 0.002;
const CAP_POINTS = 4;
const SEGMENTS = 24;
const EVALUATIONS = 260;

/** Along x, resting on z = 0. */
function rodMesh(lengthM: number, startRadiusM: number, endRadiusM: number, cap: number): TriangleMesh {
  const profile: ProfilePoint[] = [];
  const rounded = Math.min(1, Math.max(0, cap));
  const end = (radiusM: number, sign: 1 | -1): ProfilePoint[] =>
    Array.from({ length: CAP_POINTS }, (_, k) => {
      const angle = ((k + 0.3) / CAP_POINTS) * (Math.PI / 2);
      const heightM = sign * (lengthM / 2 - rounded * radiusM * (1 - Math.sin(angle)));
      return { radiusM: radiusM * (1 - rounded + rounded * Math.cos(angle)), heightM };
    });
  profile.push(...end(startRadiusM, -1).reverse(), ...end(endRadiusM, 1));
  const upright = revolutionMesh(profile, SEGMENTS);
  // The axis from z to x.
  const lying = transformMesh(upright, [0, 0, 1, 0, 0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 0, 1]);
  return transformMesh(lying, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, -meshBounds(lying).min[2], 0, 0, 0, 1]);
}

/** Null when the outline is not that of a long thing, or does not lie on the visible table. */
export function fitRod(mask: ByteImage, camera: Intrinsics, target: SilhouetteTarget): ShapeFit | null {
  const long = longAxis(mask);
  if (long === null || long.lengthPx < MIN_ELONGATION * long.widthPx) return null;
  const worldFromCamera = inverse(target.cameraFromWorld);
  const [a, b] = long.ends.map(([x, y]) => onPlane(camera, worldFromCamera, x, y, 0));
  if (!a || !b) return null;
  const lengthM = Math.hypot(b[0] - a[0], b[1] - a[1]);
  const radiusM = (0.5 * long.widthPx * lengthM) / long.lengthPx;
  const yaw = Math.atan2(b[1] - a[1], b[0] - a[0]);
  const [x, y] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  // In radii and radians: shifts, turn; then natural logs of length, both radii; roundness of the ends.
  const place = (p: readonly number[]): Mat4 => standingAt(x + p[0] * radiusM, y + p[1] * radiusM, yaw + p[2]);
  const meshOf = (size: readonly number[]): TriangleMesh =>
    rodMesh(lengthM * Math.exp(size[0]), radiusM * Math.exp(size[1]), radiusM * Math.exp(size[2]), size[3]);
  const prior = (size: readonly number[]): number =>
    PRIOR_WEIGHT * (((size[1] - size[2]) / TAPER_LOG_SD) ** 2 + ((size[3] - USUAL_CAP) / CAP_SD) ** 2);
  const loss = (p: readonly number[]): number =>
    1 - silhouetteIou(transformMesh(meshOf(p.slice(3)), place(p)), target) + prior(p.slice(3));
  const steps = [0.5, 0.5, 0.03, 0.05, 0.15, 0.15, 0.3];
  const coarse = nelderMead(loss, [0, 0, 0, 0, 0, 0, USUAL_CAP], steps, EVALUATIONS).x;
  const finer = steps.map((s) => s / 3);
  const { x: p } = nelderMead(loss, coarse, finer, EVALUATIONS);
  const size = p.slice(3);
  const mesh = meshOf(size);
  const worldFromMesh = place(p);
  const iou = silhouetteIou(transformMesh(mesh, worldFromMesh), target);
  const parametric = { size, steps: finer.slice(3), meshOf, outlineOf: meshOf, prior };
  return { family: 'rod', mesh, worldFromMesh, iou, hollow: false, symmetry: 'none', parametric };
}

/** Ends of a mask along its main direction, and its extents along and across it (pixels). */
function longAxis(
  mask: ByteImage,
): { ends: [[number, number], [number, number]]; lengthPx: number; widthPx: number } | null {
  const { widthPx, data } = mask;
  const points: [number, number][] = [];
  for (let i = 0; i < data.length; i++) if (data[i]) points.push([(i % widthPx) + 0.5, Math.floor(i / widthPx) + 0.5]);
  if (points.length < 20) return null;
  const cx = points.reduce((sum, p) => sum + p[0], 0) / points.length;
  const cy = points.reduce((sum, p) => sum + p[1], 0) / points.length;
  let [xx, xy, yy] = [0, 0, 0];
  for (const [x, y] of points) {
    xx += (x - cx) ** 2;
    xy += (x - cx) * (y - cy);
    yy += (y - cy) ** 2;
  }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  const [ux, uy] = [Math.cos(angle), Math.sin(angle)];
  let [low, high] = [Infinity, -Infinity];
  for (const [x, y] of points) {
    const along = (x - cx) * ux + (y - cy) * uy;
    low = Math.min(low, along);
    high = Math.max(high, along);
  }
  const at = (t: number): [number, number] => [cx + t * ux, cy + t * uy];
  return { ends: [at(low), at(high)], lengthPx: high - low, widthPx: points.length / Math.max(high - low, 1) };
}
