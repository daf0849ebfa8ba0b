/** Makes a set that came from outside safe to draw: what cannot be used is dropped, what can be mended is mended, all counted. */
import { type GaussianSet, pickGaussians } from './gaussians.js';

export interface RepairReport {
  /** Gaussians dropped because a position, scale, colour or opacity was NaN or infinite. */
  readonly numNotFinite: number;
  /** Index of the first of them in the input, -1 if there is none. */
  readonly firstNotFinite: number;
  /** Gaussians dropped because they are larger than anything on Earth that a camera sees at once. */
  readonly numTooLarge: number;
  /** Zero or NaN quaternions replaced by no rotation. */
  readonly numZeroQuaternions: number;
}

/** ln of 1e5 m; the renderer's covariances stay far from overflow. */
const MAX_LOG_SCALE = Math.log(1e5);
/** Exporters write ln(0) for flat Gaussians; this is 2 nanometres. */
const MIN_LOG_SCALE = -20;
/** Opacity 1 is an infinite logit; 20 is 1 - 2e-9. */
const MAX_OPACITY_LOGIT = 20;

export function repairGaussians(set: GaussianSet): { set: GaussianSet; report: RepairReport } {
  const keep: number[] = [];
  let numNotFinite = 0;
  let firstNotFinite = -1;
  let numTooLarge = 0;
  let numZeroQuaternions = 0;
  const numSh = set.count === 0 ? 0 : set.sh.length / set.count;
  for (let i = 0; i < set.count; i++) {
    let sum = 0;
    for (let c = 3 * i; c < 3 * i + 3; c++) {
      if (set.logScale[c] < MIN_LOG_SCALE) set.logScale[c] = MIN_LOG_SCALE;
      sum += set.position[c] + set.logScale[c];
    }
    for (let k = i * numSh; k < (i + 1) * numSh; k++) sum += set.sh[k];
    const opacity = set.opacityLogit[i];
    if (!Number.isFinite(sum) || Number.isNaN(opacity)) {
      if (numNotFinite++ === 0) firstNotFinite = i;
      continue;
    }
    if (Math.max(...set.logScale.subarray(3 * i, 3 * i + 3)) > MAX_LOG_SCALE) {
      numTooLarge++;
      continue;
    }
    set.opacityLogit[i] = Math.min(Math.max(opacity, -MAX_OPACITY_LOGIT), MAX_OPACITY_LOGIT);
    const q = set.rotation.subarray(4 * i, 4 * i + 4);
    const length = Math.hypot(q[0], q[1], q[2], q[3]);
    if (!(length > 1e-12) || !Number.isFinite(length)) {
      q.set([1, 0, 0, 0]);
      numZeroQuaternions++;
    }
    keep.push(i);
  }
  const kept = keep.length === set.count ? set : pickGaussians(set, keep);
  return { set: kept, report: { numNotFinite, firstNotFinite, numTooLarge, numZeroQuaternions } };
}

/** One sentence per kind of trouble, for warnings. */
export function describeRepairs(report: RepairReport, name: string): string[] {
  const { numNotFinite, firstNotFinite, numTooLarge, numZeroQuaternions } = report;
  const lines: string[] = [];
  if (numNotFinite > 0) {
    lines.push(
      `${name}: dropped ${numNotFinite} Gaussians with NaN or infinite values (first: number ${firstNotFinite})`,
    );
  }
  if (numTooLarge > 0) lines.push(`${name}: dropped ${numTooLarge} Gaussians larger than 100 km`);
  if (numZeroQuaternions > 0) lines.push(`${name}: ${numZeroQuaternions} zero quaternions were taken as no rotation`);
  return lines;
}
