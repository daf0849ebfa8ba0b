/**
 * Point tracks against where the true surface point went, counted as TAP-Vid does (Doersch et al. 2022): over all frames in
 * which the true point is seen and a track is given, the share within 1, 2, 4, 8 and 16 px.
 */
import { project, rayOf } from '../../src/math/camera.js';
import { inverse, transformDirection, transformPoint, translationOf } from '../../src/math/se3.js';
import { cross, dot, type Vec3 } from '../../src/math/vec3.js';
import type { TriangleMesh } from '../../src/objects/object-model.js';
import type { FoundScene } from './found.js';
import type { AlignedTruth } from './frames.js';
import { medianOf } from './stats.js';

export const TRACK_LIMITS_PX = [1, 2, 4, 8, 16] as const;

export interface TrackScores {
  /** Share within each of `TRACK_LIMITS_PX`; a track that does not start on its object counts as outside. */
  within: number[] | null;
  medianPx: number | null;
  numTracks: number;
  /** Share of tracks whose first point is not on the true object. */
  offObject: number;
  /** Of the frames in which a true point is seen, the share in which its track says where it is. */
  coverage: number | null;
}

/** Nearest hit of a ray with a mesh, both in the mesh's frame (Moller and Trumbore 1997): point and face normal. */
export function firstHit(mesh: TriangleMesh, origin: Vec3, direction: Vec3): { point: Vec3; normal: Vec3 } | null {
  const { vertices: v, triangles: t } = mesh;
  let nearest = Number.POSITIVE_INFINITY;
  let normal: Vec3 | null = null;
  for (let f = 0; f < t.length; f += 3) {
    const [a, b, c] = [3 * t[f], 3 * t[f + 1], 3 * t[f + 2]];
    const e1: Vec3 = [v[b] - v[a], v[b + 1] - v[a + 1], v[b + 2] - v[a + 2]];
    const e2: Vec3 = [v[c] - v[a], v[c + 1] - v[a + 1], v[c + 2] - v[a + 2]];
    const p = cross(direction, e2);
    const determinant = dot(e1, p);
    if (determinant === 0) continue;
    const s: Vec3 = [origin[0] - v[a], origin[1] - v[a + 1], origin[2] - v[a + 2]];
    const u = dot(s, p) / determinant;
    const q = cross(s, e1);
    const w = dot(direction, q) / determinant;
    const along = dot(e2, q) / determinant;
    if (u < 0 || w < 0 || u + w > 1 || along <= 0 || along >= nearest) continue;
    nearest = along;
    normal = cross(e1, e2);
  }
  if (!normal) return null;
  const at = (i: 0 | 1 | 2): number => origin[i] + nearest * direction[i];
  return { point: [at(0), at(1), at(2)], normal };
}

export async function scoreTracks(
  found: FoundScene,
  truth: AlignedTruth,
  meshes: ReadonlyMap<number, TriangleMesh>,
  matches: ReadonlyMap<number, number>,
): Promise<TrackScores> {
  const { tracks } = found;
  const points = startPoints(found, truth, meshes, matches);
  const errorsPx: number[] = [];
  let numSeen = 0;
  let numOff = 0;
  for (const { surface } of points) if (!surface) numOff++;
  for (let k = 0; k < tracks.numFrames; k++) {
    const mask = await truth.mask(k);
    for (const { column, trueId, firstFrame, surface } of points) {
      const o = 2 * (k * tracks.numTracks + column);
      const [x, y] = [tracks.xyPx[o], tracks.xyPx[o + 1]];
      if (!surface) {
        if (!Number.isNaN(x)) errorsPx.push(Number.POSITIVE_INFINITY);
        continue;
      }
      const pose = truth.poses.get(trueId)![k];
      const inCamera = transformPoint(pose, surface.point);
      const [u, v] = project(truth.camera, inCamera);
      const [column0, row0] = [Math.floor(u), Math.floor(v)];
      const inPicture = column0 >= 0 && row0 >= 0 && column0 < mask.widthPx && row0 < mask.heightPx;
      const facing = dot(transformDirection(pose, surface.normal), inCamera) * surface.side < 0;
      if (!inPicture || !facing || mask.data[row0 * mask.widthPx + column0] !== trueId) continue;
      if (k >= firstFrame) numSeen++;
      if (!Number.isNaN(x)) errorsPx.push(Math.hypot(x - u, y - v));
    }
  }
  const given = errorsPx.length;
  const share = (limit: number): number => errorsPx.filter((px) => px <= limit).length / given;
  const finite = errorsPx.filter(Number.isFinite);
  return {
    within: given > 0 ? TRACK_LIMITS_PX.map(share) : null,
    medianPx: medianOf(finite),
    numTracks: points.length,
    offObject: points.length > 0 ? numOff / points.length : 0,
    coverage: numSeen > 0 ? Math.min(1, finite.length / numSeen) : null,
  };
}

interface StartPoint {
  column: number;
  trueId: number;
  firstFrame: number;
  /** In the true object's frame; `side` is -1 if the mesh's faces are seen from behind. Null: the ray misses the object. */
  surface: { point: Vec3; normal: Vec3; side: 1 | -1 } | null;
}

function startPoints(
  found: FoundScene,
  truth: AlignedTruth,
  meshes: ReadonlyMap<number, TriangleMesh>,
  matches: ReadonlyMap<number, number>,
): StartPoint[] {
  const { tracks } = found;
  const points: StartPoint[] = [];
  for (let column = 0; column < tracks.numTracks; column++) {
    const trueId = matches.get(tracks.objectIds[column]);
    if (trueId === undefined) continue;
    for (let k = 0; k < tracks.numFrames; k++) {
      const o = 2 * (k * tracks.numTracks + column);
      const [x, y] = [tracks.xyPx[o], tracks.xyPx[o + 1]];
      if (Number.isNaN(x)) continue;
      const objectFromCamera = inverse(truth.poses.get(trueId)![k]);
      const direction = transformDirection(objectFromCamera, rayOf(truth.camera, x, y));
      const hit = firstHit(meshes.get(trueId)!, translationOf(objectFromCamera), direction);
      const side = hit && dot(hit.normal, direction) > 0 ? -1 : 1;
      points.push({ column, trueId, firstFrame: k, surface: hit && { ...hit, side } });
      break;
    }
  }
  return points;
}
