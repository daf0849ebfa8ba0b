import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { statsOfHistograms, statsOfRows } from '../../src/dataset/stats.js';
import { createRgb } from '../../src/image/image.js';
import { addHistogram, ImageStats, sampledFrames } from '../../src/image/image-stats.js';

describe('image statistics', () => {
  it('samples as many frames as the reference writer', () => {
    expect(sampledFrames(1)).toEqual([0]);
    expect(sampledFrames(20)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(sampledFrames(100)).toHaveLength(100);
    // 1000^0.75 = 177.8
    const frames = sampledFrames(1000);
    expect(frames).toHaveLength(177);
    expect(frames[0]).toBe(0);
    expect(frames.at(-1)).toBe(999);
    expect(new Set(frames).size).toBe(177);
  });

  it('is the same from counts as from the values themselves', () => {
    const random = new Random(3);
    const values = Array.from({ length: 997 }, () => random.int(256));
    const counts = new Array<number>(256).fill(0);
    for (const value of values) counts[value]++;
    const fromCounts = statsOfHistograms([counts], 1);
    const fromRows = statsOfRows(
      values.map((value) => value / 255),
      1,
    );
    for (const name of ['min', 'max', 'mean', 'std', 'q01', 'q10', 'q50', 'q90', 'q99'] as const) {
      expect(fromCounts[name][0]).toBeCloseTo(fromRows[name][0], 10);
    }
  });

  it('keeps the channels apart', () => {
    const stats = new ImageStats(1);
    stats.add(0, createRgb(2, 1, Uint8Array.of(0, 100, 255, 10, 100, 0)));
    const { mean, max, min } = statsOfHistograms(stats.result().counts, 1);
    expect(mean.map((value) => value * 255)).toEqual([5, 100, 127.5]);
    expect(max[0]).toBeCloseTo(10 / 255, 12);
    expect(min[1]).toBeCloseTo(100 / 255, 12);
  });

  it('strides large pictures down as the reference writer: 640 px by int(640 / 150) = 4', () => {
    const stats = new ImageStats(1);
    stats.add(0, createRgb(640, 480));
    expect(stats.result().counts[0][0]).toBe(160 * 120);
    const small = new ImageStats(1);
    small.add(0, createRgb(299, 100));
    expect(small.result().counts[0][0]).toBe(29900);
  });

  it('takes each sampled frame once and complains about missing ones', () => {
    const stats = new ImageStats(2);
    stats.add(1, createRgb(1, 1));
    stats.add(1, createRgb(1, 1));
    expect(() => stats.result()).toThrow(/frames 0 are missing/);
    stats.add(0, createRgb(1, 1));
    expect(stats.result().numFrames).toBe(2);
  });

  it('adds up over episodes', () => {
    const one = new ImageStats(1);
    one.add(0, createRgb(1, 1, Uint8Array.of(0, 0, 0)));
    const two = new ImageStats(1);
    two.add(0, createRgb(1, 1, Uint8Array.of(255, 255, 255)));
    const sum = one.result();
    addHistogram(sum, two.result());
    expect(statsOfHistograms(sum.counts, sum.numFrames).mean).toEqual([0.5, 0.5, 0.5]);
    expect(sum.numFrames).toBe(2);
  });
});
