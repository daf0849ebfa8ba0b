/** Minimum, maximum, mean and deviation in one pass (Welford 1962), for rows too many to keep. */
export class RunningStats {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly mean: Float64Array;
  private readonly squares: Float64Array;
  private readonly counts: Float64Array;

  /** `width` numbers are told apart; longer rows are folded onto them (arrays [a, b] have statistics of length b). */
  constructor(readonly width: number) {
    this.min = new Float64Array(width).fill(Number.POSITIVE_INFINITY);
    this.max = new Float64Array(width).fill(Number.NEGATIVE_INFINITY);
    this.mean = new Float64Array(width);
    this.squares = new Float64Array(width);
    this.counts = new Float64Array(width);
  }

  add(values: readonly number[]): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      const at = i % this.width;
      const count = ++this.counts[at];
      if (value < this.min[at]) this.min[at] = value;
      if (value > this.max[at]) this.max[at] = value;
      const delta = value - this.mean[at];
      this.mean[at] += delta / count;
      this.squares[at] += delta * (value - this.mean[at]);
    }
  }

  /** Population standard deviation (divides by N). */
  get std(): Float64Array {
    return this.squares.map((sum, at) => Math.sqrt(sum / this.counts[at]));
  }
}
