import { describe, expect, it } from 'vitest';
import type { JudgedRegion } from '../../../src/perceive/change/candidates.js';
import type { Clip } from '../../../src/perceive/clip.js';
import { handWithEvidence } from '../../../src/perceive/hands/evident-hand.js';
import { judgeByEvidence } from '../../../src/perceive/hands/evident-regions.js';
import { ColourModel } from '../../../src/perceive/movers/colour-model.js';
import { drawHand } from '../../../src/perceive/providers/hand-drawing.js';

const [w, h] = [40, 30];
const grey = (value: number): Uint8Array => {
  const lab = new Uint8Array(3 * w * h).fill(128);
  for (let i = 0; i < w * h; i++) lab[3 * i] = value;
  return lab;
};
const box = (x0: number, y0: number, x1: number, y1: number, value = 1): Uint8Array => {
  const out = new Uint8Array(w * h);
  for (let y = y0; y < y1; y++) out.fill(value, y * w + x0, y * w + x1);
  return out;
};

describe('evidence of networks', () => {
  it('makes what lies under a hand all the time a hand, and clears what never does', () => {
    const hand = box(0, 0, 20, 30, 240);
    const clip = { numFrames: 20, evidence: { hand: () => hand, boxFrames: [], boxes: () => [] } } as unknown as Clip;
    const region = (mask: Uint8Array): JudgedRegion =>
      ({
        mask,
        area: 100,
        contrast: 1,
        leavesEarly: 19,
        arrivesLate: 0,
        hand: 0.5,
        score: 2,
      }) as unknown as JudgedRegion;
    const [under, beside] = judgeByEvidence(clip, [region(box(5, 5, 15, 15)), region(box(25, 5, 35, 15))]);
    expect(under.hand).toBe(0.95);
    expect(under.score).toBeCloseTo(0.2, 6);
    expect(beside.hand).toBeCloseTo(0.2, 6);
    expect(beside.score).toBeCloseTo(3.2, 6);
  });

  it('takes a moving person whole, and a still pot for none', () => {
    const plate = grey(100);
    const frame = grey(100);
    // A person of whom the right half moves before the plate; a pot that is part of the plate.
    const person = box(2, 2, 22, 22, 220);
    const pot = box(28, 2, 38, 12, 220);
    for (let y = 2; y < 22; y++) for (let x = 12; x < 22; x++) frame[3 * (y * w + x)] = 180;
    const clip = {
      halfWidthPx: w,
      halfHeightPx: h,
      labAt: () => frame,
      valid: new Uint8Array(w * h).fill(1),
    } as unknown as Clip;
    const evidence = person.map((value, i) => Math.max(value, pot[i], 50));
    const none = new Uint8Array(w * h);
    const hand = handWithEvidence(clip, 0, none, evidence, none, plate, new ColourModel());
    expect(hand[10 * w + 5]).toBe(1);
    expect(hand[10 * w + 18]).toBe(1);
    expect(hand[6 * w + 33]).toBe(0);
  });

  it('draws fingers as thick as fingers', () => {
    // Wrist to middle knuckle 100 px: a finger is 19 px thick.
    const xyzPx = new Float32Array(63);
    for (let p = 0; p < 21; p++) xyzPx.set([100, 150, 0], 3 * p);
    xyzPx.set([100, 50, 0], 27);
    const out = new Uint8Array(200 * 200);
    drawHand({ xyzPx, presence: 1, handedness: 0, sidePx: 1 }, out, 200, 200, 1, 9);
    const row = [...out.subarray(75 * 200, 76 * 200)].filter((value) => value === 9).length;
    expect(Math.abs(row - 19)).toBeLessThanOrEqual(1);
  });
});
