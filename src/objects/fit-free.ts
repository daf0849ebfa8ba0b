/**
 * The free shape: a solid without a family, kept as a distance field that starts as another shape and moves until it explains the outlines of
 * several views. Each step divides the gradient by a bound of the curvature, both smoothed over neighbours (a Sobolev gradient), so that what no
 * outline holds goes along with what is next to it; the side that was not seen follows the mirror image of what was.
 */
import { inverse, type Mat4, translationOf } from '../math/se3.js';
import { BAND_CELLS, type DistanceField, fieldOfMesh, gridAround, redistanced } from './distance-field.js';
import { addViewLoss, type FieldGradient, raysOf, sampleField, type ViewRays } from './field-loss.js';
import { meshOfField } from './iso-surface.js';
import { meshBounds, transformMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import { type OutlineView, placedAnew } from './refit-shape.js';
import { silhouetteIou } from './silhouette.js';

/** Rounds of moving the surface, then placing the views anew; steps per round. */
const ROUNDS = 2;
const STEPS = 14;
/** What a point's own start and its mirror image count, of one ray through it. */
const STAY_WEIGHT = 0.03;
const MIRROR_WEIGHT = 0.25;
/** Rays that a point needs before it follows them fully. */
const FEW_RAYS = 0.1;
/** Passes of (1, 2, 1) along each axis. */
const SMOOTHING = 2;
const LARGEST_STEP_CELLS = 0.8;
/** Its start pulls a point no harder than from so far. */
const LARGEST_PULL_CELLS = 2;
/** Walls of an open vessel are thicker than a cell, or they would have holes. */
const LEAST_WALL_CELLS = 1.3;

/** What the free shape starts from: a closed solid in its own frame, base on z = 0. */
export interface FreeStart {
  readonly mesh: TriangleMesh;
  /** Thickness of the walls where the thing is open at the top, else 0. */
  readonly wallM: number;
}

export interface FreeShape {
  /** Closed; base on z = 0 of the start's frame. */
  readonly mesh: TriangleMesh;
  /** The same without the hollow of a vessel. */
  readonly outline: TriangleMesh;
  readonly views: readonly OutlineView[];
  /** Weighted mean of the agreement over the views. */
  readonly iou: number;
}

/** Null when nothing is left of it. */
export function fitFree(start: FreeStart, views: readonly OutlineView[], cameraFromWorld: Mat4): FreeShape | null {
  const grid = gridAround(start.mesh);
  const first = fieldOfMesh(start.mesh, grid);
  const mirror = mirrorOf(grid, views[0].cameraFromMesh);
  let field: DistanceField = { ...first, values: Float64Array.from(first.values) };
  let placed = [...views];
  let outline: TriangleMesh | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) field = redistanced(field);
    moveField(
      field,
      first,
      placed.map((view) => raysOf(view, grid)),
      mirror,
    );
    outline = meshOfField(field);
    if (outline === null) return null;
    const mesh = outline;
    placed = placed.map((view) => placedAnew(mesh, view, cameraFromWorld).view);
  }
  if (outline === null) return null;
  const mesh = start.wallM > 0 ? (meshOfField(hollowed(redistanced(field), start.wallM)) ?? outline) : outline;
  const stood = standing(outline);
  return { mesh: standing(mesh), outline: stood, views: placed, iou: meanAgreement(stood, placed) };
}

export function meanAgreement(mesh: TriangleMesh, views: readonly OutlineView[]): number {
  const total = views.reduce((sum, { weight }) => sum + weight, 0);
  const agreement = ({ target, cameraFromMesh, weight }: OutlineView): number =>
    (weight / total) * silhouetteIou(transformMesh(mesh, cameraFromMesh), target);
  return views.reduce((sum, view) => sum + agreement(view), 0);
}

/** Moves `field` in place; `start` is what it is held to where nothing else speaks. */
function moveField(field: DistanceField, start: DistanceField, rays: readonly ViewRays[], mirror: Float64Array): void {
  const { values, size, origin, cellM } = field;
  const layer = size[0] * size[1];
  for (let step = 0; step < STEPS; step++) {
    const loss: FieldGradient = {
      value: 0,
      gradient: new Float64Array(values.length),
      curvature: new Float64Array(values.length),
    };
    for (const own of rays) addViewLoss(field, own, loss);
    const pull = smoothed(loss.gradient, size);
    const hold = smoothed(loss.curvature, size);
    for (let at = 0; at < values.length; at++) {
      const [mx, my, mz] = [mirror[3 * at], mirror[3 * at + 1], mirror[3 * at + 2]];
      // The more rays a point has of its own, the less its image counts.
      const image = MIRROR_WEIGHT / (1 + hold[at] / FEW_RAYS);
      const force =
        pull[at] +
        image * sampleField(pull, size, mx, my, mz) +
        STAY_WEIGHT * clamped(values[at] - start.values[at], LARGEST_PULL_CELLS);
      const stiffness = hold[at] + image * sampleField(hold, size, mx, my, mz) + STAY_WEIGHT + FEW_RAYS;
      const move = clamped(force / stiffness, LARGEST_STEP_CELLS);
      // Nothing below the table.
      const heightCells = origin[2] / cellM + Math.floor(at / layer);
      values[at] = Math.max(-BAND_CELLS, Math.min(BAND_CELLS, heightCells, values[at] - move));
    }
  }
}

const clamped = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

/** [N, 3] the image of every grid point in the upright plane through the start's axis that faces the camera, grid coordinates. */
function mirrorOf({ size, origin, cellM }: Omit<DistanceField, 'values'>, cameraFromMesh: Mat4): Float64Array {
  const [ex, ey] = translationOf(inverse(cameraFromMesh));
  const length = Math.hypot(ex, ey) || 1;
  const [nx, ny] = [ex / length, ey / length];
  const images = new Float64Array(3 * size[0] * size[1] * size[2]);
  for (let at = 0; at < images.length / 3; at++) {
    const [i, j] = [at % size[0], Math.floor(at / size[0]) % size[1]];
    const [x, y] = [origin[0] + i * cellM, origin[1] + j * cellM];
    const across = 2 * (x * nx + y * ny);
    images[3 * at] = i - (across * nx) / cellM;
    images[3 * at + 1] = j - (across * ny) / cellM;
    images[3 * at + 2] = Math.floor(at / (size[0] * size[1]));
  }
  return images;
}

/** Means over neighbours; beyond the grid lies what is at its border. */
function smoothed(values: Float64Array, size: DistanceField['size']): Float64Array {
  let now = values;
  const steps = [1, size[0], size[0] * size[1]];
  for (let pass = 0; pass < SMOOTHING; pass++) {
    for (const [axis, step] of steps.entries()) {
      const next = new Float64Array(now.length);
      for (let at = 0; at < now.length; at++) {
        const i = Math.floor(at / step) % size[axis];
        const before = i > 0 ? now[at - step] : now[at];
        const after = i < size[axis] - 1 ? now[at + step] : now[at];
        next[at] = 0.25 * before + 0.5 * now[at] + 0.25 * after;
      }
      now = next;
    }
  }
  return now;
}

/** Open at the top: what lies deeper than the wall, and all above it, is taken out. */
function hollowed(field: DistanceField, wallM: number): DistanceField {
  const { values, size, cellM } = field;
  const wall = Math.max(wallM / cellM, LEAST_WALL_CELLS);
  const layer = size[0] * size[1];
  const open = new Float64Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const below = at >= layer ? open[at - layer] : Number.NEGATIVE_INFINITY;
    open[at] = Math.max(below, values[at] - wall);
  }
  return { ...field, values: values.map((v, at) => Math.min(v, -open[at])) };
}

/** Its height stretched so that it stands on z = 0: outlines from above say little about the lowest edge. */
function standing(mesh: TriangleMesh): TriangleMesh {
  const { min, max } = meshBounds(mesh);
  const factor = max[2] / (max[2] - min[2]);
  return { ...mesh, vertices: mesh.vertices.map((v, i) => (i % 3 === 2 ? (v - min[2]) * factor : v)) };
}
