/** A fitted shape made into an object: frame, Gaussians with their colours, mesh, trust. */
import type { StageContext } from '../base/context.js';
import { type ByteImage, createBytes } from '../image/image.js';
import { dilate } from '../image/morphology.js';
import type { Intrinsics } from '../math/camera.js';
import { compose, fromTranslation, inverse, type Mat4 } from '../math/se3.js';
import { scale, type Vec3 } from '../math/vec3.js';
import type { PerceivedObject } from '../perceive/perception.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { transformSet } from '../splat/ops.js';
import type { SplatRenderer } from '../splat/renderer.js';
import { sizeSd } from './extent-spread.js';
import type { GivenFit } from './fit-given.js';
import type { GivenShape } from './given-shape.js';
import { meshBounds, transformMesh } from './mesh.js';
import { paintObject, viewNormal } from './object-gaussians.js';
import type { ObjectModel, TriangleMesh } from './object-model.js';
import type { ObjectOptions } from './options.js';
import type { ColourView, Completion } from './paint.js';
import type { RestView } from './rest-view.js';
import type { ShapeFit } from './shape-fit.js';

/** Things a hand moves on a table: outside of this the scale or the mask is wrong. */
const MIN_SIZE_M = 0.005;
const MAX_SIZE_M = 0.6;
/** Silhouette agreement at which a fit is worth nothing / is fully trusted. */
const WORTHLESS_IOU = 0.6;
const TRUSTED_IOU = 0.97;
const MASK_UNCERTAINTY_PX = 1;
const IS_CARVED: Record<ObjectModel['family'], boolean> = {
  box: true,
  prism: true,
  inflated: true,
  given: true,
  revolution: false,
  rod: false,
  stack: false,
  free: false,
};

/** objectFromFile: `transform` applied to the file's coordinates times `metresPerUnit`. */
export interface FilePlacement {
  readonly transform: Mat4;
  readonly metresPerUnit: number;
}

/** What is known of an object before it is painted. */
export interface FittedObject {
  readonly object: PerceivedObject;
  /** The rest that holds its reference frame. */
  readonly view: RestView;
  readonly fit: ShapeFit;
  /** For a shape from a file. */
  readonly placed: { readonly fit: GivenFit; readonly given: GivenShape } | null;
  /** What the outlines leave open: standard deviations of the natural logs of its extents, where that was looked at. */
  readonly spread?: Vec3;
}

export interface FinishedObject {
  readonly model: ObjectModel;
  readonly gaussians: GaussianSet;
  readonly mesh: TriangleMesh;
  readonly objectFromFile: FilePlacement | null;
  /** By view for colours, the reference first: whether it was used. */
  readonly agreeing: readonly boolean[];
}

export interface FinishInputs {
  readonly camera: Intrinsics;
  readonly cameraFromWorld: Mat4;
  /** Standard deviation of the natural log of all lengths. */
  readonly scaleLogSd: number;
  readonly options: ObjectOptions;
  readonly renderer: SplatRenderer;
}

/** A further view for colours, by the pose of the shape's own frame. */
export interface FurtherView extends Omit<ColourView, 'cameraFromObject'> {
  readonly cameraFromMesh: Mat4;
}

/** `others`: views besides the reference, for colours. */
export function finishObject(
  { object, view, fit, placed, spread = [0, 0, 0] }: FittedObject,
  others: readonly FurtherView[],
  { camera, cameraFromWorld, scaleLogSd, options, renderer }: FinishInputs,
  ctx: Pick<StageContext, 'warn' | 'random'>,
): FinishedObject {
  const { mesh, meshToObject, worldFromObject, sizeM } = centred(fit);
  const meshFromObject = inverse(meshToObject);
  const cameraFromObject = compose(cameraFromWorld, worldFromObject);
  const own: ColourView = { rgb: view.rgb, mask: view.mask, camera, cameraFromObject, trust: 1 };
  const { gaussians, seenShare, agreeing } = placed?.given.hasColours
    ? { gaussians: transformSet(placed.fit.gaussians, meshToObject), seenShare: 1, agreeing: [] }
    : paintObject(
        mesh,
        [
          own,
          ...others.map((other) => ({ ...other, cameraFromObject: compose(other.cameraFromMesh, meshFromObject) })),
        ],
        completionOf(fit, cameraFromObject),
        Math.max(...sizeM),
        // Boxes and prisms have corners that the object may lack; other shapes are trusted over a mask.
        IS_CARVED[fit.family] ? { ...options, background: certainBackground(view) } : options,
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
    sizeSdM: sizeSd(sizeM, scaleLogSd, spread),
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
    transform: compose(meshToObject, placed.fit.meshFromFile),
    metresPerUnit: placed.fit.metresPerUnit,
  };
  return { model, gaussians, mesh, objectFromFile, agreeing };
}

/** How the sides that no frame saw follow from the others. */
function completionOf({ family, symmetry }: ShapeFit, cameraFromObject: Mat4): Completion {
  if (family === 'revolution' && symmetry === 'z') return { kind: 'round' };
  // Along a bar the print changes, round it hardly.
  if (family === 'rod') return { kind: 'mirror', normal: [0, 1] };
  if (family === 'box' || family === 'stack') return { kind: 'half-turn' };
  return { kind: 'mirror', normal: viewNormal(inverse(cameraFromObject)) };
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
