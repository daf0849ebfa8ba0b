/**
 * A flat thing with round corners (a tray, a plate that is longer than wide, a board, a soap): an upright prism over a rectangle whose
 * corners are rounded by any radius. A box rounds all edges alike, so that round corners of a plan made it as high as they are round.
 */
import type { Random } from '../base/random.js';
import { differentialEvolution } from '../math/differential-evolution.js';
import { type Minimum, nelderMead } from '../math/nelder-mead.js';
import type { Mat4 } from '../math/se3.js';
import { prismMesh, transformMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import { type ShapeFit, standingAt } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import type { StandingGuess } from './standing.js';

/** Yaws to start from, over the quarter turn after which the plan repeats. */
const NUM_YAWS = 6;
const FIRST_EVALUATIONS = 120;
const POPULATION = 32;
const GENERATIONS = 60;
/** Bounds of the population round the best start, in first steps. */
const REACH = 3;
const FINE_EVALUATIONS = 200;
/** Facets of a rounded corner. */
const CORNER_STEPS = 5;
/** Height per width to start from. */
const START_HEIGHT = 0.08;
/** The side that points at the camera is hardly held: mildly prefer equal sides (as for boxes). */
const EQUAL_SIDES_WEIGHT = 0.004;

/** Corner radius per half of the smaller side, 0..1, of any number. */
const roundnessOf = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** Centred on the z axis, standing on z = 0. */
function slabMesh(sizeX: number, sizeY: number, height: number, roundness: number): TriangleMesh {
  const radius = (roundness * Math.min(sizeX, sizeY)) / 2;
  const corners: [number, number][] = [
    [1, 1],
    [-1, 1],
    [-1, -1],
    [1, -1],
  ];
  const polygon = corners.flatMap(([sx, sy], quarter) =>
    Array.from({ length: CORNER_STEPS + 1 }, (_, k): [number, number] => {
      const angle = (quarter + k / CORNER_STEPS) * (Math.PI / 2);
      return [
        sx * (sizeX / 2 - radius) + radius * Math.cos(angle),
        sy * (sizeY / 2 - radius) + radius * Math.sin(angle),
      ];
    }),
  );
  return prismMesh(polygon, height);
}

/** Parameters: x, y in widths from the guess; yaw; ln of both sides and the height per width; logit of the roundness. */
export function fitSlab(
  target: SilhouetteTarget,
  fine: SilhouetteTarget,
  guess: StandingGuess,
  random: Random,
): ShapeFit {
  const unit = guess.widthM;
  const place = (p: readonly number[]): Mat4 => standingAt(guess.x + p[0] * unit, guess.y + p[1] * unit, p[2]);
  const meshOf = ([a, b, height, logit]: readonly number[]): TriangleMesh =>
    slabMesh(unit * Math.exp(a), unit * Math.exp(b), unit * Math.exp(height), roundnessOf(logit));
  const prior = ([a, b]: readonly number[]): number => EQUAL_SIDES_WEIGHT * (a - b) ** 2;
  const loss = (p: readonly number[], at: SilhouetteTarget): number =>
    1 - silhouetteIou(transformMesh(meshOf(p.slice(3)), place(p)), at) + prior(p.slice(3));
  const spans = [0.12, 0.12, 0.2, 0.15, 0.15, 0.3, 0.8];
  const starts: Minimum[] = [];
  for (let k = 0; k < NUM_YAWS; k++) {
    const yaw = (k / NUM_YAWS) * (Math.PI / 2);
    // A square plan turned by yaw looks wider than its side by this much.
    const side = Math.log(0.9 / (Math.abs(Math.cos(yaw)) + Math.abs(Math.sin(yaw))));
    const start = [
      (guess.flatX - guess.x) / unit,
      (guess.flatY - guess.y) / unit,
      yaw,
      side + Math.log(guess.flatWidthM / unit),
      side + Math.log(guess.flatLengthM / unit),
      Math.log(START_HEIGHT),
      0,
    ];
    starts.push(nelderMead((p) => loss(p, target), start, spans, FIRST_EVALUATIONS));
  }
  starts.sort((one, other) => one.value - other.value);
  const [middle] = starts;
  const isNear = ({ x }: Minimum): boolean => x.every((v, k) => Math.abs(v - middle.x[k]) < REACH * spans[k]);
  // Simplexes stall in the narrow valley between height, sides and place; a population does not.
  const [coarse] = differentialEvolution(
    (p) => loss(p, target),
    middle.x.map((v, k) => v - REACH * spans[k]),
    middle.x.map((v, k) => v + REACH * spans[k]),
    random,
    { populationSize: POPULATION, generations: GENERATIONS, seeds: starts.filter(isNear).map(({ x }) => x) },
  );
  const finer = spans.map((span) => span / 4);
  const { x: p } = nelderMead((q) => loss(q, fine), coarse.x, finer, FINE_EVALUATIONS);
  const size = p.slice(3);
  const mesh = meshOf(size);
  const worldFromMesh = place(p);
  const iou = silhouetteIou(transformMesh(mesh, worldFromMesh), target);
  const parametric = { size, steps: finer.slice(3), meshOf, outlineOf: meshOf, prior };
  return { family: 'prism', mesh, worldFromMesh, iou, hollow: false, symmetry: 'none', parametric };
}
