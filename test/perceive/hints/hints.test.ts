import { describe, expect, it } from 'vitest';
import { createContext } from '../../../src/base/context.js';
import { resolveOptions } from '../../../src/base/options.js';
import { maskOf } from '../../../src/image/image.js';
import { maskIou } from '../../../src/image/morphology.js';
import { readHints } from '../../../src/perceive/hints/hints.js';
import { perceiveOptions } from '../../../src/perceive/options.js';
import { perceive } from '../../../src/perceive/perceive.js';
import { syntheticClip } from '../synthetic-clip.js';

const classical = { segment: 'classical', track: 'classical', depth: 'classical', camera: 'classical' };
const optionsOf = (given: Record<string, unknown>) => resolveOptions(perceiveOptions, { ...classical, ...given });
const facts = { focal35mm: null };

describe('hints on the command line', () => {
  it('are read with their units', () => {
    const hints = readHints(
      optionsOf({
        object: ['red mug@412,300', 'bowl@10.5,20@25'],
        size: ['mug=95mm', 'tray=0.3 m'],
        table: ['1,2', '30,4', '5,60'],
      }),
    );
    expect(hints.objects).toEqual([
      { name: 'red mug', xPx: 412, yPx: 300, frame: 0 },
      { name: 'bowl', xPx: 10.5, yPx: 20, frame: 25 },
    ]);
    expect(hints.sizes).toEqual([
      { name: 'mug', sizeM: 0.095 },
      { name: 'tray', sizeM: 0.3 },
    ]);
    expect(hints.tablePx).toHaveLength(3);
  });

  it.each([
    [{ object: ['mug'] }, /--object: expected NAME@X,Y/],
    [{ size: ['mug=95'] }, /--size: expected NAME=LENGTH/],
    [{ size: ['mug=95m'] }, /--size/],
    [{ table: ['1,2', '3,4'] }, /--table: expected at least three/],
    [{ table: ['a'] }, /--table: expected pixels/],
  ])('are refused when they cannot be read: %o', (given, message) => {
    expect(() => readHints(optionsOf(given))).toThrow(message);
  });
});

describe('perceive with hints', { timeout: 240_000 }, () => {
  const clip = syntheticClip();
  const [x, y] = clip.squareAt(0);
  const on = `${x + 22},${y + 30}`;

  it('names what it found anyway, and scales by a known size', async () => {
    const given = optionsOf({ object: [`tin@${on}`], source: 'tin', size: ['tin=80mm'] });
    const { perception } = await perceive(clip.frames, facts, given, createContext('perceive', { seed: 3 }));
    expect(perception.objects).toMatchObject([{ name: 'tin', role: 'source' }]);
    expect(perception.table.scaleSource).toContain('given size of the tin');
    // The guess without it is worth 0.2.
    expect(perception.table.scaleLogSd).toBeLessThan(0.1);
  });

  it('finds what stands still and is only pointed at', async () => {
    const still = syntheticClip({ withHand: false, still: true, numFrames: 20 });
    const [u, v] = still.squareAt(0);
    const given = optionsOf({ object: [`tin@${u + 22},${v + 22}`] });
    const { perception, masks } = await perceive(still.frames, facts, given, createContext('perceive'));
    expect(perception.objects).toMatchObject([{ name: 'tin', motion: null }]);
    expect(maskIou(maskOf(masks[0], 1).data, maskOf(still.truth(0), 1).data)).toBeGreaterThan(0.7);
  });

  it('says so when there is nothing at the pixel, or no object of that name', async () => {
    const run = (given: Record<string, unknown>) =>
      perceive(clip.frames, facts, optionsOf(given), createContext('perceive'));
    await expect(run({ object: ['tin@900,10'] })).rejects.toThrow(/the video has 60 frames of 320x240 pixels/);
    await expect(run({ source: 'cup' })).rejects.toThrow(
      /--source cup: no object of that name; there are: green object/,
    );
    await expect(run({ size: ['cup=95mm'] })).rejects.toThrow(
      /--size cup: no object of that name; there are: "green object" \(source\)/,
    );
  });
});
