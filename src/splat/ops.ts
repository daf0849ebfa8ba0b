/** Whole-set operations. Every one returns a new set and leaves its input alone. */
import type { Random } from '../base/random.js';
import { type Mat4, quaternionOf, transformPoint } from '../math/se3.js';
import { type Vec3, vec3 } from '../math/vec3.js';
import { createGaussians, type GaussianSet, pickGaussians, SH_C0 } from './gaussians.js';
import { shRotations } from './sh-rotation.js';

/** The set scaled about its origin, then moved: newFromOld * (scale * p). View-dependent colour turns with it. */
export function transformSet(set: GaussianSet, newFromOld: Mat4, scale = 1): GaussianSet {
  const out = pickGaussians(
    set,
    Array.from({ length: set.count }, (_, i) => i),
  );
  const [aw, ax, ay, az] = quaternionOf(newFromOld);
  const logFactor = Math.log(scale);
  for (let i = 0; i < set.count; i++) {
    const p = vec3((c) => set.position[3 * i + c] * scale);
    out.position.set(transformPoint(newFromOld, p), 3 * i);
    const [bw, bx, by, bz] = set.rotation.subarray(4 * i, 4 * i + 4);
    out.rotation[4 * i] = aw * bw - ax * bx - ay * by - az * bz;
    out.rotation[4 * i + 1] = aw * bx + ax * bw + ay * bz - az * by;
    out.rotation[4 * i + 2] = aw * by - ax * bz + ay * bw + az * bx;
    out.rotation[4 * i + 3] = aw * bz + ax * by - ay * bx + az * bw;
    for (let c = 0; c < 3; c++) out.logScale[3 * i + c] += logFactor;
  }
  if (set.shDegree > 0) turnColours(out, newFromOld);
  return out;
}

function turnColours(set: GaussianSet, newFromOld: Mat4): void {
  const numBasis = (set.shDegree + 1) ** 2;
  shRotations(newFromOld, set.shDegree).forEach((matrix, band) => {
    const first = (band + 1) ** 2;
    const size = 2 * band + 3;
    const old = new Float64Array(size);
    for (let i = 0; i < set.count; i++) {
      for (let c = 0; c < 3; c++) {
        const at = (k: number): number => (i * numBasis + first + k) * 3 + c;
        for (let k = 0; k < size; k++) old[k] = set.sh[at(k)];
        for (let r = 0; r < size; r++) {
          let sum = 0;
          for (let k = 0; k < size; k++) sum += matrix.get(r, k) * old[k];
          set.sh[at(r)] = sum;
        }
      }
    }
  });
}

/** All Gaussians of the sets one after the other. Sets of a lower degree get zero coefficients. */
export function mergeSets(sets: readonly GaussianSet[]): GaussianSet {
  const count = sets.reduce((sum, set) => sum + set.count, 0);
  const out = createGaussians(
    count,
    sets.reduce((degree, set) => Math.max(degree, set.shDegree), 0),
  );
  const numSh = (out.shDegree + 1) ** 2 * 3;
  let first = 0;
  for (const set of sets) {
    out.position.set(set.position, first * 3);
    out.logScale.set(set.logScale, first * 3);
    out.rotation.set(set.rotation, first * 4);
    out.opacityLogit.set(set.opacityLogit, first);
    const own = (set.shDegree + 1) ** 2 * 3;
    for (let i = 0; i < set.count; i++) out.sh.set(set.sh.subarray(i * own, (i + 1) * own), (first + i) * numSh);
    first += set.count;
  }
  return out;
}

/** The Gaussians for which `keep` says yes to the index. */
export function filterSet(set: GaussianSet, keep: (index: number) => boolean): GaussianSet {
  const indices: number[] = [];
  for (let i = 0; i < set.count; i++) if (keep(i)) indices.push(i);
  return pickGaussians(set, indices);
}

export interface Bounds {
  readonly min: Vec3;
  readonly max: Vec3;
}

/** Gaussians whose centre lies inside the box (borders included). */
export function cropSet(set: GaussianSet, box: Bounds): GaussianSet {
  const { position } = set;
  return filterSet(set, (i) =>
    [0, 1, 2].every((c) => position[3 * i + c] >= box.min[c] && position[3 * i + c] <= box.max[c]),
  );
}

/** Box of the centres, metres; null for an empty set. */
export function boundsOf(set: GaussianSet): Bounds | null {
  if (set.count === 0) return null;
  const min: Vec3 = [Infinity, Infinity, Infinity];
  const max: Vec3 = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < set.count * 3; i++) {
    min[i % 3] = Math.min(min[i % 3], set.position[i]);
    max[i % 3] = Math.max(max[i % 3], set.position[i]);
  }
  return { min, max };
}

/**
 * About `count` Gaussians drawn at random without replacement; the ones kept grow so that the area they cover stays the
 * same (linear size times the square root of the reduction).
 */
export function decimateSet(set: GaussianSet, count: number, rng: Random): GaussianSet {
  if (count >= set.count)
    return pickGaussians(
      set,
      Array.from({ length: set.count }, (_, i) => i),
    );
  const order = rng.shuffle(Array.from({ length: set.count }, (_, i) => i));
  const out = pickGaussians(
    set,
    order.slice(0, count).sort((a, b) => a - b),
  );
  const growth = 0.5 * Math.log(set.count / Math.max(count, 1));
  for (let i = 0; i < out.logScale.length; i++) out.logScale[i] += growth;
  return out;
}

/** rgb -> rgb * scale + shift per channel (sRGB 0..1), as lighting is varied; view-dependent parts are scaled only. */
export function recolourSet(set: GaussianSet, scale: Vec3, shift: Vec3 = [0, 0, 0]): GaussianSet {
  const out = pickGaussians(
    set,
    Array.from({ length: set.count }, (_, i) => i),
  );
  const numSh = (set.shDegree + 1) ** 2 * 3;
  for (let k = 0; k < out.sh.length; k++) {
    const c = k % 3;
    out.sh[k] *= scale[c];
    // rgb = 0.5 + C0 dc, so scaling rgb about 0 also moves dc.
    if (k % numSh < 3) out.sh[k] += (0.5 * scale[c] - 0.5 + shift[c]) / SH_C0;
  }
  return out;
}

/** A set apart by label: `labels` [N], one per Gaussian. The label -> subset map keeps the order of first appearance. */
export function splitByLabel(set: GaussianSet, labels: ArrayLike<number>): Map<number, GaussianSet> {
  if (labels.length !== set.count) throw new Error(`${labels.length} labels for ${set.count} Gaussians`);
  const indices = new Map<number, number[]>();
  for (let i = 0; i < set.count; i++) {
    const list = indices.get(labels[i]);
    if (list) list.push(i);
    else indices.set(labels[i], [i]);
  }
  return new Map([...indices].map(([label, list]) => [label, pickGaussians(set, list)]));
}
