/** What an episode came to, measured anew from what was written of it: where things ended, and whether the camera saw it happen. */
import { project } from '../math/camera.js';
import { compose, inverse, type Mat4, rotationAngleBetween, transformPoint, translationOf } from '../math/se3.js';
import { distance } from '../math/vec3.js';
import type { PlacedArm } from '../robot/placed-arm.js';
import { depthInPolygon } from './arrange.js';
import type { EpisodeInputs, EpisodeObject, Phase } from './episode.js';
import type { EpisodeRecord } from './episode-record.js';
import { type Manipulation, manipulationsOf } from './motion.js';
import { shapeOf } from './object-shape.js';
import {
  LEAST_VISIBLE_SHARE,
  MOST_COVERED_SHARE,
  MOST_HIDDEN_FRAMES_SHARE,
  Sight,
  shownIn,
  type TaskFrame,
} from './sight.js';

/** Something that should not be in an episode. */
export interface Problem {
  /** `kinematics-...` */
  readonly code: string;
  readonly message: string;
}

export type PoseAt = (frame: number, id: number) => Mat4;

const PLACED_M = 0.002;
const PLACED_DEG = 2;
/** What was shown to end within this of upright is put down standing, radians. */
const UPRIGHT_RAD = 0.35;
/** The centre of every task object must be in the picture in this share of the frames. */
const LEAST_IN_PICTURE = 0.9;
/** The planner looks at some of the frames; all of them may come to a little more or less. */
const LOOKS_DIFFER = 0.05;

/** Each thing that was carried is left where the skill says: against its target, or standing on the table. */
export function placementProblems(inputs: EpisodeInputs, record: EpisodeRecord, poseAt: PoseAt): Problem[] {
  const manipulations = manipulationsOf(inputs.skill);
  if (record.grasps.length !== manipulations.length) {
    return [
      {
        code: 'kinematics-placement',
        message: `${record.grasps.length} grasps in the record, the skill has ${manipulations.length}`,
      },
    ];
  }
  let after = 0;
  return manipulations.flatMap((manipulation) => {
    const [from, to] = heldFrames(record.phases, manipulation.sourceId, after);
    after = to;
    // Let go, the object stays exactly where the motion ends; kept in the hand it is there in the last frame only.
    const end = manipulation.released ? to : to - 1;
    return from < 0 ? [] : endProblems(inputs, manipulation, Math.min(record.numFrames - 1, end), poseAt);
  });
}

/** Frames [from, to) of the next time from frame `after` on that an object is in the hand. */
function heldFrames(phases: readonly Phase[], id: number, after: number): [number, number] {
  let from = -1;
  let to = after;
  for (const { heldId, fromFrame, toFrame } of phases) {
    if (fromFrame < after) continue;
    if (heldId === id) {
      if (from < 0) from = fromFrame;
      to = toFrame;
    } else if (from >= 0) break;
  }
  return [from, to];
}

function endProblems(inputs: EpisodeInputs, manipulation: Manipulation, frame: number, poseAt: PoseAt): Problem[] {
  const { sourceId, motions, released } = manipulation;
  const { targetId, poses } = motions[motions.length - 1];
  const source = inputs.objects.find(({ id }) => id === sourceId)!;
  const worldFromSource = poseAt(frame, sourceId);
  if (targetId === null) return released ? tableProblems(inputs, source, worldFromSource, poses[poses.length - 1]) : [];
  const target = inputs.objects.find(({ id }) => id === targetId)!;
  const real = compose(inverse(poseAt(frame, targetId)), worldFromSource);
  const [offM, offDeg] = differenceOf(real, poses[poses.length - 1], target, source);
  if (offM <= PLACED_M && offDeg <= PLACED_DEG) return [];
  return [
    {
      code: 'kinematics-placement',
      message: `${source.name} ends ${(offM * 1000).toFixed(1)} mm and ${offDeg.toFixed(1)} degrees from where the skill has it at ${target.name}`,
    },
  ];
}

/** Distance (metres) and angle (degrees) between two poses of the source seen from the target, free turns left out. */
function differenceOf(real: Mat4, wanted: Mat4, target: EpisodeObject, source: EpisodeObject): [number, number] {
  const degrees = (cosine: number): number => (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
  const shift = distance(translationOf(real), translationOf(wanted));
  // Both round: what is left is how far from the target's axis, how high, and how tilted.
  const ring = Math.hypot(Math.hypot(real[3], real[7]) - Math.hypot(wanted[3], wanted[7]), real[11] - wanted[11]);
  const tilt = Math.abs(degrees(real[10]) - degrees(wanted[10]));
  if (target.symmetry === 'z') {
    if (source.symmetry === 'z') return [ring, tilt];
    const [x, y, z] = [0, 4, 8].map(
      (row) => real[8] * wanted[row] + real[9] * wanted[row + 1] + real[10] * wanted[row + 2],
    );
    return [ring, degrees(z / Math.hypot(x, y, z))];
  }
  if (source.symmetry === 'z') {
    return [shift, degrees(real[2] * wanted[2] + real[6] * wanted[6] + real[10] * wanted[10])];
  }
  return [shift, (rotationAngleBetween(real, wanted) * 180) / Math.PI];
}

function tableProblems({ scene }: EpisodeInputs, source: EpisodeObject, pose: Mat4, shown: Mat4): Problem[] {
  if (shown[10] < Math.cos(UPRIGHT_RAD)) return [];
  const { points } = shapeOf(source.mesh);
  const tiltDeg = (Math.acos(Math.min(1, pose[10])) * 180) / Math.PI;
  let lowestM = Number.POSITIVE_INFINITY;
  for (let k = 0; k < points.length; k += 3) {
    const [x, y, z] = [points[k], points[k + 1], points[k + 2]];
    lowestM = Math.min(lowestM, transformPoint(pose, [x, y, z])[2]);
  }
  const outsideM = -depthInPolygon(scene.workspace, [pose[3], pose[7]]);
  const { low } = shapeOf(source.mesh).extents;
  // Sampled points miss the very lowest one; the origin's height says the same exactly.
  const heightM = Math.abs(pose[11] + low[2]);
  const stands = tiltDeg <= PLACED_DEG && heightM <= PLACED_M && lowestM >= -PLACED_M;
  if (stands && outsideM <= PLACED_M) return [];
  return [
    {
      code: 'kinematics-placement',
      message: `${source.name} should stand on the table: it is left ${(heightM * 1000).toFixed(1)} mm off it, tilted by ${tiltDeg.toFixed(1)} degrees, ${(Math.max(0, outsideM) * 1000).toFixed(1)} mm outside of the workspace`,
    },
  ];
}

/** The task objects stay in the picture, and the arm does not stand before the task. */
export function sightProblems(
  { scene, objects }: EpisodeInputs,
  record: EpisodeRecord,
  armAt: (frame: number) => PlacedArm,
  poseAt: PoseAt,
): Problem[] {
  const problems: Problem[] = [];
  const missed = (code: string, is: number, wanted: string, what: string): void => {
    problems.push({ code: `kinematics-${code}`, message: `${what}: ${is.toFixed(2)}, ${wanted} wanted` });
  };
  const { camera, cameraFromWorld } = scene;
  for (const { id, name } of objects.filter(({ role }) => role !== 'passive')) {
    let inside = 0;
    for (let frame = 0; frame < record.numFrames; frame++) {
      const [u, v] = project(camera, transformPoint(cameraFromWorld, translationOf(poseAt(frame, id))));
      if (u >= 0 && v >= 0 && u < camera.widthPx && v < camera.heightPx) inside++;
    }
    const share = inside / record.numFrames;
    if (share < LEAST_IN_PICTURE)
      missed('picture', share, `at least ${LEAST_IN_PICTURE}`, `frames with ${name} in the picture`);
  }
  const frames: TaskFrame[] = [];
  for (const phase of record.phases.filter(({ name }) => name === 'task')) {
    const shown = shownIn(phase, objects);
    for (let frame = phase.fromFrame; frame < phase.toFrame; frame++) {
      frames.push({ arm: armAt(frame), objects: shown.map((object) => ({ object, pose: poseAt(frame, object.id) })) });
    }
  }
  const view = new Sight(scene).viewOf(frames);
  if (view.visibleShare < LEAST_VISIBLE_SHARE - LOOKS_DIFFER) {
    missed('sight', view.visibleShare, `at least ${LEAST_VISIBLE_SHARE}`, 'share of source or target in sight');
  }
  if (view.hiddenFramesShare > MOST_HIDDEN_FRAMES_SHARE + LOOKS_DIFFER) {
    missed(
      'sight',
      view.hiddenFramesShare,
      `at most ${MOST_HIDDEN_FRAMES_SHARE}`,
      'task frames in which the arm hides it',
    );
  }
  if (view.coveredShare > MOST_COVERED_SHARE + LOOKS_DIFFER) {
    missed('sight', view.coveredShare, `at most ${MOST_COVERED_SHARE}`, 'share of the picture that is arm');
  }
  return problems;
}
