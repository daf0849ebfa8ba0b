/** A model with colours as a picture: finer than its Gaussians, for telling apart poses that only small print distinguishes. */
import type { Intrinsics } from '../../math/camera.js';
import type { Mat4 } from '../../math/se3.js';
import type { Vec3 } from '../../math/vec3.js';
import type { ColouredMesh } from '../../mesh/coloured-mesh.js';

/** Samples per pixel and axis, averaged. */
const SAMPLES = 3;
/** Triangles nearer to the camera plane are left out, metres. */
const NEAR_M = 0.01;
const GREY: Vec3 = [0.5, 0.5, 0.5];

export interface Picture {
  /** [H, W, 3] f32 0..1, times `alpha`. */
  readonly rgb: Float32Array;
  /** [H, W] f32 0..1: share of the pixel that is covered. */
  readonly alpha: Float32Array;
}

/** Without colours: drawn grey. Colours are interpolated across the screen: triangles are small. */
export function renderColours(mesh: ColouredMesh, cameraFromMesh: Mat4, camera: Intrinsics): Picture {
  const { widthPx, heightPx } = camera;
  const [width, height] = [widthPx * SAMPLES, heightPx * SAMPLES];
  const depth = new Float32Array(width * height);
  const colour = new Float32Array(3 * width * height);
  const p = project(mesh.vertices, cameraFromMesh, camera);
  const { triangles, colourAt } = mesh;
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [3 * triangles[f], 3 * triangles[f + 1], 3 * triangles[f + 2]];
    if (p[a + 2] <= 0 || p[b + 2] <= 0 || p[c + 2] <= 0) continue;
    const [ux, uy] = [p[b] - p[a], p[b + 1] - p[a + 1]];
    const [vx, vy] = [p[c] - p[a], p[c + 1] - p[a + 1]];
    const area = ux * vy - uy * vx;
    if (area === 0 || !Number.isFinite(area)) continue;
    const x0 = Math.max(0, Math.ceil(Math.min(p[a], p[b], p[c]) - 0.5));
    const x1 = Math.min(width - 1, Math.floor(Math.max(p[a], p[b], p[c]) - 0.5));
    const y0 = Math.max(0, Math.ceil(Math.min(p[a + 1], p[b + 1], p[c + 1]) - 0.5));
    const y1 = Math.min(height - 1, Math.floor(Math.max(p[a + 1], p[b + 1], p[c + 1]) - 0.5));
    for (let y = y0; y <= y1; y++) {
      for (let x = x0; x <= x1; x++) {
        const [dx, dy] = [x + 0.5 - p[a], y + 0.5 - p[a + 1]];
        const wb = (dx * vy - dy * vx) / area;
        const wc = (dy * ux - dx * uy) / area;
        const wa = 1 - wb - wc;
        if (wa < 0 || wb < 0 || wc < 0) continue;
        const nearness = wa * p[a + 2] + wb * p[b + 2] + wc * p[c + 2];
        const i = y * width + x;
        if (nearness <= depth[i]) continue;
        depth[i] = nearness;
        colour.set(colourAt === null ? GREY : colourAt(f / 3, [wa, wb, wc]), 3 * i);
      }
    }
  }
  return averaged(depth, colour, widthPx, heightPx);
}

/** [V, 3]: x and y in samples, 1 / z (0: too near or behind). */
function project(vertices: Float64Array, m: Mat4, { fx, fy, cx, cy }: Intrinsics): Float64Array {
  const out = new Float64Array(vertices.length);
  for (let i = 0; i < vertices.length; i += 3) {
    const [x, y, z] = [vertices[i], vertices[i + 1], vertices[i + 2]];
    const zc = m[8] * x + m[9] * y + m[10] * z + m[11];
    if (!(zc > NEAR_M)) continue;
    out[i] = SAMPLES * ((fx * (m[0] * x + m[1] * y + m[2] * z + m[3])) / zc + cx);
    out[i + 1] = SAMPLES * ((fy * (m[4] * x + m[5] * y + m[6] * z + m[7])) / zc + cy);
    out[i + 2] = 1 / zc;
  }
  return out;
}

function averaged(depth: Float32Array, colour: Float32Array, widthPx: number, heightPx: number): Picture {
  const rgb = new Float32Array(3 * widthPx * heightPx);
  const alpha = new Float32Array(widthPx * heightPx);
  const share = 1 / SAMPLES ** 2;
  for (let s = 0; s < depth.length; s++) {
    if (depth[s] === 0) continue;
    const x = Math.floor((s % (widthPx * SAMPLES)) / SAMPLES);
    const y = Math.floor(s / (widthPx * SAMPLES * SAMPLES));
    const i = y * widthPx + x;
    alpha[i] += share;
    for (let k = 0; k < 3; k++) rgb[3 * i + k] += share * colour[3 * s + k];
  }
  return { rgb, alpha };
}
