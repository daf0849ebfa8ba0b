import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeFileAtomic, writeJson } from '../../src/base/files.js';
import { encodeJpeg } from '../../src/image/image-io.js';
import { frameFileName, openFrames } from '../../src/video/open-frames.js';
import { frameOf, meanColour, numberedPicture } from './synthetic.js';
import { videoJson } from './video-json.js';

const INFO = videoJson(12);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'v2r-frames-'));
  await writeJson(path.join(folder, 'video.json'), INFO);
  for (let k = 0; k < INFO.numFrames; k++) {
    await writeFileAtomic(path.join(folder, 'frames', frameFileName(k)), await encodeJpeg(numberedPicture(k, 64, 48)));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('openFrames', () => {
  it('reads any frame in any order', async () => {
    const frames = await openFrames(folder);
    expect([frames.numFrames, frames.fps, frames.widthPx, frames.heightPx]).toEqual([12, 30, 64, 48]);
    for (const k of [11, 0, 5, 5, 7]) {
      expect(frameOf(meanColour(await frames.read(k), 0.3, 0.3, 0.7, 0.7)[0])).toBe(k);
    }
  });

  it('keeps the frames used last and forgets the others', async () => {
    const frames = await openFrames(folder);
    const first = await frames.read(0);
    expect(await frames.read(0)).toBe(first);
    for (let k = 1; k < 12; k++) await frames.read(k);
    expect(await frames.read(0)).not.toBe(first);
  });

  it('reads a frame once when asked twice at the same time', async () => {
    const frames = await openFrames(folder);
    const [one, two] = await Promise.all([frames.read(3), frames.read(3)]);
    expect(one).toBe(two);
  });

  it.each([-1, 12, 1.5, Number.NaN])('refuses frame %s', async (frame) => {
    const frames = await openFrames(folder);
    await expect(frames.read(frame)).rejects.toThrow(RangeError);
  });

  it('says how to mend a folder with missing or foreign frames', async () => {
    const frames = await openFrames(folder);
    const file = path.join(folder, 'frames', frameFileName(2));
    await writeFileAtomic(file, await encodeJpeg(numberedPicture(2, 32, 32)));
    await expect(frames.read(2)).rejects.toThrow(/000002\.jpg is 32x32, the video is 64x48/);
    await writeFileAtomic(file, await encodeJpeg(numberedPicture(2, 64, 48)));
    expect((await frames.read(2)).widthPx).toBe(64);
    await rm(path.join(folder, 'frames', frameFileName(11)));
    await expect(openFrames(folder)).rejects.toThrow(/should hold 12 frames, but .*000011\.jpg is missing/);
    await expect(openFrames('/no/such/folder')).rejects.toThrow(/cannot read/);
  });
});
