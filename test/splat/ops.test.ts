import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { compose, fromAxisAngle, identity, inverse } from '../../src/math/se3.js';
import { shBasis } from '../../src/splat/colour.js';
import { SH_C0 } from '../../src/splat/gaussians.js';
import {
  boundsOf,
  cropSet,
  decimateSet,
  mergeSets,
  recolourSet,
  splitByLabel,
  transformSet,
} from '../../src/splat/ops.js';
import { shRotations } from '../../src/splat/sh-rotation.js';
import { Arena } from '../../src/splat/wasm/arena.js';
import { randomSet, singleSet } from './scenes.js';

describe('set operations', () => {
  it('transform: scale first, then the pose; there and back again', () => {
    const set = singleSet(0.02, 0.5, [0.1, 0.2, 0.3]);
    set.position.set([1, 0, 0]);
    const quarter = fromAxisAngle([0, 0, 1], Math.PI / 2, [0, 0, 5]);
    const moved = transformSet(set, quarter, 2);
    expect([...moved.position].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([0, 2, 5]);
    expect(moved.logScale[0]).toBeCloseTo(Math.log(0.04), 6);
    expect(set.position[0]).toBe(1);
    const many = randomSet(1, 30, 0.1, 0.02, 3);
    const pose = fromAxisAngle([0.6, 0, 0.8], 1, [1, 2, 3]);
    const back = transformSet(transformSet(many, pose), inverse(pose));
    for (const field of ['position', 'logScale', 'sh'] as const) {
      back[field].forEach((value, i) => {
        expect(Math.abs(value - many[field][i])).toBeLessThan(2e-5);
      });
    }
  });

  it('rotations of harmonics are orthogonal, compose, and are the identity for none', () => {
    const a = fromAxisAngle([0.6, 0, 0.8], 1.2);
    const b = fromAxisAngle([0, 1, 0], -0.7);
    const both = shRotations(compose(a, b), 3);
    shRotations(a, 3).forEach((matrix, band) => {
      const product = matrix.mmul(shRotations(b, 3)[band]);
      const size = 2 * band + 3;
      for (let r = 0; r < size; r++) {
        for (let c = 0; c < size; c++) {
          expect(product.get(r, c)).toBeCloseTo(both[band].get(r, c), 9);
          expect(matrix.mmul(matrix.transpose()).get(r, c)).toBeCloseTo(r === c ? 1 : 0, 9);
        }
      }
    });
    expect(shRotations(identity(), 1)[0].get(0, 0)).toBeCloseTo(1, 9);
    // Y1 in the order of the 3DGS code: -C1 y, C1 z, -C1 x.
    expect([...shBasis(1, 1, 0, 0)].map((v) => Math.round(v * 1e4))).toEqual([2821, -0, 0, -4886]);
  });

  it('merge, crop, decimate, bounds, labels', () => {
    const a = randomSet(1, 10);
    const b = randomSet(2, 20, 0.1, 0.02, 1);
    const both = mergeSets([a, b]);
    expect(both.count).toBe(30);
    expect(both.shDegree).toBe(1);
    expect([...both.sh.subarray(0, 4)]).toEqual([...a.sh.subarray(0, 3), 0]);
    expect(both.position.subarray(30)).toEqual(b.position);
    const half = cropSet(both, { min: [0, -1, -1], max: [1, 1, 1] });
    expect(boundsOf(half)!.min[0]).toBeGreaterThanOrEqual(0);
    expect(half.count).toBe(both.position.filter((v, i) => i % 3 === 0 && v >= 0).length);
    expect(boundsOf(mergeSets([]))).toBeNull();
    const few = decimateSet(both, 10, new Random(3));
    expect(few.count).toBe(10);
    // A third of the Gaussians, each with three times the area.
    const k = [...Array(30).keys()].find((i) => both.position[3 * i] === few.position[0])!;
    expect(few.logScale[0] - both.logScale[3 * k]).toBeCloseTo(0.5 * Math.log(3), 5);
    expect(decimateSet(both, 10, new Random(3)).position).toEqual(few.position);
    const parts = splitByLabel(
      both,
      [...Array(30).keys()].map((i) => i % 3),
    );
    expect([...parts].map(([label, set]) => [label, set.count])).toEqual([
      [0, 10],
      [1, 10],
      [2, 10],
    ]);
    expect(() => splitByLabel(a, [1])).toThrow(/1 labels for 10/);
  });

  it('recolour scales and shifts what is seen', () => {
    const set = singleSet(0.02, 0.5, [0.8, 0.4, 0.2]);
    const out = recolourSet(set, [0.5, 1, 2], [0.1, 0, -0.1]);
    const seen = [...out.sh].map((dc) => 0.5 + SH_C0 * dc);
    [0.5, 0.4, 0.3].forEach((value, c) => {
      expect(seen[c]).toBeCloseTo(value, 5);
    });
  });
});

describe('the kernels memory', () => {
  const fakeMemory = () => {
    const memory = {
      buffer: new ArrayBuffer(65536),
      grow: (pages: number) => {
        memory.buffer = new ArrayBuffer(memory.buffer.byteLength + pages * 65536);
        return 0;
      },
    };
    return memory;
  };
  it('never hands out overlapping blocks, joins what comes back, and grows (seed 1)', () => {
    const arena = new Arena(fakeMemory(), 1000);
    const rng = new Random(1);
    const live: [number, number][] = [];
    for (let k = 0; k < 2000; k++) {
      if (live.length > 20 || (live.length > 0 && rng.int(2) === 0)) {
        arena.release(live.splice(rng.int(live.length), 1)[0][0]);
        continue;
      }
      const bytes = 1 + rng.int(30_000);
      const address = arena.allocate(bytes);
      expect(address % 64).toBe(0);
      expect(address).toBeGreaterThanOrEqual(1000);
      for (const [other, size] of live) expect(address + bytes <= other || other + size <= address).toBe(true);
      live.push([address, bytes]);
    }
    for (const [address] of live) arena.release(address);
    expect(arena.usedBytes).toBe(0);
    expect(() => arena.release(64)).toThrow(/not an allocated/);
    const first = arena.allocate(60_000);
    expect(first).toBe(1024);
  });
});
