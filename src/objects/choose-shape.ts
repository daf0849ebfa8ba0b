/** Picks a shape family for a standing object by silhouette agreement, opens vessels, and adds what sticks out (handles). */
import type { Random } from '../base/random.js';
import { connectedComponents } from '../image/components.js';
import { type ByteImage, createBytes, maskMoments } from '../image/image.js';
import { countSet, dilate, erode, maskWhere } from '../image/morphology.js';
import type { Intrinsics } from '../math/camera.js';
import { compose, inverse } from '../math/se3.js';
import type { SplatRenderer } from '../splat/renderer.js';
import { MIN_PART_SHARE, uncovered, withoutPart, withoutThinParts } from './body-outline.js';
import { type Crop, cropAround, sampleMask, sampleRgb } from './crop.js';
import { type BoxFit, fitBox } from './fit-box.js';
import { fitGiven, type GivenFit } from './fit-given.js';
import { fitFlatPrism, fitInflated, inflateMask, type Sheet } from './fit-outline.js';
import { fitRevolution, type RevolutionFit } from './fit-revolution.js';
import { fitRod } from './fit-rod.js';
import { fitSlab } from './fit-slab.js';
import { fitStack } from './fit-stack.js';
import type { GivenShape } from './given-shape.js';
import { stepImage } from './inner-edges.js';
import { looksOpen } from './interior.js';
import { joinMeshes, meshBounds, transformMesh } from './mesh.js';
import type { ObjectOptions } from './options.js';
import { createDepthBuffer, rasterizeMesh } from './rasterize.js';
import type { RestView } from './rest-view.js';
import type { ShapeFit } from './shape-fit.js';
import { shapeWishFor } from './shape-wish.js';
import { createSilhouetteTarget, type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import { guessStanding, type StandingGuess } from './standing.js';

/** A solid of revolution or box that agrees less than this is not what the object is. */
const GOOD_ROUND_IOU = 0.84;
const GOOD_BOX_IOU = 0.9;
/** A long thing of which a round bar explains the outline this well, or nearly as well as a box does, is one... */
const GOOD_ROD_IOU = 0.9;
const ROD_LAG = 0.012;
/** ...unless its edges are clearly seen. */
const EDGES_OF_A_BOX = 0.6;
/** Families that agree less than the best one by no more than this are left for other views to decide. */
const RIVAL_LAG = 0.03;
/** Two bodies explain more than one by their number alone: they are tried below the first of these, must explain the second... */
const DOUBTFUL_IOU = 0.93;
const GOOD_TWO_BODIES_IOU = 0.93;
/** ...and so much more than what is not / is good enough by itself. */
const TWO_BODIES_LEAD = { overPoor: 0.03, overGood: 0.05 } as const;
/** Lead that a box needs over a solid of revolution, and what clearly seen (or missing) inner edges are worth. */
const BOX_LEAD = 0.003;
const EDGE_WORTH = 0.05;
const EDGE_EXPECTED = 0.4;
/** Above this nothing worth adding is left outside the body. */
const COMPLETE_IOU = 0.985;
/** Half thickness of a part per that of the body: a strap or a stick, not a narrower body... */
const THIN_PART = 0.26;
/** ...or a wide handle, where no body explains the outline otherwise; it covers no more than this share of it. */
const LARGE_PART = 0.55;
const MAX_PART_SHARE = 0.25;
/** What is thinner than twice this and a pixel is the body's outline not quite met. */
const SLIVER_PX = 2;
/** What a box or a round solid explains this well needs no round corners; a slab with such must explain so much more. */
const ROUND_CORNERS_BELOW = 0.97;
const SLAB_LEAD = 0.01;
/** Lower than this per width is flat; the parts of flat things (pans, trays) are near their top, at this share of the height. */
const FLAT_PER_WIDTH = 0.5;
const FLAT_PART_HEIGHT = 0.8;
/** Gaps up to this wide between a body and its parts come from the outline of the body, pixels. */
const PART_REACH_PX = 3;
const PART_OVERLAP_PX = 4;
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
  const seenIn = (crop: Crop, idMap: ByteImage): SilhouetteTarget =>
    createSilhouetteTarget(crop, sampleMask(idMap, evidence.id, crop), cameraFromWorld);
  const crop = cropAround(camera, moments.box, 0.2, options.fitSize);
  const fineCrop = cropAround(camera, moments.box, 0.2, FINE_WINDOW * options.fitSize);
  const wish = shapeWishFor(options.shape, evidence);
  // What is to be free starts as what the outline speaks for, and so does what has no file.
  const isOpen = wish === 'auto' || wish === 'files' || wish === 'free';
  const wanted = (family: string): boolean => isOpen || wish === family;
  const fitBody = (idMap: ByteImage): Body => {
    const target = seenIn(crop, idMap);
    const fine = seenIn(fineCrop, idMap);
    const steps = stepImage(sampleRgb(view.rgb, crop), target.mask.inside, crop.camera.widthPx, crop.camera.heightPx);
    const revolution = wanted('revolution') ? fitRevolution(target, guess) : null;
    const rivalIou = revolution?.iou ?? 0;
    const box = wanted('box') ? fitBox(target, guess, steps, random, { fine, rivalIou }) : null;
    return { idMap, target, fine, steps, revolution, box, best: bestOf(revolution, box) };
  };
  let body = fitBody(withoutThinParts(view, THIN_PART));
  const rod = wanted('rod') ? fitRod(view.mask, camera, body.target) : null;
  if (rod !== null && isRod(rod, body.box, body.revolution)) return withRivals(rod, [body.box]);
  if (wanted('stack') && (body.best === null || body.best.iou < DOUBTFUL_IOU)) {
    const { target, fine, steps, best } = body;
    const stack = fitStack(target, fine, guess, steps, random);
    const lead = best && isGoodEnough(best) ? TWO_BODIES_LEAD.overGood : TWO_BODIES_LEAD.overPoor;
    if (stack.iou > Math.max(GOOD_TWO_BODIES_IOU, (best?.iou ?? 0) + lead)) return stack;
  }
  if (body.best !== null && body.best.iou < DOUBTFUL_IOU) body = withLargePart(body, evidence, fitBody);
  const { target, revolution, box } = body;
  let best = wanted('prism') ? orSlab(body, guess, random) : body.best;
  if (best && (!isOpen || isGoodEnough(best))) {
    if (revolution !== null && best === revolution && looksOpen(revolution, evidence))
      best = revolution.opened(wallOf(revolution));
    const whole = seenIn(crop, view.idMap);
    const iou = silhouetteIou(transformMesh(best.mesh, best.worldFromMesh), whole);
    const complete = iou < COMPLETE_IOU ? withParts({ ...best, iou }, evidence, whole, guess) : best;
    return body.idMap === view.idMap ? withRivals(complete, [revolution, box]) : complete;
  }
  // An outline that fits neither may stand or lie; standing is the commoner, and flat round or square things were fitted above.
  if (wish === 'prism') return fitFlatPrism(view.mask, camera, target, FLAT_HEIGHT_M) ?? best;
  return (wanted('inflated') ? fitInflated(view.mask, camera, target, guess) : null) ?? best;
}

/** What one try of the two simple families gives. */
interface Body {
  /** With what is not cared for as `HAND_ID`. */
  readonly idMap: ByteImage;
  readonly target: SilhouetteTarget;
  readonly fine: SilhouetteTarget;
  readonly steps: ReturnType<typeof stepImage>;
  readonly revolution: RevolutionFit | null;
  readonly box: BoxFit | null;
  readonly best: ShapeFit | null;
}

/**
 * A wide part that sticks out (the handle of a drawer) is no thin part. A first try leaves out all that is much thinner than the thickest of the
 * outline, corners too; what that body then leaves uncovered is the part, and the body is fitted to all the rest.
 */
function withLargePart(
  simple: Body,
  { view, camera, cameraFromWorld }: ShapeEvidence,
  fitBody: (idMap: ByteImage) => Body,
): Body {
  const core = withoutThinParts(view, LARGE_PART);
  if (core === view.idMap) return simple;
  const first = fitBody(core).best;
  if (first === null) return simple;
  const part = uncovered(view.mask, coverOf(first, camera, cameraFromWorld));
  const share = countSet(part) / countSet(view.mask.data);
  if (share < MIN_PART_SHARE || share > MAX_PART_SHARE) return simple;
  const body = fitBody(withoutPart(view.idMap, part));
  const needed = Math.max(GOOD_TWO_BODIES_IOU, (simple.best?.iou ?? 0) + TWO_BODIES_LEAD.overGood);
  return body.best !== null && body.best.iou > needed ? body : simple;
}

/** The best of a body's fits, or a flat slab with round corners that explains the outline clearly better. */
function orSlab({ best, target, fine }: Body, guess: StandingGuess, random: Random): ShapeFit | null {
  if (best !== null && best.iou > ROUND_CORNERS_BELOW) return best;
  const slab = fitSlab(target, fine, guess, random);
  return isFlat(meshBounds(slab.mesh)) && slab.iou > Math.max(GOOD_BOX_IOU, (best?.iou ?? 0) + SLAB_LEAD) ? slab : best;
}

/** The better one of both that is good enough, else the better one. */
function bestOf(revolution: RevolutionFit | null, box: BoxFit | null): ShapeFit | null {
  const best = better(revolution, box);
  return best === box && best && !isGoodEnough(best) && revolution && isGoodEnough(revolution) ? revolution : best;
}

/** A box must also show its edges: without them it follows the accidents of a mask more easily than a round shape does. */
function better(round: RevolutionFit | null, box: BoxFit | null): ShapeFit | null {
  if (round === null || box === null) return round ?? box;
  const bonus = EDGE_WORTH * ((box.edgeStrength ?? EDGE_EXPECTED) - EDGE_EXPECTED);
  return box.iou + bonus > round.iou + BOX_LEAD ? box : round;
}

/** With the other families that explain the outline nearly as well. */
function withRivals(best: ShapeFit, others: readonly (ShapeFit | null)[]): ShapeFit {
  const rivals = others.filter((fit) => fit !== null && fit.family !== best.family && fit.iou > best.iou - RIVAL_LAG);
  return rivals.length > 0 ? { ...best, rivals: rivals.filter((fit) => fit !== null) } : best;
}

/** Round bars and square ones have the same outline: only edges that are seen make a long thing a box. */
function isRod(rod: ShapeFit, box: BoxFit | null, round: ShapeFit | null): boolean {
  if (rod.iou < GOOD_ROD_IOU || rod.iou < (round?.iou ?? 0)) return false;
  return box === null || (rod.iou > box.iou - ROD_LAG && (box.edgeStrength ?? 0) < EDGES_OF_A_BOX);
}

/** Handles and spouts are expected on round things; a box that misses that much of its outline is no box. */
function isGoodEnough(fit: ShapeFit): boolean {
  return fit.iou >= (fit.family === 'box' ? GOOD_BOX_IOU : GOOD_ROUND_IOU);
}

function wallOf(fit: RevolutionFit): number {
  return Math.min(WALL_M, Math.max(...fit.profile.map((p) => p.radiusM)) / 8);
}

/** Pixels that the shape covers, and those next to them. */
function coverOf({ mesh, worldFromMesh }: ShapeFit, camera: Intrinsics, cameraFromWorld: number[]): Uint8Array {
  const { widthPx, heightPx } = camera;
  const buffer = createDepthBuffer(widthPx, heightPx);
  rasterizeMesh(mesh, compose(cameraFromWorld, worldFromMesh), camera, buffer);
  const covered = maskWhere(buffer.depthM, (z) => z > 0);
  return dilate(covered, widthPx, heightPx, 1);
}

/**
 * Adds mask parts that the body leaves uncovered (a handle, a spout) as inflated pieces: in the upright plane of its axis, or, on
 * something flat, in the level plane just below its top.
 */
function withParts(fit: ShapeFit, evidence: ShapeEvidence, target: SilhouetteTarget, guess: StandingGuess): ShapeFit {
  const { view, camera, cameraFromWorld } = evidence;
  const { widthPx, heightPx } = camera;
  const body = coverOf(fit, camera, cameraFromWorld);
  const rest = view.mask.data.map((inside, i) => (inside && !body[i] ? 1 : 0));
  const bounds = meshBounds(fit.mesh);
  // What does not touch the body is a speck of the mask.
  const reach = dilate(body, widthPx, heightPx, PART_REACH_PX);
  const minArea = MIN_PART_SHARE * countSet(view.mask.data);
  const height = bounds.max[2] - bounds.min[2];
  const [, , , x, , , , y] = fit.worldFromMesh;
  const sheet: Sheet = isFlat(bounds)
    ? { through: [x, y, FLAT_PART_HEIGHT * height], away: [0, 0, -1] }
    : { through: [x, y, 0], away: [...guess.away, 0] };
  const { labels, components } = connectedComponents(rest, widthPx, heightPx);
  const parts = components
    .filter(({ area, label }) => area >= minArea && labels.some((l, i) => l === label && reach[i] === 1))
    .map((component) => maskWhere(labels, (label) => label === component.label))
    .filter((own) => countSet(erode(own, widthPx, heightPx, SLIVER_PX)) > 0)
    .map((own) => {
      // More than the rest itself, so that the part reaches into the body.
      const grown = dilate(own, widthPx, heightPx, PART_OVERLAP_PX).map((v, i) => (v && view.mask.data[i] ? 1 : 0));
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
  if (iou <= fit.iou) return fit;
  const { parametric } = fit;
  const joined = { ...fit, mesh, iou, symmetry: 'none' } as const;
  if (!parametric) return joined;
  const { meshOf, outlineOf } = parametric;
  return {
    ...joined,
    parametric: {
      ...parametric,
      meshOf: (size) => joinMeshes(meshOf(size), ...parts),
      outlineOf: (size) => joinMeshes(outlineOf(size), ...parts),
    },
  };
}

type Bounds = ReturnType<typeof meshBounds>;

function isFlat({ min, max }: Bounds): boolean {
  const [width, depth, height] = [0, 1, 2].map((k) => max[k] - min[k]);
  return height < FLAT_PER_WIDTH * Math.min(width, depth);
}

const overlap = (a: Bounds, b: Bounds): boolean => [0, 1, 2].every((k) => a.min[k] <= b.max[k] && b.min[k] <= a.max[k]);
