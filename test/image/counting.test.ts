import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { countSet, countShared, maskIou, paint } from '../../src/image/morphology.js';

/** Masks of a length that four does not divide, the second one not aligned to words either. */
function masks(): [Uint8Array, Uint8Array] {
  const random = new Random(5);
  const draw = (): number => (random.uniform(0, 1) < 0.1 ? 3 : 0);
  const a = Uint8Array.from({ length: 203 }, draw);
  return [a, Uint8Array.from({ length: 204 }, draw).subarray(1)];
}

describe('counting pixels of masks by words', () => {
  it('agrees with counting them one by one', () => {
    const [a, b] = masks();
    const one = (test: (i: number) => boolean): number => [...a.keys()].filter(test).length;
    expect(countSet(a)).toBe(one((i) => a[i] !== 0));
    expect(countSet(b)).toBe(one((i) => b[i] !== 0));
    const both = one((i) => a[i] !== 0 && b[i] !== 0);
    expect(countShared(a, b)).toBe(both);
    expect(countShared(b, a)).toBe(both);
    expect(maskIou(a, b)).toBe(both / one((i) => a[i] !== 0 || b[i] !== 0));
  });

  it('paints just the pixels of the mask', () => {
    for (const mask of masks()) {
      const out = new Uint8Array(mask.length).fill(1);
      paint(out, mask, 7);
      expect([...out]).toEqual([...mask].map((value) => (value !== 0 ? 7 : 1)));
    }
  });
});
