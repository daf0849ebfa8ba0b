import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { resolveOptions } from '../../src/base/options.js';
import { createRgb } from '../../src/image/image.js';
import type { ChangeEvent } from '../../src/perceive/change/candidates.js';
import type { Clip } from '../../src/perceive/clip.js';
import { doubtsAbout, turnsInPlace } from '../../src/perceive/doubts.js';
import { ColourModel } from '../../src/perceive/movers/colour-model.js';
import type { MoverEnd } from '../../src/perceive/movers/end-outline.js';
import type { Mover } from '../../src/perceive/movers/movers.js';
import { perceiveOptions } from '../../src/perceive/options.js';
import { perceive } from '../../src/perceive/perceive.js';
import { syntheticClip } from './synthetic-clip.js';

/** An end whose track in frame k turns by `turnDeg(k)` about (px, py) and is shifted by `shiftPx(k)`. */
function endOf(
  turnDeg: (k: number) => number,
  shiftPx: (k: number) => number,
  [px, py]: [number, number],
  trust = 0.8,
): MoverEnd {
  const mask = new Uint8Array(400).fill(1);
  const steps = new Map(
    Array.from({ length: 20 }, (_, k) => {
      const t = (turnDeg(k) * Math.PI) / 180;
      const [a, b] = [Math.cos(t), Math.sin(t)];
      const fromStart = { a, b, tx: px - a * px + b * py + shiftPx(k), ty: py - b * px - a * py };
      return [k, { fromStart, trust, ids: new Int32Array(0), xyPx: new Float32Array(0) }] as const;
    }),
  );
  return { event: { cx: 25, cy: 25, regions: [] }, mask, track: { startFrame: 0, steps } } as unknown as MoverEnd;
}

const moverOf = (from: MoverEnd): Mover => ({
  from,
  to: null,
  carried: 'from',
  liftFrame: 2,
  downFrame: 18,
  confidence: 0.6,
  evidence: '',
});
const still = { kind: 'static', cuts: [], lostFrames: 0 };
const clipOf = (motion: object): Clip =>
  ({ fps: 10, numFrames: 20, motion: { ...still, ...motion } }) as unknown as Clip;

describe('turnsInPlace', () => {
  it('knows a lever from a thing that is carried, turned or not', () => {
    const turning = (k: number): number => 3 * k;
    expect(turnsInPlace(moverOf(endOf(turning, () => 0, [44, 50])))).toBe(true);
    expect(turnsInPlace(moverOf(endOf(turning, (k) => 5 * k, [50, 50])))).toBe(false);
    const levers = (px: number): boolean =>
      turnsInPlace(
        moverOf(
          endOf(
            (k) => k,
            () => 0,
            [px, 50],
          ),
        ),
      );
    expect(levers(85)).toBe(true);
    expect(levers(100)).toBe(false);
    expect(
      turnsInPlace(
        moverOf(
          endOf(
            () => 0,
            (k) => 5 * k,
            [50, 50],
          ),
        ),
      ),
    ).toBe(false);
  });
});

describe('doubtsAbout', () => {
  it('has none about a rigid thing under a steady camera', () => {
    const carried = moverOf(
      endOf(
        () => 0,
        (k) => 5 * k,
        [50, 50],
      ),
    );
    expect(doubtsAbout(clipOf({}), [carried], ['cup'])).toEqual([]);
  });

  it('names what was seen and when', () => {
    const lever = moverOf(
      endOf(
        (k) => 3 * k,
        () => 0,
        [44, 50],
      ),
    );
    expect(doubtsAbout(clipOf({}), [lever], ['tap'])[0]).toMatch(
      /^tap only turns about a fixed point between 0.2 s and 1.8 s/,
    );
    const loose = moverOf(
      endOf(
        () => 0,
        (k) => 5 * k,
        [50, 50],
        0.1,
      ),
    );
    expect(doubtsAbout(clipOf({}), [loose], ['cloth'])[0]).toMatch(/^cloth does not move as one rigid thing/);
    expect(doubtsAbout(clipOf({ cuts: [12] }), [], [])[0]).toContain('at 1.2 s');
    expect(doubtsAbout(clipOf({ kind: 'handheld', lostFrames: 7 }), [], [])[0]).toContain('7 of 20 frames');
  });
});

describe('many changes', () => {
  it('are no account of a few movers', () => {
    const events = Array.from(
      { length: 8 },
      (_, k) => ({ score: 4, frame: k, regions: [{}] }) as unknown as ChangeEvent,
    );
    expect(doubtsAbout(clipOf({}), [], [], events)[0]).toMatch(
      /^Many places change between 0.0 s and 0.7 s \(8 besides/,
    );
    const mover = {
      ...moverOf(
        endOf(
          () => 0,
          (k) => 5 * k,
          [50, 50],
        ),
      ),
    };
    const explained: Mover = { ...mover, from: { ...mover.from, event: events[0] } as MoverEnd };
    expect(doubtsAbout(clipOf({}), [explained], ['cup'], events)).toEqual([]);
    expect(doubtsAbout(clipOf({}), [], [], [...events.slice(1), { ...events[0], score: 1 }])).toEqual([]);
    // As many, but weak: an arm that rests here and there.
    expect(
      doubtsAbout(
        clipOf({}),
        [],
        [],
        events.map((event) => ({ ...event, score: 3 })),
      ),
    ).toEqual([]);
  });
});

describe('things that look alike', () => {
  const lab = Uint8Array.from({ length: 300 }, (_, i) => [120, 170, 150][i % 3]);
  const other = Uint8Array.from({ length: 300 }, (_, i) => [120, 110, 150][i % 3]);
  const looking = (lab: Uint8Array): ColourModel => ColourModel.of(lab, new Uint8Array(100).fill(1));
  const cup = (colours: ColourModel, liftFrame: number, known: boolean): Mover => {
    const end = {
      ...endOf(
        () => 0,
        (k) => 5 * k,
        [50, 50],
      ),
      colours,
      area: 400,
    };
    return { ...moverOf(end), to: known ? end : null, liftFrame, downFrame: liftFrame + 4 };
  };

  it('are a riddle when they move at once or are lost, and none one after the other', () => {
    const names = ['red cup', 'red cup 2'];
    const doubts = (a: Mover, b: Mover): string[] => doubtsAbout(clipOf({}), [a, b], names);
    expect(doubts(cup(looking(lab), 2, true), cup(looking(lab), 4, true))[0]).toMatch(
      /^red cup and red cup 2 look alike/,
    );
    expect(doubts(cup(looking(lab), 2, false), cup(looking(lab), 12, true))).toHaveLength(1);
    expect(doubts(cup(looking(lab), 2, true), cup(looking(lab), 12, true))).toEqual([]);
    expect(doubts(cup(looking(lab), 2, true), cup(looking(other), 4, true))).toEqual([]);
  });
});

describe('perceive', () => {
  it('ends in a finding when the film is cut', async () => {
    const { frames } = syntheticClip();
    const read = async (k: number): ReturnType<typeof frames.read> => {
      const frame = await frames.read(k);
      if (k < 6) return frame;
      // Another scene: dark, and upside down.
      return createRgb(frame.widthPx, frame.heightPx, Uint8Array.from(frame.data, (value) => value / 3).reverse());
    };
    const options = resolveOptions(perceiveOptions, { segment: 'classical', track: 'classical', depth: 'classical' });
    const { perception } = await perceive(
      { ...frames, numFrames: 12, read },
      { focal35mm: null },
      options,
      createContext('perceive'),
    );
    expect(perception.manipulated).toBe(false);
    expect(perception.finding).toContain('changes all at once at 0.2 s');
  });
});
