/** Planar motion models between point sets, fitted robustly: similarities (4 parameters) and homographies (8). */
import type { Random } from '../../base/random.js';

/** x' = a x - b y + tx, y' = b x + a y + ty: scale hypot(a, b), angle atan2(b, a). */
export interface Similarity {
  a: number;
  b: number;
  tx: number;
  ty: number;
}
export const IDENTITY_SIMILARITY: Similarity = { a: 1, b: 0, tx: 0, ty: 0 };

export const applySimilarity = (s: Similarity, x: number, y: number): [number, number] => [
  s.a * x - s.b * y + s.tx,
  s.b * x + s.a * y + s.ty,
];

/** The map that does `first`, then `second`. */
export function chainSimilarity(second: Similarity, first: Similarity): Similarity {
  const [tx, ty] = applySimilarity(second, first.tx, first.ty);
  return { a: second.a * first.a - second.b * first.b, b: second.a * first.b + second.b * first.a, tx, ty };
}

export function invertSimilarity(s: Similarity): Similarity {
  const d = s.a * s.a + s.b * s.b;
  const a = s.a / d;
  const b = -s.b / d;
  return { a, b, tx: -(a * s.tx - b * s.ty), ty: -(b * s.tx + a * s.ty) };
}

export const scaleOf = (s: Similarity): number => Math.hypot(s.a, s.b);

/** Least squares over the pairs where `use` is set. Needs two distinct points; null otherwise. */
export function fitSimilarity(from: Float32Array, to: Float32Array, use: Uint8Array): Similarity | null {
  let n = 0;
  let fx = 0;
  let fy = 0;
  let gx = 0;
  let gy = 0;
  for (let i = 0; i < use.length; i++) {
    if (use[i] === 0) continue;
    n++;
    fx += from[2 * i];
    fy += from[2 * i + 1];
    gx += to[2 * i];
    gy += to[2 * i + 1];
  }
  if (n < 2) return null;
  fx /= n;
  fy /= n;
  gx /= n;
  gy /= n;
  let spread = 0;
  let c = 0;
  let s = 0;
  for (let i = 0; i < use.length; i++) {
    if (use[i] === 0) continue;
    const x = from[2 * i] - fx;
    const y = from[2 * i + 1] - fy;
    const u = to[2 * i] - gx;
    const v = to[2 * i + 1] - gy;
    spread += x * x + y * y;
    c += x * u + y * v;
    s += x * v - y * u;
  }
  if (spread < 1e-9) return null;
  const a = c / spread;
  const b = s / spread;
  return { a, b, tx: gx - (a * fx - b * fy), ty: gy - (b * fx + a * fy) };
}

export interface RobustFit<M> {
  model: M;
  /** [N] 1 = agrees with the model. */
  inliers: Uint8Array;
  numInliers: number;
}

/** RANSAC over point pairs (NaN pairs are never inliers), then least squares on the inliers, twice. */
export function ransacSimilarity(
  from: Float32Array,
  to: Float32Array,
  tolerancePx: number,
  random: Random,
  iterations = 150,
): RobustFit<Similarity> | null {
  const valid = finitePairs(from, to);
  if (valid.length < 3) return null;
  const use = new Uint8Array(from.length / 2);
  let best: Similarity | null = null;
  let bestCount = 2;
  for (let k = 0; k < iterations; k++) {
    const i = valid[random.int(valid.length)];
    const j = valid[random.int(valid.length)];
    if (i === j) continue;
    use.fill(0);
    use[i] = 1;
    use[j] = 1;
    const model = fitSimilarity(from, to, use);
    // Twofold growth from one frame to the next is no motion of a real object.
    if (!model || scaleOf(model) > 2 || scaleOf(model) < 0.5) continue;
    const count = markInliers(from, to, valid, tolerancePx, (x, y) => applySimilarity(model, x, y));
    if (count.numInliers > bestCount) {
      best = model;
      bestCount = count.numInliers;
    }
  }
  if (!best) return null;
  let model = best;
  let marks = markInliers(from, to, valid, tolerancePx, (x, y) => applySimilarity(model, x, y));
  for (let k = 0; k < 2; k++) {
    const refined = fitSimilarity(from, to, marks.inliers);
    if (!refined) break;
    model = refined;
    marks = markInliers(from, to, valid, tolerancePx, (x, y) => applySimilarity(refined, x, y));
  }
  return { model, ...marks };
}

/** Row-major 3x3, scaled so that the last entry is 1. */
export type Homography = number[];
export const IDENTITY_HOMOGRAPHY: Homography = [1, 0, 0, 0, 1, 0, 0, 0, 1];

export function applyHomography(m: readonly number[], x: number, y: number): [number, number] {
  const w = m[6] * x + m[7] * y + m[8];
  return [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w];
}

export function multiply3(a: readonly number[], b: readonly number[]): number[] {
  const out = new Array<number>(9);
  for (let r = 0; r < 3; r++) {
    for (let c = 0; c < 3; c++) out[3 * r + c] = a[3 * r] * b[c] + a[3 * r + 1] * b[3 + c] + a[3 * r + 2] * b[6 + c];
  }
  return out;
}

/** The same map for coordinates multiplied by (sx, sy). */
export function rescale(m: Homography, sx: number, sy: number): Homography {
  const up = [sx, 0, 0, 0, sy, 0, 0, 0, 1];
  return multiply3(up, multiply3(m, [1 / sx, 0, 0, 0, 1 / sy, 0, 0, 0, 1]));
}

export function invert3(m: readonly number[]): number[] {
  const [a, b, c, d, e, f, g, h, i] = m;
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const out = [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
  return out.map((v) => v / det);
}

/** Homography through the used pairs (at least 4), least squares of the linear equations on normalised points. */
export function fitHomography(from: Float32Array, to: Float32Array, use: Uint8Array): Homography | null {
  const nf = normaliser(from, use);
  const nt = normaliser(to, use);
  if (!nf || !nt) return null;
  const ata = new Float64Array(64);
  const atb = new Float64Array(8);
  const add = (row: readonly number[], value: number): void => {
    for (let r = 0; r < 8; r++) {
      if (row[r] === 0) continue;
      for (let c = 0; c < 8; c++) ata[8 * r + c] += row[r] * row[c];
      atb[r] += row[r] * value;
    }
  };
  for (let i = 0; i < use.length; i++) {
    if (use[i] === 0) continue;
    const x = (from[2 * i] - nf.cx) * nf.s;
    const y = (from[2 * i + 1] - nf.cy) * nf.s;
    const u = (to[2 * i] - nt.cx) * nt.s;
    const v = (to[2 * i + 1] - nt.cy) * nt.s;
    add([x, y, 1, 0, 0, 0, -u * x, -u * y], u);
    add([0, 0, 0, x, y, 1, -v * x, -v * y], v);
  }
  const h = solveSymmetric(ata, atb, 8);
  if (!h) return null;
  const normal = [nf.s, 0, -nf.s * nf.cx, 0, nf.s, -nf.s * nf.cy, 0, 0, 1];
  const back = [1 / nt.s, 0, nt.cx, 0, 1 / nt.s, nt.cy, 0, 0, 1];
  const m = multiply3(back, multiply3([...h, 1], normal));
  return Math.abs(m[8]) < 1e-12 ? null : m.map((value) => value / m[8]);
}

function normaliser(xy: Float32Array, use: Uint8Array): { cx: number; cy: number; s: number } | null {
  let n = 0;
  let cx = 0;
  let cy = 0;
  for (let i = 0; i < use.length; i++) {
    if (use[i] === 0) continue;
    n++;
    cx += xy[2 * i];
    cy += xy[2 * i + 1];
  }
  if (n < 4) return null;
  cx /= n;
  cy /= n;
  let spread = 0;
  for (let i = 0; i < use.length; i++) {
    if (use[i] !== 0) spread += Math.hypot(xy[2 * i] - cx, xy[2 * i + 1] - cy);
  }
  return spread < 1e-9 ? null : { cx, cy, s: (Math.SQRT2 * n) / spread };
}

/** Gaussian elimination with partial pivoting; null when singular. Overwrites its arguments. */
export function solveSymmetric(a: Float64Array, b: Float64Array, n: number): number[] | null {
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let r = k + 1; r < n; r++) if (Math.abs(a[r * n + k]) > Math.abs(a[pivot * n + k])) pivot = r;
    if (Math.abs(a[pivot * n + k]) < 1e-12) return null;
    if (pivot !== k) {
      for (let c = 0; c < n; c++) [a[k * n + c], a[pivot * n + c]] = [a[pivot * n + c], a[k * n + c]];
      [b[k], b[pivot]] = [b[pivot], b[k]];
    }
    for (let r = k + 1; r < n; r++) {
      const f = a[r * n + k] / a[k * n + k];
      if (f === 0) continue;
      for (let c = k; c < n; c++) a[r * n + c] -= f * a[k * n + c];
      b[r] -= f * b[k];
    }
  }
  const x = new Array<number>(n);
  for (let k = n - 1; k >= 0; k--) {
    let sum = b[k];
    for (let c = k + 1; c < n; c++) sum -= a[k * n + c] * x[c];
    x[k] = sum / a[k * n + k];
  }
  return x;
}

/** RANSAC homography; NaN pairs are never inliers. */
export function ransacHomography(
  from: Float32Array,
  to: Float32Array,
  tolerancePx: number,
  random: Random,
  iterations = 200,
): RobustFit<Homography> | null {
  const valid = finitePairs(from, to);
  if (valid.length < 8) return null;
  const use = new Uint8Array(from.length / 2);
  let best: Homography | null = null;
  let bestCount = 7;
  for (let k = 0; k < iterations; k++) {
    use.fill(0);
    for (let j = 0; j < 4; j++) use[valid[random.int(valid.length)]] = 1;
    const model = fitHomography(from, to, use);
    if (!model) continue;
    const { numInliers } = markInliers(from, to, valid, tolerancePx, (x, y) => applyHomography(model, x, y));
    if (numInliers > bestCount) {
      best = model;
      bestCount = numInliers;
    }
  }
  if (!best) return null;
  let model = best;
  let marks = markInliers(from, to, valid, tolerancePx, (x, y) => applyHomography(model, x, y));
  for (let k = 0; k < 3; k++) {
    const refined = fitHomography(from, to, marks.inliers);
    if (!refined) break;
    model = refined;
    marks = markInliers(from, to, valid, tolerancePx, (x, y) => applyHomography(refined, x, y));
  }
  return { model, ...marks };
}

function finitePairs(from: Float32Array, to: Float32Array): number[] {
  const valid: number[] = [];
  for (let i = 0; i < from.length / 2; i++) {
    if (Number.isFinite(from[2 * i] + from[2 * i + 1] + to[2 * i] + to[2 * i + 1])) valid.push(i);
  }
  return valid;
}

function markInliers(
  from: Float32Array,
  to: Float32Array,
  valid: readonly number[],
  tolerancePx: number,
  map: (x: number, y: number) => [number, number],
): { inliers: Uint8Array; numInliers: number } {
  const inliers = new Uint8Array(from.length / 2);
  let numInliers = 0;
  for (const i of valid) {
    const [x, y] = map(from[2 * i], from[2 * i + 1]);
    const dx = x - to[2 * i];
    const dy = y - to[2 * i + 1];
    if (dx * dx + dy * dy <= tolerancePx * tolerancePx) {
      inliers[i] = 1;
      numInliers++;
    }
  }
  return { inliers, numInliers };
}
