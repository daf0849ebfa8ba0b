/** The part of the table on which episodes may put objects: in view, in reach, clear of what stays there. */
import type { Random } from '../base/random.js';
import type { Intrinsics } from '../math/camera.js';
import type { Mat4 } from '../math/se3.js';
import { downwardReach } from '../robot/reach.js';
import type { RobotModel } from '../robot/robot-model.js';
import { area, circlePolygon, clip, contains, type HalfPlane, type Point2 } from './polygon.js';
import { downwardTool, HAND_TURNS, reaches, reachShareOf, workHeights } from './reach-test.js';
import type { Obstacle, WorkArea } from './work-area.js';

/** Objects must be seen whole: kept this share of the picture away from its border, on the table and this high above it. */
const IMAGE_MARGIN_SHARE = 0.05;
const SEEN_HEIGHT_M = 0.08;
/** Room between the workspace's edge and things that stay where they are, for half a hand's width, metres. */
const PASSIVE_CLEARANCE_M = 0.05;
const SIDES = 16;
/** Steps outward in which reach is tried, as a share of how far out the hand grasps. */
const REACH_STEP_SHARE = 0.05;
const REACH_DIRECTIONS = [-0.5, 0, 0.5];
/** Smaller than this, episodes could hardly differ: 10 cm x 10 cm. */
const MIN_AREA_M2 = 0.01;

export interface Workspace {
  readonly polygon: Point2[];
  /** What had to be left out of account, in sentences. */
  readonly notes: string[];
}

export function findWorkspace(
  robot: RobotModel,
  worldFromBase: Mat4,
  work: WorkArea,
  camera: Intrinsics,
  cameraFromWorld: Mat4,
  limits: { workRadiusM: number; tableDepthM: number; tableEdges: readonly HalfPlane[] },
): Workspace {
  const notes: string[] = [];
  const base: Point2 = [worldFromBase[3], worldFromBase[7]];
  const [nearM, farM] = reachInterval(robot, worldFromBase, work.centre);
  let polygon = circlePolygon(work.centre, work.radiusM + limits.workRadiusM, SIDES);
  const must: HalfPlane[] = [
    ...inView(camera, cameraFromWorld, 0, limits.tableDepthM),
    ...inView(camera, cameraFromWorld, SEEN_HEIGHT_M, limits.tableDepthM),
    ...outerRing(base, farM),
    beyond(base, work.centre, nearM),
  ];
  for (const half of must) polygon = clip(polygon, half);
  if (polygon.length === 0) {
    return { polygon, notes: ['no part of the table is in view and in reach at the same time'] };
  }
  let ignoredEdges = 0;
  for (const edge of limits.tableEdges) {
    // Where things stood there is table, whatever the colours say.
    const doubtful = work.places.some(([x, y]) => edge.a * x + edge.b * y + edge.c < 0);
    const smaller = clip(polygon, edge);
    if (doubtful || area(smaller) < MIN_AREA_M2) ignoredEdges++;
    else polygon = smaller;
  }
  if (ignoredEdges > 0) notes.push('the edge of the table could not be told for sure on every side');
  const centre = contains(polygon, work.centre) ? work.centre : centroid(polygon);
  for (const obstacle of work.passive) {
    const smaller = clip(polygon, besides(obstacle, centre));
    if (smaller.length > 0 && area(smaller) >= MIN_AREA_M2) polygon = smaller;
    else notes.push(`${obstacle.name} stands in the middle of the workspace: objects may be put on it`);
  }
  return { polygon, notes };
}

/** Share of random places in the polygon (heights, hand turns) that the arm reaches with margin. */
export function reachShareIn(
  robot: RobotModel,
  worldFromBase: Mat4,
  polygon: readonly Point2[],
  count: number,
  random: Random,
): number {
  const places = samplePolygon(polygon, count, random);
  return reachShareOf(robot, worldFromBase, places);
}

/** Uniform places by rejection from the bounding box. */
export function samplePolygon(polygon: readonly Point2[], count: number, random: Random): Point2[] {
  if (polygon.length < 3) return [];
  const xs = polygon.map((p) => p[0]);
  const ys = polygon.map((p) => p[1]);
  const places: Point2[] = [];
  // A convex polygon fills at least a third of a box around it, slivers aside: the cap only guards against those.
  for (let tries = 0; places.length < count && tries < 200 * count; tries++) {
    const p: Point2 = [
      random.uniform(Math.min(...xs), Math.max(...xs)),
      random.uniform(Math.min(...ys), Math.max(...ys)),
    ];
    if (contains(polygon, p)) places.push(p);
  }
  return places;
}

/**
 * Half-planes on the horizontal plane at height z whose points lie within the picture's margin and before `maxDepthM`. A border
 * u >= m of the picture is fx X + (cx - m) Z >= 0 in the camera, which is linear in world x and y.
 */
function inView(camera: Intrinsics, m: Mat4, z: number, maxDepthM: number): HalfPlane[] {
  const mx = IMAGE_MARGIN_SHARE * camera.widthPx;
  const my = IMAGE_MARGIN_SHARE * camera.heightPx;
  const { fx, fy, cx, cy, widthPx, heightPx } = camera;
  /** kx X + ky Y + kz Z + k >= 0 in the camera. */
  const borders: [number, number, number, number][] = [
    [fx, 0, cx - mx, 0],
    [-fx, 0, widthPx - mx - cx, 0],
    [0, fy, cy - my, 0],
    [0, -fy, heightPx - my - cy, 0],
    [0, 0, 1, -0.05],
    [0, 0, -1, maxDepthM],
  ];
  return borders.map(([kx, ky, kz, k]) => {
    const along = (column: number): number => kx * m[column] + ky * m[4 + column] + kz * m[8 + column];
    return { a: along(0), b: along(1), c: along(2) * z + along(3) + k };
  });
}

/** The disc of `radiusM` about the base, as half-planes of a polygon inside of it. */
function outerRing(base: Point2, radiusM: number): HalfPlane[] {
  const inner = radiusM * Math.cos(Math.PI / SIDES);
  return circlePolygon([0, 0], 1, SIDES).map(([x, y]) => ({ a: -x, b: -y, c: inner + x * base[0] + y * base[1] }));
}

/** Points at least `distanceM` from `from` in the direction of `towards`. */
function beyond(from: Point2, towards: Point2, distanceM: number): HalfPlane {
  const length = Math.hypot(towards[0] - from[0], towards[1] - from[1]) || 1;
  const a = (towards[0] - from[0]) / length;
  const b = (towards[1] - from[1]) / length;
  return { a, b, c: -(a * from[0] + b * from[1]) - distanceM };
}

/** The side of an obstacle on which `centre` lies. */
function besides(obstacle: Obstacle, centre: Point2): HalfPlane {
  return beyond(obstacle.centre, centre, obstacle.radiusM + PASSIVE_CLEARANCE_M);
}

function centroid(polygon: readonly Point2[]): Point2 {
  const mean = (k: 0 | 1): number => polygon.reduce((sum, p) => sum + p[k], 0) / polygon.length;
  return [mean(0), mean(1)];
}

/** Distances from the base between which the hand reaches the table and the carry height in every direction tried. */
function reachInterval(robot: RobotModel, worldFromBase: Mat4, towards: Point2): [number, number] {
  const base: Point2 = [worldFromBase[3], worldFromBase[7]];
  const ahead = Math.atan2(towards[1] - base[1], towards[0] - base[0]);
  const good: number[] = [];
  const [, farM] = downwardReach(robot);
  for (let r = 0.25 * farM; r < 1.12 * farM; r += REACH_STEP_SHARE * farM) {
    const all = REACH_DIRECTIONS.every((side) => {
      const place: Point2 = [base[0] + r * Math.cos(ahead + side), base[1] + r * Math.sin(ahead + side)];
      return workHeights(robot).every((height) =>
        HAND_TURNS.every((turn) => reaches(robot, worldFromBase, downwardTool(worldFromBase, place, height, turn))),
      );
    });
    if (all) good.push(r);
  }
  return good.length === 0 ? [0, 0] : [good[0], good[good.length - 1]];
}
