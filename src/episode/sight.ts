/** What the camera sees of the task: how much of the objects and of the picture the arm stands in front of. */
import { project } from '../math/camera.js';
import { inverse, type Mat4, transformPoint, translationOf } from '../math/se3.js';
import { norm, scale, type Vec3 } from '../math/vec3.js';
import { segmentDistance } from '../robot/collision.js';
import { CAPSULE_STRIDE, type PlacedArm } from '../robot/placed-arm.js';
import type { Scene } from '../scene/scene.js';
import type { EpisodeObject, Phase } from './episode.js';
import { shapeOf } from './object-shape.js';

/** Of the task's frames one in so many is looked at: with one in four, one of 600 episodes hid more than what was looked at said. */
const LOOK_EVERY = 2;
/** Over the task, at least this share of what could be seen of source and target must be, in the mean; a hand on a block hides 0.45. */
export const LEAST_VISIBLE_SHARE = 0.4;
/** Frames in which less of an object than this is to be seen do not show what happens, and how many of them a task may have. */
export const HIDDEN_SHARE = 0.15;
export const MOST_HIDDEN_FRAMES_SHARE = 0.1;
/** More of the picture than this must not be arm while the task is done. */
export const MOST_COVERED_SHARE = 0.5;

/** Lines of sight end this far before a point: fingers that touch it there do not hide the object, metres. */
const BEFORE_POINT_M = 0.01;
/** Rays through the picture: so many from left to right and from top to bottom. */
const RAYS = [12, 9] as const;
/** Length of those rays: beyond anything an arm reaches, metres. */
const FAR_M = 4;

/** What the camera sees of a task, over its frames. */
export interface TaskView {
  /** Mean share of what could be seen of an object, of the source or target that is seen least. */
  readonly visibleShare: number;
  /** Share of the frames in which next to nothing of the source or of the target is seen. */
  readonly hiddenFramesShare: number;
  /** Most of the picture that is arm. */
  readonly coveredShare: number;
}

/** Whether a task that is seen so keeps to all three limits. */
export const isSeen = ({ visibleShare, hiddenFramesShare, coveredShare }: TaskView): boolean =>
  visibleShare >= LEAST_VISIBLE_SHARE &&
  hiddenFramesShare <= MOST_HIDDEN_FRAMES_SHARE &&
  coveredShare <= MOST_COVERED_SHARE;

/** One frame: the arm, and the objects that the task is about where they are. */
export interface TaskFrame {
  readonly arm: PlacedArm;
  readonly objects: readonly { readonly object: EpisodeObject; readonly pose: Mat4 }[];
}

/** Frames of the task phases that are to be looked at. */
export const framesToLookAt = (phases: readonly Phase[]): { frame: number; phase: Phase }[] =>
  phases
    .filter(({ name }) => name === 'task')
    .flatMap((phase) => {
      const count = Math.ceil((phase.toFrame - phase.fromFrame) / LOOK_EVERY);
      return Array.from({ length: count }, (_, k) => ({ frame: phase.fromFrame + k * LOOK_EVERY, phase }));
    });

/** Source and target of a task phase: what is held and what it is brought to, things pushed along left out. */
export const shownIn = (phase: Phase, objects: readonly EpisodeObject[]): EpisodeObject[] =>
  objects.filter(({ id, role }) => id === phase.heldId || (role !== 'passive' && phase.contactIds.includes(id)));

export class Sight {
  private readonly eye: Vec3;
  /** [R, 7] rays as capsules of no thickness. */
  private readonly rays: Float64Array;
  private readonly line = new Float64Array(CAPSULE_STRIDE);
  private shadows: { readonly of: PlacedArm; readonly cones: Float64Array } | null = null;

  constructor(private readonly scene: Pick<Scene, 'camera' | 'cameraFromWorld'>) {
    const worldFromCamera = inverse(scene.cameraFromWorld);
    this.eye = translationOf(worldFromCamera);
    const { widthPx, heightPx, fx, fy, cx, cy } = scene.camera;
    this.rays = new Float64Array(RAYS[0] * RAYS[1] * CAPSULE_STRIDE);
    for (let k = 0; k < RAYS[0] * RAYS[1]; k++) {
      const u = (((k % RAYS[0]) + 0.5) * widthPx) / RAYS[0];
      const v = ((Math.floor(k / RAYS[0]) + 0.5) * heightPx) / RAYS[1];
      const along: Vec3 = [(u - cx) / fx, (v - cy) / fy, 1];
      const far = transformPoint(worldFromCamera, scale(along, FAR_M / norm(along)));
      this.rays.set([...this.eye, ...far, 0], k * CAPSULE_STRIDE);
    }
  }

  /** Share of the object's side towards the camera that is in the picture and not hidden by the arm, 0..1. */
  visibleShare(arm: PlacedArm, object: EpisodeObject, worldFromObject: Mat4): number {
    const { camera, cameraFromWorld } = this.scene;
    const near = this.capsulesBefore(arm, object, worldFromObject);
    const cones = this.conesOf(arm);
    const { line, eye } = this;
    line.set(eye, 0);
    let facing = 0;
    let seen = 0;
    // In the object's frame a sample that looks away costs next to nothing.
    const [eyeX, eyeY, eyeZ] = transformPoint(inverse(worldFromObject), eye);
    for (const { point, normal } of shapeOf(object.mesh).samples) {
      const dx = eyeX - point[0];
      const dy = eyeY - point[1];
      const dz = eyeZ - point[2];
      if (normal[0] * dx + normal[1] * dy + normal[2] * dz <= 0) continue;
      facing++;
      const at = transformPoint(worldFromObject, point);
      const inCamera = transformPoint(cameraFromWorld, at);
      if (inCamera[2] <= 0) continue;
      const [u, v] = project(camera, inCamera);
      if (u < 0 || v < 0 || u >= camera.widthPx || v >= camera.heightPx) continue;
      const shortened = BEFORE_POINT_M / Math.sqrt(dx * dx + dy * dy + dz * dz);
      for (let i = 0; i < 3; i++) line[3 + i] = at[i] + shortened * (eye[i] - at[i]);
      if (!isBlocked(arm.capsules, cones, near, line, 0)) seen++;
    }
    return facing === 0 ? 0 : seen / facing;
  }

  /** A task without frames is wholly seen. */
  viewOf(frames: Iterable<TaskFrame>): TaskView {
    const shares = new Map<number, number[]>();
    let count = 0;
    let hidden = 0;
    let coveredShare = 0;
    for (const { arm, objects } of frames) {
      let least = 1;
      for (const { object, pose } of objects) {
        const share = this.visibleShare(arm, object, pose);
        least = Math.min(least, share);
        shares.set(object.id, [...(shares.get(object.id) ?? []), share]);
      }
      count++;
      if (least < HIDDEN_SHARE) hidden++;
      coveredShare = Math.max(coveredShare, this.coveredShare(arm));
    }
    const means = [...shares.values()].map((own) => own.reduce((sum, share) => sum + share, 0) / own.length);
    return {
      visibleShare: Math.min(1, ...means),
      hiddenFramesShare: count === 0 ? 0 : hidden / count,
      coveredShare,
    };
  }

  /** Rows of the capsules that can stand in front of any part of the object. */
  private capsulesBefore({ capsules }: PlacedArm, object: EpisodeObject, worldFromObject: Mat4): number[] {
    const { extents } = shapeOf(object.mesh);
    const radiusM = Math.hypot(extents.radiusM, extents.high[2] - extents.low[2]);
    this.line.set(this.eye, 0);
    this.line.set(translationOf(worldFromObject), 3);
    const near: number[] = [];
    for (let row = 0; row * CAPSULE_STRIDE < capsules.length; row++) {
      const at = row * CAPSULE_STRIDE;
      if (segmentDistance(capsules, at, 0, this.line) <= capsules[at + 6] + radiusM) near.push(row);
    }
    return near;
  }

  /** Share of the picture that the arm covers, 0..1. */
  coveredShare(arm: PlacedArm): number {
    const cones = this.conesOf(arm);
    const all = arm.frames.map((_, row) => row);
    let covered = 0;
    for (let at = 0; at < this.rays.length; at += CAPSULE_STRIDE) {
      if (isBlocked(arm.capsules, cones, all, this.rays, at)) covered++;
    }
    return (covered * CAPSULE_STRIDE) / this.rays.length;
  }

  /** [C, 4] f64 the cone with its tip in the eye around each capsule: its axis, and the cosine of the angle to its side. */
  private conesOf(arm: PlacedArm): Float64Array {
    if (this.shadows?.of === arm) return this.shadows.cones;
    const { capsules: c } = arm;
    const [ex, ey, ez] = this.eye;
    const cones = new Float64Array((c.length / CAPSULE_STRIDE) * 4);
    for (let at = 0, to = 0; at < c.length; at += CAPSULE_STRIDE, to += 4) {
      const x = (c[at] + c[at + 3]) / 2 - ex;
      const y = (c[at + 1] + c[at + 4]) / 2 - ey;
      const z = (c[at + 2] + c[at + 5]) / 2 - ez;
      const awayM = Math.sqrt(x * x + y * y + z * z);
      const halfM =
        Math.sqrt((c[at] - c[at + 3]) ** 2 + (c[at + 1] - c[at + 4]) ** 2 + (c[at + 2] - c[at + 5]) ** 2) / 2;
      const sine = (halfM + c[at + 6]) / awayM;
      cones[to] = x / awayM;
      cones[to + 1] = y / awayM;
      cones[to + 2] = z / awayM;
      // An eye inside the ball around a capsule sees it everywhere.
      cones[to + 3] = sine < 1 ? Math.sqrt(1 - sine * sine) - ROUNDING : -2;
    }
    this.shadows = { of: arm, cones };
    return cones;
  }
}

const ROUNDING = 1e-9;

/** Does one of the capsules in `rows` cross the line in row `at` of `lines`, which begins in the eye? */
function isBlocked(
  capsules: Float64Array,
  cones: Float64Array,
  rows: readonly number[],
  lines: Float64Array,
  at: number,
): boolean {
  const x = lines[at + 3] - lines[at];
  const y = lines[at + 4] - lines[at + 1];
  const z = lines[at + 5] - lines[at + 2];
  const lengthM = Math.sqrt(x * x + y * y + z * z);
  for (let k = 0; k < rows.length; k++) {
    const cone = rows[k] * 4;
    if (cones[cone] * x + cones[cone + 1] * y + cones[cone + 2] * z < cones[cone + 3] * lengthM) continue;
    const c = rows[k] * CAPSULE_STRIDE;
    if (segmentDistance(capsules, c, at, lines) < capsules[c + 6]) return true;
  }
  return false;
}
