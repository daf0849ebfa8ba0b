import { describe, expect, it } from 'vitest';
import type { ChangeEvent } from '../../src/perceive/change/candidates.js';
import { isSwaying } from '../../src/perceive/change/swaying.js';
import type { Clip } from '../../src/perceive/clip.js';
import { ColourModel } from '../../src/perceive/movers/colour-model.js';
import type { EventView, MoverEnd } from '../../src/perceive/movers/end-outline.js';
import type { Mover } from '../../src/perceive/movers/movers.js';

const W = 80;
const H = 60;
const SIZE = 20;
const valid = new Uint8Array((W * H) / 4).fill(1);
const clip = { widthPx: W, heightPx: H, halfWidthPx: W / 2, halfHeightPx: H / 2, valid } as Clip;
const noArm = new Uint8Array(valid.length);

function endAt(kind: ChangeEvent['kind'], x0: number, y0: number, arm: Uint8Array): MoverEnd {
  const mask = new Uint8Array(W * H);
  for (let y = y0; y < y0 + SIZE; y++) mask.fill(1, y * W + x0, y * W + x0 + SIZE);
  return {
    event: { kind } as ChangeEvent,
    view: { armFirst: arm, armLast: arm } as EventView,
    mask,
    area: SIZE * SIZE,
    colours: new ColourModel(),
    cutIou: 1,
    track: { startFrame: 0, steps: new Map() },
    absence: null,
  };
}

function moverOf(from: [number, number], to: [number, number], arm = noArm): Mover {
  return {
    from: endAt('left', ...from, arm),
    to: endAt('arrived', ...to, arm),
    carried: 'both',
    liftFrame: 5,
    downFrame: 25,
    confidence: 0.9,
    evidence: 'moves',
  };
}

describe('isSwaying', () => {
  it('tells what comes back to the border from what comes back inside the picture', () => {
    expect(isSwaying(clip, moverOf([0, 20], [2, 22]))).toBe(true);
    expect(isSwaying(clip, moverOf([40, H - SIZE], [42, H - SIZE]))).toBe(true);
    expect(isSwaying(clip, moverOf([30, 20], [32, 22]))).toBe(false);
  });

  it('leaves alone what begins or ends at the border but goes elsewhere', () => {
    expect(isSwaying(clip, moverOf([0, 20], [50, 20]))).toBe(false);
    expect(isSwaying(clip, moverOf([40, 20], [W - SIZE, 20]))).toBe(false);
  });

  it('knows the border of what a moving camera always shows', () => {
    const inner = valid.map((_, i) => (i % (W / 2) < 10 ? 0 : 1));
    expect(isSwaying({ ...clip, valid: inner }, moverOf([20, 20], [21, 20]))).toBe(true);
  });
});
