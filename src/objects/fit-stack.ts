/**
 * A square foot with a round upright part on it (a hand brush, a stamp, a hammer on its head): place, turn, three sides of the foot,
 * two radii and the height of what stands on its middle. For outlines that neither a box nor a solid of revolution explains.
 */
import type { Random } from '../base/random.js';
import { differentialEvolution } from '../math/differential-evolution.js';
import { nelderMead } from '../math/nelder-mead.js';
import { compose, type Mat4 } from '../math/se3.js';
import { innerEdgeStrength, type StepImage } from './inner-edges.js';
import { boxMesh, joinMeshes, revolutionMesh, transformMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import { type ShapeFit, standingAt } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import type { StandingGuess } from './standing.js';

const POPULATION = 44;
const GENERATIONS = 70;
const FINAL_EVALUATIONS = 500;
/** Mesh sides of the upper part. */
const SEGMENTS = 20;
/** The upper part begins this share of the foot's height inside of it, so that both are one body. */
const OVERLAP = 0.05;
/** One outline says little about the side that points at the camera: mildly prefer usual proportions (as for boxes). */
const SIDES_WEIGHT = 0.002;
const TAPER_WEIGHT = 0.002;
/** Worth of edges inside the outline, as for boxes. */
const INNER_EDGE_WEIGHT = 0.02;
/** Bounds of the search: shifts in widths, turn, then natural logs of sides, heights and radii per width of the outline. */
const LOW = [-0.5, -0.5, 0, Math.log(0.25), Math.log(0.25), Math.log(0.08), Math.log(0.06), Math.log(0.06), -1.2];
const HIGH = [0.5, 0.5, Math.PI / 2, Math.log(1.2), Math.log(1.2), Math.log(1), Math.log(0.4), Math.log(0.4), 0.4];

/** Foot centred on the z axis and standing on z = 0; sides, foot height, lower and upper radius, height of the upper part. */
function stackMesh([a, b, foot, low, high, upper]: readonly number[]): TriangleMesh {
  const sunk = OVERLAP * foot;
  const profile = [
    { radiusM: low, heightM: foot - sunk },
    { radiusM: low, heightM: foot },
    { radiusM: (low + high) / 2, heightM: foot + upper / 2 },
    { radiusM: high, heightM: foot + upper },
  ];
  return joinMeshes(boxMesh(a, b, foot), revolutionMesh(profile, SEGMENTS));
}

export function fitStack(
  target: SilhouetteTarget,
  fine: SilhouetteTarget,
  guess: StandingGuess,
  steps: StepImage,
  random: Random,
): ShapeFit {
  const unit = guess.widthM;
  const place = (p: readonly number[]): Mat4 => standingAt(guess.x + p[0] * unit, guess.y + p[1] * unit, p[2]);
  const metres = (size: readonly number[]): number[] =>
    size.map((v, k) => (k === 5 ? guess.heightM : unit) * Math.exp(v));
  const meshOf = (size: readonly number[]): TriangleMesh => stackMesh(metres(size));
  const prior = (size: readonly number[]): number =>
    SIDES_WEIGHT * (size[0] - size[1]) ** 2 + TAPER_WEIGHT * ((size[3] - size[4]) / 0.3) ** 2;
  const edges = (p: readonly number[]): number => {
    const [a, b, foot] = metres(p.slice(3));
    const cameraFromMesh = compose(target.cameraFromWorld, place(p));
    return innerEdgeStrength(steps, target.crop.camera, cameraFromMesh, a / 2, b / 2, foot) ?? 1;
  };
  const loss = (p: readonly number[], at: SilhouetteTarget): number =>
    1 -
    silhouetteIou(transformMesh(meshOf(p.slice(3)), place(p)), at) +
    prior(p.slice(3)) +
    INNER_EDGE_WEIGHT * (1 - edges(p));
  const periodic = LOW.map((_, k) => k === 2);
  const [found] = differentialEvolution((p) => loss(p, target), LOW, HIGH, random, {
    populationSize: POPULATION,
    generations: GENERATIONS,
    periodic,
  });
  const spans = [0.03, 0.03, 0.06, 0.06, 0.06, 0.06, 0.08, 0.08, 0.04];
  const { x: p } = nelderMead((q) => loss(q, fine), found.x, spans, FINAL_EVALUATIONS);
  const size = p.slice(3);
  const mesh = meshOf(size);
  const worldFromMesh = place(p);
  const iou = silhouetteIou(transformMesh(mesh, worldFromMesh), target);
  const parametric = { size, steps: spans.slice(3), meshOf, outlineOf: meshOf, prior };
  return { family: 'stack', mesh, worldFromMesh, iou, hollow: false, symmetry: 'none', parametric };
}
