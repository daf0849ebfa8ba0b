/**
 * All resting objects of a film set onto one table at once. A mask that has lost a part says little of how far its object is; that
 * models know their size and stand on the same table says it for all together.
 */
import { nelderMead } from '../../math/nelder-mead.js';
import { axisOf, compose, expTwist, inverse, type Mat4, type Twist } from '../../math/se3.js';
import { dot } from '../../math/vec3.js';
import type { TriangleMesh } from '../../objects/object-model.js';
import { worldFrame } from '../../perceive/geometry/table.js';
import type { Perception } from '../../perceive/perception.js';
import { motionBasis } from '../../pose/adam.js';
import type { TrackedObject } from '../../pose/objective.js';
import type { Observation } from '../../pose/observation.js';
import { unexplainedShare } from './explain.js';
import { distanceCost, type StandingFit } from './stand-search.js';
import { isAsModelled, setOnTable } from './table-under.js';

/** Distances that differ by less (logarithm) are one: objects still slide at each. */
const SAME_LOG = 0.012;
/** Candidates per object that are moved at each distance. */
const WAYS = 3;
/** First steps of sliding and turning, in pixels of the window; of the distance, as a logarithm; and evaluations. */
const SLIDE_PX = 2;
const DISTANCE_STEP = 0.03;
const EVALUATIONS = 50;
const FEW_EVALUATIONS = 16;
/** What a way to stand other than the model's own z up costs: by custom that is how a thing stands. */
export const LYING_COST = 0.03;

/** As perceived: its distance is known to a standard deviation of its logarithm. */
type Table = Pick<Perception['table'], 'cameraFromWorld' | 'scaleLogSd'>;

export interface Unsettled {
  readonly object: TrackedObject;
  readonly mesh: TriangleMesh;
  readonly view: Observation;
  /** Poses to start from, whatever the table. */
  readonly candidates: readonly Mat4[];
}

export interface Settled {
  readonly cameraFromWorld: Mat4;
  /** One per object; null for one that no candidate of which stands. */
  readonly fits: readonly (StandingFit | null)[];
  /** Sum over the objects, the distance's own cost included. */
  readonly cost: number;
}

/** The table's normal is kept; its distance is the one of those at which some object fits best that suits them all best. */
export function settleTogether(things: readonly Unsettled[], table: Table): Settled {
  const perceived = table.cameraFromWorld;
  const apart = things.map((thing) => ({ ...thing, ...fittedApart(thing, perceived) }));
  const logs: number[] = [];
  for (const log of apart.flatMap((thing) => thing.logs)) {
    if (logs.every((other) => Math.abs(other - log) > SAME_LOG)) logs.push(log);
  }
  const tried = logs
    .map((log) => ({ log, settled: settleAt(apart, table, log, FEW_EVALUATIONS) }))
    .sort((a, b) => a.settled.cost - b.settled.cost);
  if (tried.length === 0) return settleAt(apart, table, 0, EVALUATIONS);
  const [{ log: middle }] = tried;
  return [-2, -1, 0, 1, 2]
    .map((k) => settleAt(apart, table, middle + (k * SAME_LOG) / 2, EVALUATIONS))
    .reduce((best, other) => (other.cost < best.cost ? other : best));
}

/** An object's candidates, each at the distance where it fits best by itself, and the table's distances (logarithms) under them. */
function fittedApart(
  { object, mesh, view, candidates }: Unsettled,
  perceived: Mat4,
): { candidates: Mat4[]; logs: number[] } {
  const onTable = { ...object, worldFromCamera: inverse(perceived) };
  const fitted: Mat4[] = [];
  const logs: number[] = [];
  for (const pose of candidates) {
    const { cameraFromObject } = slideToFit(onTable, pose, [view], EVALUATIONS, true);
    const standing = setOnTable({ mesh, cameraFromObject }, perceived, Number.POSITIVE_INFINITY);
    if (standing === null) continue;
    fitted.push(cameraFromObject);
    logs.push(Math.log(cameraFromObject[11] / standing[11]));
  }
  return { candidates: fitted, logs };
}

/** With the table at a factor exp(`log`) of its perceived distance, each object's best candidates moved to where they fit best. */
function settleAt(things: readonly Unsettled[], table: Table, log: number, evaluations: number): Settled {
  const cameraFromWorld = tableAt(table.cameraFromWorld, log);
  const worldFromCamera = inverse(cameraFromWorld);
  const lying = (pose: Mat4): number => (isAsModelled(pose, cameraFromWorld) ? 0 : LYING_COST);
  const fits = things.map(({ object, mesh, view, candidates }) => {
    const onTable = { ...object, worldFromCamera };
    const placed = candidates.flatMap((pose) => {
      const standing = setOnTable({ mesh, cameraFromObject: pose }, cameraFromWorld, Number.POSITIVE_INFINITY);
      if (standing === null) return [];
      return [{ cameraFromObject: standing, cost: unexplainedShare(object, standing, [view]) + lying(standing) }];
    });
    placed.sort((a, b) => a.cost - b.cost);
    const moved = placed.slice(0, WAYS).map(({ cameraFromObject }) => {
      const fit = slideToFit(onTable, cameraFromObject, [view], evaluations);
      return { ...fit, cost: fit.cost + lying(fit.cameraFromObject) };
    });
    return [...moved, ...placed].reduce<StandingFit | null>((a, b) => (a === null || b.cost < a.cost ? b : a), null);
  });
  const own = fits.reduce((sum, fit) => sum + (fit?.cost ?? 1), 0);
  return { cameraFromWorld, fits, cost: own + things.length * distanceCost(log, table.scaleLogSd) };
}

/** The perceived table, nearer or farther. */
function tableAt(perceived: Mat4, log: number): Mat4 {
  const up = axisOf(perceived, 2);
  const height = dot(up, [perceived[3], perceived[7], perceived[11]]);
  return worldFrame(up, (height / up[2]) * Math.exp(log));
}

/** Slid and turned on its table (and moved along its line of sight, if it `mayApproach`) to where it leaves least unexplained. */
export function slideToFit(
  object: TrackedObject,
  start: Mat4,
  views: readonly Observation[],
  evaluations = EVALUATIONS,
  mayApproach = false,
): StandingFit {
  const basis = motionBasis(object, start, views[0].crop.camera.fx, 'on-table');
  const moved = (x: readonly number[]): Mat4 => {
    const twist: Twist = [0, 0, 0, 0, 0, 0];
    basis.forEach((direction, k) => {
      for (let i = 0; i < 6; i++) twist[i] += x[k] * direction[i];
    });
    const pose = compose(expTwist(twist), start);
    if (mayApproach) for (const i of [3, 7, 11]) pose[i] *= Math.exp(x[3]);
    return pose;
  };
  const steps = [...basis.map(() => SLIDE_PX), ...(mayApproach ? [DISTANCE_STEP] : [])];
  const loss = (x: readonly number[]): number => unexplainedShare(object, moved(x), views);
  const zeros = steps.map(() => 0);
  const { x, value } = nelderMead(loss, zeros, steps, evaluations, 1e-4);
  return { cameraFromObject: moved(x), cost: value };
}
