/** What things can rest on: the table (world z = 0) and the upper sides of other objects, as a height field over the table. */
import { type Mat4, transformPoint } from '../math/se3.js';
import { add, scale, sub, type Vec3, vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';

/** Side of a cell: below what poses are known to. */
const CELL_M = 0.002;
/** A mesh wider than this many cells is no thing on a table: its pose or scale is wrong. */
const MAX_CELLS = 1000;
/** Steeper flanks count as this steep: beside a wall the nearest surface is not above or below. */
const MAX_SLOPE = 1;

/** Cell (i, j) covers x0M + i CELL_M .. and y0M + j CELL_M ..; `heightM` [ny, nx] is 0 where only the table is. */
export interface HeightField {
  readonly x0M: number;
  readonly y0M: number;
  readonly nx: number;
  readonly ny: number;
  readonly heightM: Float32Array;
}

/** Null without meshes, or when none has an extent that makes sense. Hollow things are open: their inside is what bears. */
export function heightFieldOf(
  bodies: readonly { readonly mesh: TriangleMesh; readonly worldFromObject: Mat4 }[],
): HeightField | null {
  const placed = bodies.map(({ mesh, worldFromObject }) => ({ mesh, points: placedVertices(mesh, worldFromObject) }));
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const { points } of placed) {
    for (let k = 0; k < points.length; k += 3) {
      box.x0 = Math.min(box.x0, points[k]);
      box.x1 = Math.max(box.x1, points[k]);
      box.y0 = Math.min(box.y0, points[k + 1]);
      box.y1 = Math.max(box.y1, points[k + 1]);
    }
  }
  const nx = Math.ceil((box.x1 - box.x0) / CELL_M) + 1;
  const ny = Math.ceil((box.y1 - box.y0) / CELL_M) + 1;
  if (!(nx > 1 && ny > 1 && nx <= MAX_CELLS && ny <= MAX_CELLS)) return null;
  const field = { x0M: box.x0, y0M: box.y0, nx, ny, heightM: new Float32Array(nx * ny) };
  for (const { mesh, points } of placed) raise(field, mesh.triangles, points);
  return field;
}

function placedVertices(mesh: TriangleMesh, worldFromObject: Mat4): Float64Array {
  const out = new Float64Array(mesh.vertices.length);
  for (let k = 0; k < out.length; k += 3) {
    out.set(transformPoint(worldFromObject, [mesh.vertices[k], mesh.vertices[k + 1], mesh.vertices[k + 2]]), k);
  }
  return out;
}

/** Seen from above, every cell takes the highest surface over its middle. */
function raise(field: HeightField, triangles: Uint32Array, points: Float64Array): void {
  for (let f = 0; f < triangles.length; f += 3) {
    const [a, b, c] = [3 * triangles[f], 3 * triangles[f + 1], 3 * triangles[f + 2]];
    const [ux, uy, uz] = [points[b] - points[a], points[b + 1] - points[a + 1], points[b + 2] - points[a + 2]];
    const [vx, vy, vz] = [points[c] - points[a], points[c + 1] - points[a + 1], points[c + 2] - points[a + 2]];
    const doubleArea = ux * vy - uy * vx;
    if (doubleArea === 0) continue;
    const range = (at: number, from: number, count: number): [number, number] => {
      const values = [points[a + at], points[b + at], points[c + at]];
      const first = Math.max(0, Math.ceil((Math.min(...values) - from) / CELL_M - 0.5));
      return [first, Math.min(count - 1, Math.floor((Math.max(...values) - from) / CELL_M - 0.5))];
    };
    const [i0, i1] = range(0, field.x0M, field.nx);
    const [j0, j1] = range(1, field.y0M, field.ny);
    for (let j = j0; j <= j1; j++) {
      const dy = field.y0M + (j + 0.5) * CELL_M - points[a + 1];
      for (let i = i0; i <= i1; i++) {
        const dx = field.x0M + (i + 0.5) * CELL_M - points[a];
        const wb = (dx * vy - dy * vx) / doubleArea;
        const wc = (dy * ux - dx * uy) / doubleArea;
        if (wb < 0 || wc < 0 || wb + wc > 1) continue;
        const k = j * field.nx + i;
        field.heightM[k] = Math.max(field.heightM[k], points[a + 2] + wb * uz + wc * vz);
      }
    }
  }
}

/** Height of the support under a place and its slope, bilinear between the middles of cells; `null` field: the bare table. */
export function supportAt(
  field: HeightField | null,
  x: number,
  y: number,
): { heightM: number; slopeX: number; slopeY: number } {
  if (field === null) return { heightM: 0, slopeX: 0, slopeY: 0 };
  const u = (x - field.x0M) / CELL_M - 0.5;
  const v = (y - field.y0M) / CELL_M - 0.5;
  const [i, j] = [Math.floor(u), Math.floor(v)];
  const [s, t] = [u - i, v - j];
  const at = (ci: number, cj: number): number =>
    ci >= 0 && cj >= 0 && ci < field.nx && cj < field.ny ? field.heightM[cj * field.nx + ci] : 0;
  const [h00, h10, h01, h11] = [at(i, j), at(i + 1, j), at(i, j + 1), at(i + 1, j + 1)];
  const clamp = (slope: number): number => Math.min(MAX_SLOPE, Math.max(-MAX_SLOPE, slope));
  return {
    heightM: (1 - t) * ((1 - s) * h00 + s * h10) + t * ((1 - s) * h01 + s * h11),
    slopeX: clamp(((1 - t) * (h10 - h00) + t * (h11 - h01)) / CELL_M),
    slopeY: clamp(((1 - s) * (h01 - h00) + s * (h11 - h10)) / CELL_M),
  };
}

/** What may bear something: all that is known to lie there, and the bare table, because a tray taken for a box does not bear on its top. */
export const supportsOf = (field: HeightField | null = null): (HeightField | null)[] =>
  field ? [field, null] : [null];

/** Steps in which a line of sight is followed, metres, and what a solid must reach above it to hide something. */
const SIGHT_STEP_M = 0.004;
const HIDING_M = 0.005;

/**
 * Would what stands in the field hide this place (world, metres) from the camera? Not if the place lies within its outline from above:
 * there it may be hollow.
 */
export function isBehind(field: HeightField, place: Vec3, cameraInWorld: Vec3): boolean {
  const heightAt = (x: number, y: number): number => supportAt(field, x, y).heightM;
  if (heightAt(place[0], place[1]) > HIDING_M) return false;
  const way = sub(cameraInWorld, place);
  const length = Math.hypot(way[0], way[1], way[2]);
  for (let s = SIGHT_STEP_M; s < length; s += SIGHT_STEP_M) {
    const [x, y, z] = add(place, scale(way, s / length));
    if (heightAt(x, y) > z + HIDING_M) return true;
  }
  return false;
}

export interface Clearance {
  /** Smallest height of the points above what is under them, metres; negative: inside it. */
  readonly heightM: number;
  /** That point in the camera frame, and the derivative of the clearance by its place there. */
  readonly inCamera: Vec3;
  readonly normal: Vec3;
}

/** `points` [M, 3] in the object frame. */
export function clearanceOf(
  points: Float64Array,
  cameraFromObject: Mat4,
  worldFromCamera: Mat4,
  field: HeightField | null,
): Clearance {
  const m = cameraFromObject;
  const w = worldFromCamera;
  let heightM = Number.POSITIVE_INFINITY;
  let inCamera: Vec3 = [0, 0, 0];
  let slope: [number, number] = [0, 0];
  for (let k = 0; k < points.length; k += 3) {
    const [px, py, pz] = [points[k], points[k + 1], points[k + 2]];
    const x = m[0] * px + m[1] * py + m[2] * pz + m[3];
    const y = m[4] * px + m[5] * py + m[6] * pz + m[7];
    const z = m[8] * px + m[9] * py + m[10] * pz + m[11];
    const worldZ = w[8] * x + w[9] * y + w[10] * z + w[11];
    if (field === null) {
      if (worldZ >= heightM) continue;
      heightM = worldZ;
      inCamera = [x, y, z];
      continue;
    }
    const under = supportAt(field, w[0] * x + w[1] * y + w[2] * z + w[3], w[4] * x + w[5] * y + w[6] * z + w[7]);
    if (worldZ - under.heightM >= heightM) continue;
    heightM = worldZ - under.heightM;
    inCamera = [x, y, z];
    slope = [under.slopeX, under.slopeY];
  }
  const normal = vec3((c) => w[8 + c] - slope[0] * w[c] - slope[1] * w[4 + c]);
  return { heightM, inCamera, normal };
}

/** The pose moved straight up or down until it just touches what is under it. */
export function dropped(
  points: Float64Array,
  cameraFromObject: Mat4,
  worldFromCamera: Mat4,
  field: HeightField | null,
): Mat4 {
  const { heightM } = clearanceOf(points, cameraFromObject, worldFromCamera, field);
  if (!Number.isFinite(heightM)) return cameraFromObject;
  const pose = [...cameraFromObject];
  // World up in the camera frame is row 2 of worldFromCamera.
  for (let c = 0; c < 3; c++) pose[4 * c + 3] -= heightM * worldFromCamera[8 + c];
  return pose;
}
