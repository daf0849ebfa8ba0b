/** The poses stage: where every object is in every frame. */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import type { ByteImage, FloatImage } from '../image/image.js';
import type { Intrinsics } from '../math/camera.js';
import { inverse } from '../math/se3.js';
import type { ObjectModel, Objects, TriangleMesh } from '../objects/object-model.js';
import type { Perception, Tracks } from '../perceive/perception.js';
import { createRenderer } from '../splat/create-renderer.js';
import type { GaussianSet } from '../splat/gaussians.js';
import type { SplatRenderer } from '../splat/renderer.js';
import type { FrameSource } from '../video/frames.js';
import { calibrateScale, windowFor, withoutWidening } from './calibrate.js';
import { coarsenSet } from './coarse-set.js';
import { projectedBox } from './follow.js';
import { KnownBodies } from './known-bodies.js';
import { measureFrames } from './measure-frames.js';
import type { TrackedObject } from './objective.js';
import { weightsOf } from './objective.js';
import { boxOfId, type FrameEvidence, observe, unionBox } from './observation.js';
import { withoutStrays } from './one-body.js';
import type { PoseOptions } from './options.js';
import { extremePoints } from './point-loss.js';
import type { PoseFrame, Poses } from './poses.js';
import { roundAxis } from './round-axis.js';
import { type Trajectory, trackTrajectory } from './trajectory.js';

/** Decoded frames kept at hand: both passes and the rests look at neighbouring frames again. */
const CACHED_FRAMES = 24;
/** With less of an object than this in sight, its pose is uncertain. */
const MOSTLY_COVERED = 0.4;

export interface PoseInputs {
  readonly frames: FrameSource;
  readonly perception: Perception;
  readMask(frameIdx: number): Promise<ByteImage>;
  readonly tracks: Tracks | null;
  readonly objects: Objects;
  /** By object id, in the object frame. */
  readonly gaussians: ReadonlyMap<number, GaussianSet>;
  /** By object id; without them nothing but the table bears anything. */
  readonly meshes?: ReadonlyMap<number, TriangleMesh>;
  /** z-depth maps at frame size, if a network or file gives them. */
  readDepth?(frameIdx: number): Promise<FloatImage | null>;
}

export async function trackPoses(inputs: PoseInputs, options: PoseOptions, ctx: StageContext): Promise<Poses> {
  const { perception, objects } = inputs;
  const renderer = await createRenderer();
  const evidence = cachedEvidence(inputs);
  const worldFromCamera = inverse(perception.table.cameraFromWorld);
  const known = new KnownBodies(perception.camera, worldFromCamera);
  const total = objects.objects.length * perception.numFrames;
  let done = 0;
  const tracked: { model: ObjectModel; object: TrackedObject; trajectory: Trajectory }[] = [];
  for (const model of inOrderOfRest(objects.objects, perception)) {
    throwIfCancelled(ctx);
    const object = await calibrated(
      prepareObject(model, inputs, options, renderer, worldFromCamera),
      model,
      perception.camera,
      options.poseCrop,
      evidence,
    );
    const trajectory = inFrontOfCamera(
      await trackTrajectory(
        {
          object,
          camera: perception.camera,
          options,
          random: ctx.random(`object-${model.id}`),
          evidence: async (frameIdx) => ({
            ...(await evidence(frameIdx)),
            others: options.occlusion ? known.depthIn(frameIdx) : null,
          }),
          model,
          motion: perception.objects.find((o) => o.id === model.id)?.motion ?? null,
          numFrames: perception.numFrames,
          fps: perception.fps,
          tracks: inputs.tracks,
          supportIn: (frameIdx) => known.supportIn(frameIdx),
          trustIn: frameTrust(perception, model.id),
        },
        () => {
          throwIfCancelled(ctx);
          ctx.progress(Math.min(done++, total), total, model.name);
        },
      ),
      object,
    );
    tracked.push({ model, object, trajectory });
    const mesh = inputs.meshes?.get(model.id);
    if (mesh) known.add(model.id, mesh, trajectory);
  }
  tracked.sort((a, b) => objects.objects.indexOf(a.model) - objects.objects.indexOf(b.model));
  const framesOf = await measureFrames(tracked, perception.camera, perception.numFrames, options.poseCrop, evidence);
  tracked.forEach(({ model, object }, k) => {
    warnIfWeak(model, framesOf[k], ctx);
    object.set.dispose();
  });
  ctx.progress(total, total, 'poses');
  return {
    kind: 'v2r/poses',
    version: 1,
    fps: perception.fps,
    numFrames: perception.numFrames,
    cameraFromWorld: perception.table.cameraFromWorld,
    objects: tracked.map(({ model }, k) => ({ id: model.id, frames: framesOf[k] })),
  };
}

/** Perception's confidence in an object frame by frame, as share of its best one: 1 everywhere where it states none. */
export function frameTrust({ objects }: Pick<Perception, 'objects'>, id: number): (frameIdx: number) => number {
  const stated = objects.find((object) => object.id === id)?.frameConfidence ?? [];
  const best = Math.max(0, ...stated);
  return (frameIdx) => (best > 0 ? (stated[frameIdx] ?? best) / best : 1);
}

/** What never moves first, then by the end of their motion: what comes to rest on something finds it already placed. */
function inOrderOfRest(models: readonly ObjectModel[], perception: Perception): ObjectModel[] {
  const endOf = ({ id }: ObjectModel): number =>
    perception.objects.find((object) => object.id === id)?.motion?.lastFrame ?? -1;
  return [...models].sort((a, b) => endOf(a) - endOf(b));
}

function prepareObject(
  model: ObjectModel,
  inputs: PoseInputs,
  options: PoseOptions,
  renderer: SplatRenderer,
  worldFromCamera: number[],
): TrackedObject {
  const full = inputs.gaussians.get(model.id);
  if (!full) throw new Error(`object ${model.id} has no Gaussians`);
  let radiusM = 0;
  for (let i = 0; i < full.count; i++) {
    radiusM = Math.max(radiusM, Math.hypot(...full.position.subarray(3 * i, 3 * i + 3)));
  }
  const gaussians = coarsenSet(full, options.poseGaussians);
  return {
    id: model.id,
    renderer,
    gaussians,
    set: renderer.prepare(gaussians),
    scale: 1,
    extremes: extremePoints(full.position, full.count),
    radiusM: Math.max(radiusM, 1e-3),
    worldFromCamera,
    round: options.round ? roundAxis(full, model.family !== 'rod') : null,
    isGiven: model.family === 'given',
    weights: weightsOf(options),
  };
}

/** The object's drawing fitted to the frame that its shape was taken from. */
async function calibrated(
  object: TrackedObject,
  model: ObjectModel,
  camera: Intrinsics,
  windowPx: number,
  evidenceOf: (frameIdx: number) => Promise<FrameEvidence>,
): Promise<TrackedObject> {
  const evidence = await evidenceOf(model.referenceFrame);
  const box = unionBox(projectedBox(object, model.cameraFromObject, camera), boxOfId(evidence.idMap, object.id));
  if (box === null) return object;
  const sized = { ...object, windowPx: windowFor(evidence.idMap, object.id, windowPx) };
  const observation = observe(evidence, object.id, camera, box, sized.windowPx);
  const narrowed = withoutWidening(sized, model.cameraFromObject, observation);
  object.set.dispose();
  return calibrateScale(narrowed, model.cameraFromObject, [{ observation, tracks: null }]);
}

/** Frames with masks (and depth), the most recent ones kept. */
function cachedEvidence(inputs: PoseInputs): (frameIdx: number) => Promise<FrameEvidence> {
  const cache = new Map<number, Promise<FrameEvidence>>();
  const ids = inputs.perception.objects.map(({ id }) => id);
  const load = async (frameIdx: number): Promise<FrameEvidence> => {
    const [rgb, raw, depth] = await Promise.all([
      inputs.frames.read(frameIdx),
      inputs.readMask(frameIdx),
      inputs.readDepth?.(frameIdx) ?? null,
    ]);
    return { rgb, idMap: withoutStrays(raw, ids), depth };
  };
  return (frameIdx) => {
    const known = cache.get(frameIdx) ?? load(frameIdx);
    cache.delete(frameIdx);
    cache.set(frameIdx, known);
    if (cache.size > CACHED_FRAMES) cache.delete(cache.keys().next().value!);
    return known;
  };
}

/** A wrong mask can lead a pose through the camera: nothing is seen from there, so the object is lost. */
function inFrontOfCamera(trajectory: Trajectory, { radiusM }: TrackedObject): Trajectory {
  return trajectory.map((frame) =>
    frame.cameraFromObject !== null && !(frame.cameraFromObject[11] > 0)
      ? { cameraFromObject: null, state: 'lost', sdM: radiusM, sdRad: Math.PI }
      : frame,
  );
}

function warnIfWeak(model: ObjectModel, frames: readonly PoseFrame[], ctx: StageContext): void {
  const lost = frames.filter((f) => f.state === 'lost').length;
  const guessed = frames.filter((f) => f.state === 'guessed').length;
  if (lost + guessed > 0) {
    ctx.warn(
      'pose-gaps',
      `object ${model.id} (${model.name}): ${guessed} frames interpolated through occlusion, ${lost} frames lost, of ${frames.length}`,
    );
  }
  const moving = frames.filter((f) => f.state === 'moving');
  const covered = moving.filter((f) => f.visibleFraction < MOSTLY_COVERED).length;
  if (covered > moving.length / 2) {
    ctx.warn('pose-weak', `object ${model.id} (${model.name}): mostly covered while it moves; its poses are uncertain`);
  }
}
