/** Where the objects stand at the start of an episode, and where things are put down on the table. */
import type { Random } from '../base/random.js';
import { project } from '../math/camera.js';
import { compose, fromYaw, type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { Scene } from '../scene/scene.js';
import type { EpisodeObject } from './episode.js';
import type { Manipulation } from './motion.js';
import { shapeOf } from './object-shape.js';

type Point = readonly [number, number];

/** A disc on the table that something occupies, metres, world. */
export interface Footprint {
  readonly xM: number;
  readonly yM: number;
  readonly radiusM: number;
}

export interface Placement extends Footprint {
  readonly id: number;
  readonly yawRad: number;
}

/** An object that is set up where another one is: what lies on it, or what is pushed towards it. */
export interface Follower {
  readonly id: number;
  readonly anchorId: number;
  readonly anchorFromObject: Mat4;
  /** On the table; otherwise just as the anchor has it. */
  readonly stands: boolean;
}

/** Things that start where the demonstration needs them, seen from what it is about. */
export function followersOf(manipulations: readonly Manipulation[]): Follower[] {
  const followers = new Map<number, Follower>();
  for (const { sourceId, motions, cargo } of manipulations) {
    for (const { id, sourceFromCargo } of cargo) {
      if (!followers.has(id)) {
        followers.set(id, { id, anchorId: sourceId, anchorFromObject: sourceFromCargo, stands: false });
      }
    }
    for (const { targetId, pushed } of motions) {
      for (const { id, poses } of pushed) {
        if (targetId === null || targetId === id || followers.has(id)) continue;
        followers.set(id, { id, anchorId: targetId, anchorFromObject: poses[0], stands: true });
      }
    }
  }
  return [...followers.values()].filter(({ anchorId }) => !followers.has(anchorId));
}

/** worldFromObject of a follower whose anchor is at `worldFromAnchor`. */
export function followerPose(object: EpisodeObject, follower: Follower, worldFromAnchor: Mat4): Mat4 {
  const pose = compose(worldFromAnchor, follower.anchorFromObject);
  return follower.stands ? standingPose(object, pose[3], pose[7], Math.atan2(pose[4], pose[0])) : pose;
}

/** Free space between footprints that a hand between two objects needs, metres; given up step by step where space is short. */
const WANTED_GAP_M = 0.06;
const LEAST_GAP_M = 0.005;
const TRIES = 60;

/** An object standing on the table. */
export function standingPose(object: EpisodeObject, xM: number, yM: number, yawRad: number): Mat4 {
  return fromYaw(yawRad, [xM, yM, -shapeOf(object.mesh).extents.low[2]]);
}

/** Signed distance of a point to the border of a convex counter-clockwise polygon: positive inside. */
export function depthInPolygon(polygon: readonly Point[], [x, y]: Point): number {
  let least = Number.POSITIVE_INFINITY;
  polygon.forEach(([ax, ay], i) => {
    const [bx, by] = polygon[(i + 1) % polygon.length];
    const length = Math.hypot(bx - ax, by - ay);
    if (length > 0) least = Math.min(least, ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / length);
  });
  return least;
}

/** A uniform point of the polygon at least `insetM` from its border, free of the footprints; null when none was found. */
export function drawPlace(
  polygon: readonly Point[],
  radiusM: number,
  taken: readonly Footprint[],
  random: Random,
  accept: (xM: number, yM: number) => boolean = () => true,
): Point | null {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  for (let gap = WANTED_GAP_M; gap >= LEAST_GAP_M; gap /= 2) {
    for (let k = 0; k < TRIES; k++) {
      const x = random.uniform(Math.min(...xs), Math.max(...xs));
      const y = random.uniform(Math.min(...ys), Math.max(...ys));
      // The polygon bounds where centres may be: an object may stand out over it by part of its radius.
      if (depthInPolygon(polygon, [x, y]) < 0) continue;
      if (taken.some((other) => Math.hypot(other.xM - x, other.yM - y) < other.radiusM + radiusM + gap)) continue;
      if (accept(x, y)) return [x, y];
    }
  }
  return null;
}

/** Whether the camera sees the whole box around an object that stands at a pose. */
export function isWhollySeen(
  object: EpisodeObject,
  pose: Mat4,
  view: Pick<Scene, 'camera' | 'cameraFromWorld'>,
): boolean {
  const { low, high } = shapeOf(object.mesh).extents;
  const cameraFromObject = compose(view.cameraFromWorld, pose);
  for (let corner = 0; corner < 8; corner++) {
    const point: Vec3 = [corner & 1 ? low[0] : high[0], corner & 2 ? low[1] : high[1], corner & 4 ? low[2] : high[2]];
    const [x, y] = project(view.camera, transformPoint(cameraFromObject, point));
    if (!(x >= 0 && y >= 0 && x <= view.camera.widthPx && y <= view.camera.heightPx)) return false;
  }
  return true;
}

/** Whether it stands clear of the things that stay on the table. */
export function isUnoccupied(object: EpisodeObject, pose: Mat4, { occupied = [] }: Pick<Scene, 'occupied'>): boolean {
  const { radiusM } = shapeOf(object.mesh).extents;
  return occupied.every(([x, y, r]) => Math.hypot(x - pose[3], y - pose[7]) > r + radiusM);
}

/**
 * Random places and yaws for all objects, no two overlapping, each clear of what stays on the table and wholly in the camera's view, and what is pushed inside the workspace,
 * where the workspace allows it; null when it has no room.
 */
export function arrange(
  objects: readonly EpisodeObject[],
  scene: Pick<Scene, 'workspace' | 'occupied' | 'camera' | 'cameraFromWorld'>,
  yawRangeRad: number,
  random: Random,
  followers: readonly Follower[] = [],
): Placement[] | null {
  const placed: Placement[] = [];
  const groups = objects
    .filter(({ id }) => !followers.some((follower) => follower.id === id))
    .map((object) => groupAround(object, objects, followers));
  // Large ones first: they are the hardest to fit.
  groups.sort((a, b) => b.radiusM - a.radiusM || a.object.id - b.object.id);
  for (const { object, own, radiusM } of groups) {
    const yawRad = object.restYawRad + random.uniform(-yawRangeRad, yawRangeRad);
    const isSeen = (x: number, y: number): boolean => {
      const pose = standingPose(object, x, y, yawRad);
      const all = own.every(({ object: other, follower }) => {
        const there = followerPose(other, follower, pose);
        // Outside of the workspace other things may stand, or the table may end.
        const hasRoom =
          !follower.stands ||
          (depthInPolygon(scene.workspace, [there[3], there[7]]) >= 0 && isUnoccupied(other, there, scene));
        return hasRoom && isWhollySeen(other, there, scene);
      });
      return all && isUnoccupied(object, pose, scene) && isWhollySeen(object, pose, scene);
    };
    const place =
      drawPlace(scene.workspace, radiusM, placed, random, isSeen) ??
      drawPlace(scene.workspace, radiusM, placed, random);
    if (!place) return null;
    placed.push({ id: object.id, xM: place[0], yM: place[1], yawRad, radiusM });
  }
  return placed.sort((a, b) => a.id - b.id);
}

interface Group {
  readonly object: EpisodeObject;
  readonly own: readonly { object: EpisodeObject; follower: Follower }[];
  /** Of a disc about the object's axis that takes in all of them, metres. */
  readonly radiusM: number;
}

function groupAround(object: EpisodeObject, objects: readonly EpisodeObject[], followers: readonly Follower[]): Group {
  const own = followers.flatMap((follower) => {
    const other = objects.find(({ id }) => id === follower.id);
    return other && follower.anchorId === object.id ? [{ object: other, follower }] : [];
  });
  const reach = own.map(({ object: other, follower: { anchorFromObject: m } }) => {
    return Math.hypot(m[3], m[7]) + shapeOf(other.mesh).extents.radiusM;
  });
  return { object, own, radiusM: Math.max(shapeOf(object.mesh).extents.radiusM, ...reach) };
}

/** worldFromObject of everything at the start, followers at their anchors; in the order of `objects`, in which poses are written. */
export function standingPoses(
  objects: readonly EpisodeObject[],
  placements: readonly Placement[],
  followers: readonly Follower[],
): Map<number, Mat4> {
  const standing = new Map<number, Mat4>();
  for (const { id, xM, yM, yawRad } of placements) {
    standing.set(id, standingPose(objects.find((object) => object.id === id)!, xM, yM, yawRad));
  }
  for (const follower of followers) {
    const object = objects.find(({ id }) => id === follower.id);
    const anchor = standing.get(follower.anchorId);
    if (object && anchor) standing.set(object.id, followerPose(object, follower, anchor));
  }
  return new Map(objects.flatMap(({ id }) => (standing.has(id) ? [[id, standing.get(id)!]] : [])));
}
