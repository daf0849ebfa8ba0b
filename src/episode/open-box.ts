/**
 * Boxes that turn out to be open. From one outline a tray, a drawer or a dustpan looks like a closed box; where the film shows another
 * thing end inside of it, it cannot be one: its top is taken off, and those sides through which the other thing came in.
 */
import { Random } from '../base/random.js';
import { type Intrinsics, project } from '../math/camera.js';
import { type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { boxMesh, joinMeshes, makeMesh, meshArea, meshBounds, transformMesh } from '../objects/mesh.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { createDepthBuffer, rasterizeMesh } from '../objects/rasterize.js';
import { gaussiansFromMesh } from '../splat/from-mesh.js';
import { type GaussianSet, SH_C0 } from '../splat/gaussians.js';
import { filterSet, mergeSets } from '../splat/ops.js';
import type { SplatRenderer } from '../splat/renderer.js';

/** A side of the box: outward along x or y of the object frame. */
export type Side = '-x' | '+x' | '-y' | '+y';

/** This deep below the top, a point of another thing is inside and not on top, metres. */
const DEEP_M = 0.008;
/** Share of the other thing's points that must be inside at the end of its way. */
const MIN_INSIDE = 0.3;
/** Share of the points that came in through a side for that side to be open. */
const MIN_THROUGH = 0.15;
const WALL_M = 0.003;
/** Thin, because what lies inside was seen to lie as low as the table. */
const FLOOR_M = 0.001;
/** Gaussians this far outside of the closed body belong to parts that stick out of it (handles), metres. */
const PART_CLEARANCE_M = 0.002;
const NUM_GAUSSIANS = 5000;
/** A surface this much behind what the reference view shows first is hidden from it, metres. */
const HIDDEN_M = 0.002;

/**
 * Which sides are open when `points` [M, 3] of another thing move along `boxFromOther` into the box `body`; empty when only the top is.
 * Null when the thing does not end inside.
 */
export function openSides(body: TriangleMesh, points: Float64Array, boxFromOther: readonly Mat4[]): Side[] | null {
  const { min, max } = meshBounds(body);
  const last = boxFromOther.length - 1;
  const entered: Record<Side, number> = { '-x': 0, '+x': 0, '-y': 0, '+y': 0 };
  let inside = 0;
  for (let i = 0; i < points.length; i += 3) {
    const at = (k: number): Vec3 => transformPoint(boxFromOther[k], [points[i], points[i + 1], points[i + 2]]);
    const isInside = (p: Vec3): boolean =>
      p[0] > min[0] && p[0] < max[0] && p[1] > min[1] && p[1] < max[1] && p[2] < max[2] - DEEP_M;
    if (!isInside(at(last))) continue;
    inside++;
    let k = last;
    while (k > 0 && isInside(at(k - 1))) k--;
    if (k === 0) continue;
    const before = at(k - 1);
    if (before[0] <= min[0]) entered['-x']++;
    else if (before[0] >= max[0]) entered['+x']++;
    else if (before[1] <= min[1]) entered['-y']++;
    else if (before[1] >= max[1]) entered['+y']++;
  }
  if (inside < (MIN_INSIDE * points.length) / 3) return null;
  return (['-x', '+x', '-y', '+y'] as const).filter((side) => entered[side] > MIN_THROUGH * inside);
}

/** The first part of a mesh whose parts are closed each for itself, and the rest. */
export function bodyAndParts(mesh: TriangleMesh): { body: TriangleMesh; parts: TriangleMesh } {
  const { triangles } = mesh;
  const reached = new Set<number>([triangles[0]]);
  for (let grew = true; grew; ) {
    grew = false;
    for (let f = 0; f < triangles.length; f += 3) {
      const corners = [triangles[f], triangles[f + 1], triangles[f + 2]];
      const known = corners.filter((corner) => reached.has(corner)).length;
      if (known === 0 || known === 3) continue;
      for (const corner of corners) reached.add(corner);
      grew = true;
    }
  }
  return {
    body: withTriangles(mesh, (f) => reached.has(triangles[f])),
    parts: withTriangles(mesh, (f) => !reached.has(triangles[f])),
  };
}

/** Only the triangles (by index of their first corner) that are asked for, and the vertices that they use. */
function withTriangles({ vertices, triangles }: TriangleMesh, isKept: (f: number) => boolean): TriangleMesh {
  const index = new Map<number, number>();
  const outVertices: number[] = [];
  const outTriangles: number[] = [];
  for (let f = 0; f < triangles.length; f += 3) {
    if (!isKept(f)) continue;
    for (let c = 0; c < 3; c++) {
      const v = triangles[f + c];
      if (!index.has(v)) {
        index.set(v, outVertices.length / 3);
        outVertices.push(vertices[3 * v], vertices[3 * v + 1], vertices[3 * v + 2]);
      }
      outTriangles.push(index.get(v)!);
    }
  }
  return makeMesh(outVertices, outTriangles);
}

/** A box of this size without its top and without `open` sides: floor and walls, closed each for itself, that touch. */
export function openBoxMesh(min: Vec3, max: Vec3, open: readonly Side[]): TriangleMesh {
  const slab = (low: Vec3, high: Vec3): TriangleMesh => {
    const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    const box = boxMesh(high[0] - low[0], high[1] - low[1], high[2] - low[2]);
    return transformMesh(box, [1, 0, 0, middle[0], 0, 1, 0, middle[1], 0, 0, 1, low[2], 0, 0, 0, 1]);
  };
  const wall = Math.min(WALL_M, (max[0] - min[0]) / 8, (max[1] - min[1]) / 8);
  const floorTop = min[2] + Math.min(FLOOR_M, (max[2] - min[2]) / 4);
  const [x0, x1] = [min[0] + wall, max[0] - wall];
  const walls: Record<Side, TriangleMesh> = {
    '-x': slab([min[0], min[1], floorTop], [x0, max[1], max[2]]),
    '+x': slab([x1, min[1], floorTop], max),
    '-y': slab([x0, min[1], floorTop], [x1, min[1] + wall, max[2]]),
    '+y': slab([x0, max[1] - wall, floorTop], [x1, max[1], max[2]]),
  };
  const standing = (['-x', '+x', '-y', '+y'] as const).filter((side) => !open.includes(side)).map((s) => walls[s]);
  return joinMeshes(slab(min, [max[0], max[1], floorTop]), ...standing);
}

/** The view in which the closed box was painted. */
export interface PaintedView {
  readonly camera: Intrinsics;
  readonly cameraFromObject: Mat4;
}

/**
 * Opens a painted box. What the reference view sees of the open one keeps the colours that the closed one has in that view; what it
 * does not see takes those of the nearest place.
 */
export function openPaintedBox(
  mesh: TriangleMesh,
  gaussians: GaussianSet,
  open: readonly Side[],
  { camera, cameraFromObject }: PaintedView,
  renderer: SplatRenderer,
): { mesh: TriangleMesh; gaussians: GaussianSet } {
  const { body, parts } = bodyAndParts(mesh);
  const { min, max } = meshBounds(body);
  const box = openBoxMesh(min, max, open);
  const opened = joinMeshes(box, parts);
  const depth = createDepthBuffer(camera.widthPx, camera.heightPx);
  rasterizeMesh(opened, cameraFromObject, camera, depth);
  const prepared = renderer.prepare(gaussians);
  const { rgb, alpha } = renderer.render(camera, [{ set: prepared, cameraFromSet: cameraFromObject, label: 1 }], {});
  prepared.dispose();
  const isPart = (i: number): boolean =>
    [0, 1, 2].some((c) => {
      const value = gaussians.position[3 * i + c];
      return value < min[c] - PART_CLEARANCE_M || value > max[c] + PART_CLEARANCE_M;
    });
  const colourAt = (point: Vec3): Vec3 => {
    const seen = transformPoint(cameraFromObject, point);
    const [x, y] = project(camera, seen).map(Math.floor);
    const i = y * camera.widthPx + x;
    const isInPicture = x >= 0 && y >= 0 && x < camera.widthPx && y < camera.heightPx;
    if (!isInPicture || alpha[i] < 0.5 || seen[2] > depth.depthM[i] + HIDDEN_M) return nearestColour(gaussians, point);
    return [0, 1, 2].map((c) => rgb[3 * i + c] / alpha[i]) as Vec3;
  };
  const spacingM = Math.sqrt(meshArea(box) / NUM_GAUSSIANS);
  const painted = gaussiansFromMesh(box.vertices, box.triangles, colourAt, spacingM, new Random(7));
  return { mesh: opened, gaussians: mergeSets([painted, filterSet(gaussians, isPart)]) };
}

function nearestColour({ count, position, sh, shDegree }: GaussianSet, [x, y, z]: Vec3): Vec3 {
  let least = Number.POSITIVE_INFINITY;
  let nearest = 0;
  for (let i = 0; i < count; i++) {
    const d = (position[3 * i] - x) ** 2 + (position[3 * i + 1] - y) ** 2 + (position[3 * i + 2] - z) ** 2;
    if (d < least) {
      least = d;
      nearest = i;
    }
  }
  const at = nearest * (shDegree + 1) ** 2 * 3;
  return [0, 1, 2].map((c) => 0.5 + SH_C0 * sh[at + c]) as Vec3;
}
