/** Mean of the numbers that are there; null when there are none. */
export function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value));
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : null;
}

/** Upper median; null of nothing. */
export function medianOf(values: readonly number[]): number | null {
  return values.length > 0 ? [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] : null;
}

export const DEG = 180 / Math.PI;
