import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { type ByteImage, createBytes } from '../../src/image/image.js';
import { type PointPath, withoutDrift } from '../../src/perceive/tracks/drift.js';
import type { MaskTrack, TrackStep } from '../../src/perceive/tracks/mask-track.js';
import { rigidPaths } from '../../src/perceive/tracks/rigid-tracks.js';

/** Smooth texture moved by (dx, dy), in its own coordinates. */
function picture(dx: number, dy: number, gain: number): ByteImage {
  const image = createBytes(120, 90);
  for (let y = 0, i = 0; y < 90; y++) {
    for (let x = 0; x < 120; x++, i++) {
      const u = x - dx;
      const v = y - dy;
      const waves = 35 * Math.sin(0.4 * u + 0.2 * v) + 35 * Math.sin(-0.2 * u + 0.45 * v + 1);
      image.data[i] = Math.round(gain * (120 + waves));
    }
  }
  return image;
}

describe('withoutDrift', () => {
  const numFrames = 20;
  const shift = (k: number): [number, number] => [0.9 * k, 0.3 * k];
  /** The steps drift by 0.1 px a frame. */
  const drifted = (k: number): [number, number] => [40 + shift(k)[0] + 0.1 * k, 40 + shift(k)[1]];
  const steps = new Map<number, TrackStep>(
    Array.from({ length: numFrames }, (_, k) => [
      k,
      {
        fromStart: { a: 1, b: 0, tx: shift(k)[0], ty: shift(k)[1] },
        trust: 1,
        ids: Int32Array.of(0),
        xyPx: Float32Array.from(drifted(k)),
      },
    ]),
  );
  const track: MaskTrack = { startFrame: 0, steps };
  const path: PointPath = new Map(Array.from({ length: numFrames }, (_, k) => [k, drifted(k)]));
  const mask = new Uint8Array(120 * 90).fill(1);

  it('brings a drifting point back to where it began, in changing light', () => {
    const greyAt = (k: number): ByteImage => picture(...shift(k), 1 - 0.01 * k);
    const found = withoutDrift(track, mask, new Map([[0, path]]), greyAt).get(0)!;
    expect(found.size).toBe(numFrames);
    const [x, y] = found.get(numFrames - 1)!;
    expect(x).toBeCloseTo(40 + shift(numFrames - 1)[0], 1);
    expect(y).toBeCloseTo(40 + shift(numFrames - 1)[1], 1);
  });

  it('leaves out the frames in which something else is seen there', () => {
    const covered = createBytes(120, 90);
    const random = new Random(1);
    for (let i = 0; i < covered.data.length; i++) covered.data[i] = random.int(256);
    const greyAt = (k: number): ByteImage => (k === 9 || k === 10 ? covered : picture(...shift(k), 1));
    const found = withoutDrift(track, mask, new Map([[0, path]]), greyAt).get(0)!;
    expect([...path.keys()].filter((k) => !found.has(k))).toEqual([9, 10]);
  });
});

describe('rigidPaths', () => {
  /** 24 points of a turning and approaching thing, in perspective; every fourth slides away by 0.2 px a frame. */
  function paths(): Map<number, PointPath> {
    const random = new Random(3);
    const out = new Map<number, PointPath>();
    for (let id = 0; id < 24; id++) {
      const [x, y, z] = [random.uniform(-0.04, 0.04), random.uniform(-0.05, 0.05), random.uniform(-0.04, 0.04)];
      const path: PointPath = new Map();
      for (let k = 0; k < 40; k++) {
        const turn = 0.015 * k;
        const depth = 0.6 - 0.002 * k + z * Math.cos(turn) - x * Math.sin(turn);
        const u = (550 * (x * Math.cos(turn) + z * Math.sin(turn) + 0.003 * k)) / depth;
        const v = (550 * y) / depth;
        // Across the way points at different depths go: along it a slide would look like another depth.
        const slide = slides(id) ? 0.2 * k : 0;
        path.set(k, [u + random.normal(0, 0.2), v + slide + random.normal(0, 0.2)]);
      }
      out.set(id, path);
    }
    return out;
  }
  const slides = (id: number): boolean => id % 4 === 3;

  it('keeps what moves as one thing and cuts off what slides', () => {
    const kept = rigidPaths(paths(), new Random(1));
    for (let id = 0; id < 24; id++) {
      const numFrames = kept.get(id)?.size ?? 0;
      if (slides(id)) expect(numFrames, `sliding point ${id}`).toBeLessThan(30);
      else expect(numFrames, `point ${id}`).toBe(40);
    }
  });

  it('lets few points be: they cannot outvote each other', () => {
    const few = new Map([...paths()].slice(0, 6));
    expect(rigidPaths(few, new Random(1)).size).toBe(6);
  });
});
