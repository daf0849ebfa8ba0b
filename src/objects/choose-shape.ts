/** Picks a shape family for a standing object by silhouette agreement, opens vessels, and adds what sticks out (handles). */
import type { Random } from '../base/random.js';
import { connectedComponents } from '../image/components.js';
import { createBytes, maskMoments } from '../image/image.js';
import { countSet, dilate, maskWhere } from '../image/morphology.js';
import type { Intrinsics } from '../math/camera.js';
import { compose, inverse } from '../math/se3.js';
import type { SplatRenderer } from '../splat/renderer.js';
import { cropAround, sampleMask, sampleRgb } from './crop.js';
import { type BoxFit, fitBox } from './fit-box.js';
import { fitGiven, type GivenFit } from './fit-given.js';
import { fitFlatPrism, fitInflated, inflateMask } from './fit-outline.js';
import { fitRevolution, hollowed, type RevolutionFit } from './fit-revolution.js';
import type { GivenShape } from './given-shape.js';
import { stepImage } from './inner-edges.js';
import { looksOpen } from './interior.js';
import { joinMeshes, meshBounds, transformMesh } from './mesh.js';
import type { ObjectOptions } from './options.js';
import { createDepthBuffer, rasterizeMesh } from './rasterize.js';
import type { RestView } from './rest-view.js';
import type { ShapeFit } from './shape-fit.js';
import { createSilhouetteTarget, type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import { guessStanding, type StandingGuess } from './standing.js';

/** A solid of revolution or box that agrees less than this is not what the object is. */
const GOOD_ROUND_IOU = 0.84;
const GOOD_BOX_IOU = 0.9;
/** Lead that a box needs over a solid of revolution, and what clearly seen (or missing) inner edges are worth. */
const BOX_LEAD = 0.003;
const EDGE_WORTH = 0.05;
const EDGE_EXPECTED = 0.4;
/** Above this nothing worth adding is left outside the body. */
const COMPLETE_IOU = 0.985;
/** A part that sticks out must cover this share of the mask. */
const MIN_PART_SHARE = 0.015;
/** Gaps up to this wide between a body and its parts come from the outline of the body, pixels. */
const PART_REACH_PX = 3;
/** Parts are thinner than bars of their width: handles are straps. */
const PART_THICKNESS_RATIO = 0.6;
/** Height of something flat whose outline was asked to be read as lying on the table. */
const FLAT_HEIGHT_M = 0.008;
/** Vessels are opened with this wall (geometry study), but never thicker than an eighth of the radius. */
const WALL_M = 0.003;

/** The last fit of a box looks through a window this much finer. */
const FINE_WINDOW = 2;

/** Everything the shape fit of one object needs. */
export interface ShapeEvidence {
  readonly id: number;
  readonly name: string;
  readonly view: RestView;
  readonly camera: Intrinsics;
  readonly cameraFromWorld: number[];
}

/** A shape from a file instead of a family. Null as for `chooseShape`. */
export function placeGiven(
  evidence: ShapeEvidence,
  given: GivenShape,
  options: ObjectOptions,
  renderer: SplatRenderer,
): GivenFit | null {
  const { view, camera, cameraFromWorld } = evidence;
  const moments = maskMoments(view.mask);
  const guess = guessStanding(view.mask, camera, cameraFromWorld);
  if (moments === null || guess === null) return null;
  const crop = cropAround(camera, moments.box, 0.2, options.fitSize);
  const target = createSilhouetteTarget(crop, sampleMask(view.idMap, evidence.id, crop), cameraFromWorld);
  return fitGiven(target, guess, given, sampleRgb(view.rgb, crop), renderer);
}

/** Null when the mask is empty or the object does not touch the visible table. */
export function chooseShape(evidence: ShapeEvidence, options: ObjectOptions, random: Random): ShapeFit | null {
  const { view, camera, cameraFromWorld } = evidence;
  const moments = maskMoments(view.mask);
  const guess = guessStanding(view.mask, camera, cameraFromWorld);
  if (moments === null || guess === null) return null;
  const crop = cropAround(camera, moments.box, 0.2, options.fitSize);
  const mask = sampleMask(view.idMap, evidence.id, crop);
  const target = createSilhouetteTarget(crop, mask, cameraFromWorld);
  const fineCrop = cropAround(camera, moments.box, 0.2, FINE_WINDOW * options.fitSize);
  const fine = createSilhouetteTarget(fineCrop, sampleMask(view.idMap, evidence.id, fineCrop), cameraFromWorld);
  const steps = stepImage(sampleRgb(view.rgb, crop), mask.inside, crop.camera.widthPx, crop.camera.heightPx);
  const { shape } = options;
  const wanted = (family: string): boolean => shape === 'auto' || shape === 'files' || shape === family;
  const revolution = wanted('revolution') ? fitRevolution(target, guess) : null;
  const box = wanted('box') ? fitBox(target, guess, steps, random, { fine, rivalIou: revolution?.iou ?? 0 }) : null;
  let best = better(revolution, box);
  if (best === box && best && !isGoodEnough(best) && revolution && isGoodEnough(revolution)) best = revolution;
  if (best && ((shape !== 'auto' && shape !== 'files') || isGoodEnough(best))) {
    if (revolution !== null && best === revolution && looksOpen(revolution, evidence))
      best = hollowed(revolution, wallOf(revolution));
    return best.iou < COMPLETE_IOU ? withParts(best, evidence, target, guess) : best;
  }
  // An outline that fits neither may stand or lie; standing is the commoner, and flat round or square things were fitted above.
  if (shape === 'prism') return fitFlatPrism(view.mask, camera, target, FLAT_HEIGHT_M) ?? best;
  return (wanted('inflated') ? fitInflated(view.mask, camera, target, guess) : null) ?? best;
}

/** A box must also show its edges: without them it follows the accidents of a mask more easily than a round shape does. */
function better(round: RevolutionFit | null, box: BoxFit | null): ShapeFit | null {
  if (round === null || box === null) return round ?? box;
  const bonus = EDGE_WORTH * ((box.edgeStrength ?? EDGE_EXPECTED) - EDGE_EXPECTED);
  return box.iou + bonus > round.iou + BOX_LEAD ? box : round;
}

/** Handles and spouts are expected on round things; a box that misses that much of its outline is no box. */
function isGoodEnough(fit: ShapeFit): boolean {
  return fit.iou >= (fit.family === 'box' ? GOOD_BOX_IOU : GOOD_ROUND_IOU);
}

function wallOf(fit: RevolutionFit): number {
  return Math.min(WALL_M, Math.max(...fit.profile.map((p) => p.radiusM)) / 8);
}

/** Adds mask parts that the body leaves uncovered (a handle, a spout) as inflated pieces in the upright plane of its axis. */
function withParts(fit: ShapeFit, evidence: ShapeEvidence, target: SilhouetteTarget, guess: StandingGuess): ShapeFit {
  const { view, camera, cameraFromWorld } = evidence;
  const { widthPx, heightPx } = camera;
  const buffer = createDepthBuffer(widthPx, heightPx);
  rasterizeMesh(fit.mesh, compose(cameraFromWorld, fit.worldFromMesh), camera, buffer);
  const body = dilate(
    maskWhere(buffer.depthM, (z) => z > 0),
    widthPx,
    heightPx,
    1,
  );
  const rest = view.mask.data.map((inside, i) => (inside && !body[i] ? 1 : 0));
  const bounds = meshBounds(fit.mesh);
  // What does not touch the body is a speck of the mask.
  const reach = dilate(body, widthPx, heightPx, PART_REACH_PX);
  const minArea = MIN_PART_SHARE * countSet(view.mask.data);
  const sheet = { x: fit.worldFromMesh[3], y: fit.worldFromMesh[7], away: guess.away };
  const { labels, components } = connectedComponents(rest, widthPx, heightPx);
  const parts = components
    .filter(({ area, label }) => area >= minArea && labels.some((l, i) => l === label && reach[i] === 1))
    .map((component) => {
      const own = maskWhere(labels, (label) => label === component.label);
      // Two pixels more than the rest itself, so that the part reaches into the body.
      const grown = dilate(own, widthPx, heightPx, 2).map((v, i) => (v && view.mask.data[i] ? 1 : 0));
      const part = createBytes(widthPx, heightPx, grown);
      return inflateMask(part, camera, inverse(cameraFromWorld), sheet, PART_THICKNESS_RATIO);
    })
    .filter((part) => part !== null)
    .map((part) => transformMesh(part, inverse(fit.worldFromMesh)))
    // What touches the body in the picture but not in space is something behind it.
    .filter((part) => overlap(meshBounds(part), bounds));
  if (parts.length === 0) return fit;
  const mesh = joinMeshes(fit.mesh, ...parts);
  const iou = silhouetteIou(transformMesh(mesh, fit.worldFromMesh), target);
  return iou > fit.iou ? { ...fit, mesh, iou, symmetry: 'none' } : fit;
}

type Bounds = ReturnType<typeof meshBounds>;

const overlap = (a: Bounds, b: Bounds): boolean => [0, 1, 2].every((k) => a.min[k] <= b.max[k] && b.min[k] <= a.max[k]);
