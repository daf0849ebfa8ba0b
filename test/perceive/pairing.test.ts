import { describe, expect, it } from 'vitest';
import type { ChangeEvent } from '../../src/perceive/change/candidates.js';
import type { Clip } from '../../src/perceive/clip.js';
import { ColourModel } from '../../src/perceive/movers/colour-model.js';
import { CutWindow } from '../../src/perceive/movers/cut-window.js';
import { type EventView, type MoverEnd, oppositePlaces } from '../../src/perceive/movers/end-outline.js';
import { judgePair, outlineOfBoth } from '../../src/perceive/movers/movers.js';

const W = 120;
const H = 80;
const NUM_FRAMES = 30;
const half = new Uint8Array((W * H) / 4);
const clip = {
  widthPx: W,
  heightPx: H,
  halfWidthPx: W / 2,
  halfHeightPx: H / 2,
  numFrames: NUM_FRAMES,
  fps: 10,
} as Clip;
const view = { handFirst: half, handLast: half } as unknown as EventView;

function box(x0: number, y0: number, w: number, h: number): Uint8Array {
  const mask = new Uint8Array(W * H);
  for (let y = y0; y < y0 + h; y++) mask.fill(1, y * W + x0, y * W + x0 + w);
  return mask;
}

const halfBox = (x0: number, y0: number, w: number, h: number): Uint8Array =>
  half.map((_, i) => {
    const [x, y] = [2 * (i % (W / 2)), 2 * Math.floor(i / (W / 2))];
    return x >= x0 && x < x0 + w && y >= y0 && y < y0 + h ? 1 : 0;
  });

/** An end whose track is `txAt(k)` px to the right of its place in frame k. */
function end(
  kind: ChangeEvent['kind'],
  [x0, y0, w, h]: [number, number, number, number],
  txAt: (k: number) => number,
): MoverEnd {
  const steps = new Map(
    Array.from({ length: NUM_FRAMES }, (_, k) => [
      k,
      { fromStart: { a: 1, b: 0, tx: txAt(k), ty: 0 }, trust: 1, ids: new Int32Array(0), xyPx: new Float32Array(0) },
    ]),
  );
  const mask = box(x0, y0, w, h);
  const lab = new Uint8Array(3 * W * H).fill(120);
  return {
    event: {
      kind,
      frame: kind === 'left' ? 5 : 25,
      cx: (x0 + w / 2) / 2,
      cy: (y0 + h / 2) / 2,
      score: 4,
      ambiguous: false,
      mask: halfBox(x0, y0, w, h),
    } as ChangeEvent,
    view,
    mask,
    area: w * h,
    colours: ColourModel.of(lab, mask),
    cutIou: 1,
    track: { startFrame: kind === 'left' ? 4 : 26, steps },
    absence: null,
  };
}

const unsure = ({ event, ...rest }: MoverEnd): MoverEnd => ({ ...rest, event: { ...event, ambiguous: true } });

const still = (): number => 0;
const thereAndBack = (k: number): number => 4 * Math.max(0, Math.min(k - 5, 25 - k));

describe('judgePair', () => {
  it('takes a small place within a large one for a part of it, not for a way from one to the other', () => {
    expect(judgePair(clip, end('left', [20, 20, 40, 40], still), end('arrived', [25, 25, 30, 12], still))).toBeNull();
  });

  it('keeps what was seen to go elsewhere and come back, though it shows only a part in the end', () => {
    const pair = judgePair(
      clip,
      end('left', [20, 20, 40, 40], thereAndBack),
      end('arrived', [22, 22, 36, 20], (k) => thereAndBack(k)),
    );
    expect(pair).not.toBeNull();
  });

  it('keeps what slid by more than half of its length', () => {
    const slide = (k: number): number => 30 * Math.max(0, Math.min(1, (k - 5) / 20));
    const pair = judgePair(
      clip,
      end('left', [20, 20, 40, 40], slide),
      end('arrived', [50, 20, 40, 40], (k) => slide(k) - 30),
    );
    expect(pair).not.toBeNull();
  });

  it('knows a thing that is back where it was, though the tracks lost it on the way', () => {
    const place: [number, number, number, number] = [20, 20, 40, 40];
    const lost = (k: number): number => 4 * Math.max(0, k - 5);
    const found = (k: number): number => 4 * Math.max(0, 25 - k);
    expect(judgePair(clip, end('left', place, lost), end('arrived', place, found))).not.toBeNull();
    expect(judgePair(clip, unsure(end('left', place, lost)), end('arrived', place, found))).toBeNull();
  });

  it('takes neighbouring places that overlap as they lie for no way, when nothing was seen to go', () => {
    expect(judgePair(clip, end('left', [20, 20, 40, 40], still), end('arrived', [50, 20, 40, 40], still))).toBeNull();
  });

  it('believes a track that ends beside the place only if edges show that something left or arrived', () => {
    const passing = end('left', [10, 20, 20, 20], (k) => 38 * Math.max(0, Math.min(1, (k - 5) / 20)));
    const place = end('arrived', [60, 20, 20, 20], still);
    expect(judgePair(clip, passing, place)).not.toBeNull();
    expect(judgePair(clip, unsure(passing), place)).not.toBeNull();
    expect(judgePair(clip, unsure(passing), unsure(place))).toBeNull();
  });
});

describe('outlineOfBoth', () => {
  const lit = (value: number): Uint8Array => new Uint8Array(3 * W * H).fill(value);
  const seen = (which: MoverEnd, firstLab: Uint8Array, lastLab: Uint8Array): MoverEnd => ({
    ...which,
    view: { ...view, plates: { firstLab, lastLab } },
  });
  const part = end('left', [20, 20, 20, 10], still);
  const whole = end('arrived', [20, 20, 40, 10], still);

  it('gives a thing back the half that one of its two outlines lost', () => {
    const both = outlineOfBoth(seen(part, lit(90), lit(120)), seen(whole, lit(120), lit(92)));
    expect(both?.area).toBe(whole.area);
  });

  it('leaves it when the place looks otherwise at the other time, or the outlines are much the same', () => {
    expect(outlineOfBoth(seen(part, lit(90), lit(120)), seen(whole, lit(120), lit(140)))).toBeNull();
    const nearly = end('left', [20, 20, 36, 10], still);
    expect(outlineOfBoth(seen(nearly, lit(90), lit(120)), seen(whole, lit(120), lit(92)))).toBeNull();
  });
});

describe('oppositePlaces', () => {
  it('holds the place that something left to be no part of what arrived beside it', () => {
    const arrived = end('arrived', [50, 20, 40, 40], still);
    const window = CutWindow.around(clip, arrived.mask, 100)!;
    const closed = oppositePlaces(window, arrived, [end('left', [20, 20, 40, 40], still), arrived]);
    const at = (x: number): number => window.pasted(closed)[30 * W + x];
    expect([at(30), at(55), at(95)]).toEqual([1, 1, 0]);
  });
});
