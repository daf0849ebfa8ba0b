/** Moments read from the picture: a textured square that starts and stops by the minimum-jerk law. */
import { describe, expect, it } from 'vitest';
import { fromTranslation } from '../../src/math/se3.js';
import type { PoseFrame, Poses } from '../../src/pose/poses.js';
import { momentOf, restShifts } from '../../src/skill/rest-shift.js';

const [WIDTH, HEIGHT, SIDE] = [160, 100, 30];
const FX = 500;
const DEPTH_M = 0.6;
const NUM_FRAMES = 80;
const [ONSET, ARRIVAL] = [30, 54];
const WAY_PX = 60;

/** The square's left edge: at rest, then 60 px to the right, then at rest. */
function leftAt(t: number): number {
  const u = Math.min(1, Math.max(0, (t - ONSET) / (ARRIVAL - ONSET)));
  return 30 + WAY_PX * u ** 3 * (10 - 15 * u + 6 * u * u);
}

const isOn = (t: number, x: number, y: number): boolean =>
  x >= leftAt(t) && x < leftAt(t) + SIDE && y >= 35 && y < 35 + SIDE;

/** Pixels that the edges cut are part thing, part ground. */
function frameAt(t: number) {
  const data = new Uint8Array(WIDTH * HEIGHT * 3).fill(60);
  for (let y = 35; y < 35 + SIDE; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const u = x - leftAt(t);
      const share = Math.max(0, Math.min(1, u + 0.5, SIDE - u + 0.5));
      const grey = share * (130 + 50 * Math.sin(0.9 * u + 0.5 * y)) + (1 - share) * 60;
      data.fill(Math.round(grey), 3 * (y * WIDTH + x), 3 * (y * WIDTH + x) + 3);
    }
  }
  return { widthPx: WIDTH, heightPx: HEIGHT, data };
}

/** Poses that are pinned to the rests 4 frames too long, as poses near a rest are. */
function seen(handFrom: number) {
  const frames = Array.from({ length: NUM_FRAMES }, (_, t): PoseFrame => {
    const isResting = t <= ONSET + 4 || t >= ARRIVAL - 4;
    return {
      cameraFromObject: fromTranslation([0, 0, DEPTH_M]),
      state: isResting ? 'resting' : 'moving',
      visibleFraction: 1,
      loss: 0,
      sdM: 0.002,
      sdRad: 0.01,
    };
  });
  const camera = {
    widthPx: WIDTH,
    heightPx: HEIGHT,
    fx: FX,
    fy: FX,
    cx: 80,
    cy: 50,
    source: 'option' as const,
    focalLogSd: 0,
  };
  const poses: Poses = {
    kind: 'v2r/poses',
    version: 1,
    fps: 30,
    numFrames: NUM_FRAMES,
    cameraFromWorld: fromTranslation([0, 0, 0]),
    objects: [{ id: 1, frames }],
  };
  const readMask = async (t: number) => ({
    widthPx: WIDTH,
    heightPx: HEIGHT,
    data: Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
      const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
      return x >= handFrom ? 255 : isOn(t, x, y) ? 1 : 0;
    }),
  });
  const source = {
    numFrames: NUM_FRAMES,
    fps: 30,
    widthPx: WIDTH,
    heightPx: HEIGHT,
    read: async (t: number) => frameAt(t),
  };
  return { perception: { camera }, poses, frames: source, readMask };
}

describe('restShifts', () => {
  it('tells when a thing starts and stops, though its poses were pinned to its rests', async () => {
    const shifts = (await restShifts(seen(WIDTH))).get(1)!;
    expect(shifts.map(({ step, frame }) => [step, frame])).toEqual([
      [1, ONSET + 4],
      [-1, ARRIVAL - 4],
    ]);
    expect(Math.abs(momentOf(shifts[0], 3)! - ONSET)).toBeLessThan(1.5);
    expect(Math.abs(momentOf(shifts[1], 3)! - ARRIVAL)).toBeLessThan(1.5);
  });

  it('says nothing where a hand covers the thing', async () => {
    const [start, stop] = (await restShifts(seen(95))).get(1)!;
    expect(momentOf(start, 3)).not.toBeNull();
    expect(momentOf(stop, 3)).toBeNull();
  });
});
