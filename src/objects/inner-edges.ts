/**
 * The edges of a box inside its own outline (the Y corner): a silhouette leaves the sides of a box nearly open (IoU .986 with a
 * side 30 % off), but where two visible faces meet, brightness steps.
 */
import { type Intrinsics, project } from '../math/camera.js';
import { inverse, type Mat4, transformPoint, translationOf } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';

/** Samples per edge; their ends are left out, where the outline's own step begins. */
const SAMPLES = 14;
const END_MARGIN = 0.12;
/** Passes of a 3 x 3 mean over the picture: widens the basin to about two window pixels. */
const BLUR_PASSES = 2;
/** Steps (0..1 of brightness per window pixel) that count as a full edge. */
const FULL_STEP = 0.05;

/** Brightness derivatives of a window, [H, W] each; zero where the pixel is not of the object. */
export interface StepImage {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly dx: Float32Array;
  readonly dy: Float32Array;
}

/** `rgb` [H, W, 3] 0..1, `inside` [H, W] coverage. */
export function stepImage(rgb: Float32Array, inside: Float32Array, widthPx: number, heightPx: number): StepImage {
  let grey = new Float32Array(widthPx * heightPx);
  for (let i = 0; i < grey.length; i++) grey[i] = 0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2];
  for (let pass = 0; pass < BLUR_PASSES; pass++) grey = blurInside(grey, inside, widthPx, heightPx);
  const dx = new Float32Array(grey.length);
  const dy = new Float32Array(grey.length);
  for (let y = 1; y + 1 < heightPx; y++) {
    for (let x = 1; x + 1 < widthPx; x++) {
      const i = y * widthPx + x;
      const around = [i - 1, i + 1, i - widthPx, i + widthPx];
      if (inside[i] < 0.9 || around.some((k) => inside[k] < 0.9)) continue;
      dx[i] = (grey[i + 1] - grey[i - 1]) / 2;
      dy[i] = (grey[i + widthPx] - grey[i - widthPx]) / 2;
    }
  }
  return { widthPx, heightPx, dx, dy };
}

/** 3 x 3 mean over the object's own pixels: the background does not leak in. */
function blurInside(
  grey: Float32Array,
  inside: Float32Array,
  widthPx: number,
  heightPx: number,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(grey.length);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      let sum = 0;
      let weight = 0;
      for (let v = Math.max(0, y - 1); v <= Math.min(heightPx - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(widthPx - 1, x + 1); u++) {
          const w = inside[v * widthPx + u];
          sum += w * grey[v * widthPx + u];
          weight += w;
        }
      }
      out[y * widthPx + x] = weight > 0 ? sum / weight : 0;
    }
  }
  return out;
}

/**
 * How strongly brightness steps across the inner edges of a box with these half sides (its frame: base centre, z up), 0..1; null
 * when it shows one face only.
 */
export function innerEdgeStrength(
  steps: StepImage,
  camera: Intrinsics,
  cameraFromBox: Mat4,
  halfX: number,
  halfY: number,
  height: number,
): number | null {
  const eye = translationOf(inverse(cameraFromBox));
  const sx = eye[0] > halfX ? 1 : eye[0] < -halfX ? -1 : 0;
  const sy = eye[1] > halfY ? 1 : eye[1] < -halfY ? -1 : 0;
  const edges: [Vec3, Vec3][] = [];
  if (sx !== 0 && sy !== 0)
    edges.push([
      [sx * halfX, sy * halfY, 0],
      [sx * halfX, sy * halfY, height],
    ]);
  if (eye[2] > height) {
    if (sx !== 0)
      edges.push([
        [sx * halfX, -halfY, height],
        [sx * halfX, halfY, height],
      ]);
    if (sy !== 0)
      edges.push([
        [-halfX, sy * halfY, height],
        [halfX, sy * halfY, height],
      ]);
  }
  if (edges.length === 0) return null;
  let sum = 0;
  for (const [from, to] of edges) {
    const a = project(camera, transformPoint(cameraFromBox, from));
    const b = project(camera, transformPoint(cameraFromBox, to));
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    if (!(length > 1)) continue;
    const [nx, ny] = [-(b[1] - a[1]) / length, (b[0] - a[0]) / length];
    for (let k = 0; k < SAMPLES; k++) {
      const t = END_MARGIN + ((1 - 2 * END_MARGIN) * (k + 0.5)) / SAMPLES;
      const x = Math.floor(a[0] + t * (b[0] - a[0]));
      const y = Math.floor(a[1] + t * (b[1] - a[1]));
      if (!(x >= 0 && y >= 0 && x < steps.widthPx && y < steps.heightPx)) continue;
      const i = y * steps.widthPx + x;
      sum += Math.min(1, Math.abs(steps.dx[i] * nx + steps.dy[i] * ny) / FULL_STEP) / SAMPLES;
    }
  }
  return sum / edges.length;
}
