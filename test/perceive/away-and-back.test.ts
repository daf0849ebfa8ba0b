import { describe, expect, it } from 'vitest';
import { changesBetween, findStableColours } from '../../src/perceive/change/stable-colour.js';
import type { Clip } from '../../src/perceive/clip.js';
import { hullMask, motionEvidence } from '../../src/perceive/movers/motion-cut.js';

const W = 40;
const H = 30;
type Lab = [number, number, number];
const TABLE: Lab = [150, 128, 140];
const THING: Lab = [90, 170, 150];
const ARM: Lab = [180, 145, 150];

/** Half-size clip whose pixel (x, y) of frame k has the given colour. */
function clipOf(numFrames: number, colourAt: (x: number, y: number, k: number) => Lab): Clip {
  const lab = Array.from({ length: numFrames }, (_, k) => {
    const frame = new Uint8Array(3 * W * H);
    for (let i = 0; i < W * H; i++) frame.set(colourAt(i % W, Math.floor(i / W), k), 3 * i);
    return frame;
  });
  const valid = new Uint8Array(W * H).fill(1);
  const size = { widthPx: 2 * W, heightPx: 2 * H, halfWidthPx: W, halfHeightPx: H };
  return { numFrames, fps: 30, ...size, labAt: (k: number) => lab[k], valid } as unknown as Clip;
}

const inThing = (x: number, y: number): boolean => x >= 10 && x < 18 && y >= 10 && y < 20;

describe('changesBetween', () => {
  // The thing is away in frames 20..69; an arm lies over its upper half and over the table beside it in 30..59.
  const clip = clipOf(90, (x, y, k) => {
    if (k >= 30 && k < 60 && y >= 8 && y < 15 && x >= 6) return ARM;
    return inThing(x, y) && (k < 20 || k >= 70) ? THING : TABLE;
  });
  const isArm = (lab: Uint8Array, i: number): boolean => lab[3 * i] === ARM[0];
  const { away, back, frame } = changesBetween(clip, findStableColours(clip).runs, isArm);

  it('finds what was away, and not the arm', () => {
    for (let i = 0; i < W * H; i++) expect(away.changed[i]).toBe(inThing(i % W, Math.floor(i / W)) ? 1 : 0);
    expect(back.changed).toEqual(away.changed);
  });

  it('knows what lies behind it, and when it left and came back', () => {
    for (const [x, y] of [
      [12, 12],
      [15, 18],
    ]) {
      const i = y * W + x;
      expect([...away.last.subarray(3 * i, 3 * i + 3)]).toEqual(TABLE);
      expect([away.leaves[i], away.arrives[i]]).toEqual([19, 20]);
      expect([back.leaves[i], back.arrives[i]]).toEqual([69, 70]);
      expect(clip.labAt(frame[i])[3 * i]).toBe(TABLE[0]);
    }
  });
});

describe('motionEvidence', () => {
  const noise = (x: number, y: number): number => ((x * 7919 + y * 104729 + x * y * 31) % 41) - 20;
  /** The thing moves right by a pixel per frame from frame 5 on, over a table with a coarse grain; an arm covers its first row. */
  const shift = (k: number): number => Math.max(0, Math.min(15, k - 5));
  const clip = clipOf(30, (x, y, k) => {
    const u = x - shift(k);
    if (inThing(u, y)) return y === 10 && k > 5 ? ARM : [190 + noise(u, y), 128, 140];
    return [150 + 2 * noise(x >> 2, y >> 2), 128, 140];
  });
  const mask = new Uint8Array(4 * W * H);
  // Known so far: the left half of the thing.
  for (let y = 20; y < 40; y++) mask.fill(1, y * 2 * W + 20, y * 2 * W + 28);
  const steps = new Map(
    Array.from({ length: 30 }, (_, k) => [
      k,
      {
        fromStart: { a: 1, b: 0, tx: 2 * shift(k), ty: 0 },
        trust: 1,
        ids: new Int32Array(0),
        xyPx: new Float32Array(0),
      },
    ]),
  );
  const evidence = motionEvidence(clip, { startFrame: 0, steps }, mask, clip.labAt(0), 20)!;
  const meanOver = (test: (x: number, y: number) => boolean): number => {
    let sum = 0;
    let n = 0;
    for (let y = 3; y < 27; y++) {
      for (let x = 3; x < 28; x++) {
        if (!test(x, y)) continue;
        sum += evidence[2 * y * 2 * W + 2 * x];
        n++;
      }
    }
    return sum / n;
  };

  it('speaks for the whole thing, against the table', () => {
    expect(meanOver((x, y) => inThing(x, y) && x >= 15 && y > 11)).toBeGreaterThan(0.75);
    expect(meanOver((x, y) => x < 8 || x > 19 || y < 8 || y > 21)).toBeLessThan(-0.3);
  });

  it('says little of a wall that an arm hides, and nothing for a shadow that goes along', () => {
    const plain = clipOf(30, (x, y, k) => {
      if (inThing(x - shift(k), y)) return THING;
      if (y < 9 && x >= 8 && x < 21 && k > 5) return ARM;
      return y >= 20 && y < 23 && inThing(x - shift(k), 12) ? [115, 128, 140] : TABLE;
    });
    const votes = motionEvidence(plain, { startFrame: 0, steps }, mask, plain.labAt(0), 20)!;
    const at = (x: number, y: number): number => votes[2 * y * 2 * W + 2 * x];
    expect(at(13, 15)).toBeGreaterThan(2);
    expect(at(13, 6)).toBeLessThan(1.1);
    expect(at(13, 21)).toBeLessThan(0);
  });

  it('says nothing about a track that never leaves its place', () => {
    const still = new Map([...steps].map(([k, step]) => [k, { ...step, fromStart: { a: 1, b: 0, tx: 0, ty: 0 } }]));
    expect(motionEvidence(clip, { startFrame: 0, steps: still }, mask, clip.labAt(0), 20)).toBeNull();
  });
});

describe('hullMask', () => {
  it('fills what lies between two parts', () => {
    const mask = new Uint8Array(W * H);
    for (const [x, y] of [
      [5, 5],
      [25, 5],
      [5, 15],
    ])
      mask[y * W + x] = 1;
    const hull = hullMask(mask, W, H);
    expect(hull[10 * W + 6]).toBe(1);
    expect(hull[5 * W + 15]).toBe(1);
    expect(hull[14 * W + 24]).toBe(0);
  });

  it('is the same wherever in the picture the thing lies', () => {
    const corners = [
      [0, 0],
      [17, 3],
      [6, 13],
    ];
    const hullAt = (x0: number, y0: number): string => {
      const mask = new Uint8Array(W * H);
      for (const [x, y] of corners) mask[(y0 + y) * W + x0 + x] = 1;
      const hull = hullMask(mask, W, H);
      return Array.from({ length: 14 }, (_, y) =>
        hull.slice((y0 + y) * W + x0, (y0 + y) * W + x0 + 18).join(''),
      ).join();
    };
    expect(hullAt(W - 19, H - 15)).toBe(hullAt(1, 0));
  });
});
