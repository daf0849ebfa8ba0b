import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { type ByteImage, createBytes } from '../../src/image/image.js';
import {
  buildPyramid,
  findCorners,
  trackPoints,
  trackPointsChecked,
  trackPointsPlain,
} from '../../src/perceive/tracks/klt.js';
import {
  applyHomography,
  applySimilarity,
  chainSimilarity,
  fitHomography,
  invert3,
  invertSimilarity,
  multiply3,
  ransacHomography,
  ransacSimilarity,
} from '../../src/perceive/tracks/motion-models.js';
import { buildPyramidPlain } from '../../src/perceive/tracks/pyramid.js';

/** Smooth texture that can be sampled anywhere: a few plane waves. */
function waves(dx: number, dy: number, w = 160, h = 120): ByteImage {
  const image = createBytes(w, h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const u = x - dx;
      const v = y - dy;
      const value =
        128 +
        30 * Math.sin(0.31 * u + 0.17 * v) +
        30 * Math.sin(-0.13 * u + 0.29 * v + 1) +
        25 * Math.sin(0.07 * u - 0.05 * v) +
        20 * Math.sin(0.5 * u + 0.45 * v + 2);
      image.data[y * w + x] = Math.max(0, Math.min(255, Math.round(value)));
    }
  }
  return image;
}

describe('klt', () => {
  it.each([
    [0.3, -0.4],
    [2.25, 1.5],
    [-9.5, 6.75],
  ])('finds a shift of (%f, %f) px to a tenth of a pixel', (dx, dy) => {
    const from = buildPyramid(waves(0, 0));
    const to = buildPyramid(waves(dx, dy));
    const points = findCorners(from[0], 40, 6, 0.05);
    const inside = points.filter((_, i) => {
      const x = points[i - (i % 2)];
      const y = points[i - (i % 2) + 1];
      return x > 25 && x < 135 && y > 25 && y < 95;
    });
    expect(inside.length).toBeGreaterThan(16);
    const moved = trackPointsChecked(from, to, inside);
    let good = 0;
    for (let p = 0; p < inside.length; p += 2) {
      if (Math.hypot(moved[p] - inside[p] - dx, moved[p + 1] - inside[p + 1] - dy) < 0.1) good++;
    }
    // Grey levels are rounded; waves of this length can be matched one period off on rare points.
    expect(good / (inside.length / 2)).toBeGreaterThan(0.9);
  });

  it('gives NaN on a blank picture instead of a made-up place', () => {
    const blank = buildPyramid(createBytes(80, 60));
    expect(trackPoints(blank, blank, Float32Array.of(40, 30)).every(Number.isNaN)).toBe(true);
    expect(findCorners(blank[0], 10, 5, 0.01)).toHaveLength(0);
  });

  it('drops points that do not come back', () => {
    const from = buildPyramid(waves(0, 0));
    const other = createBytes(160, 120);
    const random = new Random(2);
    for (let i = 0; i < other.data.length; i++) other.data[i] = random.int(256);
    const points = findCorners(from[0], 40, 6, 0.05);
    const moved = trackPointsChecked(from, buildPyramid(other), points);
    const lost = moved.filter((_, i) => i % 2 === 0).filter(Number.isNaN).length;
    expect(lost / (points.length / 2)).toBeGreaterThan(0.8);
  });

  it.each([
    [160, 120],
    [161, 67],
    [33, 34],
    [20, 500],
  ])('the compiled pyramid of %i x %i px agrees with its plain twin', (w, h) => {
    const grey = waves(1, 2, w, h);
    const plain = buildPyramidPlain(grey);
    const spare = buildPyramid(waves(7, 3, grey.widthPx, grey.heightPx));
    for (const fast of [buildPyramid(grey), buildPyramid(grey, 3, spare)]) {
      expect(fast.map(({ widthPx, heightPx }) => [widthPx, heightPx])).toEqual(
        plain.map(({ widthPx, heightPx }) => [widthPx, heightPx]),
      );
      for (const [l, { data }] of plain.entries()) {
        expect(Math.max(...data.map((v, i) => Math.abs(v - fast[l].data[i])))).toBeLessThan(1e-3);
      }
    }
  });

  it.each([11, 17, 20])('the compiled kernel agrees with its plain twin, window %i px', (windowPx) => {
    const from = buildPyramid(waves(0, 0));
    const to = buildPyramid(waves(3.3, -2.2));
    const random = new Random(windowPx);
    // Inside, across the border, outside, and without a start value.
    const points = Float32Array.from({ length: 200 }, (_, i) => random.uniform(-4, i % 2 === 0 ? 164 : 124));
    const guesses = points.map((v, i) => (i < 4 ? Number.NaN : v + random.uniform(-2, 2)));
    const options = { windowPx, maxIterations: 12, maxForwardBackwardPx: 1 };
    // To and fro: the kernel keeps pyramids in its memory.
    for (const [a, b] of [
      [from, to],
      [to, from],
    ]) {
      const fast = trackPoints(a, b, points, options, guesses);
      const plain = trackPointsPlain(a, b, points, options, guesses);
      let seen = 0;
      for (let i = 0; i < fast.length; i++) {
        expect(Number.isNaN(fast[i])).toBe(Number.isNaN(plain[i]));
        if (Number.isNaN(plain[i])) continue;
        seen++;
        expect(Math.abs(fast[i] - plain[i])).toBeLessThan(0.02);
      }
      expect(seen).toBeGreaterThan(100);
    }
  });

  it('puts corners at the corners of a square', () => {
    const image = createBytes(60, 60);
    for (let y = 20; y < 40; y++) image.data.fill(200, y * 60 + 20, y * 60 + 40);
    const corners = findCorners(buildPyramid(image, 1)[0], 4, 6, 0.2);
    expect(corners).toHaveLength(8);
    for (let p = 0; p < 8; p += 2) {
      expect(Math.min(Math.abs(corners[p] - 20), Math.abs(corners[p] - 40))).toBeLessThan(2.5);
      expect(Math.min(Math.abs(corners[p + 1] - 20), Math.abs(corners[p + 1] - 40))).toBeLessThan(2.5);
    }
  });
});

describe('motion models', () => {
  const random = new Random(11);
  const from = Float32Array.from({ length: 80 }, () => random.uniform(0, 300));

  it('recovers a similarity under 40 % outliers', () => {
    const truth = { a: 1.05 * Math.cos(0.2), b: 1.05 * Math.sin(0.2), tx: 14, ty: -8 };
    const to = new Float32Array(80);
    for (let p = 0; p < 80; p += 2) {
      const [x, y] = applySimilarity(truth, from[p], from[p + 1]);
      const outlier = p < 32;
      to[p] = outlier ? random.uniform(0, 300) : x + random.normal(0, 0.2);
      to[p + 1] = outlier ? random.uniform(0, 300) : y + random.normal(0, 0.2);
    }
    const fit = ransacSimilarity(from, to, 1.5, random)!;
    expect(fit.numInliers).toBeGreaterThanOrEqual(24);
    expect(fit.model.a).toBeCloseTo(truth.a, 2);
    expect(fit.model.b).toBeCloseTo(truth.b, 2);
    expect(fit.model.tx).toBeCloseTo(truth.tx, 0);
  });

  it('chains and inverts similarities', () => {
    const s = { a: 0.8, b: 0.3, tx: 5, ty: -2 };
    const t = { a: 1.1, b: -0.2, tx: 1, ty: 7 };
    const [x, y] = applySimilarity(t, ...applySimilarity(s, 3, 4));
    const [u, v] = applySimilarity(chainSimilarity(t, s), 3, 4);
    expect([u, v]).toEqual([expect.closeTo(x, 10), expect.closeTo(y, 10)]);
    const [p, q] = applySimilarity(invertSimilarity(s), ...applySimilarity(s, 3, 4));
    expect([p, q]).toEqual([expect.closeTo(3, 10), expect.closeTo(4, 10)]);
  });

  it('recovers a homography exactly from exact points, and robustly from bad ones', () => {
    const truth = [1.02, 0.03, 5, -0.02, 0.98, -3, 1e-4, -5e-5, 1];
    const to = new Float32Array(80);
    for (let p = 0; p < 80; p += 2) [to[p], to[p + 1]] = applyHomography(truth, from[p], from[p + 1]);
    const exact = fitHomography(from, to, new Uint8Array(40).fill(1))!;
    // Points are stored in f32, hence 4 digits.
    exact.forEach((value, i) => {
      expect(Math.abs(value - truth[i])).toBeLessThan(2e-3);
    });
    for (let p = 0; p < 30; p += 2) to[p] += random.uniform(20, 90);
    const robust = ransacHomography(from, to, 1, random)!;
    expect(robust.numInliers).toBe(25);
    const [x, y] = applyHomography(robust.model, 150, 150);
    const [u, v] = applyHomography(truth, 150, 150);
    expect(Math.hypot(x - u, y - v)).toBeLessThan(0.05);
  });

  it('has an inverse', () => {
    const m = [1.02, 0.03, 5, -0.02, 0.98, -3, 1e-4, -5e-5, 1];
    const product = multiply3(m, invert3(m));
    product.forEach((value, i) => {
      expect(value).toBeCloseTo(i % 4 === 0 ? 1 : 0, 10);
    });
  });

  it('refuses too few or NaN points', () => {
    const bad = new Float32Array(8).fill(Number.NaN);
    expect(ransacSimilarity(bad, bad, 1, random)).toBeNull();
    expect(ransacHomography(bad, bad, 1, random)).toBeNull();
  });
});
