import { describe, expect, it } from 'vitest';
import type { ChangeEvent } from '../../src/perceive/change/candidates.js';
import type { Clip } from '../../src/perceive/clip.js';
import { ColourModel } from '../../src/perceive/movers/colour-model.js';
import type { EventView, MoverEnd } from '../../src/perceive/movers/end-outline.js';
import { findTargets } from '../../src/perceive/movers/find-targets.js';
import type { Mover } from '../../src/perceive/movers/movers.js';

const W = 160;
const H = 120;
type Box = readonly [x0: number, y0: number, x1: number, y1: number];
const DRUM: Box = [18, 38, 36, 62];
const BESIDE: Box = [86, 26, 112, 45];
const STICK: Box = [50, 100, 110, 106];
const HAND: Box = [95, 56, 125, 76];
const GRIP_DX = -10;
const GRIP_DY = -52;

function boxMask([x0, y0, x1, y1]: Box): Uint8Array {
  const mask = new Uint8Array(W * H);
  for (let y = y0; y < y1; y++) mask.fill(1, y * W + x0, y * W + x1);
  return mask;
}

function painted(w: number, h: number, scale: number, things: readonly [Box, number[]][]): Uint8Array {
  const lab = new Uint8Array(3 * w * h);
  for (let i = 0; i < w * h; i++) {
    const x = scale * (i % w);
    const y = scale * Math.floor(i / w);
    const thing = things.find(([[x0, y0, x1, y1]]) => x >= x0 && x < x1 && y >= y0 && y < y1);
    lab.set(thing?.[1] ?? [150, 130, 145], 3 * i);
  }
  return lab;
}

describe('what a tool goes to', () => {
  it('is what its end away from the hand comes near, not what lies beside the hand', () => {
    const still: [Box, number[]][] = [
      [DRUM, [220, 128, 128]],
      [BESIDE, [90, 110, 150]],
    ];
    const plate = painted(W, H, 1, still);
    const frame = painted(W / 2, H / 2, 2, [[HAND, [170, 150, 155]], ...still]);
    const numFrames = 40;
    const clip = {
      widthPx: W,
      heightPx: H,
      halfWidthPx: W / 2,
      halfHeightPx: H / 2,
      numFrames,
      fps: 30,
      labAt: () => frame,
    } as unknown as Clip;
    const steps = new Map(
      Array.from({ length: numFrames }, (_, k) => {
        const away = k > 8 && k < 32 ? 1 : 0;
        const fromStart = { a: 1, b: 0, tx: GRIP_DX * away, ty: GRIP_DY * away };
        return [k, { fromStart, trust: 1, ids: new Int32Array(0), xyPx: new Float32Array(0) }] as const;
      }),
    );
    const end: MoverEnd = {
      event: { kind: 'left', frame: 8, cx: 40, cy: 51 } as ChangeEvent,
      view: {} as EventView,
      mask: boxMask(STICK),
      area: 360,
      colours: new ColourModel(),
      cutIou: 1,
      track: { startFrame: 4, steps },
      absence: null,
    };
    const span = { liftFrame: 9, downFrame: 31, confidence: 0.9, evidence: '' };
    const mover: Mover = { from: end, to: end, carried: 'from', ...span };
    const targets = findTargets(clip, plate, [mover]);
    expect(targets).toHaveLength(1);
    const { mask } = targets[0];
    expect(mask[50 * W + 27]).toBe(1);
    expect(mask[35 * W + 95]).toBe(0);
  });
});

describe('what hides a thing at its last place', () => {
  const like = [150, 130, 139];

  /** Target of a thing that was pushed from `first` by `tx` px, of which `tail` shows in the end. */
  function targetOfPushed(scene: readonly [Box, number[]][], first: Box, tail: Box, tx: number) {
    const plate = painted(W, H, 1, scene);
    const last = painted(W / 2, H / 2, 2, [[tail, [240, 128, 128]], ...scene]);
    const size = { widthPx: W, heightPx: H, halfWidthPx: W / 2, halfHeightPx: H / 2 };
    const clip = { ...size, numFrames: 10, fps: 10, labAt: () => last } as unknown as Clip;
    const end = (kind: 'left' | 'arrived', box: Box, shift: number): MoverEnd => ({
      event: { kind, frame: 4, cx: 40, cy: 30 } as ChangeEvent,
      view: {} as EventView,
      mask: boxMask(box),
      area: (box[2] - box[0]) * (box[3] - box[1]),
      colours: new ColourModel(),
      cutIou: 1,
      track: {
        startFrame: 0,
        steps: new Map([
          [
            8,
            {
              fromStart: { a: 1, b: 0, tx: shift, ty: 0 },
              trust: 1,
              ids: new Int32Array(0),
              xyPx: new Float32Array(0),
            },
          ],
        ]),
      },
      absence: null,
    });
    const mover: Mover = {
      from: end('left', first, tx),
      to: end('arrived', tail, 0),
      carried: 'from',
      liftFrame: 3,
      downFrame: 8,
      confidence: 0.7,
      evidence: '',
    };
    return findTargets(clip, plate, [mover])[0];
  }

  it('is what it was pushed into, though it looks much like the table', () => {
    const { finding, mask } = targetOfPushed([[[20, 50, 80, 70], like]], [90, 50, 140, 70], [80, 50, 90, 70], -50);
    expect(finding.evidence).toContain('hides');
    expect(mask[60 * W + 50]).toBe(1);
    expect(mask[60 * W + 86]).toBe(0);
    expect(mask[100 * W + 50]).toBe(0);
  });

  it('is the whole of it, with its dark mouth and without what stands behind', () => {
    const [mouth, behind]: Box[] = [
      [66, 46, 80, 80],
      [68, 20, 76, 46],
    ];
    const scene: [Box, number[]][] = [
      [[80, 46, 130, 80], like],
      [mouth, [60, 128, 128]],
      [behind, [60, 128, 100]],
    ];
    const { finding, mask } = targetOfPushed(scene, [4, 48, 42, 80], mouth, 66);
    expect(finding.evidence).toContain('hides');
    expect(mask[60 * W + 100]).toBe(1);
    expect(mask[60 * W + 73]).toBe(1);
    expect(mask[30 * W + 72]).toBe(0);
  });
});
