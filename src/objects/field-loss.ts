/** How far a distance field is from the outlines of several views, and the analytic gradient of that by the field's values. */
import { distanceTo, maskWhere } from '../image/morphology.js';
import { rayOf } from '../math/camera.js';
import { inverse, transformDirection, transformPoint, translationOf } from '../math/se3.js';
import { norm, scale, sub, type Vec3 } from '../math/vec3.js';
import type { MaskSample } from './crop.js';
import type { DistanceField } from './distance-field.js';
import type { OutlineView } from './refit-shape.js';

/** Distances from an outline count up to this, in cells: what is farther in or out is simply in or out. */
const NEAR_CELLS = 1;
/** A ray inside of an outline must get this deep, in cells, or as deep as it is far from the outline: thin things stay thin. */
const DEPTH_CELLS = 0.35;
/** Misses of more than this, in cells, pull no harder: masks and poses are wrong somewhere. */
const ROBUST_CELLS = 1.5;

/** The rays of one view that meet the grid, one sample per cell; all in grid coordinates. */
export interface ViewRays {
  readonly weight: number;
  /** [R] distance from the outline in cells, positive inside, within `NEAR_CELLS`. */
  readonly target: Float64Array;
  /** [R, 3] first sample, and the way to the next. */
  readonly start: Float64Array;
  readonly step: Float64Array;
  /** [R] samples. */
  readonly count: Int32Array;
}

/** Values of the loss by grid point: gradient and a diagonal that bounds its curvature (w wT <= diag(w) for weights w that sum to one). */
export interface FieldGradient {
  value: number;
  readonly gradient: Float64Array;
  readonly curvature: Float64Array;
}

export function raysOf(view: OutlineView, grid: Omit<DistanceField, 'values'>): ViewRays {
  const { target, cameraFromMesh, weight } = view;
  const { camera } = target.crop;
  const { origin, cellM, size } = grid;
  const meshFromCamera = inverse(cameraFromMesh);
  const eye = scale(sub(translationOf(meshFromCamera), origin), 1 / cellM);
  const middle = transformPoint(cameraFromMesh, [
    origin[0] + (size[0] * cellM) / 2,
    origin[1] + (size[1] * cellM) / 2,
    origin[2] + (size[2] * cellM) / 2,
  ]);
  const cellsPerPx = middle[2] / camera.fx / cellM;
  const distances = outlineDistance(target.mask, camera.widthPx, camera.heightPx);
  const out: { target: number[]; start: number[]; step: number[]; count: number[] } = {
    target: [],
    start: [],
    step: [],
    count: [],
  };
  for (let i = 0; i < distances.length; i++) {
    if (target.mask.care[i] === 0) continue;
    const ray = rayOf(camera, (i % camera.widthPx) + 0.5, Math.floor(i / camera.widthPx) + 0.5);
    const toward = transformDirection(meshFromCamera, ray);
    const direction = scale(toward, 1 / norm(toward));
    const span = spanInGrid(eye, direction, size);
    if (span === null) continue;
    out.target.push(Math.max(-NEAR_CELLS, Math.min(NEAR_CELLS, distances[i] * cellsPerPx)));
    for (let c = 0; c < 3; c++) {
      out.start.push(eye[c] + span[0] * direction[c]);
      out.step.push(direction[c]);
    }
    out.count.push(Math.floor(span[1] - span[0]) + 1);
  }
  return {
    weight,
    target: Float64Array.from(out.target),
    start: Float64Array.from(out.start),
    step: Float64Array.from(out.step),
    count: Int32Array.from(out.count),
  };
}

/**
 * Pixels to the outline, positive inside. What is not cared for may hide more of the object: inside counts to where the object certainly is not,
 * outside to where it might be.
 */
function outlineDistance({ inside, care }: MaskSample, widthPx: number, heightPx: number): Float64Array {
  const isOut = maskWhere(inside, (v) => v < 0.5).map((out, i) => (out && care[i] > 0 ? 1 : 0));
  const toOut = distanceTo(isOut, widthPx, heightPx);
  const toRest = distanceTo(
    isOut.map((out) => 1 - out),
    widthPx,
    heightPx,
  );
  return Float64Array.from(inside, (share, i) => {
    if (share > 0 && share < 1) return share - 0.5;
    return isOut[i] ? 0.5 - toRest[i] : toOut[i] - 0.5;
  });
}

/** Where a ray is inside of the grid, cells along it; null where it misses. */
function spanInGrid(eye: Vec3, direction: Vec3, size: DistanceField['size']): [number, number] | null {
  let [near, far] = [0, Number.POSITIVE_INFINITY];
  for (let c = 0; c < 3; c++) {
    const high = size[c] - 1 - 1e-6;
    if (Math.abs(direction[c]) < 1e-12) {
      if (eye[c] < 0 || eye[c] > high) return null;
      continue;
    }
    const [a, b] = [-eye[c] / direction[c], (high - eye[c]) / direction[c]];
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  return far > near ? [near, far] : null;
}

/**
 * Adds the loss of one view: along no ray may the field come nearer to inside than the ray is to the outline, and along each ray that is inside
 * it must come that far once (the deepest sample is the one that is moved).
 */
export function addViewLoss({ values, size }: DistanceField, rays: ViewRays, out: FieldGradient): void {
  const [nx, ny] = size;
  const [up, layer] = [nx, nx * ny];
  const { gradient, curvature } = out;
  const { weight, target, start, step, count } = rays;
  const add = (x: number, y: number, z: number, miss: number): void => {
    const capped = Math.max(-ROBUST_CELLS, Math.min(ROBUST_CELLS, miss));
    out.value += weight * Math.abs(capped) * (Math.abs(miss) - 0.5 * Math.abs(capped));
    const [i, j, k] = [Math.floor(x), Math.floor(y), Math.floor(z)];
    const [u, v, w] = [x - i, y - j, z - k];
    const at = k * layer + j * up + i;
    for (let corner = 0; corner < 8; corner++) {
      const share = (corner & 1 ? u : 1 - u) * (corner & 2 ? v : 1 - v) * (corner & 4 ? w : 1 - w);
      const point = at + (corner & 1) + (corner & 2 ? up : 0) + (corner & 4 ? layer : 0);
      gradient[point] += weight * capped * share;
      curvature[point] += weight * share;
    }
  };
  for (let r = 0; r < count.length; r++) {
    const wanted = target[r];
    const isBounded = wanted < NEAR_CELLS;
    const [dx, dy, dz] = [step[3 * r], step[3 * r + 1], step[3 * r + 2]];
    let [x, y, z] = [start[3 * r], start[3 * r + 1], start[3 * r + 2]];
    let [deepest, bx, by, bz] = [Number.NEGATIVE_INFINITY, x, y, z];
    for (let s = 0; s < count[r]; s++, x += dx, y += dy, z += dz) {
      const value = valueAt(values, up, layer, x, y, z);
      if (value > deepest) [deepest, bx, by, bz] = [value, x, y, z];
      if (isBounded && value > wanted) add(x, y, z, value - wanted);
    }
    const least = Math.min(wanted, DEPTH_CELLS);
    if (wanted > 0 && deepest < least) add(bx, by, bz, deepest - least);
  }
}

/** Trilinear; the point lies inside of the grid. */
function valueAt(values: Float64Array, up: number, layer: number, x: number, y: number, z: number): number {
  const [i, j, k] = [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y)), Math.max(0, Math.floor(z))];
  const [u, v, w] = [x - i, y - j, z - k];
  const at = k * layer + j * up + i;
  const [a, b, c, d] = [at, at + up, at + layer, at + layer + up];
  const front = (1 - v) * ((1 - u) * values[a] + u * values[a + 1]) + v * ((1 - u) * values[b] + u * values[b + 1]);
  const back = (1 - v) * ((1 - u) * values[c] + u * values[c + 1]) + v * ((1 - u) * values[d] + u * values[d + 1]);
  return (1 - w) * front + w * back;
}

/** The field at any point, grid coordinates; outside of the grid that of its border. */
export function sampleField(
  values: Float64Array,
  size: DistanceField['size'],
  x: number,
  y: number,
  z: number,
): number {
  const [u, v, w] = [within(x, size[0]), within(y, size[1]), within(z, size[2])];
  return valueAt(values, size[0], size[0] * size[1], u, v, w);
}

const within = (v: number, n: number): number => Math.min(n - 1 - 1e-6, Math.max(0, v));
