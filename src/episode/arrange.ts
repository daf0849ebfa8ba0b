/** Where the objects stand at the start of an episode, and where things are put down on the table. */
import type { Random } from '../base/random.js';
import { project } from '../math/camera.js';
import { compose, fromYaw, type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { Scene } from '../scene/scene.js';
import type { EpisodeObject } from './episode.js';
import { extentsOf } from './mesh-query.js';

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

/** Free space between footprints that a hand between two objects needs, metres; given up step by step where space is short. */
const WANTED_GAP_M = 0.06;
const LEAST_GAP_M = 0.005;
const TRIES = 60;

/** An object standing on the table. */
export function standingPose(object: EpisodeObject, xM: number, yM: number, yawRad: number): Mat4 {
  return fromYaw(yawRad, [xM, yM, -extentsOf(object.mesh).low[2]]);
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
  const { low, high } = extentsOf(object.mesh);
  const cameraFromObject = compose(view.cameraFromWorld, pose);
  for (let corner = 0; corner < 8; corner++) {
    const point: Vec3 = [corner & 1 ? low[0] : high[0], corner & 2 ? low[1] : high[1], corner & 4 ? low[2] : high[2]];
    const [x, y] = project(view.camera, transformPoint(cameraFromObject, point));
    if (!(x >= 0 && y >= 0 && x <= view.camera.widthPx && y <= view.camera.heightPx)) return false;
  }
  return true;
}

/**
 * Random places and yaws for all objects, no two overlapping, each wholly in the camera's view where the workspace allows it; null when
 * the workspace has no room.
 */
export function arrange(
  objects: readonly EpisodeObject[],
  scene: Pick<Scene, 'workspace' | 'camera' | 'cameraFromWorld'>,
  yawRangeRad: number,
  random: Random,
): Placement[] | null {
  const placed: Placement[] = [];
  // Large ones first: they are the hardest to fit.
  const order = objects
    .map((object) => ({ object, radiusM: extentsOf(object.mesh).radiusM }))
    .sort((a, b) => b.radiusM - a.radiusM || a.object.id - b.object.id);
  for (const { object, radiusM } of order) {
    const yawRad = object.restYawRad + random.uniform(-yawRangeRad, yawRangeRad);
    const isSeen = (x: number, y: number): boolean => isWhollySeen(object, standingPose(object, x, y, yawRad), scene);
    const place =
      drawPlace(scene.workspace, radiusM, placed, random, isSeen) ??
      drawPlace(scene.workspace, radiusM, placed, random);
    if (!place) return null;
    placed.push({ id: object.id, xM: place[0], yM: place[1], yawRad, radiusM });
  }
  return placed.sort((a, b) => a.id - b.id);
}
