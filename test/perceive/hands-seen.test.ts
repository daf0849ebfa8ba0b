import { describe, expect, it } from 'vitest';
import { createBytes } from '../../src/image/image.js';
import { lightFinding, shortFinding } from '../../src/perceive/describe.js';
import { countArms, twoHandsFinding } from '../../src/perceive/hands/hands-seen.js';
import { HAND_ID } from '../../src/perceive/perception.js';

function idsWith(...boxes: [x0: number, y0: number, x1: number, y1: number][]) {
  const ids = createBytes(160, 120);
  for (const [x0, y0, x1, y1] of boxes) {
    for (let y = y0; y < y1; y++) ids.data.fill(HAND_ID, y * 160 + x0, y * 160 + x1);
  }
  return ids;
}

describe('two hands', () => {
  it('counts arms that enter from the border, well apart', () => {
    expect(countArms(idsWith([0, 20, 50, 40]))).toBe(1);
    expect(countArms(idsWith([0, 20, 50, 40], [110, 60, 160, 80]))).toBe(2);
    expect(countArms(idsWith([0, 20, 50, 40], [0, 44, 50, 60]))).toBe(1);
    expect(countArms(idsWith([0, 20, 50, 40], [100, 60, 140, 80]))).toBe(1);
    expect(countArms(idsWith([0, 20, 50, 40], [156, 60, 160, 64]))).toBe(1);
  });

  it('names them with the time, when they are seen together for long', () => {
    const arms = Array.from({ length: 30 }, (_, k) => (k >= 10 && k < 20 ? 2 : 1));
    expect(twoHandsFinding(arms, 10)).toContain('between 1.0 s and 1.9 s');
    expect(twoHandsFinding(arms, 30)).toBeNull();
  });
});

describe('jumps of the light', () => {
  const gainsOf = (value: (k: number) => number): [number, number, number][] =>
    Array.from({ length: 40 }, (_, k) => [value(k), value(k), value(k)]);

  it('tells when and by how much', () => {
    expect(lightFinding({ fps: 10, gains: gainsOf((k) => (k < 20 ? 1 : 0.8)) })).toContain('2.0 s (+25 %)');
  });

  it('lets slow drifts be', () => {
    expect(lightFinding({ fps: 10, gains: gainsOf((k) => 1 - 0.005 * k) })).toBeNull();
  });
});

describe('length of the film', () => {
  it('says so when no task fits in it', () => {
    expect(shortFinding({ numFrames: 1, fps: 30 })).toContain('only one frame');
    expect(shortFinding({ numFrames: 9, fps: 30 })).toContain('9 frames (0.30 s)');
    expect(shortFinding({ numFrames: 30, fps: 30 })).toBeNull();
  });
});
