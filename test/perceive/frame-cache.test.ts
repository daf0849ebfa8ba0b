import { describe, expect, it } from 'vitest';
import { createRgb } from '../../src/image/image.js';
import { cachedFrames, FrameCache } from '../../src/perceive/frame-cache.js';
import type { FrameSource } from '../../src/video/frames.js';

const frame = (k: number): Uint8Array => new Uint8Array(12).fill(k);

describe('FrameCache', () => {
  it('gives other threads what one has left, and nothing else', () => {
    const cache = FrameCache.create(12, 5, 1000);
    const elsewhere = new FrameCache(cache.share);
    expect(elsewhere.get(3)).toBeNull();
    cache.put(3, frame(3));
    expect(elsewhere.get(3)).toEqual(frame(3));
    expect(elsewhere.get(0)).toBeNull();
  });

  it('keeps to its size: later frames take the place of earlier ones, and what was given before stays as it was', () => {
    const cache = FrameCache.create(12, 5, 30);
    expect(cache.share.frames.byteLength).toBe(24);
    cache.put(1, frame(1));
    const given = cache.get(1);
    cache.put(3, frame(3));
    expect(cache.get(1)).toBeNull();
    expect(cache.get(3)).toEqual(frame(3));
    expect(given).toEqual(frame(1));
  });

  it('gives nothing while another thread writes', () => {
    const cache = FrameCache.create(12, 5, 30);
    cache.put(2, frame(2));
    const states = new Int32Array(cache.share.states);
    states[0]++;
    expect(cache.get(2)).toBeNull();
    cache.put(4, frame(4));
    states[0]++;
    expect(cache.get(2)).toEqual(frame(2));
  });
});

describe('cachedFrames', () => {
  it('reads every frame once', async () => {
    const read: number[] = [];
    const source: FrameSource = {
      numFrames: 3,
      fps: 30,
      widthPx: 2,
      heightPx: 2,
      read: async (k) => {
        read.push(k);
        return createRgb(2, 2, frame(k));
      },
    };
    const frames = cachedFrames(source, FrameCache.create(12, 3, 1000));
    for (const k of [0, 2, 0, 2, 1]) expect((await frames.read(k)).data).toEqual(frame(k));
    expect(read).toEqual([0, 2, 1]);
  });
});
