/** Every planned episode is measured, frame by frame, from what would be written to the dataset. */
import { type Intrinsics, project } from '../math/camera.js';
import { compose, type Mat4, rotationAngleBetween, transformPoint, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import { limitMargin } from '../robot/kinematics.js';
import { placeArm } from '../robot/placed-arm.js';
import type { RobotModel } from '../robot/robot-model.js';
import { type CollisionWorld, FAR_M } from './collision-world.js';
import type { EpisodeCheck, EpisodeInputs } from './episode.js';
import type { Leg, SampledLegs } from './legs.js';
import {
  framesToLookAt,
  LEAST_VISIBLE_SHARE,
  MOST_COVERED_SHARE,
  MOST_HIDDEN_FRAMES_SHARE,
  Sight,
  shownIn,
} from './sight.js';

/** How far contact partners may overlap: their shapes were seen from one side, and capsules are rounder than fingers, metres. */
export const CONTACT_OVERLAP_M = 0.008;
const PLACEMENT_LIMIT_M = 0.002;
const PLACEMENT_LIMIT_DEG = 2;
/** Share of the frames in which the camera must see the centre of every task object. */
const LEAST_SEEN_SHARE = 0.9;

const atMost = (name: string, value: number, limit: number, unit: string): EpisodeCheck => ({
  name,
  ok: value <= limit,
  value,
  limit,
  atLeast: false,
  unit,
});
const atLeast = (name: string, value: number, limit: number, unit: string): EpisodeCheck => ({
  name,
  ok: value >= limit,
  value,
  limit,
  atLeast: true,
  unit,
});

/** Where each moved object should end, as the skill says. */
export type WantedEnds = ReadonlyMap<number, Mat4>;

export function checkEpisode(
  inputs: EpisodeInputs,
  clearanceM: number,
  world: CollisionWorld,
  fps: number,
  sampled: SampledLegs,
  legs: readonly Leg[],
  wantedEnds: WantedEnds,
): EpisodeCheck[] {
  return [
    ...jointChecks(inputs.robot, fps, sampled),
    ...clearanceChecks(inputs, clearanceM, world, sampled, legs),
    ...endChecks(sampled, wantedEnds),
    graspWidthCheck(inputs.robot, sampled),
    seenCheck(inputs, sampled),
    ...sightChecks(inputs, sampled),
  ];
}

/** Limits of position, and of velocity and acceleration as finite differences over frames (share of the limit used). */
export function jointChecks(robot: RobotModel, fps: number, sampled: SampledLegs): EpisodeCheck[] {
  const n = robot.joints.length;
  const { jointPositions: q, numFrames } = sampled;
  let margin = 1;
  let velocityShare = 0;
  let accelerationShare = 0;
  for (let t = 0; t < numFrames; t++) {
    margin = Math.min(margin, limitMargin(robot, q.subarray(t * n, (t + 1) * n)));
    if (t === numFrames - 1) break;
    for (let i = 0; i < n; i++) {
      const at = t * n + i;
      const velocity = (q[at + n] - q[at]) * fps;
      velocityShare = Math.max(velocityShare, Math.abs(velocity) / robot.joints[i].maxVelocity);
      if (t === 0) continue;
      const acceleration = (q[at + n] - 2 * q[at] + q[at - n]) * fps * fps;
      accelerationShare = Math.max(accelerationShare, Math.abs(acceleration) / robot.joints[i].maxAcceleration);
    }
  }
  return [
    atLeast('joint-limits', margin, 0, 'share of the half range'),
    atMost('joint-velocity', velocityShare, 1, 'of the limit'),
    atMost('joint-acceleration', accelerationShare, 1, 'of the limit'),
  ];
}

function clearanceChecks(
  inputs: EpisodeInputs,
  clearanceM: number,
  world: CollisionWorld,
  sampled: SampledLegs,
  legs: readonly Leg[],
): EpisodeCheck[] {
  const n = inputs.robot.joints.length;
  let tableM = FAR_M;
  let objectsM = FAR_M;
  let contactsM = FAR_M;
  let selfM = FAR_M;
  let carriedM = FAR_M;
  let carriedOverTableM = FAR_M;
  for (let t = 0; t < sampled.numFrames; t++) {
    const leg = legs[sampled.legOfFrame[t]];
    const poses = posesAt(sampled, t);
    const riding = new Set(leg.held ? [leg.held.id, ...leg.held.cargo.map(({ id }) => id)] : []);
    const standing = new Map([...poses].filter(([id]) => !riding.has(id)));
    const contacts = new Set(leg.contacts);
    const clouds = world.place(standing);
    const q = sampled.jointPositions.subarray(t * n, (t + 1) * n);
    const c = world.clearances(q, sampled.gripperWidth[t], clouds, contacts, { objectsM, contactsM });
    tableM = Math.min(tableM, c.tableM);
    objectsM = c.objectsM;
    // Pads press on what they close on; only during the approach and after the release is touching it a fault.
    if (leg.phase !== 'close' && leg.phase !== 'open') contactsM = c.contactsM;
    selfM = Math.min(selfM, c.selfM);
    if (leg.held) {
      const pose = poses.get(leg.held.id)!;
      carriedM = Math.min(carriedM, world.heldClearance(leg.held.id, pose, standing, contacts, inputs.objects));
      carriedOverTableM = Math.min(carriedOverTableM, world.lowestPoint(leg.held.id, pose));
    }
  }
  return [
    atLeast('table-clearance', tableM, -TABLE_TOLERANCE_M, 'm'),
    atLeast('object-clearance', objectsM, Math.min(clearanceM, 0.001), 'm'),
    atLeast('contact-overlap', contactsM, -CONTACT_OVERLAP_M, 'm'),
    atLeast('self-clearance', selfM, 0, 'm'),
    atLeast('carried-clearance', carriedM, 0, 'm'),
    atLeast('carried-over-table', carriedOverTableM, -CARRIED_TABLE_TOLERANCE_M, 'm'),
  ];
}

/** Rounding of paths between planned poses, metres. */
export const TABLE_TOLERANCE_M = 0.001;
/** A demonstrated motion is known to about a centimetre: the object may dip that far into the table, metres. */
const CARRIED_TABLE_TOLERANCE_M = 0.012;

export function posesAt(sampled: Pick<SampledLegs, 'objectPoses'>, frame: number): Map<number, Mat4> {
  return new Map(
    sampled.objectPoses.map(({ id, worldFromObject }) => [
      id,
      [...worldFromObject.subarray(frame * 16, frame * 16 + 16)],
    ]),
  );
}

function endChecks(sampled: SampledLegs, wantedEnds: WantedEnds): EpisodeCheck[] {
  const last = posesAt(sampled, sampled.numFrames - 1);
  let worstM = 0;
  let worstDeg = 0;
  for (const [id, wanted] of wantedEnds) {
    const pose = last.get(id)!;
    worstM = Math.max(worstM, distance(translationOf(pose), translationOf(wanted)));
    worstDeg = Math.max(worstDeg, (rotationAngleBetween(pose, wanted) * 180) / Math.PI);
  }
  return [
    atMost('placement-position', worstM, PLACEMENT_LIMIT_M, 'm'),
    atMost('placement-rotation', worstDeg, PLACEMENT_LIMIT_DEG, 'deg'),
  ];
}

function graspWidthCheck(robot: RobotModel, sampled: SampledLegs): EpisodeCheck {
  return atMost('gripper-width', Math.max(...sampled.gripperWidth), robot.gripper.maxWidthM + 1e-6, 'm');
}

/** Smallest share of frames, over all task objects, in which the camera sees the object's centre. */
function seenCheck(inputs: EpisodeInputs, sampled: SampledLegs): EpisodeCheck {
  const { camera, cameraFromWorld } = inputs.scene;
  let least = 1;
  for (const { id, worldFromObject } of sampled.objectPoses) {
    if (inputs.objects.find((object) => object.id === id)?.role === 'passive') continue;
    let seen = 0;
    for (let t = 0; t < sampled.numFrames; t++) {
      const pose = [...worldFromObject.subarray(t * 16, t * 16 + 16)];
      if (isSeen(camera, compose(cameraFromWorld, pose))) seen++;
    }
    least = Math.min(least, seen / sampled.numFrames);
  }
  return atLeast('camera-sees-objects', least, LEAST_SEEN_SHARE, 'share of the frames');
}

/** Does the arm leave the task to be seen? */
function sightChecks({ robot, scene, objects }: EpisodeInputs, sampled: SampledLegs): EpisodeCheck[] {
  const n = robot.joints.length;
  const frames = framesToLookAt(sampled.phases).map(({ frame, phase }) => {
    const poses = posesAt(sampled, frame);
    const q = sampled.jointPositions.subarray(frame * n, (frame + 1) * n);
    return {
      arm: placeArm(robot, q, sampled.gripperWidth[frame], scene.worldFromBase),
      objects: shownIn(phase, objects).map((object) => ({ object, pose: poses.get(object.id)! })),
    };
  });
  const view = new Sight(scene).viewOf(frames);
  return [
    atLeast('task-visible', view.visibleShare, LEAST_VISIBLE_SHARE, 'share of source or target in sight'),
    atMost('task-hidden', view.hiddenFramesShare, MOST_HIDDEN_FRAMES_SHARE, 'share of the frames'),
    atMost('picture-covered', view.coveredShare, MOST_COVERED_SHARE, 'share of the picture'),
  ];
}

function isSeen(camera: Intrinsics, cameraFromObject: Mat4): boolean {
  const [x, y] = project(camera, transformPoint(cameraFromObject, [0, 0, 0]));
  return x >= 0 && y >= 0 && x < camera.widthPx && y < camera.heightPx;
}
