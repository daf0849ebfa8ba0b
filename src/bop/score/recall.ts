/** From pose errors to average recall, as the BOP toolkit does it (BOP'19, 6D localization: the AR that papers quote). */
import type { BopTarget } from '../dataset/dataset.js';

/** 0.05, 0.10, ... 0.50 with the rounding of numpy's arange: an error equal to a threshold fails, so the last bit matters. */
const TENTHS = Array.from({ length: 10 }, (_, k) => 0.05 + 0.05 * k);
/** Tolerances of VSD, and thresholds of VSD and of MSSD, as shares of the diameter (VSD thresholds: of the visible pixels). */
export const VSD_TAUS: readonly number[] = TENTHS;
export const VSD_MSSD_THRESHOLDS: readonly number[] = TENTHS;
/** Thresholds of MSPD, pixels in an image 640 wide. */
export const MSPD_THRESHOLDS_PX: readonly number[] = Array.from({ length: 10 }, (_, k) => 5 * (k + 1));
/** Usual threshold of ADD and ADI, share of the diameter. */
export const ADD_THRESHOLD = 0.1;

/** [E][G]: error of each kept estimate against each true instance. */
export type ErrorTable = readonly (readonly number[])[];

/** One target with the estimates that count for it (by falling score) and all instances of the object in the image. */
export interface TargetGroup {
  readonly target: BopTarget;
  /** [E] rows of the estimates among those of the target in the results file. */
  readonly estimateIds: readonly number[];
  readonly scores: readonly number[];
  /** [G] indices into the image's list of instances. */
  readonly instanceIdxs: readonly number[];
  /** [G] whether the instance is one of those to be found. */
  readonly isValid: readonly boolean[];
  /** Per tau; null without depth images. */
  readonly vsd: readonly ErrorTable[] | null;
  /** Over the diameter. */
  readonly mssd: ErrorTable;
  /** Pixels in an image 640 wide. */
  readonly mspd: ErrorTable;
  /** Over the diameter. */
  readonly add: ErrorTable;
  readonly adi: ErrorTable;
}

/** The `count` best scores, highest first; ties keep their order. Gives positions in `scores`. */
export function topByScore(scores: readonly number[], count: number): number[] {
  return scores
    .map((_, i) => i)
    .sort((a, b) => scores[b] - scores[a])
    .slice(0, count);
}

/** Per object the `countOf(objId)` most visible instances are valid; ties go to the earlier one. */
export function validInstances(
  instances: readonly { readonly objId: number; readonly visibleFraction: number }[],
  countOf: (objId: number) => number,
): boolean[] {
  const isValid = instances.map(() => false);
  const used = new Map<number, number>();
  const byVisibility = instances
    .map((_, i) => i)
    .sort((a, b) => instances[b].visibleFraction - instances[a].visibleFraction);
  for (const i of byVisibility) {
    const { objId } = instances[i];
    const number = used.get(objId) ?? 0;
    if (number >= countOf(objId)) continue;
    isValid[i] = true;
    used.set(objId, number + 1);
  }
  return isValid;
}

/**
 * Greedy matching: estimates by falling score each take the free valid instance with the smallest error, if that is below the
 * threshold. Gives per instance the position of its estimate, or -1.
 */
export function matchGreedily(errors: ErrorTable, isValid: readonly boolean[], threshold: number): number[] {
  const estimateOf = isValid.map(() => -1);
  errors.forEach((row, e) => {
    let best = -1;
    for (let g = 0; g < row.length; g++) {
      if (isValid[g] && estimateOf[g] < 0 && (best < 0 || row[g] < row[best])) best = g;
    }
    if (best >= 0 && row[best] < threshold) estimateOf[best] = e;
  });
  return estimateOf;
}

/** Matched valid instances over all valid instances of the groups; 0 when there are none. */
export function pooledRecall(
  groups: readonly TargetGroup[],
  errorsOf: (group: TargetGroup) => ErrorTable,
  threshold: number,
): number {
  let matched = 0;
  let valid = 0;
  for (const group of groups) {
    valid += group.isValid.filter(Boolean).length;
    matched += matchGreedily(errorsOf(group), group.isValid, threshold).filter((e) => e >= 0).length;
  }
  return valid === 0 ? 0 : matched / valid;
}

export interface BopRecalls {
  /** [tau][threshold], or null without depth images. */
  readonly vsd: number[][] | null;
  readonly mssd: number[];
  readonly mspd: number[];
}

export interface BopScores {
  /** Mean of the three; null when VSD could not be measured: then it would not be the BOP AR. */
  readonly ar: number | null;
  readonly arVsd: number | null;
  readonly arMssd: number;
  readonly arMspd: number;
  /** Share of the targets with ADD below a tenth of the diameter. */
  readonly recallAdd: number;
  /** The same for ADI (ADD-S). */
  readonly recallAdi: number;
  readonly targets: number;
}

export function recallsOf(groups: readonly TargetGroup[]): BopRecalls {
  const hasVsd = groups.every((group) => group.vsd !== null);
  return {
    vsd: hasVsd
      ? VSD_TAUS.map((_, tau) => VSD_MSSD_THRESHOLDS.map((theta) => pooledRecall(groups, (g) => g.vsd![tau], theta)))
      : null,
    mssd: VSD_MSSD_THRESHOLDS.map((theta) => pooledRecall(groups, (g) => g.mssd, theta)),
    mspd: MSPD_THRESHOLDS_PX.map((theta) => pooledRecall(groups, (g) => g.mspd, theta)),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

export function scoresOf(groups: readonly TargetGroup[], recalls: BopRecalls = recallsOf(groups)): BopScores {
  const arVsd = recalls.vsd && mean(recalls.vsd.flat());
  const arMssd = mean(recalls.mssd);
  const arMspd = mean(recalls.mspd);
  return {
    ar: arVsd === null ? null : (arVsd + arMssd + arMspd) / 3,
    arVsd,
    arMssd,
    arMspd,
    recallAdd: pooledRecall(groups, (g) => g.add, ADD_THRESHOLD),
    recallAdi: pooledRecall(groups, (g) => g.adi, ADD_THRESHOLD),
    targets: groups.reduce((sum, group) => sum + group.isValid.filter(Boolean).length, 0),
  };
}
