/** Statistics that policies normalise with: per episode and over the whole dataset. */

export const STAT_NAMES = ['min', 'max', 'mean', 'std', 'q01', 'q10', 'q50', 'q90', 'q99'] as const;
export type StatName = (typeof STAT_NAMES)[number];
const QUANTILES: readonly (readonly [StatName, number])[] = [
  ['q01', 0.01],
  ['q10', 0.1],
  ['q50', 0.5],
  ['q90', 0.9],
  ['q99', 0.99],
];

/** One number per value of the feature (per colour channel for cameras); `std` divides by N. */
export type FeatureStats = Readonly<Record<StatName, number[]>> & {
  /** Frames that went in. */
  readonly count: number;
};

/** Statistics of rows [T, width]. */
export function statsOfRows(rows: ArrayLike<number>, width: number): FeatureStats {
  const count = rows.length / width;
  const stats = emptyStats(count);
  for (let column = 0; column < width; column++) {
    const values = Float64Array.from({ length: count }, (_, row) => rows[row * width + column]).sort();
    // Summed as differences from the median: long columns of large numbers (the global index) keep their precision.
    const middle = values[count >> 1];
    let sum = 0;
    for (const value of values) sum += value - middle;
    const mean = middle + sum / count;
    let squares = 0;
    for (const value of values) squares += (value - mean) ** 2;
    stats.min.push(values[0]);
    stats.max.push(values[count - 1]);
    stats.mean.push(mean);
    stats.std.push(Math.sqrt(squares / count));
    for (const [name, share] of QUANTILES) stats[name].push(quantileOfSorted(values, share));
  }
  return stats;
}

/** Linear interpolation between the two nearest values, as numpy.quantile does by default. */
export function quantileOfSorted(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/** Statistics from exact counts of 8-bit values, per channel, scaled to 0..1. `counts` [channels][256]. */
export function statsOfHistograms(counts: readonly (readonly number[])[], numFrames: number): FeatureStats {
  const stats = emptyStats(numFrames);
  for (const channel of counts) {
    const total = channel.reduce((sum, n) => sum + n, 0);
    const mean = channel.reduce((sum, n, level) => sum + n * level, 0) / total;
    const variance = channel.reduce((sum, n, level) => sum + n * (level - mean) ** 2, 0) / total;
    stats.min.push(channel.findIndex((n) => n > 0) / 255);
    stats.max.push(channel.findLastIndex((n) => n > 0) / 255);
    stats.mean.push(mean / 255);
    stats.std.push(Math.sqrt(variance) / 255);
    for (const [name, share] of QUANTILES) stats[name].push(quantileOfHistogram(channel, total, share) / 255);
  }
  return stats;
}

function quantileOfHistogram(channel: readonly number[], total: number, share: number): number {
  const at = share * (total - 1);
  const low = levelOfRank(channel, Math.floor(at));
  const high = levelOfRank(channel, Math.min(Math.floor(at) + 1, total - 1));
  return low + (at - Math.floor(at)) * (high - low);
}

/** Value of the element with this rank (0 is the smallest). */
function levelOfRank(channel: readonly number[], rank: number): number {
  let below = 0;
  return channel.findIndex((n) => (below += n) > rank);
}

function emptyStats(count: number): Record<StatName, number[]> & { count: number } {
  return { min: [], max: [], mean: [], std: [], q01: [], q10: [], q50: [], q90: [], q99: [], count };
}

/** All rows of a feature over the dataset, kept so that the quantiles of the whole are true ones. */
export class ColumnCollector {
  private readonly parts: Float64Array[] = [];

  constructor(readonly width: number) {}

  add(rows: ArrayLike<number>): FeatureStats {
    const copy = Float64Array.from(rows);
    this.parts.push(copy);
    return statsOfRows(copy, this.width);
  }

  result(): FeatureStats {
    const total = this.parts.reduce((sum, part) => sum + part.length, 0);
    const all = new Float64Array(total);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return statsOfRows(all, this.width);
  }
}
