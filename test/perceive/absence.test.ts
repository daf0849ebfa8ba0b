import { expect, test } from 'vitest';
import { createRgb, type RgbImage } from '../../src/image/image.js';
import { rgbToLab8 } from '../../src/image/lab.js';
import type { Clip } from '../../src/perceive/clip.js';
import { findAbsence } from '../../src/perceive/movers/absence.js';
import { ColourModel, coloursOf } from '../../src/perceive/movers/colour-model.js';

const W = 80;
const H = 60;
const TABLE = [180, 160, 130];
const THING = [60, 90, 160];
const ARM = [200, 60, 60];
/** Left edge of the thing, which rests until frame 4, and whether an arm lies across its first place. */
const thingX = (k: number): number => (k < 4 ? 10 : 50);
const armThere = (k: number): boolean => k >= 4 && k < 14;

function picture(k: number, w: number, h: number): RgbImage {
  const image = createRgb(w, h);
  const s = W / w;
  for (let i = 0; i < w * h; i++) {
    const [x, y] = [s * (i % w), s * Math.floor(i / w)];
    const inThing = x >= thingX(k) && x < thingX(k) + 16 && y >= 20 && y < 36;
    const colour = armThere(k) && x < 30 ? ARM : inThing ? THING : TABLE;
    for (let c = 0; c < 3; c++) image.data[3 * i + c] = colour[c];
  }
  return image;
}

const labOf = (image: RgbImage): Uint8Array => {
  const lab = new Uint8Array(image.data.length);
  rgbToLab8(image.data, lab);
  return lab;
};

test('a place shows the table while its thing is away, though an arm lies there for most of the time', async () => {
  const size = { widthPx: W, heightPx: H, halfWidthPx: W / 2, halfHeightPx: H / 2, frameWidthPx: W, frameHeightPx: H };
  const clip = {
    ...size,
    numFrames: 20,
    fps: 10,
    valid: new Uint8Array((W * H) / 4).fill(1),
    lift: 1,
    gains: Array.from({ length: 20 }, () => [1, 1, 1]),
    labAt: (k: number) => labOf(picture(k, W / 2, H / 2)),
    readFrame: async (k: number) => picture(k, W, H),
  } as unknown as Clip;
  const mask = new Uint8Array(W * H);
  for (let y = 20; y < 36; y++) mask.fill(1, y * W + 10, y * W + 26);
  const steps = new Map(
    Array.from({ length: 20 }, (_, k) => {
      const fromStart = { a: 1, b: 0, tx: thingX(k) - 10, ty: 0 };
      return [k, { fromStart, trust: 1, ids: new Int32Array(0), xyPx: new Float32Array(0) }] as const;
    }),
  );
  const place = { mask, track: { startFrame: 0, steps }, present: labOf(picture(0, W / 2, H / 2)) };
  const arm = labOf(createRgb(1, 1, Uint8Array.from(ARM)));
  const armModel = new ColourModel();
  for (let n = 0; n < 100; n++) armModel.add(arm, 0);
  const absence = await findAbsence(clip, place, 8, coloursOf(armModel, new ColourModel(), 0));
  const middle = 28 * W + 18;
  expect(absence?.known[middle]).toBe(1);
  expect([...absence!.rgb.data.subarray(3 * middle, 3 * middle + 3)]).toEqual(TABLE);
});
