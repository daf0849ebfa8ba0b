/**
 * A bowl from one silhouette. Its foot is hidden behind its belly, so many low solids explain the outline equally well (free
 * radii gave heights 20 to 42 % too small); here the profile is a bowl's, with a foot, and the height is drawn to the usual one.
 */
import { nelderMead } from '../math/nelder-mead.js';
import { type ProfilePoint, revolutionMesh, transformMesh } from './mesh.js';
import { standingAt } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';

/** Height and foot per diameter, and how much bowls differ (natural log), from general knowledge. */
const HEIGHT_PER_DIAMETER = 0.38;
const HEIGHT_LOG_SD = 0.22;
const FOOT_PER_DIAMETER = 0.45;
const FOOT_LOG_SD = 0.3;
const PRIOR_WEIGHT = 0.002;
/** Roundness of the wall: 1 is a cone, 2 an ellipse; kept between. */
const ROUNDNESS_SD = 0.5;
const NUM_POINTS = 10;
const FIT_SEGMENTS = 28;
const EVALUATIONS = 400;

export interface BowlFit {
  readonly profile: readonly ProfilePoint[];
  readonly x: number;
  readonly y: number;
  readonly iou: number;
  /** Natural logs of rim, height, foot and roundness; how far to change them; their profile and what it costs. */
  readonly size: readonly number[];
  readonly steps: readonly number[];
  profileOf(size: readonly number[]): ProfilePoint[];
  prior(size: readonly number[]): number;
}

/** Radius grows from the foot to the rim like a quarter of a superellipse. */
function bowlProfile(rimM: number, heightM: number, footM: number, roundness: number): ProfilePoint[] {
  return Array.from({ length: NUM_POINTS }, (_, k) => {
    const t = k / (NUM_POINTS - 1);
    const bulge = (1 - (1 - t) ** roundness) ** (1 / roundness);
    return { radiusM: footM + (rimM - footM) * bulge, heightM: heightM * t };
  });
}

/** Starts from the rim of a free fit: centre (world x, y), radius and height above the table, metres. */
export function fitBowl(
  target: SilhouetteTarget,
  rim: { readonly x: number; readonly y: number; readonly radiusM: number },
): BowlFit {
  const unit = rim.radiusM;
  const profileOf = ([lnRim, lnHeight, lnFoot, lnRound]: readonly number[]): ProfilePoint[] => {
    const rimM = unit * Math.exp(lnRim);
    return bowlProfile(rimM, rimM * Math.exp(lnHeight), rimM * Math.min(1, Math.exp(lnFoot)), Math.exp(lnRound));
  };
  const iouOf = (p: readonly number[]): number => {
    const mesh = revolutionMesh(profileOf(p.slice(2)), FIT_SEGMENTS);
    return silhouetteIou(transformMesh(mesh, standingAt(rim.x + p[0] * unit, rim.y + p[1] * unit)), target);
  };
  const usual = [Math.log(2 * HEIGHT_PER_DIAMETER), Math.log(FOOT_PER_DIAMETER), Math.log(1.5)];
  const prior = ([, lnHeight, lnFoot, lnRound]: readonly number[]): number =>
    PRIOR_WEIGHT *
    (((lnHeight - usual[0]) / HEIGHT_LOG_SD) ** 2 +
      ((lnFoot - usual[1]) / FOOT_LOG_SD) ** 2 +
      ((lnRound - usual[2]) / ROUNDNESS_SD) ** 2);
  const loss = (p: readonly number[]): number => 1 - iouOf(p) + prior(p.slice(2));
  // The same rim seen on a higher bowl stands nearer to the camera: two starts along the view.
  const steps = [0.15, 0.15, 0.06, 0.15, 0.2, 0.2];
  const { x: p } = [0, 0.5]
    .map((nearer) => nelderMead(loss, [0, -nearer, 0, ...usual], steps, EVALUATIONS))
    .reduce((a, b) => (b.value < a.value ? b : a));
  const size = p.slice(2);
  const [x, y] = [rim.x + p[0] * unit, rim.y + p[1] * unit];
  const finer = steps.slice(2).map((s) => s / 2);
  return { profile: profileOf(size), x, y, iou: iouOf(p), size, steps: finer, profileOf, prior };
}
