/** Trays: flat things with round corners that turn out to be open, as boxes do. */
import { fromTranslation } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { joinMeshes, meshBounds, prismMesh, transformMesh } from '../objects/mesh.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { FLOOR_M, type Side, WALL_M } from './open-box.js';

/** Vertices so near to the middle of the plan, per its half width, are no corners of it. */
const MIDDLE = 0.01;

/** The prism without its top and without the wall towards `open` sides: floor and pieces of wall, closed each for itself, that touch. */
export function openSlabMesh(body: TriangleMesh, open: readonly Side[]): TriangleMesh {
  const { min, max } = meshBounds(body);
  const [x, y] = [(min[0] + max[0]) / 2, (min[1] + max[1]) / 2];
  const half = Math.min(max[0] - min[0], max[1] - min[1]) / 2;
  const wall = Math.min(WALL_M, half / 4);
  const floorTop = min[2] + Math.min(FLOOR_M, (max[2] - min[2]) / 4);
  const outside = planOf(body, [x, y, min[2]], MIDDLE * half);
  const inside = outside.map(([px, py]): [number, number] => {
    const share = 1 - wall / Math.hypot(px - x, py - y);
    return [x + share * (px - x), y + share * (py - y)];
  });
  const raised = (polygon: readonly (readonly [number, number])[], low: number, high: number): TriangleMesh =>
    transformMesh(prismMesh(polygon, high - low), fromTranslation([0, 0, low]));
  const pieces = outside.flatMap((from, k) => {
    const next = (k + 1) % outside.length;
    const to = outside[next];
    if (open.includes(sideOf((from[0] + to[0]) / 2 - x, (from[1] + to[1]) / 2 - y, max[0] - x, max[1] - y))) return [];
    return [raised([from, to, inside[next], inside[k]], floorTop, max[2])];
  });
  return joinMeshes(raised(outside, min[2], floorTop), ...pieces);
}

/** Corners of the plan at the base, counter-clockwise from above, about its middle. */
function planOf({ vertices }: TriangleMesh, [x, y, low]: Vec3, leastM: number): [number, number][] {
  const corners: [number, number][] = [];
  for (let i = 0; i < vertices.length; i += 3) {
    if (vertices[i + 2] > low + 1e-6 || Math.hypot(vertices[i] - x, vertices[i + 1] - y) < leastM) continue;
    corners.push([vertices[i], vertices[i + 1]]);
  }
  return corners.sort((a, b) => Math.atan2(a[1] - y, a[0] - x) - Math.atan2(b[1] - y, b[0] - x));
}

/** Which side of the bounds a direction from their middle points at. */
function sideOf(dx: number, dy: number, halfX: number, halfY: number): Side {
  if (Math.abs(dx) / halfX > Math.abs(dy) / halfY) return dx < 0 ? '-x' : '+x';
  return dy < 0 ? '-y' : '+y';
}
