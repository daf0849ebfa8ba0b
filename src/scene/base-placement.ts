/** Where the robot stands: a shell of candidate bases around the work area, scored by reach, sight and room. */
import type { Intrinsics } from '../math/camera.js';
import { project } from '../math/camera.js';
import { fromYaw, type Mat4, transformPoint } from '../math/se3.js';
import { distance, type Vec3 } from '../math/vec3.js';
import { segmentDistance } from '../robot/collision.js';
import { downwardReach } from '../robot/reach.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { Point2 } from './polygon.js';
import { circlePolygon } from './polygon.js';
import { reachShareOf } from './reach-test.js';
import type { WorkArea } from './work-area.js';

export interface BasePlacement {
  readonly worldFromBase: Mat4;
  /** Share of sampled hand poses at the places of work that are reached with margin. */
  readonly reachShare: number;
  /** Share of places whose line of sight passes through the arm. */
  readonly blockedShare: number;
  /** Share of the robot's body that the camera sees. */
  readonly inPictureShare: number;
  readonly score: number;
}

/** Shell: distances to the middle of the work area, as shares of how far out the hand grasps on the table. */
const DISTANCE_SHARES = [0.5, 0.5875, 0.675, 0.7625, 0.85];
const NUM_AZIMUTHS = 24;
/** A rough arm, as shares of the same: the height of its column, of its wrist over the work area, and its thickness. */
const SHOULDER_HEIGHT_SHARE = 0.75;
const WRIST_HEIGHT_SHARE = 0.5625;
const ARM_RADIUS_SHARE = 0.125;
/** The camera must not be inside of the arm or where it sweeps. */
const CAMERA_CLEARANCE_SHARE = 0.375;
/** Least share of the sampled hand poses that makes a place worth standing at. */
const LEAST_REACH = 0.05;

/** Weights of the wishes against one share of reach. Sight of the objects matters nearly as much as reaching them. */
const BLOCKED_WEIGHT = 0.8;
/** Standing at the camera's side hides the task from the camera more often than standing across or beside. */
const CAMERA_SIDE_WEIGHT = 0.25;
const IN_PICTURE_WEIGHT = 0.1;

/** All candidates that are possible, best first. */
export function placeBase(
  robot: RobotModel,
  area: WorkArea,
  camera: Intrinsics,
  cameraFromWorld: Mat4,
  wish: { distanceM: number | null; azimuthRad: number | null },
): BasePlacement[] {
  const [, reachM] = downwardReach(robot);
  const distances = wish.distanceM === null ? DISTANCE_SHARES.map((share) => share * reachM) : [wish.distanceM];
  const azimuths =
    wish.azimuthRad === null
      ? Array.from({ length: NUM_AZIMUTHS }, (_, k) => (2 * Math.PI * k) / NUM_AZIMUTHS)
      : [wish.azimuthRad];
  const samples = [...area.places, ...circlePolygon(area.centre, area.radiusM + 0.05, 6)];
  const found: BasePlacement[] = [];
  for (const azimuth of azimuths) {
    for (const d of distances) {
      const at: Point2 = [area.centre[0] + d * Math.cos(azimuth), area.centre[1] + d * Math.sin(azimuth)];
      if (!hasRoom(at, area, reachM, robot.mount.footRadiusM)) continue;
      const { forwardRad, heightM } = robot.mount;
      const worldFromBase = fromYaw(azimuth + Math.PI - forwardRad, [at[0], at[1], heightM]);
      const reachShare = reachShareOf(robot, worldFromBase, samples);
      if (reachShare < LEAST_REACH) continue;
      const blockedShare = shareBlocked(at, area, reachM);
      const inPictureShare = shareInPicture(at, reachM, camera, cameraFromWorld);
      const score =
        reachShare -
        BLOCKED_WEIGHT * blockedShare -
        CAMERA_SIDE_WEIGHT * cameraSide(at, area) -
        IN_PICTURE_WEIGHT * inPictureShare;
      found.push({ worldFromBase, reachShare, blockedShare, inPictureShare, score });
    }
  }
  return found.sort((a, b) => b.score - a.score);
}

function hasRoom(at: Point2, area: WorkArea, reachM: number, footRadiusM: number): boolean {
  const free = [...area.passive, ...area.taskObjects].every(
    (o) => Math.hypot(at[0] - o.centre[0], at[1] - o.centre[1]) > o.radiusM + footRadiusM,
  );
  const nearCamera = armSegments(at, area.centre, reachM).some(
    ([a, b]) => lineDistance(a, b, area.cameraInWorld, area.cameraInWorld) < CAMERA_CLEARANCE_SHARE * reachM,
  );
  return free && !nearCamera;
}

/** A rough arm: the column over the base, and the forearm that leans out most of the way to the work area. */
function armSegments(at: Point2, over: Point2, reachM: number): [Vec3, Vec3][] {
  const shoulder: Vec3 = [at[0], at[1], SHOULDER_HEIGHT_SHARE * reachM];
  const lean = 0.75;
  const wrist: Vec3 = [at[0] + lean * (over[0] - at[0]), at[1] + lean * (over[1] - at[1]), WRIST_HEIGHT_SHARE * reachM];
  return [
    [[at[0], at[1], 0], shoulder],
    [shoulder, wrist],
  ];
}

/** Distance between the segments a-b and c-d, as capsules of no thickness. */
const lineDistance = (a: Vec3, b: Vec3, c: Vec3, d: Vec3): number =>
  segmentDistance([...a, ...b, 0, ...c, ...d, 0], 0, 7);

function shareBlocked(at: Point2, area: WorkArea, reachM: number): number {
  const blocked = area.places.filter((place) => {
    const thing: Vec3 = [place[0], place[1], 0.03];
    return armSegments(at, place, reachM).some(
      ([a, b]) => lineDistance(a, b, area.cameraInWorld, thing) < ARM_RADIUS_SHARE * reachM,
    );
  });
  return blocked.length / Math.max(1, area.places.length);
}

/** 1 when the base stands on the line to the camera, 0 beside or across; less when the camera looks from high above. */
function cameraSide(at: Point2, area: WorkArea): number {
  const toCamera: Vec3 = [area.cameraInWorld[0] - area.centre[0], area.cameraInWorld[1] - area.centre[1], 0];
  const full = distance(area.cameraInWorld, [area.centre[0], area.centre[1], 0]);
  const toBase = [at[0] - area.centre[0], at[1] - area.centre[1]];
  const cosine = (toCamera[0] * toBase[0] + toCamera[1] * toBase[1]) / (full * Math.hypot(...toBase));
  return Math.max(0, cosine);
}

/** Share of points on the column over the base that lie in the picture. */
function shareInPicture(at: Point2, reachM: number, camera: Intrinsics, cameraFromWorld: Mat4): number {
  const heights = [0, 0.25, 0.5, 0.75, 1].map((share) => share * SHOULDER_HEIGHT_SHARE * reachM);
  const seen = heights.filter((z) => {
    const [u, v] = project(camera, transformPoint(cameraFromWorld, [at[0], at[1], z]));
    return u >= 0 && v >= 0 && u < camera.widthPx && v < camera.heightPx;
  });
  return seen.length / heights.length;
}
