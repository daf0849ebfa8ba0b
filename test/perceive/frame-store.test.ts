import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { FrameStore } from '../../src/perceive/frame-store.js';
import { loadClip } from '../../src/perceive/load-clip.js';
import { syntheticClip } from './synthetic-clip.js';

describe('FrameStore', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'v2r-test-'));
    vi.stubEnv('TMPDIR', folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  const frame = (k: number, extra = 0): Uint8Array => Uint8Array.from({ length: 10 }, (_, i) => 10 * k + i + extra);

  it('gives back every frame, whether in memory or on disk, also those that were replaced', () => {
    const store = FrameStore.create(10, 12, 3);
    try {
      for (let k = 0; k < 12; k++) store.set(k, frame(k));
      store.set(2, frame(2, 100));
      expect(store.at(11)).toEqual(frame(11));
      for (const k of [0, 2, 7, 0, 11, 5, 2, 1, 10]) expect(store.at(k)).toEqual(frame(k, k === 2 ? 100 : 0));
    } finally {
      store.close();
    }
  });

  it('says which frame is not there and refuses frames of another size', () => {
    const store = FrameStore.create(10, 12, 3);
    store.set(0, frame(0));
    expect(() => store.at(5)).toThrow('no frame 5');
    expect(() => store.set(1, new Uint8Array(9))).toThrow('9 bytes');
    store.close();
  });

  it('a clip looks the same when most of it lies on disk', async () => {
    const { frames } = syntheticClip();
    const ctx = createContext('perceive');
    const whole = await loadClip(frames, ctx);
    const partly = await loadClip(frames, ctx, 0);
    try {
      for (let k = frames.numFrames - 1; k >= 0; k -= 7) {
        expect(Buffer.compare(partly.labAt(k), whole.labAt(k))).toBe(0);
        expect(Buffer.compare(partly.greyAt(k).data, whole.greyAt(k).data)).toBe(0);
      }
      // Sixty frames, forty in memory: grey and colour each have a file.
      expect(readdirSync(folder)).toHaveLength(2);
    } finally {
      await whole.close();
      await partly.close();
    }
  });
});
