/** Upright box from one silhouette: place, yaw and three sides, by local searches from many yaws. */
import { type Minimum, nelderMead } from '../math/nelder-mead.js';
import { compose } from '../math/se3.js';
import { innerEdgeStrength, type StepImage } from './inner-edges.js';
import { boxMesh, transformMesh } from './mesh.js';
import { type ShapeFit, standingAt } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import type { StandingGuess } from './standing.js';

/** Yaws to start from, over the quarter turn after which a box repeats: with 4 of them three of six boxes came out wrong. */
const NUM_YAWS = 9;
const FIRST_EVALUATIONS = 110;
const FINAL_EVALUATIONS = 420;
const NUM_FINALISTS = 4;
/** Silhouettes hardly tell a side that points at the camera (IoU .986 with a side 30 % off): mildly prefer equal sides. */
const EQUAL_SIDES_WEIGHT = 0.004;
/** Worth of edges inside the outline: as much as 2 % of silhouette agreement. */
const INNER_EDGE_WEIGHT = 0.02;

export interface BoxFit extends ShapeFit {
  /** Brightness steps along the box's inner edges, 0..1; null when it shows one face only. */
  readonly edgeStrength: number | null;
}

/** Parameters: x, y in widths from the guess; yaw; ln of the two sides and the height per width. */
export function fitBox(target: SilhouetteTarget, guess: StandingGuess, steps: StepImage): BoxFit {
  const unit = guess.widthM;
  const place = (p: readonly number[]) => standingAt(guess.x + p[0] * unit, guess.y + p[1] * unit, p[2]);
  const meshOf = (p: readonly number[]) => boxMesh(unit * Math.exp(p[3]), unit * Math.exp(p[4]), unit * Math.exp(p[5]));
  const loss = (p: readonly number[]): number =>
    1 -
    silhouetteIou(transformMesh(meshOf(p), place(p)), target) +
    EQUAL_SIDES_WEIGHT * ((p[3] - p[4]) ** 2 + 0.3 * (p[5] - (p[3] + p[4]) / 2) ** 2);
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
  const finalists = starts
    .slice(0, NUM_FINALISTS)
    .map((start) => nelderMead(total, start.x, finalSteps, FINAL_EVALUATIONS));
  const best = finalists.reduce((a, b) => (b.value < a.value ? b : a));
  const mesh = meshOf(best.x);
  const worldFromMesh = place(best.x);
  const iou = silhouetteIou(transformMesh(mesh, worldFromMesh), target);
  const edgeStrength = strengthOf(best.x);
  return { family: 'box', mesh, worldFromMesh, iou, hollow: false, symmetry: 'none', edgeStrength };
}
