import { describe, expect, it } from 'vitest';
import { rgbToLab8 } from '../../src/image/lab.js';
import { countSet } from '../../src/image/morphology.js';
import type { ChangeEvent } from '../../src/perceive/change/candidates.js';
import type { Clip } from '../../src/perceive/clip.js';
import { ColourModel, looksLikeSkin } from '../../src/perceive/movers/colour-model.js';
import type { EventView } from '../../src/perceive/movers/end-outline.js';
import { type Mover, trackedMask } from '../../src/perceive/movers/movers.js';
import { mergeRigidParts } from '../../src/perceive/movers/rigid-parts.js';
import { mainColour, uniqueName } from '../../src/perceive/naming.js';
import { warpMask } from '../../src/perceive/tracks/mask-track.js';

const W = 120;
const H = 60;
const clip = { widthPx: W, heightPx: H, numFrames: 30 } as Clip;

function square(x0: number, y0: number, size: number): Uint8Array {
  const mask = new Uint8Array(W * H);
  for (let y = y0; y < y0 + size; y++) mask.fill(1, y * W + x0, y * W + x0 + size);
  return mask;
}

/** A mover with only a first place that slides right by `speed` px per frame from frame 5 to 25. */
function slider(x0: number, y0: number, size: number, speed: number): Mover {
  const mask = square(x0, y0, size);
  const steps = new Map(
    Array.from({ length: 26 }, (_, j) => {
      const k = j + 4;
      const tx = speed * Math.max(0, Math.min(20, k - 5));
      return [
        k,
        { fromStart: { a: 1, b: 0, tx, ty: 0 }, trust: 1, ids: new Int32Array(0), xyPx: new Float32Array(0) },
      ] as const;
    }),
  );
  const event = { kind: 'left', frame: 5, cx: (x0 + size / 2) / 2, cy: (y0 + size / 2) / 2 } as ChangeEvent;
  const from = {
    event,
    view: {} as EventView,
    mask,
    area: size * size,
    colours: new ColourModel(),
    cutIou: 1,
    track: { startFrame: 4, steps },
    absence: null,
  };
  return { from, to: null, carried: 'from', liftFrame: 5, downFrame: 25, confidence: 0.6, evidence: 'slides' };
}

describe('trackedMask', () => {
  it('rests, moves along its track, and stays where it stopped', () => {
    const mover = slider(10, 20, 10, 3);
    expect(trackedMask(clip, mover, 0).mask).toEqual(square(10, 20, 10));
    expect(trackedMask(clip, mover, 15).mask).toEqual(square(40, 20, 10));
    expect(trackedMask(clip, mover, 29).mask).toEqual(square(70, 20, 10));
  });

  it('warps masks by scale as well', () => {
    const doubled = warpMask(square(10, 10, 10), W, H, { a: 2, b: 0, tx: 0, ty: 0 });
    expect(doubled).toEqual(square(20, 20, 20));
  });
});

describe('mergeRigidParts', () => {
  it('merges neighbours that move alike', () => {
    const movers = mergeRigidParts(clip, [slider(10, 20, 14, 2), slider(26, 22, 8, 2)]);
    expect(movers).toHaveLength(1);
    expect(countSet(movers[0].from!.mask)).toBe(14 * 14 + 8 * 8);
    expect(movers[0].evidence).toContain('a part of it');
  });

  it('leaves apart what moves differently, lies apart or does not move', () => {
    expect(mergeRigidParts(clip, [slider(10, 20, 14, 2), slider(26, 22, 8, 1)])).toHaveLength(2);
    expect(mergeRigidParts(clip, [slider(10, 20, 14, 2), slider(60, 22, 8, 2)])).toHaveLength(2);
    expect(mergeRigidParts(clip, [slider(10, 20, 14, 0), slider(26, 22, 8, 0)])).toHaveLength(2);
  });
});

describe('colour words', () => {
  const labOf = (...rgb: number[]): Uint8Array => {
    const lab = new Uint8Array(rgb.length);
    rgbToLab8(Uint8Array.from(rgb), lab);
    return lab;
  };

  it.each([
    ['red', [190, 30, 35]],
    ['green', [60, 150, 60]],
    ['blue', [50, 90, 200]],
    ['yellow', [230, 210, 60]],
    ['brown', [110, 70, 30]],
    ['white', [240, 240, 238]],
    ['black', [20, 20, 22]],
    ['teal', [40, 160, 160]],
  ])('calls %s by its name', (word, rgb) => {
    expect(mainColour(labOf(...rgb), Uint8Array.of(1))).toBe(word);
  });

  it('numbers names that are taken', () => {
    expect(uniqueName('red object', [])).toBe('red object');
    expect(uniqueName('red object', ['red object', 'red object 2'])).toBe('red object 3');
  });

  it('knows skin tones from things', () => {
    for (const skin of [
      [224, 172, 140],
      [141, 85, 36],
      [198, 134, 110],
      [80, 52, 38],
    ]) {
      expect(looksLikeSkin(labOf(...skin), 0)).toBe(true);
    }
    for (const thing of [
      [60, 150, 60],
      [50, 90, 200],
      [128, 128, 128],
      [250, 250, 250],
    ]) {
      expect(looksLikeSkin(labOf(...thing), 0)).toBe(false);
    }
  });

  it('measures how much two sets of colours share', () => {
    const red = ColourModel.of(labOf(190, 30, 35, 180, 40, 40), Uint8Array.of(1, 1));
    const blue = ColourModel.of(labOf(50, 90, 200, 60, 80, 190), Uint8Array.of(1, 1));
    expect(red.overlap(red)).toBeCloseTo(1, 5);
    expect(red.overlap(blue)).toBeLessThan(0.01);
    expect(new ColourModel().overlap(red)).toBe(0);
  });
});
