import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { RunningStats } from '../../src/dataset/running-stats.js';
import { ColumnCollector, quantileOfSorted, statsOfRows } from '../../src/dataset/stats.js';

describe('statsOfRows', () => {
  it('gives hand-computed values', () => {
    // Columns 1, 2, 3, 4 and 10, 10, 10, 10.
    const stats = statsOfRows([1, 10, 2, 10, 3, 10, 4, 10], 2);
    expect(stats.min).toEqual([1, 10]);
    expect(stats.max).toEqual([4, 10]);
    expect(stats.mean).toEqual([2.5, 10]);
    expect(stats.std).toEqual([Math.sqrt(1.25), 0]);
    expect(stats.q50).toEqual([2.5, 10]);
    expect(stats.q10[0]).toBeCloseTo(1.3, 12);
    expect(stats.q90[0]).toBeCloseTo(3.7, 12);
    expect(stats.count).toBe(4);
  });

  it('stays exact for large numbers that differ little', () => {
    const rows = Float64Array.from({ length: 1000 }, (_, i) => 1e9 + (i % 2));
    const { mean, std } = statsOfRows(rows, 1);
    expect(mean[0]).toBe(1e9 + 0.5);
    expect(std[0]).toBeCloseTo(0.5, 9);
  });

  it('interpolates quantiles as numpy does: quantile([0, 1, 4], 0.75) = 2.5', () => {
    expect(quantileOfSorted([0, 1, 4], 0.75)).toBe(2.5);
    expect(quantileOfSorted([7], 0.99)).toBe(7);
  });

  it('agrees with the one-pass statistics', () => {
    const random = new Random(5);
    const rows = Float64Array.from({ length: 300 }, () => random.normal(3, 2));
    const stats = statsOfRows(rows, 3);
    const running = new RunningStats(3);
    for (let i = 0; i < rows.length; i += 3) running.add([...rows.subarray(i, i + 3)]);
    for (let d = 0; d < 3; d++) {
      expect(running.mean[d]).toBeCloseTo(stats.mean[d], 10);
      expect(running.std[d]).toBeCloseTo(stats.std[d], 10);
      expect(running.min[d]).toBe(stats.min[d]);
      expect(running.max[d]).toBe(stats.max[d]);
    }
  });
});

describe('ColumnCollector', () => {
  it('gives the statistics of all episodes together, not an average of theirs', () => {
    const collector = new ColumnCollector(1);
    collector.add([0, 0, 0]);
    collector.add([100]);
    expect(collector.result().mean).toEqual([25]);
    expect(collector.result().q50).toEqual([0]);
    expect(collector.result().count).toBe(4);
  });
});
