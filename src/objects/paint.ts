/** Colours for surface samples: from the frames that saw them; the unseen from the mirrored side, else the nearest seen. */
import type { ByteImage, RgbImage } from '../image/image.js';
import { erode, maskWhere } from '../image/morphology.js';
import type { Intrinsics } from '../math/camera.js';
import type { Mat4 } from '../math/se3.js';
import { addBilinear } from './crop.js';
import type { TriangleMesh } from './object-model.js';
import { createDepthBuffer, rasterizeMesh } from './rasterize.js';

/** Surfaces seen more obliquely than this (cosine) give smeared colours. */
const MIN_FACING = 0.12;
/** A sample farther behind the nearest surface than this share of its distance is hidden. */
const DEPTH_TOLERANCE = 0.012;
/** How much a normal pointing elsewhere counts in the search for a similar sample, per object size. */
const NORMAL_WEIGHT = 0.35;

/** One frame in which the object was seen at a known pose. */
export interface ColourView {
  readonly rgb: RgbImage;
  /** 0 / 1: pixels that show the object. */
  readonly mask: ByteImage;
  readonly camera: Intrinsics;
  readonly cameraFromObject: Mat4;
}

/** [N, 3] points and unit normals in the object frame. */
export interface Samples {
  readonly points: Float64Array;
  readonly normals: Float64Array;
}

/** Which samples a view sees, and their pixels. `xyPx` [N, 2], NaN where hidden; `facing` [N] cosine to the view ray, 0 hidden. */
export function visibleSamples(
  mesh: TriangleMesh,
  samples: Samples,
  view: ColourView,
): { xyPx: Float64Array; facing: Float64Array } {
  const { camera, cameraFromObject: m, mask } = view;
  const count = samples.points.length / 3;
  const buffer = createDepthBuffer(camera.widthPx, camera.heightPx);
  rasterizeMesh(mesh, m, camera, buffer);
  const solid = erode(mask.data, mask.widthPx, mask.heightPx, 1);
  const xyPx = new Float64Array(2 * count).fill(Number.NaN);
  const facing = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const [x, y, z] = samples.points.subarray(3 * i, 3 * i + 3);
    const [nx, ny, nz] = samples.normals.subarray(3 * i, 3 * i + 3);
    const cx = m[0] * x + m[1] * y + m[2] * z + m[3];
    const cy = m[4] * x + m[5] * y + m[6] * z + m[7];
    const cz = m[8] * x + m[9] * y + m[10] * z + m[11];
    const toCamera =
      -(
        cx * (m[0] * nx + m[1] * ny + m[2] * nz) +
        cy * (m[4] * nx + m[5] * ny + m[6] * nz) +
        cz * (m[8] * nx + m[9] * ny + m[10] * nz)
      ) / Math.hypot(cx, cy, cz);
    if (toCamera < MIN_FACING || cz <= 0) continue;
    const px = (camera.fx * cx) / cz + camera.cx;
    const py = (camera.fy * cy) / cz + camera.cy;
    const [ix, iy] = [Math.floor(px), Math.floor(py)];
    if (ix < 0 || iy < 0 || ix >= camera.widthPx || iy >= camera.heightPx) continue;
    const k = iy * camera.widthPx + ix;
    if (solid[k] === 0 || buffer.depthM[k] === 0 || cz > buffer.depthM[k] * (1 + DEPTH_TOLERANCE)) continue;
    xyPx[2 * i] = px;
    xyPx[2 * i + 1] = py;
    facing[i] = toCamera;
  }
  return { xyPx, facing };
}

/** How an object's hidden side relates to its seen one, in the object frame. */
export type Completion =
  /** Mirror at the upright plane through the origin with this horizontal unit normal. */
  | { readonly kind: 'mirror'; readonly normal: readonly [number, number] }
  /** Half a turn about z. */
  | { readonly kind: 'half-turn' };

/**
 * [N, 3] sRGB 0..1 for every sample. Each sample takes the mean over the views that saw it, weighted by how squarely; the
 * others copy the seen sample nearest (in place and normal) to their image under the completion. All grey if nothing was seen.
 */
export function paintSamples(
  mesh: TriangleMesh,
  samples: Samples,
  views: readonly ColourView[],
  completion: Completion,
  sizeM: number,
): { colours: Float64Array; seen: Uint8Array } {
  const count = samples.points.length / 3;
  const colours = new Float64Array(3 * count);
  const weights = new Float64Array(count);
  for (const view of views) {
    const { xyPx, facing } = visibleSamples(mesh, samples, view);
    for (let i = 0; i < count; i++) {
      if (facing[i] === 0) continue;
      addBilinear(view.rgb, xyPx[2 * i], xyPx[2 * i + 1], facing[i] / 255, colours, 3 * i);
      weights[i] += facing[i];
    }
  }
  const seen = maskWhere(weights, (w) => w > 0);
  for (let i = 0; i < count; i++) if (seen[i]) for (let c = 0; c < 3; c++) colours[3 * i + c] /= weights[i];
  completeColours(samples, seen, colours, completion, sizeM);
  return { colours, seen };
}

function completeColours(
  samples: Samples,
  seen: Uint8Array,
  colours: Float64Array,
  completion: Completion,
  sizeM: number,
): void {
  const known = Array.from(seen.keys()).filter((i) => seen[i] === 1);
  if (known.length === 0) {
    colours.fill(0.5);
    return;
  }
  const { points, normals } = samples;
  const flip = flipOf(completion);
  const weight = NORMAL_WEIGHT * sizeM;
  for (let i = 0; i < seen.length; i++) {
    if (seen[i]) continue;
    const [px, py] = flip(points[3 * i], points[3 * i + 1]);
    const [nx, ny] = flip(normals[3 * i], normals[3 * i + 1]);
    const [pz, nz] = [points[3 * i + 2], normals[3 * i + 2]];
    let best = known[0];
    let bestCost = Number.POSITIVE_INFINITY;
    for (const j of known) {
      const k = 3 * j;
      const dp = (points[k] - px) ** 2 + (points[k + 1] - py) ** 2 + (points[k + 2] - pz) ** 2;
      const dn = (normals[k] - nx) ** 2 + (normals[k + 1] - ny) ** 2 + (normals[k + 2] - nz) ** 2;
      const cost = dp + weight * weight * dn;
      if (cost < bestCost) {
        bestCost = cost;
        best = j;
      }
    }
    for (let c = 0; c < 3; c++) colours[3 * i + c] = colours[3 * best + c];
  }
}

function flipOf(completion: Completion): (x: number, y: number) => [number, number] {
  if (completion.kind === 'half-turn') return (x, y) => [-x, -y];
  const [nx, ny] = completion.normal;
  return (x, y) => {
    const d = 2 * (x * nx + y * ny);
    return [x - d * nx, y - d * ny];
  };
}
