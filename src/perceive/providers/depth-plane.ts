/** The table plane out of metric depth: random sample consensus over bare table, then least squares on what agrees. */
import type { Random } from '../../base/random.js';
import type { FloatImage } from '../../image/image.js';
import { rayOf } from '../../math/camera.js';
import { fitPlane } from '../../math/plane-fit.js';
import { cross, dot, normalize, scale, sub, type Vec3 } from '../../math/vec3.js';
import { bareTable, bilinear } from './depth-align.js';
import type { CameraFinding, DepthInputs } from './provider.js';

const MAX_POINTS = 4000;
const TRIES = 200;
/** A point agrees when it is this close to the plane, as share of its depth. */
const TOLERANCE = 0.01;
const MIN_INLIER_SHARE = 0.5;
/** Depth cannot turn the table by more than this against what the picture says. */
const MAX_TURN_COS = Math.cos((50 * Math.PI) / 180);
const NORMAL_SD_DEG = 1;
const SCALE_LOG_SD = 0.03;

export function planeFromDepth(
  map: FloatImage,
  inputs: DepthInputs,
  ids: { data: Uint8Array },
  random: Random,
): CameraFinding | null {
  const { clip, found } = inputs;
  const points = tablePoints(map, inputs, ids);
  if (points.length < 100) return null;
  let best: { up: Vec3; offset: number; inliers: Vec3[] } | null = null;
  for (let t = 0; t < TRIES; t++) {
    const [a, b, c] = [0, 1, 2].map(() => points[random.int(points.length)]);
    const normal = cross(sub(b, a), sub(c, a));
    if (dot(normal, normal) < 1e-12) continue;
    const unit = normalize(normal);
    const up = dot(unit, found.up) < 0 ? scale(unit, -1) : unit;
    if (dot(up, found.up) < MAX_TURN_COS) continue;
    const offset = dot(up, a);
    const inliers = points.filter((p) => Math.abs(dot(up, p) - offset) < TOLERANCE * p[2]);
    if (!best || inliers.length > best.inliers.length) best = { up, offset, inliers };
  }
  if (!best || best.inliers.length < MIN_INLIER_SHARE * points.length) return null;
  const fitted = leastSquares(best.inliers) ?? best;
  const up = dot(fitted.up, found.up) < 0 ? scale(fitted.up, -1) : fitted.up;
  const distanceM = dot(up, best.inliers[0]) / up[2];
  if (!(distanceM > 0)) return null;
  const share = Math.round((100 * best.inliers.length) / points.length);
  const source = `depth of frame ${[...inputs.ids.keys()][0]} (${share} % of the table ${inputs.table ? 'that was shown' : 'near the objects'} agrees)`;
  return {
    ...found,
    up,
    normalSdDeg: NORMAL_SD_DEG,
    normalSource: source,
    distance: { value: meanDistance(best.inliers, up), sd: SCALE_LOG_SD, source },
    cameraFromWorld: undefined,
    camera: { ...found.camera, widthPx: clip.frameWidthPx, heightPx: clip.frameHeightPx },
  };
}

/** Depth at which the optical axis meets the plane through the points with this normal. */
function meanDistance(points: readonly Vec3[], up: Vec3): number {
  let sum = 0;
  for (const p of points) sum += dot(up, p);
  return sum / points.length / up[2];
}

function tablePoints(map: FloatImage, inputs: DepthInputs, ids: { data: Uint8Array }): Vec3[] {
  const { clip, found } = inputs;
  const bare = bareTable(inputs, ids);
  const places: number[] = [];
  for (let i = 0; i < bare.length; i++) if (bare[i] !== 0) places.push(i);
  const step = Math.max(1, Math.floor(places.length / MAX_POINTS));
  const [sx, sy] = [found.camera.widthPx / clip.widthPx, found.camera.heightPx / clip.heightPx];
  const points: Vec3[] = [];
  for (let n = 0; n < places.length; n += step) {
    const x = (places[n] % clip.widthPx) + 0.5;
    const y = Math.floor(places[n] / clip.widthPx) + 0.5;
    const z = bilinear(map, (x * map.widthPx) / clip.widthPx - 0.5, (y * map.heightPx) / clip.heightPx - 0.5);
    if (z > 0.05 && z < 10) points.push(scale(rayOf(found.camera, x * sx, y * sy), z));
  }
  return points;
}

/** By least squares of z: the table is never seen edge-on. */
function leastSquares(points: readonly Vec3[]): { up: Vec3 } | null {
  const fit = fitPlane(points);
  return fit && { up: normalize([fit[0], fit[1], -1]) };
}
