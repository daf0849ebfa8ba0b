/**
 * Round bodies that turn out to be open. From one outline a cup looks like a solid; where the film shows something being poured from
 * it, or another thing end inside of it, it cannot be one.
 */
import { fromTranslation, inverse, type Mat4, transformPoint } from '../math/se3.js';
import { meshBounds, type ProfilePoint, radiusAt, revolutionMesh, transformMesh } from '../objects/mesh.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { DEEP_M, MIN_INSIDE, WALL_M } from './open-box.js';

const SEGMENTS = 40;
/** Heights that differ by less than this belong to one ring of the mesh, metres. */
const SAME_HEIGHT_M = 1e-5;

/** A solid of revolution about an upright axis. */
export interface RoundBody {
  /** From the base up, about the axis. */
  readonly profile: readonly ProfilePoint[];
  /** The axis runs through the origin of this frame. */
  readonly objectFromAxis: Mat4;
}

/** `body`: closed solid of revolution, its axis upright. */
export function roundBody(body: TriangleMesh): RoundBody {
  const { min, max } = meshBounds(body);
  const [x, y] = [(min[0] + max[0]) / 2, (min[1] + max[1]) / 2];
  const rings: { heightM: number; radiusM: number }[] = [];
  const { vertices } = body;
  for (let i = 0; i < vertices.length; i += 3) {
    const heightM = vertices[i + 2];
    const radiusM = Math.hypot(vertices[i] - x, vertices[i + 1] - y);
    const ring = rings.find((known) => Math.abs(known.heightM - heightM) < SAME_HEIGHT_M);
    if (ring) ring.radiusM = Math.max(ring.radiusM, radiusM);
    else rings.push({ heightM, radiusM });
  }
  return { profile: rings.sort((a, b) => a.heightM - b.heightM), objectFromAxis: fromTranslation([x, y, 0]) };
}

/** The same outside with walls and a floor of some millimetres. */
export function openRoundMesh({ profile, objectFromAxis }: RoundBody): TriangleMesh {
  const widest = Math.max(...profile.map(({ radiusM }) => radiusM));
  return transformMesh(revolutionMesh(profile, SEGMENTS, Math.min(WALL_M, widest / 8)), objectFromAxis);
}

/** Whether a point (object frame) is in the body or within `marginM` of it. */
export function isInRound({ profile, objectFromAxis }: RoundBody, point: readonly number[], marginM: number): boolean {
  const [x, y, z] = transformPoint(inverse(objectFromAxis), [point[0], point[1], point[2]]);
  const [low, high] = [profile[0].heightM, profile[profile.length - 1].heightM];
  return z > low - marginM && z < high + marginM && Math.hypot(x, y) < radiusAt(profile, z) + marginM;
}

/** Whether a good part of `points` [M, 3] of another thing is in the body, below its top, when it is at `bodyFromOther`. */
export function endsInRound(body: RoundBody, points: Float64Array, bodyFromOther: Mat4): boolean {
  const top = body.profile[body.profile.length - 1].heightM;
  let inside = 0;
  for (let i = 0; i < points.length; i += 3) {
    const p = transformPoint(bodyFromOther, [points[i], points[i + 1], points[i + 2]]);
    if (p[2] < top - DEEP_M && isInRound(body, p, 0)) inside++;
  }
  return inside >= (MIN_INSIDE * points.length) / 3;
}
