/** Local search without derivatives (Nelder & Mead 1965) with the dimension-adapted coefficients of Gao & Han 2012. */

export interface Minimum {
  readonly x: number[];
  readonly value: number;
}

/**
 * Minimises `loss` from `start` with an initial simplex of one step per coordinate. Stops after `maxEvaluations` or when the
 * values of the simplex differ by less than `tolerance`. A loss of NaN counts as infinitely bad.
 */
export function nelderMead(
  loss: (x: readonly number[]) => number,
  start: readonly number[],
  steps: readonly number[],
  maxEvaluations: number,
  tolerance = 1e-6,
): Minimum {
  const n = start.length;
  const expansion = 1 + 2 / n;
  const contraction = 0.75 - 1 / (2 * n);
  const shrink = 1 - 1 / n;
  let evaluations = 0;
  const evaluate = (x: number[]): { x: number[]; value: number } => {
    evaluations++;
    const value = loss(x);
    return { x, value: Number.isNaN(value) ? Number.POSITIVE_INFINITY : value };
  };
  const simplex = [evaluate([...start])];
  for (let i = 0; i < n; i++) simplex.push(evaluate(start.map((v, k) => (k === i ? v + steps[i] : v))));
  const byValue = (a: { value: number }, b: { value: number }): number => a.value - b.value;
  while (evaluations < maxEvaluations) {
    simplex.sort(byValue);
    const worst = simplex[n];
    if (worst.value - simplex[0].value < tolerance) break;
    const centre = start.map((_, k) => simplex.slice(0, n).reduce((sum, p) => sum + p.x[k], 0) / n);
    const along = (t: number) => evaluate(centre.map((c, k) => c + t * (worst.x[k] - c)));
    const reflected = along(-1);
    if (reflected.value < simplex[0].value) {
      const expanded = along(-expansion);
      simplex[n] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < simplex[n - 1].value) {
      simplex[n] = reflected;
    } else {
      const outside = reflected.value < worst.value;
      const contracted = along(outside ? -contraction : contraction);
      if (contracted.value < Math.min(reflected.value, worst.value)) simplex[n] = contracted;
      else {
        const best = simplex[0].x;
        for (let i = 1; i <= n; i++) {
          simplex[i] = evaluate(simplex[i].x.map((v, k) => best[k] + shrink * (v - best[k])));
        }
      }
    }
  }
  simplex.sort(byValue);
  return simplex[0];
}
