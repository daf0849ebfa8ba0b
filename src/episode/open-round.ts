/**
 * Round bodies that turn out to be open. From one outline a cup looks like a solid; where the film shows something being poured from
 * it, or another thing end inside of it, it cannot be one. What slid in through its side came through no wall.
 */
import { fromTranslation, inverse, type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import {
  joinMeshes,
  meshBounds,
  type ProfilePoint,
  radiusAt,
  revolutionMesh,
  transformMesh,
  wallMesh,
} from '../objects/mesh.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { DEEP_M, FLOOR_M, MIN_INSIDE, MIN_THROUGH, WALL_M } from './open-box.js';

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

/** Angles about the axis, counter-clockwise, radians. */
export type Sector = readonly [fromRad: number, toRad: number];

/** The same outside with walls and a floor of some millimetres; without a wall where it is `open`. */
export function openRoundMesh({ profile, objectFromAxis }: RoundBody, open: Sector | null = null): TriangleMesh {
  const widest = Math.max(...profile.map(({ radiusM }) => radiusM));
  const wallM = Math.min(WALL_M, widest / 8);
  if (!open) return transformMesh(revolutionMesh(profile, SEGMENTS, wallM), objectFromAxis);
  const [base, rim] = [profile[0].heightM, profile[profile.length - 1].heightM];
  const floor = base + Math.min(FLOOR_M, (rim - base) / 4);
  const onFloor = { radiusM: radiusAt(profile, floor), heightM: floor };
  const bottom = revolutionMesh([...profile.filter(({ heightM }) => heightM < floor), onFloor], SEGMENTS);
  const outside = [onFloor, ...profile.filter(({ heightM }) => heightM > floor)];
  const wall = wallMesh(outside, wallM, [open[1], open[0] + 2 * Math.PI], SEGMENTS);
  return transformMesh(joinMeshes(bottom, wall), objectFromAxis);
}

/** What slides in needs this much room beside it, metres. */
const ROOM_M = 0.005;

/**
 * Where things came in through the wall, below the rim: `ways` of their points [M, 3] as bodyFromOther poses. Null when they came from
 * above.
 */
export function openSector(
  body: RoundBody,
  ways: readonly { readonly points: Float64Array; readonly bodyFromOther: readonly Mat4[] }[],
): Sector | null {
  const { profile, objectFromAxis } = body;
  const top = profile[profile.length - 1].heightM;
  const axisFromObject = inverse(objectFromAxis);
  const angles: number[] = [];
  let isThrough = false;
  for (const { points, bodyFromOther } of ways) {
    const last = bodyFromOther.length - 1;
    let inside = 0;
    let through = 0;
    for (let i = 0; i < points.length; i += 3) {
      const at = (k: number): Vec3 => transformPoint(bodyFromOther[k], [points[i], points[i + 1], points[i + 2]]);
      const isInside = (p: Vec3): boolean => p[2] < top - DEEP_M && isInRound(body, p, 0);
      if (isInside(at(last))) inside++;
      const first = bodyFromOther.findIndex((_, k) => isInside(at(k)));
      if (first <= 0) continue;
      const before = transformPoint(axisFromObject, at(first - 1));
      if (before[2] > top) continue;
      if (isInside(at(last))) through++;
      angles.push(Math.atan2(before[1], before[0]));
    }
    if (inside > 0 && through > MIN_THROUGH * inside) isThrough = true;
  }
  if (!isThrough) return null;
  const room = ROOM_M / Math.max(...profile.map(({ radiusM }) => radiusM));
  const [from, to] = around(angles);
  return to - from + 2 * room > MOST_OPEN_RAD ? null : [from - room, to + room];
}

/** A vessel that is open on more than this is none, radians. */
const MOST_OPEN_RAD = 1.5 * Math.PI;

/** The narrowest sector with all angles: what lies opposite of the widest gap between neighbours. */
function around(angles: readonly number[]): Sector {
  const sorted = [...angles].sort((a, b) => a - b);
  let widest = 0;
  let from = sorted[0];
  sorted.forEach((angle, k) => {
    const next = k + 1 < sorted.length ? sorted[k + 1] : sorted[0] + 2 * Math.PI;
    if (next - angle <= widest) return;
    widest = next - angle;
    from = next;
  });
  // Its middle within half a turn of the x axis.
  const width = 2 * Math.PI - widest;
  const start = from + width / 2 > Math.PI ? from - 2 * Math.PI : from;
  return [start, start + width];
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
