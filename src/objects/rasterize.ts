/** A small z-buffer for meshes: silhouettes for shape fitting, depth for deciding which surface points a frame saw. */
import type { Intrinsics } from '../math/camera.js';
import type { Mat4 } from '../math/se3.js';
import type { TriangleMesh } from './object-model.js';

/** Vertices nearer than this to the camera plane drop their triangles (metres): nothing we fit comes that close. */
const NEAR_M = 0.01;

/** Scratch and output of `rasterizeMesh`, reused between calls of the same size. */
export interface DepthBuffer {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W] z-depth in metres, 0 = nothing. */
  readonly depthM: Float32Array;
}

export function createDepthBuffer(widthPx: number, heightPx: number): DepthBuffer {
  return { widthPx, heightPx, depthM: new Float32Array(widthPx * heightPx) };
}

/**
 * Draws the mesh's nearest z-depth at pixel centres. Depth is interpolated perspectively (1/z is linear on the screen). The
 * buffer is cleared first unless `keep`.
 */
export function rasterizeMesh(
  mesh: TriangleMesh,
  cameraFromMesh: Mat4,
  camera: Intrinsics,
  out: DepthBuffer,
  keep = false,
): void {
  const { widthPx, heightPx, depthM } = out;
  if (!keep) depthM.fill(0);
  const { vertices, triangles } = mesh;
  const screen = projectVertices(vertices, cameraFromMesh, camera);
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [3 * triangles[f], 3 * triangles[f + 1], 3 * triangles[f + 2]];
    const [ia, ib, ic] = [screen[a + 2], screen[b + 2], screen[c + 2]];
    if (ia <= 0 || ib <= 0 || ic <= 0) continue;
    const [ax, ay, bx, by, cx, cy] = [screen[a], screen[a + 1], screen[b], screen[b + 1], screen[c], screen[c + 1]];
    const doubleArea = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (doubleArea === 0 || !Number.isFinite(doubleArea)) continue;
    const x0 = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
    const x1 = Math.min(widthPx - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
    const y0 = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
    const y1 = Math.min(heightPx - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
    const inv = 1 / doubleArea;
    // Barycentric weights are linear in x: start value and step per row.
    const stepB = (cy - ay) * inv;
    const stepC = -(by - ay) * inv;
    for (let y = y0; y <= y1; y++) {
      const dy = y + 0.5 - ay;
      const dx0 = x0 + 0.5 - ax;
      let wb = (dx0 * (cy - ay) - dy * (cx - ax)) * inv;
      let wc = (dy * (bx - ax) - dx0 * (by - ay)) * inv;
      for (let x = x0, i = y * widthPx + x0; x <= x1; x++, i++, wb += stepB, wc += stepC) {
        const wa = 1 - wb - wc;
        if (wa < 0 || wb < 0 || wc < 0) continue;
        const z = 1 / (wa * ia + wb * ib + wc * ic);
        if (depthM[i] === 0 || z < depthM[i]) depthM[i] = z;
      }
    }
  }
}

/** [V, 3]: x and y in pixels, 1 / z (0 when behind the near plane). */
function projectVertices(vertices: Float64Array, m: Mat4, camera: Intrinsics): Float64Array {
  const screen = new Float64Array(vertices.length);
  for (let i = 0; i < vertices.length; i += 3) {
    const [x, y, z] = [vertices[i], vertices[i + 1], vertices[i + 2]];
    const zc = m[8] * x + m[9] * y + m[10] * z + m[11];
    if (!(zc > NEAR_M)) continue;
    screen[i] = (camera.fx * (m[0] * x + m[1] * y + m[2] * z + m[3])) / zc + camera.cx;
    screen[i + 1] = (camera.fy * (m[4] * x + m[5] * y + m[6] * z + m[7])) / zc + camera.cy;
    screen[i + 2] = 1 / zc;
  }
  return screen;
}
