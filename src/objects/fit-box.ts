import type { Random } from '../base/random.js';
import { differentialEvolution } from '../math/differential-evolution.js';
/** Upright box from one silhouette: place, yaw and three sides, by local searches from many yaws. */
import { type Minimum, nelderMead } from '../math/nelder-mead.js';
import { compose } from '../math/se3.js';
import { innerEdgeStrength, type StepImage } from './inner-edges.js';
import { boxMesh, roundedBoxMesh, transformMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import { type ShapeFit, standingAt } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import type { StandingGuess } from './standing.js';

/** Yaws to start from, over the quarter turn after which a box repeats: with 4 of them three of six boxes came out wrong. */
const NUM_YAWS = 9;
const FIRST_EVALUATIONS = 110;
const FINAL_EVALUATIONS = 420;
const NUM_FINALISTS = 4;
const POPULATION = 32;
const GENERATIONS = 60;
const ROUNDED_EVALUATIONS = 260;
/** A sharp box that agrees this much less than another shape does not become the better one by rounding its edges. */
const HOPELESS = 0.03;
/** Rounding its edges must explain this much more; else they are sharp. */
const ROUND_GAIN = 0.0015;
/** Silhouettes hardly tell a side that points at the camera (IoU .986 with a side 30 % off): mildly prefer equal sides. */
const EQUAL_SIDES_WEIGHT = 0.004;
/** Roundness of edges (radius per smallest side) that is expected, its spread (natural log), and the weight of that. */
const ROUNDNESS = 0.06;
const ROUNDNESS_LOG_SD = 1;
const ROUNDNESS_WEIGHT = 0.0004;
/** Worth of edges inside the outline: as much as 2 % of silhouette agreement. */
const INNER_EDGE_WEIGHT = 0.02;

const sidesPrior = (p: readonly number[]): number =>
  EQUAL_SIDES_WEIGHT * ((p[3] - p[4]) ** 2 + 0.3 * (p[5] - (p[3] + p[4]) / 2) ** 2);

export interface BoxFit extends ShapeFit {
  /** Brightness steps along the box's inner edges, 0..1; null when it shows one face only. */
  readonly edgeStrength: number | null;
}

/**
 * Parameters: x, y in widths from the guess; yaw; ln of the two sides and the height per width; at the end also the roundness of
 * the edges, in the finer window `fine` (rounded corners read as sharp ones cost half a millimetre per millimetre of radius).
 */
export function fitBox(
  target: SilhouetteTarget,
  guess: StandingGuess,
  steps: StepImage,
  random: Random,
  { fine = target, rivalIou = 0 }: { readonly fine?: SilhouetteTarget; readonly rivalIou?: number } = {},
): BoxFit {
  const unit = guess.widthM;
  const place = (p: readonly number[]) => standingAt(guess.x + p[0] * unit, guess.y + p[1] * unit, p[2]);
  const meshOf = (p: readonly number[]) => boxMesh(unit * Math.exp(p[3]), unit * Math.exp(p[4]), unit * Math.exp(p[5]));
  const loss = (p: readonly number[]): number =>
    1 - silhouetteIou(transformMesh(meshOf(p), place(p)), target) + sidesPrior(p);
  const spans = [0.12, 0.12, 0.2, 0.15, 0.15, 0.15];
  const starts: Minimum[] = [];
  for (let k = 0; k < NUM_YAWS; k++) {
    const yaw = (k / NUM_YAWS) * (Math.PI / 2);
    // A square footprint turned by yaw looks wider than its side by this much.
    const side = Math.log(0.9 / (Math.abs(Math.cos(yaw)) + Math.abs(Math.sin(yaw))));
    const upright = [0, 0, yaw, side, side, Math.log(guess.heightM / unit)];
    const flat = [
      (guess.flatX - guess.x) / unit,
      (guess.flatY - guess.y) / unit,
      yaw,
      side + Math.log(guess.flatWidthM / unit),
      side + Math.log(guess.flatLengthM / unit),
      Math.log(0.08),
    ];
    for (const start of [upright, flat]) starts.push(nelderMead(loss, start, spans, FIRST_EVALUATIONS));
  }
  starts.sort((a, b) => a.value - b.value);
  const finalSteps = spans.map((s) => s / 2);
  const strengthOf = (p: readonly number[]): number | null => {
    const cameraFromBox = compose(target.cameraFromWorld, place(p));
    const [halfX, halfY, height] = [0.5 * unit * Math.exp(p[3]), 0.5 * unit * Math.exp(p[4]), unit * Math.exp(p[5])];
    return innerEdgeStrength(steps, target.crop.camera, cameraFromBox, halfX, halfY, height);
  };
  const total = (p: readonly number[]): number => loss(p) + INNER_EDGE_WEIGHT * (1 - (strengthOf(p) ?? 1));
  const roundedOf = (p: readonly number[]): TriangleMesh => {
    const [x, y, z] = [3, 4, 5].map((k) => unit * Math.exp(p[k]));
    return roundedBoxMesh(x, y, z, Math.exp(p[6]) * Math.min(x, y, z));
  };
  const usual = Math.log(ROUNDNESS);
  const roundedLoss = (p: readonly number[], at: SilhouetteTarget): number =>
    1 -
    silhouetteIou(transformMesh(roundedOf(p), place(p)), at) +
    sidesPrior(p) +
    INNER_EDGE_WEIGHT * (1 - (strengthOf(p) ?? 1)) +
    ROUNDNESS_WEIGHT * ((p[6] - usual) / ROUNDNESS_LOG_SD) ** 2;
  const sharp = starts
    .slice(0, NUM_FINALISTS)
    .map((start) => nelderMead(total, start.x, finalSteps, FINAL_EVALUATIONS / 2));
  const [centre] = [...sharp].sort((a, b) => a.value - b.value);
  const finish = (p: readonly number[]): BoxFit => {
    const sizedMesh = (size: readonly number[]): TriangleMesh => {
      const all = [...p.slice(0, 3), ...size];
      return all.length > 6 ? roundedOf(all) : meshOf(all);
    };
    const size = p.slice(3);
    const mesh = sizedMesh(size);
    const worldFromMesh = place(p);
    const iou = silhouetteIou(transformMesh(mesh, worldFromMesh), target);
    const prior = (sides: readonly number[]): number => sidesPrior([...p.slice(0, 3), ...sides]);
    const steps = [...spans, 1].slice(3, p.length).map((s) => s / 4);
    const parametric = { size, steps, meshOf: sizedMesh, outlineOf: sizedMesh, prior };
    const edgeStrength = strengthOf(p);
    return { family: 'box', mesh, worldFromMesh, iou, hollow: false, symmetry: 'none', edgeStrength, parametric };
  };
  const sharpBox = finish(centre.x);
  if (sharpBox.iou < rivalIou - HOPELESS) return sharpBox;
  // Simplexes stall in the narrow valley between sides, yaw and place; a population does not.
  const reach = [...spans.map((span) => 2 * span), 1.5];
  const middle = [...centre.x, usual];
  const isNear = ({ x }: Minimum): boolean => x.every((v, k) => Math.abs(v - centre.x[k]) < reach[k]);
  const [best] = differentialEvolution(
    (p) => roundedLoss(p, target),
    middle.map((v, k) => v - reach[k]),
    middle.map((v, k) => v + reach[k]),
    random,
    { populationSize: POPULATION, generations: GENERATIONS, seeds: sharp.filter(isNear).map(({ x }) => [...x, usual]) },
  );
  if (best.value > centre.value - ROUND_GAIN) return sharpBox;
  const rounded = nelderMead(
    (p) => roundedLoss(p, fine),
    best.x,
    [...spans, 1].map((s) => s / 4),
    ROUNDED_EVALUATIONS,
  ).x;
  return finish(rounded);
}
