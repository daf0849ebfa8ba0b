/**
 * Exact z-depth of a mesh in doubles, for scoring. Unlike the quick z-buffer of the shape fitting it has no near plane: objects
 * that reach through the camera plane show the part in front of it. Both sides of a triangle are drawn.
 */
import type { Intrinsics } from '../../math/camera.js';
import { type Mat4, transformVertices } from '../../math/se3.js';
import type { TriangleMesh } from '../../objects/object-model.js';

/**
 * [H, W] z-depth in metres at pixel centres (+0.5), 0 = nothing.
 *
 * With corners a, b, c in the camera frame and the pixel's ray d (z = 1), d lies in the triangle's cone where d.(b x c),
 * d.(c x a), d.(a x b) have one sign; they are linear on the screen, and the depth is a.(b x c) over their sum. Nothing is
 * divided by a vertex's z (Olano and Greer 1997, "Triangle scan conversion using 2D homogeneous coordinates").
 */
export function renderDepth(mesh: TriangleMesh, cameraFromMesh: Mat4, camera: Intrinsics): Float64Array {
  const { widthPx, heightPx, fx, fy, cx, cy } = camera;
  const depthM = new Float64Array(widthPx * heightPx);
  const p = transformVertices(cameraFromMesh, mesh.vertices);
  const { triangles } = mesh;
  // Per edge: value = gx * column + gy * row + g0 at the centre of the pixel.
  const gx = [0, 0, 0];
  const gy = [0, 0, 0];
  const g0 = [0, 0, 0];
  for (let f = 0; f < triangles.length; f += 3) {
    const corners = [3 * triangles[f], 3 * triangles[f + 1], 3 * triangles[f + 2]];
    const box = screenBox(p, corners, camera);
    if (box === null) continue;
    for (let k = 0; k < 3; k++) {
      const [b, c] = [corners[(k + 1) % 3], corners[(k + 2) % 3]];
      const nx = p[b + 1] * p[c + 2] - p[b + 2] * p[c + 1];
      const ny = p[b + 2] * p[c] - p[b] * p[c + 2];
      const nz = p[b] * p[c + 1] - p[b + 1] * p[c];
      gx[k] = nx / fx;
      gy[k] = ny / fy;
      g0[k] = (nx * (0.5 - cx)) / fx + (ny * (0.5 - cy)) / fy + nz;
      if (k === 0) box.volume = p[corners[0]] * nx + p[corners[0] + 1] * ny + p[corners[0] + 2] * nz;
    }
    for (let y = box.y0; y <= box.y1; y++) {
      for (let x: number = box.x0; x <= box.x1; x++) {
        const ea = gx[0] * x + gy[0] * y + g0[0];
        const eb = gx[1] * x + gy[1] * y + g0[1];
        const ec = gx[2] * x + gy[2] * y + g0[2];
        const isInside = (ea >= 0 && eb >= 0 && ec >= 0) || (ea <= 0 && eb <= 0 && ec <= 0);
        if (!isInside) continue;
        const z = box.volume / (ea + eb + ec);
        const i = y * widthPx + x;
        // Also false for NaN: a triangle seen edge-on covers nothing.
        if (z > 0 && (depthM[i] === 0 || z < depthM[i])) depthM[i] = z;
      }
    }
  }
  return depthM;
}

/** Pixels a triangle may cover (inclusive); the whole image when it reaches through the camera plane, null when behind. */
function screenBox(
  p: Float64Array,
  corners: readonly number[],
  { widthPx, heightPx, fx, fy, cx, cy }: Intrinsics,
): { x0: number; x1: number; y0: number; y1: number; volume: number } | null {
  const numInFront = corners.filter((v) => p[v + 2] > 0).length;
  if (numInFront === 0) return null;
  if (numInFront < 3) return { x0: 0, x1: widthPx - 1, y0: 0, y1: heightPx - 1, volume: 0 };
  const xs = corners.map((v) => (fx * p[v]) / p[v + 2] + cx);
  const ys = corners.map((v) => (fy * p[v + 1]) / p[v + 2] + cy);
  const x0 = Math.max(0, Math.floor(Math.min(...xs) - 0.5));
  const x1 = Math.min(widthPx - 1, Math.ceil(Math.max(...xs) - 0.5));
  const y0 = Math.max(0, Math.floor(Math.min(...ys) - 0.5));
  const y1 = Math.min(heightPx - 1, Math.ceil(Math.max(...ys) - 0.5));
  return x0 <= x1 && y0 <= y1 ? { x0, x1, y0, y1, volume: 0 } : null;
}
