/** The objects stage's first part: every perceived object as a shape, Gaussians and a mesh, from what the video shows of it at rest. */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import type { ByteImage } from '../image/image.js';
import type { PerceivedObject, Perception } from '../perceive/perception.js';
import { createRenderer } from '../splat/create-renderer.js';
import type { GaussianSet } from '../splat/gaussians.js';
import type { SplatRenderer } from '../splat/renderer.js';
import type { FrameSource } from '../video/frames.js';
import { freeAtRest } from './choose-free.js';
import { chooseShape, placeGiven } from './choose-shape.js';
import { type FilePlacement, type FittedObject, finishObject } from './finish-object.js';
import type { GivenShape } from './given-shape.js';
import type { Objects, TriangleMesh } from './object-model.js';
import type { ObjectOptions } from './options.js';
import { withBestReference } from './reference.js';
import { framesOfRest, gatherRestView } from './rest-view.js';
import { shapeWishFor } from './shape-wish.js';
import { supportsOf, withSupportsBehind } from './stands-on.js';

export interface ObjectInputs {
  readonly frames: FrameSource;
  readonly perception: Perception;
  /** Id map of a frame (see `perception.ts`). */
  readMask(frameIdx: number): Promise<ByteImage>;
  /** Shapes from files, by object id. */
  readonly given?: ReadonlyMap<number, GivenShape>;
}

export interface BuiltObjects {
  readonly objects: Objects;
  /** By object id, in the object frame. */
  readonly gaussians: Map<number, GaussianSet>;
  readonly meshes: Map<number, TriangleMesh>;
  /** By object id, for shapes from files: how the file's frame lies in the object's. */
  readonly placements?: Map<number, FilePlacement>;
  /** By object id: the shapes as they were fitted. */
  readonly fitted?: Map<number, FittedObject>;
}

/** Objects whose mask is empty or that do not stand on the table are left out with a warning. */
export async function buildObjects(
  inputs: ObjectInputs,
  options: ObjectOptions,
  ctx: StageContext,
): Promise<BuiltObjects> {
  const renderer = await createRenderer();
  const { camera, table, objects, numFrames } = inputs.perception;
  const built = {
    objects: { kind: 'v2r/objects', version: 1, objects: [] as Objects['objects'] } as const,
    gaussians: new Map<number, GaussianSet>(),
    meshes: new Map<number, TriangleMesh>(),
    placements: new Map<number, FilePlacement>(),
    fitted: new Map<number, FittedObject>(),
  };
  for (const [k, object] of objects.entries()) {
    throwIfCancelled(ctx);
    ctx.progress(k, objects.length, object.name);
    const seenBest = await withBestReference(object, numFrames, inputs.readMask);
    const fitted = await fitObject(seenBest, inputs, options, renderer, ctx);
    if (fitted === null) continue;
    const result = finishObject(fitted, [], { camera, ...table, options, renderer }, ctx);
    built.fitted.set(object.id, fitted);
    built.objects.objects.push(result.model);
    built.gaussians.set(object.id, result.gaussians);
    built.meshes.set(object.id, result.mesh);
    if (result.objectFromFile) built.placements.set(object.id, result.objectFromFile);
  }
  ctx.progress(objects.length, objects.length, 'objects');
  return built;
}

/** Masks in which what the object was put on or into does not cover it. */
async function masksAtRest(
  object: PerceivedObject,
  { perception, readMask }: ObjectInputs,
): Promise<ObjectInputs['readMask']> {
  if (object.motion === null || object.referenceFrame <= object.motion.lastFrame) return readMask;
  const [before, after] = [await readMask(0), await readMask(object.referenceFrame)];
  const supports = supportsOf(object.id, perception.objects, before, after);
  return async (frameIdx) => withSupportsBehind(await readMask(frameIdx), object.id, supports);
}

async function fitObject(
  object: PerceivedObject,
  inputs: ObjectInputs,
  options: ObjectOptions,
  renderer: SplatRenderer,
  ctx: StageContext,
): Promise<FittedObject | null> {
  const { perception, frames } = inputs;
  const { camera } = perception;
  const { cameraFromWorld } = perception.table;
  const restFrames = framesOfRest(object, perception.numFrames, options.restFrames);
  const view = await gatherRestView(object.id, restFrames, frames, await masksAtRest(object, inputs));
  const evidence = { id: object.id, name: object.name, view, camera, cameraFromWorld };
  const given = inputs.given?.get(object.id);
  const placed = given ? placeGiven(evidence, given, options, renderer) : null;
  const fit = given ? placed : chooseShape(evidence, options, ctx.random(`shape-${object.id}`));
  if (fit === null) {
    ctx.warn(
      'object-without-shape',
      `object ${object.id} (${object.name}): its mask in frame ${object.referenceFrame} is empty or does not stand on the table; left out`,
    );
    return null;
  }
  if (placed && given) return { object, view, fit, placed: { fit: placed, given } };
  const isFree = shapeWishFor(options.shape, object) === 'free';
  if (!isFree && fit.family !== 'inflated') return { object, view, fit, placed: null };
  // An inflated outline keeps its family and its trust, as it would explain any outline: it only loses the steps of its grid.
  const free = freeAtRest(object.id, fit, view, perception, options) ?? fit;
  const { mesh, worldFromMesh } = free;
  return { object, view, fit: isFree ? free : { ...fit, mesh, worldFromMesh }, placed: null };
}
