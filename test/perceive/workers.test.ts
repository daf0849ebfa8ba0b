import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { writeJson } from '../../src/base/files.js';
import { resolveOptions } from '../../src/base/options.js';
import { encodeJpeg } from '../../src/image/image-io.js';
import { perceiveOptions } from '../../src/perceive/options.js';
import { type PerceptionResult, perceive } from '../../src/perceive/perceive.js';
import { frameFileName, openFrames } from '../../src/video/open-frames.js';
import type { VideoInfo } from '../../src/video/video-info.js';
import { syntheticClip } from './synthetic-clip.js';

describe('perceive in several threads', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'v2r-test-'));
    const { frames } = syntheticClip({ numFrames: 48 });
    const { numFrames, fps, widthPx, heightPx } = frames;
    await mkdir(path.join(folder, 'frames'));
    for (let k = 0; k < numFrames; k++) {
      await writeFile(path.join(folder, 'frames', frameFileName(k)), await encodeJpeg(await frames.read(k), 95));
    }
    const source = {
      name: 'square.mp4',
      sha256: '0'.repeat(64),
      container: 'mp4',
      codec: 'h264',
      widthPx,
      heightPx,
      rotationDeg: 0,
      fps,
      isVariableRate: false,
      durationSec: numFrames / fps,
      transfer: 'sdr',
      focal35mm: null,
      cameraMake: null,
      cameraModel: null,
    } as const;
    const info: VideoInfo = {
      kind: 'v2r/video',
      version: 1,
      source,
      fps,
      numFrames,
      widthPx,
      heightPx,
      startSec: 0,
      warnings: [],
    };
    await writeJson(path.join(folder, 'video.json'), info);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const seenBy = async (workers: number): Promise<PerceptionResult> =>
    perceive(
      await openFrames(folder),
      { focal35mm: null },
      resolveOptions(perceiveOptions, { segment: 'classical', track: 'classical', depth: 'classical' }),
      createContext('perceive', { seed: 3, workers }),
    );

  it('sees the very same as in one', async () => {
    const alone = await seenBy(1);
    expect(alone.perception.manipulated).toBe(true);
    const together = await seenBy(2);
    expect(together.perception).toEqual(alone.perception);
    expect(together.tracks.objectIds).toEqual(alone.tracks.objectIds);
    const bytesOf = ({ masks, plate, tracks }: PerceptionResult): Buffer =>
      Buffer.concat([...masks.map(({ data }) => data), plate.data, new Uint8Array(tracks.xyPx.buffer)]);
    expect(Buffer.compare(bytesOf(together), bytesOf(alone))).toBe(0);
  });

  it('says which frame is missing, and ends its threads', async () => {
    await rm(path.join(folder, 'frames', frameFileName(20)));
    await expect(seenBy(2)).rejects.toMatchObject({ name: 'UserError' });
  });
});
