/** Upright solid of revolution from one silhouette: place, height and seven radii; first as a cone stump, then with its profile. */
import { nelderMead } from '../math/nelder-mead.js';
import { fitBowl } from './fit-bowl.js';
import { type ProfilePoint, revolutionMesh, transformMesh } from './mesh.js';
import { type ShapeFit, standingAt } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import type { StandingGuess } from './standing.js';

const NUM_RADII = 7;
/** Sides of the polygon used while fitting and in the result. */
const FIT_SEGMENTS = 24;
const MESH_SEGMENTS = 40;
const STUMP_EVALUATIONS = 180;
const PROFILE_EVALUATIONS = 800;
/** A bowl's height per diameter, from general knowledge: its foot is hidden behind its belly, so the search starts there. */
const BOWL_HEIGHT = 0.38;
/** Height per diameter between which a solid whose rim is its widest circle may be a bowl. */
const BOWL_RANGE = [0.16, 0.5] as const;
const RIM_PER_WIDEST = 0.9;
/** A bowl that explains the outline as well as the free profile is the likelier thing (bowls: 0 to +.003; an upright disc: -.009). */
const BOWL_PREFERENCE = 0.004;
/** Bends of the profile cost a little: the silhouette leaves hidden parts (a bowl's foot) undetermined. */
const BEND_WEIGHT = 0.004;

export interface RevolutionFit extends ShapeFit {
  readonly profile: readonly ProfilePoint[];
}

/** Parameters: x, y in widths from the guess; ln height per width; then ln radii per width from the base up (2 or 7 of them). */
export function fitRevolution(target: SilhouetteTarget, guess: StandingGuess): RevolutionFit {
  const unit = guess.widthM;
  const place = (p: readonly number[]) => standingAt(guess.x + p[0] * unit, guess.y + p[1] * unit);
  const profileOf = (p: readonly number[]): ProfilePoint[] => {
    const last = p.length - 4;
    return p.slice(3).map((lnRadius, k) => ({
      radiusM: unit * Math.exp(lnRadius),
      heightM: (unit * Math.exp(p[2]) * k) / last,
    }));
  };
  const loss = (p: readonly number[]): number => {
    const mesh = revolutionMesh(profileOf(p), FIT_SEGMENTS);
    return 1 - silhouetteIou(transformMesh(mesh, place(p)), target) + BEND_WEIGHT * bendOf(p);
  };
  const half = Math.log(0.5);
  const flatOffset = [(guess.flatX - guess.x) / unit, (guess.flatY - guess.y) / unit];
  const flatRadius = half + Math.log(guess.flatWidthM / unit);
  const starts = [
    [0, 0, Math.log(guess.heightM / unit), half, half],
    [0, 0, Math.log((0.5 * guess.heightM) / unit), half, half],
    [...flatOffset, Math.log(0.08), flatRadius, flatRadius],
    [0, 0, Math.log(BOWL_HEIGHT), half - 0.6, half],
  ];
  const stump = starts
    .map((start) => nelderMead(loss, start, [0.1, 0.1, 0.2, 0.15, 0.1], STUMP_EVALUATIONS))
    .reduce((a, b) => (b.value < a.value ? b : a)).x;
  const radii = Array.from({ length: NUM_RADII }, (_, k) => {
    const t = k / (NUM_RADII - 1);
    return Math.log((1 - t) * Math.exp(stump[3]) + t * Math.exp(stump[4]));
  });
  const steps = [0.05, 0.05, 0.08, ...new Array<number>(NUM_RADII).fill(0.12)];
  // A second simplex from where the first one ended: with ten parameters one alone tends to stall.
  const first = nelderMead(loss, [...stump.slice(0, 3), ...radii], steps, PROFILE_EVALUATIONS / 2).x;
  const finer = steps.map((s) => s / 2);
  const { x: p } = nelderMead(loss, first, finer, PROFILE_EVALUATIONS / 2);
  const free = finish(profileOf(p), guess.x + p[0] * unit, guess.y + p[1] * unit, target);
  const rim = free.profile[NUM_RADII - 1];
  const widest = Math.max(...free.profile.map((point) => point.radiusM));
  const flatness = rim.heightM / (2 * rim.radiusM);
  if (rim.radiusM < RIM_PER_WIDEST * widest || flatness < BOWL_RANGE[0] || flatness > BOWL_RANGE[1]) return free;
  const [, , , x, , , , y] = free.worldFromMesh;
  const bowl = fitBowl(target, { x, y, radiusM: rim.radiusM });
  return bowl.iou > free.iou - BOWL_PREFERENCE ? finish(bowl.profile, bowl.x, bowl.y, target) : free;
}

function finish(profile: readonly ProfilePoint[], x: number, y: number, target: SilhouetteTarget): RevolutionFit {
  const mesh = revolutionMesh(profile, MESH_SEGMENTS);
  const worldFromMesh = standingAt(x, y);
  const iou = silhouetteIou(transformMesh(mesh, worldFromMesh), target);
  return { family: 'revolution', mesh, worldFromMesh, iou, hollow: false, symmetry: 'z', profile };
}

function bendOf(p: readonly number[]): number {
  let bend = 0;
  for (let k = 4; k + 1 < p.length; k++) bend += (p[k - 1] - 2 * p[k] + p[k + 1]) ** 2;
  return bend;
}

/** The same solid opened at the top. */
export function hollowed(fit: RevolutionFit, wallM: number): RevolutionFit {
  return { ...fit, mesh: revolutionMesh(fit.profile, MESH_SEGMENTS, wallM), hollow: true };
}
