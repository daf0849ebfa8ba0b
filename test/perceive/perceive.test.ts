import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { CancelledError } from '../../src/base/errors.js';
import { resolveOptions } from '../../src/base/options.js';
import { maskOf } from '../../src/image/image.js';
import { maskIou } from '../../src/image/morphology.js';
import { perceiveOptions } from '../../src/perceive/options.js';
import { drawPerceptionOverlay } from '../../src/perceive/overlay.js';
import { perceive } from '../../src/perceive/perceive.js';
import { HAND_ID, PerceptionSchema } from '../../src/perceive/perception.js';
import { readMask, readPerception, readTracks, writeMask, writePerception } from '../../src/perceive/store.js';
import { syntheticClip } from './synthetic-clip.js';

const options = resolveOptions(perceiveOptions);
const facts = { focal35mm: null };

describe('perceive on a made-up clip with known truth', () => {
  const clip = syntheticClip();
  const run = perceive(clip.frames, facts, options, createContext('perceive', { seed: 3 }));

  it('finds the one object that the hand moved, and when', async () => {
    const { perception } = await run;
    expect(perception.manipulated).toBe(true);
    const sources = perception.objects.filter((object) => object.role === 'source');
    expect(sources).toHaveLength(1);
    expect(sources[0].name).toBe('green object');
    // The square starts and stops smoothly: it is 2 px away 3 frames after the lift and 3 frames before the end.
    expect(Math.abs(sources[0].motion!.firstFrame - clip.liftFrame)).toBeLessThanOrEqual(5);
    expect(Math.abs(sources[0].motion!.lastFrame - clip.downFrame)).toBeLessThanOrEqual(5);
    expect(perception.cameraMotion.kind).toBe('static');
    expect(() => PerceptionSchema.parse(perception)).not.toThrow();
  });

  it('puts it down on the table: no target object', async () => {
    const { perception } = await run;
    expect(perception.objects.filter((object) => object.role === 'target')).toHaveLength(0);
  });

  it('outlines object and hand', async () => {
    const { masks } = await run;
    const ious: number[] = [];
    const handIous: number[] = [];
    for (let k = 0; k < masks.length; k++) {
      const truth = clip.truth(k);
      ious.push(maskIou(maskOf(masks[k], 1).data, maskOf(truth, 1).data));
      const hand = maskOf(truth, HAND_ID).data;
      if (hand.some((v) => v !== 0)) handIous.push(maskIou(maskOf(masks[k], HAND_ID).data, hand));
    }
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    // A one-pixel rim around a 44 px square alone is an IoU of 0.91.
    expect(mean(ious)).toBeGreaterThan(0.88);
    expect(Math.min(...ious)).toBeGreaterThan(0.7);
    expect(mean(handIous)).toBeGreaterThan(0.8);
  });

  it('tracks points that stay on the object', async () => {
    const { tracks } = await run;
    expect(tracks.numTracks).toBeGreaterThan(15);
    let good = 0;
    let seen = 0;
    for (let n = 0; n < tracks.numTracks; n++) {
      let start: [number, number, number] | null = null;
      for (let k = 0; k < tracks.numFrames; k++) {
        const o = (k * tracks.numTracks + n) * 2;
        if (Number.isNaN(tracks.xyPx[o])) continue;
        start ??= [tracks.xyPx[o], tracks.xyPx[o + 1], k];
        const [x0, y0] = clip.squareAt(start[2]);
        const [x, y] = clip.squareAt(k);
        const error = Math.hypot(tracks.xyPx[o] - start[0] - (x - x0), tracks.xyPx[o + 1] - start[1] - (y - y0));
        seen++;
        if (error < 4) good++;
      }
    }
    expect(good / seen).toBeGreaterThan(0.9);
  });

  it('gives the same result for the same seed', async () => {
    const again = await perceive(clip.frames, facts, options, createContext('perceive', { seed: 3 }));
    const first = await run;
    expect(again.perception).toEqual(first.perception);
    expect(Buffer.from(again.masks[30].data).equals(Buffer.from(first.masks[30].data))).toBe(true);
  });

  it('round-trips through the artifact folder', async () => {
    const result = await run;
    const folder = await mkdtemp(path.join(tmpdir(), 'perceive-'));
    try {
      await writePerception(folder, result);
      await writeMask(folder, 7, result.masks[7]);
      expect(await readPerception(folder)).toEqual(result.perception);
      expect((await readMask(folder, 7)).data).toEqual(result.masks[7].data);
      expect((await readTracks(folder)).objectIds).toEqual(result.tracks.objectIds);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('draws an overlay that tints the object and leaves the frame alone', async () => {
    const { masks, perception } = await run;
    const frame = await clip.frames.read(0);
    const before = Uint8Array.from(frame.data);
    const overlay = drawPerceptionOverlay(frame, masks[0], perception);
    expect(frame.data).toEqual(before);
    const [x, y] = clip.squareAt(0);
    const i = 3 * ((y + 20) * frame.widthPx + x + 20);
    expect(overlay.data[i + 1]).toBeGreaterThan(frame.data[i + 1]);
  });
});

describe('perceive on a thing that is put back where it was', () => {
  it('finds it, though first and last picture are the same', async () => {
    const clip = syntheticClip({ returns: true });
    const { perception, masks } = await perceive(clip.frames, facts, options, createContext('perceive'));
    const sources = perception.objects.filter((object) => object.role === 'source');
    expect(sources).toHaveLength(1);
    const ious = [0, 15, 24, 35, 45, 55, 64, 72, 89].map((k) =>
      maskIou(maskOf(masks[k], sources[0].id).data, maskOf(clip.truth(k), 1).data),
    );
    expect(Math.min(...ious)).toBeGreaterThan(0.6);
  });
});

describe('perceive when there is nothing to find', () => {
  it('says so when nothing moves at all', async () => {
    const clip = syntheticClip({ withHand: false, withObject: false, numFrames: 20 });
    const { perception, masks } = await perceive(clip.frames, facts, options, createContext('perceive'));
    expect(perception.manipulated).toBe(false);
    expect(perception.objects).toEqual([]);
    expect(perception.finding).toContain('Nothing was found');
    expect(masks.every((mask) => mask.data.every((id) => id === 0))).toBe(true);
  });

  it('says so when a hand only passes', async () => {
    const clip = syntheticClip({ withObject: false });
    const { perception } = await perceive(clip.frames, facts, options, createContext('perceive'));
    expect(perception.manipulated).toBe(false);
    expect(perception.hand.seen).toBe(true);
    expect(perception.finding).toContain('a hand is seen');
  });

  it('survives a single frame', async () => {
    const clip = syntheticClip({ numFrames: 1 });
    const { perception } = await perceive(clip.frames, facts, options, createContext('perceive'));
    expect(perception.manipulated).toBe(false);
  });

  it('refuses a video that is too long to be held in memory, with a remedy', async () => {
    const { frames } = syntheticClip();
    const endless = { ...frames, numFrames: 100_000 };
    await expect(perceive(endless, facts, options, createContext('perceive'))).rejects.toThrow(/100000 frames/);
  });

  it('stops when cancelled', async () => {
    const abort = new AbortController();
    abort.abort();
    const ctx = createContext('perceive', { signal: abort.signal });
    await expect(perceive(syntheticClip().frames, facts, options, ctx)).rejects.toThrow(CancelledError);
  });
});
