import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '../../../src/base/context.js';
import { encodeNpy, writeNpy } from '../../../src/base/npy.js';
import { resolveOptions } from '../../../src/base/options.js';
import { maskOf } from '../../../src/image/image.js';
import { writePng } from '../../../src/image/image-io.js';
import { maskIou } from '../../../src/image/morphology.js';
import { perceiveOptions } from '../../../src/perceive/options.js';
import { type PerceptionResult, perceive } from '../../../src/perceive/perceive.js';
import { HAND_ID } from '../../../src/perceive/perception.js';
import { tableDepth } from '../../../src/perceive/providers/depth-align.js';
import { writeMask, writePerception } from '../../../src/perceive/store.js';
import { zipOf } from '../../base/helpers/zip.js';
import { syntheticClip } from '../synthetic-clip.js';

const clip = syntheticClip();
const T = clip.frames.numFrames;
const facts = { focal35mm: null };
const none = { segment: 'classical', track: 'classical', depth: 'classical', camera: 'classical' };
/** Segmentation from the first test's masks: without analysing changes again. */
const byMasks = (given: Record<string, unknown>): Promise<PerceptionResult> =>
  run({ segment: 'files', maskFiles: at('own'), ...given });
const run = (given: Record<string, unknown>): Promise<PerceptionResult> =>
  perceive(
    clip.frames,
    facts,
    resolveOptions(perceiveOptions, { ...none, ...given }),
    createContext('perceive', { seed: 3 }),
  );

let folder: string;
const at = (...parts: string[]): string => path.join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'files-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('perception from files', { timeout: 240_000 }, () => {
  it('gives the same result from its own artifact', async () => {
    const first = await run({});
    await writePerception(at('own'), first);
    for (const [k, mask] of first.masks.entries()) await writeMask(at('own'), k, mask);
    const again = await run({
      segment: 'files',
      track: 'files',
      camera: 'files',
      maskFiles: at('own'),
      trackFiles: at('own'),
      cameraFile: at('own', 'perception.json'),
    });
    expect(again.perception).toEqual({
      ...first.perception,
      providers: { segment: 'files', track: 'files', depth: 'classical', camera: 'files' },
    });
    expect(again.masks.map(({ data }) => Buffer.from(data).toString('base64'))).toEqual(
      first.masks.map(({ data }) => Buffer.from(data).toString('base64')),
    );
    expect(Buffer.from(again.tracks.xyPx.buffer).equals(Buffer.from(first.tracks.xyPx.buffer))).toBe(true);
    expect(again.tracks.objectIds).toEqual(first.tracks.objectIds);
    expect(again.plate).toEqual(first.plate);
  });

  it('reads id maps, tells who moves and when, and finds the hand itself', async () => {
    for (let k = 0; k < T; k++) {
      const ids = clip.truth(k);
      for (let i = 0; i < ids.data.length; i++) ids.data[i] = ids.data[i] === HAND_ID ? 0 : ids.data[i] * 7;
      await writePng(at('ids', `${String(k).padStart(5, '0')}.png`), ids);
    }
    await writeFile(at('ids', 'objects.json'), '{"7": "tin"}');
    const { perception, masks } = await run({ segment: 'auto', maskFiles: at('ids') });
    expect(perception.objects).toMatchObject([{ id: 1, name: 'tin', role: 'source' }]);
    const { motion } = perception.objects[0];
    expect(Math.abs(motion!.firstFrame - clip.liftFrame)).toBeLessThanOrEqual(6);
    expect(Math.abs(motion!.lastFrame - clip.downFrame)).toBeLessThanOrEqual(6);
    for (const k of [0, 30, T - 1]) {
      expect(maskIou(maskOf(masks[k], 1).data, maskOf(clip.truth(k), 1).data)).toBeGreaterThan(0.97);
    }
    expect(maskIou(maskOf(masks[30], HAND_ID).data, maskOf(clip.truth(30), HAND_ID).data)).toBeGreaterThan(0.7);
  });

  it('reads one folder per object', async () => {
    for (const [name, id] of [
      ['tin', 1],
      ['hand', HAND_ID],
    ] as const) {
      for (let k = 0; k < T; k++) {
        const mask = maskOf(clip.truth(k), id);
        for (let i = 0; i < mask.data.length; i++) mask.data[i] *= 255;
        await writePng(at('folders', name, `${String(k).padStart(5, '0')}.png`), mask);
      }
    }
    const { perception, masks } = await run({ segment: 'files', maskFiles: at('folders') });
    expect(perception.objects).toMatchObject([{ id: 1, name: 'tin', role: 'source' }]);
    expect(masks[30].data).toEqual(clip.truth(30).data);
  });

  it('says expected and found when shapes do not fit', async () => {
    await mkdir(at('few'));
    await writePng(at('few', '0.png'), clip.truth(0));
    await expect(run({ segment: 'files', maskFiles: at('few') })).rejects.toThrow(
      /expected 60 masks, one per frame, found 1/,
    );
    await writeNpy(at('short.npy'), [10, 4, 2], new Float32Array(80));
    await expect(byMasks({ track: 'files', trackFiles: at('short.npy') })).rejects.toThrow(
      /expected tracks \[60, N, 2\], one row per frame, found \[10, 4, 2\]/,
    );
    await expect(run({ track: 'files' })).rejects.toThrow(/--track files: name them with --track-files/);
    await writeFile(at('camera.json'), '{"width": 100, "height": 100, "K": [90, 0, 50, 0, 90, 50, 0, 0, 1]}');
    await expect(byMasks({ camera: 'files', cameraFile: at('camera.json') })).rejects.toThrow(
      /expected a camera of 320x240 frames or of the same shape, found 100x100/,
    );
  });

  it('reads CoTracker-like tracks and gives each to the object it lies on', async () => {
    const N = 3;
    const tracks = new Float32Array(T * N * 2);
    for (let k = 0; k < T; k++) {
      const [x, y] = clip.squareAt(k);
      // On the square (in frames of twice the size), on the table, and on the square but seen only at first.
      tracks.set([2 * (x + 30), 2 * (y + 30), 20, 400, 2 * (x + 10), 2 * (y + 35)], k * N * 2);
    }
    const visibility = Uint8Array.from({ length: T * N }, (_, i) => (i % N === 2 && i >= 10 * N ? 0 : 1));
    const arrays = {
      pred_tracks: encodeNpy([1, T, N, 2], tracks),
      pred_visibility: encodeNpy([1, T, N], visibility),
      video_size: encodeNpy([2], Int32Array.from([640, 480])),
    };
    await writeFile(at('tracks.npz'), zipOf(arrays, true));
    const { tracks: found } = await byMasks({ track: 'auto', trackFiles: at('tracks.npz') });
    expect(found.objectIds).toEqual([1, 1]);
    const [x, y] = clip.squareAt(0);
    expect([...found.xyPx.subarray(0, 4)]).toEqual([x + 30, y + 30, x + 10, y + 35]);
    expect(found.xyPx[(20 * 2 + 1) * 2]).toBeNaN();
    delete (arrays as Partial<typeof arrays>).video_size;
    await writeFile(at('large.npz'), zipOf(arrays, false));
    await expect(byMasks({ track: 'files', trackFiles: at('large.npz') })).rejects.toThrow(
      /expected pixels of 320x240 frames, found positions up to \(440, 400\)/,
    );
  });

  it('takes camera and table from a file', async () => {
    const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
    // Camera 0.5 m from the table along the axis, looking 0.7 rad down.
    const cameraFromWorld = [1, 0, 0, 0.2, 0, -s, -c, 0, 0, c, -s, 0.5, 0, 0, 0, 1];
    const camera = { widthPx: 640, heightPx: 480, fx: 600, fy: 600, cx: 320, cy: 240, cameraFromWorld };
    await writeFile(at('known.json'), JSON.stringify(camera));
    const { perception } = await byMasks({ camera: 'auto', cameraFile: at('known.json') });
    expect(perception.camera).toMatchObject({ widthPx: 320, fx: 300, cx: 160, source: 'file' });
    const m = perception.table.cameraFromWorld;
    expect(m[11]).toBeCloseTo(0.5, 9);
    expect(m[3]).toBeCloseTo(0, 9);
    expect(m[10]).toBeCloseTo(-s, 9);
  });

  it('takes table and scale from metric depth, and refuses depth of the wrong sign', async () => {
    const [c, s] = [Math.cos(0.9), Math.sin(0.9)];
    const up: [number, number, number] = [0, -c, -s];
    const { perception } = await byMasks({});
    const truth = {
      camera: perception.camera,
      up,
      distance: { value: 0.8, sd: 0, source: '' },
      normalSdDeg: 0,
      normalSource: '',
    };
    const { data } = tableDepth(truth, 160, 120);
    const all = new Float32Array(T * data.length);
    for (let k = 0; k < T; k++) all.set(data, k * data.length);
    await writeNpy(at('depth.npy'), [T, 120, 160], all);
    const byDepth = await byMasks({ depth: 'files', depthFiles: at('depth.npy') });
    const m = byDepth.perception.table.cameraFromWorld;
    expect(m[11]).toBeCloseTo(0.8, 2);
    expect((Math.acos(m[6] * up[1] + m[10] * up[2]) * 180) / Math.PI).toBeLessThan(0.5);
    expect(byDepth.depth.maps[0].tableError).toBeLessThan(0.01);
    const ctx = createContext('perceive', { seed: 3 });
    const given = {
      ...none,
      segment: 'files',
      maskFiles: at('own'),
      depth: 'files',
      depthFiles: at('depth.npy'),
      depthKind: 'inverse',
    };
    const wrong = await perceive(clip.frames, facts, resolveOptions(perceiveOptions, given), ctx);
    expect(wrong.depth.maps).toEqual([]);
    expect(ctx.warnings.map(({ code }) => code)).toContain('depth-unaligned');
  });
});
