/**
 * Where the hand held an object: the parts of its surface that the hand covered while it took it. A robot grasps best where people
 * do (by the handle of a brush, not by its bristles). Only places count; which way fingers closed cannot be seen in a mask.
 */
import { Random } from '../base/random.js';
import type { ByteImage } from '../image/image.js';
import { project } from '../math/camera.js';
import { transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import type { Hands } from '../perceive/hands/hand-store.js';
import { HAND_ID, type Perception } from '../perceive/perception.js';
import type { Poses } from '../pose/poses.js';
import type { Hold, Skill } from './skill.js';
import { sampleSurface } from './surface.js';

/** Looked at from the grasp on, as long as this: the hand is closed by then and has not turned yet, seconds. */
const LOOK_SEC = 0.5;
const MAX_FRAMES = 8;
/** Points covered in less than this share of the frames were passed, not held. */
const LEAST_SHARE = 0.3;
/** A finger's tip marks this much around it, metres. */
const TIP_REACH_M = 0.015;
/** Fewer covered points than this say nothing. */
const LEAST_POINTS = 5;

export interface HoldInputs {
  readonly perception: Pick<Perception, 'camera'>;
  readonly poses: Poses;
  readMask(frameIdx: number): Promise<ByteImage>;
  /** Tips of thumb, index and middle finger, px, where a network saw them; they say more than a mask. */
  readonly tipsAt?: (frameIdx: number) => readonly (readonly [number, number])[];
}

/** Points that stand for an object's surface. */
const NUM_SAMPLES = 240;

/** Holds of all sources at their first grasp, or in the one frame that is given. */
export async function findHolds(
  skill: Skill,
  meshes: ReadonlyMap<number, TriangleMesh>,
  inputs: HoldInputs,
  frame: number | null = null,
): Promise<Hold[]> {
  const holds: Hold[] = [];
  for (const { kind, sourceId, fromFrame } of skill.segments) {
    const mesh = meshes.get(sourceId);
    if (kind !== 'grasp' || !mesh || holds.some(({ objectId }) => objectId === sourceId)) continue;
    const { points } = sampleSurface(mesh, NUM_SAMPLES, new Random(sourceId));
    const hold = await findHold(sourceId, points, frame ?? fromFrame, inputs, frame === null ? LOOK_SEC : 0);
    if (hold) holds.push(hold);
  }
  return holds;
}

/**
 * `surface`: [P, 3] points of the object, object frame. `graspFrame`: last frame at rest. Null when the hand is not seen over the
 * object, or covers all of it alike.
 */
export async function findHold(
  objectId: number,
  surface: Float64Array,
  graspFrame: number,
  { perception, poses, readMask, tipsAt }: HoldInputs,
  lookSec = LOOK_SEC,
): Promise<Hold | null> {
  const frames = poses.objects.find(({ id }) => id === objectId)?.frames ?? [];
  const last = Math.min(frames.length - 1, graspFrame + Math.round(lookSec * poses.fps));
  const step = Math.max(1, Math.ceil((last - graspFrame + 1) / MAX_FRAMES));
  const numPoints = surface.length / 3;
  const covered = new Float64Array(numPoints);
  let looked = 0;
  let withTips = 0;
  let toFrame = graspFrame;
  for (let k = graspFrame; k <= last; k += step) {
    const pose = frames[k].cameraFromObject;
    if (!pose) continue;
    const tips = tipsAt?.(k) ?? [];
    const mask = await readMask(k);
    looked++;
    toFrame = k;
    if (tips.length > 0) withTips++;
    for (let i = 0; i < numPoints; i++) {
      const point = transformPoint(pose, pointOf(surface, i));
      const [u, v] = project(perception.camera, point);
      if (tips.length > 0) {
        const reachPx = (TIP_REACH_M * perception.camera.fx) / point[2];
        const nearest = Math.min(...tips.map(([tx, ty]) => Math.hypot(tx - u, ty - v)));
        covered[i] += Math.exp(-0.5 * (nearest / reachPx) ** 2);
        continue;
      }
      const [x, y] = [Math.floor(u), Math.floor(v)];
      const isInside = x >= 0 && y >= 0 && x < mask.widthPx && y < mask.heightPx;
      if (isInside && mask.data[y * mask.widthPx + x] === HAND_ID) covered[i]++;
    }
  }
  if (looked === 0) return null;
  const held = [...covered.keys()].filter((i) => covered[i] / looked >= LEAST_SHARE);
  if (held.length < LEAST_POINTS) return null;
  return {
    objectId,
    fromFrame: graspFrame,
    toFrame,
    points: Array.from(covered, (count, i) => [...pointOf(surface, i).map(round), round(count / looked)]),
    evidence: `${withTips > 0 ? 'fingertips are near' : 'the hand covers'} ${Math.round((100 * held.length) / numPoints)} % of its surface in frames ${graspFrame} to ${toFrame}`,
  };
}

const pointOf = (points: Float64Array, i: number): Vec3 => [points[3 * i], points[3 * i + 1], points[3 * i + 2]];
const round = (x: number): number => Number(x.toFixed(4));

/** Thumb, index and middle finger in MediaPipe's order of 21 points. */
const TIP_POINTS = [4, 8, 12];

/** Fingertips of all hands in a frame, px. */
export const tipsOf = (hands: Hands, frameIdx: number): [number, number][] =>
  (hands.frames[frameIdx] ?? []).flatMap(({ xyzPx }) =>
    TIP_POINTS.map((point): [number, number] => [xyzPx[3 * point], xyzPx[3 * point + 1]]),
  );
