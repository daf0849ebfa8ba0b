/** A painted body opened: the shell in its place is painted anew, parts that stick out of it (handles) stay. */
import { Random } from '../base/random.js';
import { type Intrinsics, project } from '../math/camera.js';
import { type Mat4, transformPoint } from '../math/se3.js';
import { type Vec3, vec3 } from '../math/vec3.js';
import { joinMeshes, makeMesh, meshArea } from '../objects/mesh.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { createDepthBuffer, rasterizeMesh } from '../objects/rasterize.js';
import { gaussiansFromMesh } from '../splat/from-mesh.js';
import { type GaussianSet, SH_C0 } from '../splat/gaussians.js';
import { filterSet, mergeSets } from '../splat/ops.js';
import type { SplatRenderer } from '../splat/renderer.js';

const NUM_GAUSSIANS = 5000;
/** A surface this much behind what the reference view shows first is hidden from it, metres. */
const HIDDEN_M = 0.002;

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

/** The view in which the closed body was painted. */
export interface PaintedView {
  readonly camera: Intrinsics;
  readonly cameraFromObject: Mat4;
}

/** What takes the place of a closed body. */
export interface Shell {
  readonly mesh: TriangleMesh;
  /** Whether a point (object frame) belonged to the closed body, and not to a part that sticks out of it. */
  isOfBody(point: Vec3): boolean;
}

/**
 * Puts a shell in place of the body. What the reference view sees of the shell keeps the colours that the body has in that view; what
 * it does not see takes those of the nearest place.
 */
export function openPainted(
  parts: TriangleMesh,
  gaussians: GaussianSet,
  shell: Shell,
  { camera, cameraFromObject }: PaintedView,
  renderer: SplatRenderer,
): { mesh: TriangleMesh; gaussians: GaussianSet } {
  const opened = joinMeshes(shell.mesh, parts);
  const depth = createDepthBuffer(camera.widthPx, camera.heightPx);
  rasterizeMesh(opened, cameraFromObject, camera, depth);
  const prepared = renderer.prepare(gaussians);
  const { rgb, alpha } = renderer.render(camera, [{ set: prepared, cameraFromSet: cameraFromObject, label: 1 }], {});
  prepared.dispose();
  const isPart = (i: number): boolean => {
    const [x, y, z] = gaussians.position.subarray(3 * i, 3 * i + 3);
    return !shell.isOfBody([x, y, z]);
  };
  const colourAt = (point: Vec3): Vec3 => {
    const seen = transformPoint(cameraFromObject, point);
    const [x, y] = project(camera, seen).map(Math.floor);
    const i = y * camera.widthPx + x;
    const isInPicture = x >= 0 && y >= 0 && x < camera.widthPx && y < camera.heightPx;
    if (!isInPicture || alpha[i] < 0.5 || seen[2] > depth.depthM[i] + HIDDEN_M) return nearestColour(gaussians, point);
    return vec3((c) => rgb[3 * i + c] / alpha[i]);
  };
  const spacingM = Math.sqrt(meshArea(shell.mesh) / NUM_GAUSSIANS);
  const painted = gaussiansFromMesh(shell.mesh.vertices, shell.mesh.triangles, colourAt, spacingM, new Random(7));
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
  return vec3((c) => 0.5 + SH_C0 * sh[at + c]);
}
