/** The objects stage: every perceived object as a shape, Gaussians and a mesh, from what the video shows of it at rest. */
import { type StageContext, throwIfCancelled } from '../base/context.js';
import { type ByteImage, createBytes } from '../image/image.js';
import { dilate } from '../image/morphology.js';
import { compose, fromTranslation, inverse, type Mat4 } from '../math/se3.js';
import { scale } from '../math/vec3.js';
import type { PerceivedObject, Perception } from '../perceive/perception.js';
import { createRenderer } from '../splat/create-renderer.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { transformSet } from '../splat/ops.js';
import type { SplatRenderer } from '../splat/renderer.js';
import type { FrameSource } from '../video/frames.js';
import { chooseShape, placeGiven } from './choose-shape.js';
import type { GivenShape } from './given-shape.js';
import { meshBounds, transformMesh } from './mesh.js';
import { paintObject, viewNormal } from './object-gaussians.js';
import type { ObjectModel, Objects, TriangleMesh } from './object-model.js';
import type { ObjectOptions } from './options.js';
import { withBestReference } from './reference.js';
import { framesOfRest, gatherRestView, type RestView } from './rest-view.js';
import type { ShapeFit } from './shape-fit.js';

/** Things a hand moves on a table: outside of this the scale or the mask is wrong. */
const MIN_SIZE_M = 0.005;
const MAX_SIZE_M = 0.6;
/** Silhouette agreement at which a fit is worth nothing / is fully trusted. */
const WORTHLESS_IOU = 0.6;
const TRUSTED_IOU = 0.97;
const MASK_UNCERTAINTY_PX = 1;

export interface ObjectInputs {
  readonly frames: FrameSource;
  readonly perception: Perception;
  /** Id map of a frame (see `perception.ts`). */
  readMask(frameIdx: number): Promise<ByteImage>;
  /** Shapes from files, by object id. */
  readonly given?: ReadonlyMap<number, GivenShape>;
}

/** objectFromFile: `transform` applied to the file's coordinates times `metresPerUnit`. */
export interface FilePlacement {
  readonly transform: Mat4;
  readonly metresPerUnit: number;
}

export interface BuiltObjects {
  readonly objects: Objects;
  /** By object id, in the object frame. */
  readonly gaussians: Map<number, GaussianSet>;
  readonly meshes: Map<number, TriangleMesh>;
  /** By object id, for shapes from files: how the file's frame lies in the object's. */
  readonly placements?: Map<number, FilePlacement>;
}

/** Objects whose mask is empty or that do not stand on the table are left out with a warning. */
export async function buildObjects(
  inputs: ObjectInputs,
  options: ObjectOptions,
  ctx: StageContext,
): Promise<BuiltObjects> {
  const renderer = await createRenderer();
  const built: BuiltObjects = {
    objects: { kind: 'v2r/objects', version: 1, objects: [] },
    gaussians: new Map(),
    meshes: new Map(),
    placements: new Map(),
  };
  const { objects } = inputs.perception;
  for (const [k, object] of objects.entries()) {
    throwIfCancelled(ctx);
    ctx.progress(k, objects.length, object.name);
    const seenBest = await withBestReference(object, inputs.perception.numFrames, inputs.readMask);
    const result = await buildObject(seenBest, inputs, options, renderer, ctx);
    if (result === null) continue;
    built.objects.objects.push(result.model);
    built.gaussians.set(object.id, result.gaussians);
    built.meshes.set(object.id, result.mesh);
    if (result.objectFromFile) built.placements?.set(object.id, result.objectFromFile);
  }
  ctx.progress(objects.length, objects.length, 'objects');
  return built;
}

interface Built {
  model: ObjectModel;
  gaussians: GaussianSet;
  mesh: TriangleMesh;
  objectFromFile: FilePlacement | null;
}

async function buildObject(
  object: PerceivedObject,
  inputs: ObjectInputs,
  options: ObjectOptions,
  renderer: SplatRenderer,
  ctx: StageContext,
): Promise<Built | null> {
  const { perception, frames } = inputs;
  const { camera } = perception;
  const cameraFromWorld = perception.table.cameraFromWorld;
  const restFrames = framesOfRest(object, perception.numFrames, options.restFrames);
  const view = await gatherRestView(object.id, restFrames, frames, inputs.readMask);
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
  const { mesh, meshToObject, worldFromObject, sizeM } = centred(fit);
  const cameraFromObject = compose(cameraFromWorld, worldFromObject);
  const completion =
    fit.family === 'box'
      ? ({ kind: 'half-turn' } as const)
      : ({ kind: 'mirror', normal: viewNormal(inverse(cameraFromObject)) } as const);
  const { gaussians, seenShare } =
    placed && given?.hasColours
      ? { gaussians: transformSet(placed.gaussians, meshToObject), seenShare: 1 }
      : paintObject(
          mesh,
          [{ rgb: view.rgb, mask: view.mask, camera, cameraFromObject }],
          completion,
          Math.max(...sizeM),
          // Round shapes are trusted over a mask; boxes and prisms have corners that the object may lack.
          fit.family === 'revolution' ? options : { ...options, background: certainBackground(view) },
          renderer,
          ctx.random(`surface-${object.id}`),
        );
  const trust = Math.min(1, Math.max(0, (fit.iou - WORTHLESS_IOU) / (TRUSTED_IOU - WORTHLESS_IOU)));
  const plausible = Math.max(...sizeM) <= MAX_SIZE_M && Math.max(...sizeM) >= MIN_SIZE_M;
  if (!plausible) {
    ctx.warn(
      'object-size',
      `object ${object.id} (${object.name}) came out ${sizeM.map((s) => (100 * s).toFixed(1)).join(' x ')} cm: the scale or its mask is wrong`,
    );
  }
  if (seenShare === 0) ctx.warn('object-unseen', `object ${object.id} (${object.name}): no surface colour was seen`);
  const model: ObjectModel = {
    id: object.id,
    name: object.name,
    role: object.role,
    family: fit.family,
    sizeM,
    hollow: fit.hollow,
    symmetry: fit.symmetry,
    gaussians: `object-${object.id}.ply`,
    mesh: `object-${object.id}.obj`,
    referenceFrame: object.referenceFrame,
    cameraFromObject,
    fitIou: fit.iou,
    confidence: (plausible ? 1 : 0.1) * trust * object.confidence,
  };
  const objectFromFile = placed && {
    transform: compose(meshToObject, placed.meshFromFile),
    metresPerUnit: placed.metresPerUnit,
  };
  return { model, gaussians, mesh, objectFromFile };
}

/** Pixels that are background in the combined view, not within reach of the mask's uncertainty. */
function certainBackground({ idMap, mask }: RestView): ByteImage {
  const near = dilate(mask.data, mask.widthPx, mask.heightPx, MASK_UNCERTAINTY_PX);
  return createBytes(
    mask.widthPx,
    mask.heightPx,
    near.map((v, i) => (v === 0 && idMap.data[i] === 0 ? 1 : 0)),
  );
}

/** Moves the mesh so that its bounding box is centred on the origin: the object frame. */
function centred(fit: ShapeFit): {
  mesh: TriangleMesh;
  meshToObject: Mat4;
  worldFromObject: Mat4;
  sizeM: [number, number, number];
} {
  const { min, max } = meshBounds(fit.mesh);
  const middle: [number, number, number] = [(min[0] + max[0]) / 2, (min[1] + max[1]) / 2, (min[2] + max[2]) / 2];
  const meshToObject = fromTranslation(scale(middle, -1));
  return {
    meshToObject,
    mesh: transformMesh(fit.mesh, meshToObject),
    worldFromObject: compose(fit.worldFromMesh, fromTranslation(middle)),
    sizeM: [max[0] - min[0], max[1] - min[1], max[2] - min[2]],
  };
}
