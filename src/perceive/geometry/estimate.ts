/** Several uncertain statements about one quantity, fused by their precision. */

export interface Estimate {
  readonly value: number;
  readonly sd: number;
  readonly source: string;
}

/** Precision-weighted mean; the sd assumes independent errors. Sources are listed by weight, largest first. */
export function fuse(estimates: readonly Estimate[]): Estimate {
  if (estimates.length === 0) throw new Error('nothing to fuse');
  const weights = estimates.map(({ sd }) => 1 / (sd * sd));
  const total = weights.reduce((a, b) => a + b, 0);
  const value = estimates.reduce((sum, estimate, k) => sum + weights[k] * estimate.value, 0) / total;
  const source = estimates
    .map((estimate, k) => ({ text: estimate.source, share: weights[k] / total }))
    .filter(({ share }) => share >= 0.03)
    .sort((a, b) => b.share - a.share)
    .map(({ text, share }) => `${text} (${Math.round(100 * share)} %)`)
    .join('; ');
  // Statements that contradict each other by more than their sds say are not as good as they claim.
  const chi2 = estimates.reduce((sum, estimate, k) => sum + weights[k] * (estimate.value - value) ** 2, 0);
  const inflation = estimates.length > 1 ? Math.sqrt(Math.max(1, chi2 / (estimates.length - 1))) : 1;
  return { value, sd: inflation / Math.sqrt(total), source };
}
