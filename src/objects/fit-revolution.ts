/** Upright solid of revolution from one silhouette: place, height and seven radii; first as a cone stump, then with its profile. */
import { nelderMead } from '../math/nelder-mead.js';
import { fitBowl } from './fit-bowl.js';
import { type ProfilePoint, revolutionMesh, transformMesh } from './mesh.js';
import { type Parametric, type ShapeFit, standingAt } from './shape-fit.js';
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
const BOWL_RANGE = [0.06, 0.5] as const;
/** Flatter than this it may as well be a plate: the bowl must then explain the outline better, not only as well. */
const PLATE_FLATNESS = 0.16;
const RIM_PER_WIDEST = 0.9;
/** A bowl that explains the outline as well as the free profile is the likelier thing (bowls: 0 to +.003; an upright disc: -.009). */
const BOWL_PREFERENCE = 0.004;
/** Bends of the profile cost a little: the silhouette leaves hidden parts (a bowl's foot) undetermined. */
const BEND_WEIGHT = 0.004;

export interface RevolutionFit extends ShapeFit {
  readonly profile: readonly ProfilePoint[];
  /** The same solid opened at the top, with walls this thick. */
  opened(wallM: number): RevolutionFit;
}

/** Parameters: x, y in widths from the guess; ln height per width; then ln radii per width from the base up (2 or 7 of them). */
export function fitRevolution(target: SilhouetteTarget, guess: StandingGuess): RevolutionFit {
  const unit = guess.widthM;
  const place = (p: readonly number[]) => standingAt(guess.x + p[0] * unit, guess.y + p[1] * unit);
  const profileOf = ([lnHeight, ...lnRadii]: readonly number[]): ProfilePoint[] =>
    lnRadii.map((lnRadius, k) => ({
      radiusM: unit * Math.exp(lnRadius),
      heightM: (unit * Math.exp(lnHeight) * k) / (lnRadii.length - 1),
    }));
  const loss = (p: readonly number[]): number => {
    const size = p.slice(2);
    const mesh = revolutionMesh(profileOf(size), FIT_SEGMENTS);
    return 1 - silhouetteIou(transformMesh(mesh, place(p)), target) + bendCost(size);
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
  const sized = { size: p.slice(2), steps: finer.slice(2), profileOf, prior: bendCost };
  const free = finish(sized, guess.x + p[0] * unit, guess.y + p[1] * unit, target);
  const rim = free.profile[NUM_RADII - 1];
  const widest = Math.max(...free.profile.map((point) => point.radiusM));
  const flatness = rim.heightM / (2 * rim.radiusM);
  if (rim.radiusM < RIM_PER_WIDEST * widest || flatness < BOWL_RANGE[0] || flatness > BOWL_RANGE[1]) return free;
  const [, , , x, , , , y] = free.worldFromMesh;
  const bowl = fitBowl(target, { x, y, radiusM: rim.radiusM });
  const preference = flatness < PLATE_FLATNESS ? 0 : BOWL_PREFERENCE;
  return bowl.iou > free.iou - preference ? finish(bowl, bowl.x, bowl.y, target) : free;
}

interface SizedProfile extends Pick<Parametric, 'size' | 'steps' | 'prior'> {
  profileOf(size: readonly number[]): ProfilePoint[];
}

function finish(sized: SizedProfile, x: number, y: number, target: SilhouetteTarget, wallM = 0): RevolutionFit {
  const { size, steps, prior, profileOf } = sized;
  const meshOf = (numbers: readonly number[]) => revolutionMesh(profileOf(numbers), MESH_SEGMENTS, wallM);
  const outlineOf = (numbers: readonly number[]) => revolutionMesh(profileOf(numbers), FIT_SEGMENTS);
  const parametric = { size, steps, meshOf, outlineOf, prior };
  const worldFromMesh = standingAt(x, y);
  const iou = silhouetteIou(transformMesh(revolutionMesh(profileOf(size), MESH_SEGMENTS), worldFromMesh), target);
  const profile = profileOf(size);
  const shape = { family: 'revolution', mesh: meshOf(size), hollow: wallM > 0, symmetry: 'z' } as const;
  const opened = (newWallM: number): RevolutionFit => finish(sized, x, y, target, newWallM);
  return { ...shape, worldFromMesh, iou, profile, parametric, opened };
}

/** `size`: ln height, then ln radii from the base up. */
function bendCost([, ...radii]: readonly number[]): number {
  let bend = 0;
  for (let k = 1; k + 1 < radii.length; k++) bend += (radii[k - 1] - 2 * radii[k] + radii[k + 1]) ** 2;
  return BEND_WEIGHT * bend;
}
