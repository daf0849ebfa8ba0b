/** Whether a thing needs the free shape: only where it explains views that it was not fitted to clearly better than the best family does. */
import { compose, identity, inverse, type Mat4 } from '../math/se3.js';
import { dot } from '../math/vec3.js';
import type { Perception } from '../perceive/perception.js';
import { bestFamily, type FamilyFit } from './family-fit.js';
import { fitFree } from './fit-free.js';
import type { TriangleMesh } from './object-model.js';
import type { ObjectOptions } from './options.js';
import { viewDirection } from './refine-views.js';
import { type OutlineView, placedAnew, refitShape } from './refit-shape.js';
import type { RestView } from './rest-view.js';
import type { ShapeFit } from './shape-fit.js';

/** A family that agrees this well needs no help. */
const EXPLAINED_IOU = 0.965;
/** Lead in the mean agreement with views held out, and in that with all. */
const LEAD = 0.015;
/** No view held out may be explained worse than by the family by more than this. */
const WORST_LAG = 0.005;
/** Views held out at most: each costs a fit of both. */
const MAX_HELD_OUT = 3;
/** A view held out says something new when it lies this far (radians, 11 degrees) from all that are fitted. */
const NEW_SIDE_RAD = 0.2;
/** Walls of a vessel. */
const WALL_M = 0.003;

/** An outline always explains itself: what was made from one says nothing of other views. */
export const needsHelp = ({ iou, parametric }: ShapeFit): boolean => !parametric || iou < EXPLAINED_IOU;

/** The free shape that starts from a family's, fitted to the same views; null when nothing is left of it. */
export function freedFrom({ fit, outline, placed }: FamilyFit, cameraFromWorld: Mat4): FamilyFit | null {
  const free = fitFree({ mesh: outline, wallM: fit.hollow ? WALL_M : 0 }, placed, cameraFromWorld);
  if (free === null) return null;
  const worldFromMesh = compose(inverse(cameraFromWorld), free.views[0].cameraFromMesh);
  const { hollow } = fit;
  return {
    fit: { family: 'free', mesh: free.mesh, worldFromMesh, iou: free.iou, hollow, symmetry: 'none', origin: fit },
    outline: free.outline,
    placed: free.views,
  };
}

/** The free shape that one rest alone speaks for, as it is asked for by name: the sides not seen are the family's and mirror images. */
export function freeAtRest(
  id: number,
  fit: ShapeFit,
  view: RestView,
  perception: Perception,
  options: ObjectOptions,
): ShapeFit | null {
  // The pose of the reference is that of the fit; only later frames have one of their own.
  const frame = { frameIdx: 0, cameraFromObject: identity(), isResting: true, trust: 1 };
  const family = bestFamily(id, fit, fit, [{ frame, view }], perception, options);
  return freedFrom(family, perception.table.cameraFromWorld)?.fit ?? null;
}

/** The free shape where it is needed, else null. With one view, or views from one side only, nothing can be said. */
export function freeWhereNeeded(family: FamilyFit, cameraFromWorld: Mat4): FamilyFit | null {
  const { outline, placed } = family;
  const tests = heldOutTests(placed);
  if (tests.length === 0) return null;
  const free = freedFrom(family, cameraFromWorld);
  if (free === null || free.fit.iou < agreement(outline, placed, cameraFromWorld) + LEAD) return null;
  let lead = 0;
  for (const { view, fitted } of tests) {
    const rival = familyOf(family, fitted, cameraFromWorld);
    const other = fitFree({ mesh: rival.outline, wallM: 0 }, rival.placed, cameraFromWorld);
    if (other === null) return null;
    const own =
      placedAnew(other.outline, view, cameraFromWorld).iou - placedAnew(rival.outline, view, cameraFromWorld).iou;
    if (own < -WORST_LAG) return null;
    lead += own / tests.length;
  }
  return lead < LEAD ? null : free;
}

/** One view from a side of its own, and the views from other sides. */
interface HeldOut {
  readonly view: OutlineView;
  readonly fitted: readonly OutlineView[];
}

/** Never the reference, and no two views from the same side. */
function heldOutTests(views: readonly OutlineView[]): HeldOut[] {
  const directions = views.map(({ cameraFromMesh }) => viewDirection(cameraFromMesh));
  const isSameSide = (a: number, b: number): boolean => dot(directions[a], directions[b]) > Math.cos(NEW_SIDE_RAD);
  const taken = [0];
  for (let k = 1; k < views.length && taken.length <= MAX_HELD_OUT; k++) {
    if (!taken.some((other) => isSameSide(k, other))) taken.push(k);
  }
  return taken.slice(1).map((k) => ({ view: views[k], fitted: views.filter((_, other) => !isSameSide(k, other)) }));
}

/** The family fitted to these views only. */
function familyOf(
  { fit: { parametric }, outline }: FamilyFit,
  views: readonly OutlineView[],
  cameraFromWorld: Mat4,
): Pick<FamilyFit, 'outline' | 'placed'> {
  if (!parametric) return { outline, placed: views };
  const refit = refitShape(parametric, views, cameraFromWorld);
  return { outline: parametric.outlineOf(refit.size), placed: refit.views };
}

function agreement(mesh: TriangleMesh, views: readonly OutlineView[], cameraFromWorld: Mat4): number {
  const total = views.reduce((sum, { weight }) => sum + weight, 0);
  return views.reduce((sum, view) => sum + (view.weight / total) * placedAnew(mesh, view, cameraFromWorld).iou, 0);
}
