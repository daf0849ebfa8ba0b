/** The shape family of an object chosen and fitted anew, to the outlines of all frames that show it well. */

import { maskMoments } from '../image/image.js';
import { compose, fromTranslation, identity, inverse, type Mat4 } from '../math/se3.js';
import { add, scale } from '../math/vec3.js';
import type { Perception } from '../perceive/perception.js';
import { cropAround, sampleMask } from './crop.js';
import { meshBounds } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import type { ObjectOptions } from './options.js';
import type { PosedFrame } from './refine-views.js';
import { type OutlineView, refitShape } from './refit-shape.js';
import type { RestView } from './rest-view.js';
import type { ShapeFit } from './shape-fit.js';
import { createSilhouetteTarget } from './silhouette.js';

/** Margin of the windows, share of the object's longer side. */
export const WINDOW_MARGIN = 0.2;
/** A carried thing's outline counts this much of a resting one's: its mask is blurred, its pose followed. */
const CARRIED_WEIGHT = 0.5;
/** What each number of a family costs, in silhouette agreement, and the lead that another family than the first one needs. */
const NUMBER_PRICE = 0.0005;
const FAMILY_LEAD = 0.01;

/** One chosen frame with what it shows. */
export interface Look {
  readonly frame: PosedFrame;
  readonly view: RestView;
}

export const weightOf = ({ isResting, trust }: PosedFrame): number => (isResting ? trust : CARRIED_WEIGHT * trust);

/** A shape as it was fitted to all views. */
export interface FamilyFit {
  readonly fit: ShapeFit;
  /** Closed, without the hollow of a vessel; in the frame of `fit.mesh`. */
  readonly outline: TriangleMesh;
  /** In the order of the looks, the reference first. */
  readonly placed: readonly OutlineView[];
}

/**
 * The family whose shape, fitted to all outlines at once, explains them best; `first`, the one that the rest spoke for, needs no lead. Poses are
 * those of the shape `followed`.
 */
export function bestFamily(
  id: number,
  first: ShapeFit,
  followed: ShapeFit,
  looks: readonly Look[],
  perception: Perception,
  options: ObjectOptions,
): FamilyFit {
  const { cameraFromWorld } = perception.table;
  let best: (FamilyFit & { readonly worth: number }) | null = null;
  for (const fit of [first, ...(first.rivals ?? [])]) {
    const placed = outlines(id, followed, fit, looks, perception, options);
    const { parametric } = fit;
    if (!parametric || placed.length === 1) {
      return best ?? { fit, outline: parametric ? parametric.outlineOf(parametric.size) : fit.mesh, placed };
    }
    const { size, views, iou, worth } = refitShape(parametric, placed, cameraFromWorld);
    const price = NUMBER_PRICE * size.length + (best === null ? 0 : FAMILY_LEAD);
    if (best !== null && worth - price <= best.worth) continue;
    best = {
      fit: {
        ...fit,
        mesh: parametric.meshOf(size),
        worldFromMesh: compose(inverse(cameraFromWorld), views[0].cameraFromMesh),
        iou,
        parametric: { ...parametric, size },
      },
      outline: parametric.outlineOf(size),
      placed: views,
      worth: worth - NUMBER_PRICE * size.length,
    };
  }
  return best ?? { fit: first, outline: first.mesh, placed: outlines(id, followed, first, looks, perception, options) };
}

/** Every look's outline, with the camera in the place of the world. */
export function outlines(
  id: number,
  followed: ShapeFit,
  fit: ShapeFit,
  looks: readonly Look[],
  { camera, table }: Perception,
  { fitSize }: ObjectOptions,
): OutlineView[] {
  // Poses are those of the shape that was followed; another family's stands elsewhere in it.
  const followedFromFit = compose(inverse(followed.worldFromMesh), fit.worldFromMesh);
  const objectFromMesh = compose(inverse(objectFrame(followed.mesh)), followedFromFit);
  return looks.map(({ frame, view }, k) => {
    const crop = cropAround(camera, maskMoments(view.mask)!.box, WINDOW_MARGIN, fitSize);
    return {
      target: createSilhouetteTarget(crop, sampleMask(view.idMap, id, crop), identity()),
      cameraFromMesh:
        k === 0 ? compose(table.cameraFromWorld, fit.worldFromMesh) : compose(frame.cameraFromObject, objectFromMesh),
      weight: weightOf(frame),
      isStanding: frame.isResting,
    };
  });
}

/** meshFromObject: the object frame's origin is the middle of the mesh's bounds. */
export function objectFrame(mesh: TriangleMesh): Mat4 {
  const { min, max } = meshBounds(mesh);
  return fromTranslation(scale(add(min, max), 0.5));
}
