/** Frames of a planned episode: the scene's own photo behind, robot and objects in front, occluding each other rightly. */
import { type Intrinsics, resizeIntrinsics } from '../math/camera.js';
import { compose, type Mat4 } from '../math/se3.js';
import { armFrames, fingerFrames } from '../robot/kinematics.js';
import type { RobotGaussians } from '../robot/robot-gaussians.js';
import type { RobotModel } from '../robot/robot-model.js';
import type { GaussianSet } from '../splat/gaussians.js';
import {
  type ByteFrame,
  createByteFrame,
  type Instance,
  type PreparedSet,
  type SplatRenderer,
  type StaticLayer,
} from '../splat/renderer.js';
import { castersAt, type ObjectOutline, outlineOf } from './casters.js';
import { ContactShadow } from './contact-shadow.js';
import type { EpisodePlan } from './episode.js';

/** Label of every part of the robot in `EpisodeFrame.label`; objects carry their ids. */
export const ROBOT_LABEL = 255;

export interface EpisodeFrame {
  readonly frame: number;
  /** [H, W, 3] u8 sRGB. */
  readonly rgb: Uint8Array;
  /** [H, W] f32 z-depth of the surface seen, metres, 0 = none. */
  readonly depthM: Float32Array;
  /** [H, W] u8: 0 background, object ids, `ROBOT_LABEL`. */
  readonly label: Uint8Array;
}

/** Everything that stays the same over the episodes of one scene, prepared for one renderer. */
export interface EpisodeStage {
  readonly renderer: SplatRenderer;
  readonly camera: Intrinsics;
  readonly cameraFromWorld: Mat4;
  readonly worldFromBase: Mat4;
  readonly robot: RobotModel;
  readonly layer: StaticLayer;
  readonly links: readonly PreparedSet[];
  readonly fingers: readonly PreparedSet[];
  readonly objects: ReadonlyMap<number, PreparedSet>;
  readonly outlines: ReadonlyMap<number, ObjectOutline>;
  /** null: no soft shadows. */
  readonly shadow: ContactShadow | null;
}

export interface StageInputs {
  readonly robot: RobotModel;
  readonly robotGaussians: RobotGaussians;
  readonly objectGaussians: ReadonlyMap<number, GaussianSet>;
  /** At the size of `camera`. */
  readonly layer: StaticLayer;
  readonly camera: Intrinsics;
  readonly cameraFromWorld: Mat4;
  readonly worldFromBase: Mat4;
  readonly contactShadow: boolean;
}

export function prepareStage(renderer: SplatRenderer, inputs: StageInputs): EpisodeStage {
  return {
    renderer,
    camera: inputs.camera,
    cameraFromWorld: inputs.cameraFromWorld,
    worldFromBase: inputs.worldFromBase,
    robot: inputs.robot,
    layer: inputs.layer,
    links: inputs.robotGaussians.links.map((set) => renderer.prepare(set, { closed: true })),
    fingers: inputs.robotGaussians.fingers.map((set) => renderer.prepare(set, { closed: true })),
    objects: new Map([...inputs.objectGaussians].map(([id, set]) => [id, renderer.prepare(set)])),
    outlines: new Map([...inputs.objectGaussians].map(([id, set]) => [id, outlineOf(set.position)])),
    shadow: inputs.contactShadow ? new ContactShadow(inputs.camera, inputs.cameraFromWorld, inputs.layer) : null,
  };
}

/** The robot and the objects as the renderer takes them. */
export function instancesAt(stage: EpisodeStage, plan: EpisodePlan, frame: number): Instance[] {
  const { robot } = stage;
  const n = robot.joints.length;
  const cameraFromBase = compose(stage.cameraFromWorld, stage.worldFromBase);
  const { links, tool } = armFrames(robot, plan.jointPositions.subarray(frame * n, (frame + 1) * n));
  const instances: Instance[] = links.map((baseFromLink, i) => ({
    set: stage.links[i],
    cameraFromSet: compose(cameraFromBase, baseFromLink),
    label: ROBOT_LABEL,
  }));
  fingerFrames(robot, tool, plan.gripperWidth[frame]).forEach((baseFromFinger, k) => {
    instances.push({
      set: stage.fingers[k],
      cameraFromSet: compose(cameraFromBase, baseFromFinger),
      label: ROBOT_LABEL,
    });
  });
  for (const { id, worldFromObject } of plan.objectPoses) {
    const set = stage.objects.get(id);
    if (!set) continue;
    const pose = [...worldFromObject.subarray(frame * 16, frame * 16 + 16)];
    instances.push({ set, cameraFromSet: compose(stage.cameraFromWorld, pose), label: id });
  }
  return instances;
}

/** Draws one frame, into the buffers of an earlier one if given. Without `depth`, depth and labels stay 0 and drawing is faster. */
export function renderFrame(
  stage: EpisodeStage,
  plan: EpisodePlan,
  frame: number,
  options: { depth?: boolean; into?: ByteFrame } = {},
): EpisodeFrame {
  const { depth = true, into } = options;
  const layer = stage.shadow?.shade(castersAt(stage, plan, frame)) ?? stage.layer;
  const instances = instancesAt(stage, plan, frame);
  const { rgb, medianDepthM, label } = stage.renderer.renderBytes(stage.camera, instances, { layer, depth }, into);
  return { frame, rgb, depthM: medianDepthM, label };
}

/** All frames of an accepted plan, in order. Each is drawn when it is asked for and lasts until the next one is. */
export function* renderEpisode(
  stage: EpisodeStage,
  plan: EpisodePlan,
  options: { depth?: boolean } = {},
): Generator<EpisodeFrame> {
  const into = createByteFrame(stage.camera.widthPx, stage.camera.heightPx);
  for (let frame = 0; frame < plan.numFrames; frame++) yield renderFrame(stage, plan, frame, { ...options, into });
}

/** Size of the episodes' images: the asked width, or the scene's own size limited to 640 x 480; even numbers, as video wants. */
export function datasetCamera(camera: Intrinsics, widthPx: number | null): Intrinsics {
  const scale = widthPx ? widthPx / camera.widthPx : Math.min(1, 640 / camera.widthPx, 480 / camera.heightPx);
  const even = (x: number): number => Math.max(2, 2 * Math.round((x * scale) / 2));
  return resizeIntrinsics(camera, even(camera.widthPx), even(camera.heightPx));
}
