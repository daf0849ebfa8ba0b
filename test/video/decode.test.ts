import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createContext } from '../../src/base/context.js';
import { CancelledError, UserError } from '../../src/base/errors.js';
import { readJson } from '../../src/base/files.js';
import { resolveOptions } from '../../src/base/options.js';
import { decodeVideo, planDecode, videoOptions } from '../../src/video/decode.js';
import { VideoEncoder } from '../../src/video/encode.js';
import { spawnFfmpeg } from '../../src/video/ffmpeg.js';
import { openFrames } from '../../src/video/open-frames.js';
import type { VideoFacts } from '../../src/video/probe.js';
import { VideoInfoSchema } from '../../src/video/video-info.js';
import { temporaryFolder } from '../dataset/make-dataset.js';
import { ffmpegPrograms } from './each-ffmpeg.js';
import { frameOf, meanColour, numberedVideo, retimed, turnedClockwise } from './synthetic.js';

const VIDEOS = fileURLToPath(new URL('../../../shared/data/videos', import.meta.url));
const hasVideos = existsSync(VIDEOS);
if (!hasVideos) console.log(`decoding of real phone videos is skipped: no folder ${VIDEOS}`);

const programs = await ffmpegPrograms();
const previous = process.env.V2R_FFMPEG;
let work: string;
let plain: string;
let runs = 0;

beforeAll(async () => {
  work = await temporaryFolder('decode');
  plain = path.join(work, 'plain.mp4');
  await numberedVideo(plain, { fps: 30, numFrames: 24, widthPx: 96, heightPx: 64 });
});
afterAll(() => rm(work, { recursive: true, force: true }));
afterEach(() => {
  if (previous === undefined) delete process.env.V2R_FFMPEG;
  else process.env.V2R_FFMPEG = previous;
});

async function decode(file: string, given: Record<string, unknown> = {}) {
  const out = path.join(work, `out-${runs++}`);
  const ctx = createContext('video');
  const info = await decodeVideo(file, out, resolveOptions(videoOptions, given), ctx);
  return { out, info, warnings: ctx.warnings, frames: await openFrames(out) };
}

/** Which frames of a numbered video came out, read off the middle of the pictures. */
async function numbersOf({ frames }: Awaited<ReturnType<typeof decode>>): Promise<number[]> {
  const numbers: number[] = [];
  for (let k = 0; k < frames.numFrames; k++) {
    numbers.push(frameOf(meanColour(await frames.read(k), 0.3, 0.3, 0.7, 0.7)[1]));
  }
  return numbers;
}

const range = (count: number, step = 1, from = 0): number[] => Array.from({ length: count }, (_, k) => from + k * step);

describe.each(programs)('decodeVideo with $name', ({ path: program }) => {
  it('gives every frame once, in order, with the right colours', async () => {
    process.env.V2R_FFMPEG = program;
    const result = await decode(plain);
    expect(await numbersOf(result)).toEqual(range(24));
    expect(result.info).toMatchObject({ fps: 30, numFrames: 24, widthPx: 96, heightPx: 64, startSec: 0, warnings: [] });
    const first = await result.frames.read(0);
    const [red, blue] = [meanColour(first, 0.02, 0.02, 0.2, 0.2), meanColour(first, 0.8, 0.8, 0.98, 0.98)];
    // Two colour conversions and two lossy codecs: three grey levels.
    for (const [c, level] of [220, 30, 30].entries()) expect(Math.abs(red[c] - level)).toBeLessThan(3);
    for (const [c, level] of [30, 30, 220].entries()) expect(Math.abs(blue[c] - level)).toBeLessThan(3);
  });

  it('takes a part: --start and --end', async () => {
    process.env.V2R_FFMPEG = program;
    const result = await decode(plain, { start: 0.2, end: 0.5 });
    expect(await numbersOf(result)).toEqual(range(9, 1, 6));
    expect(result.info.startSec).toBe(0.2);
  });

  it('takes every second frame at half the rate', async () => {
    process.env.V2R_FFMPEG = program;
    expect(await numbersOf(await decode(plain, { fps: 15 }))).toEqual(range(12, 2));
  });

  it('lowers the rate of a long video and says so', async () => {
    process.env.V2R_FFMPEG = program;
    const result = await decode(plain, { maxFrames: 8 });
    expect(result.info).toMatchObject({ numFrames: 8, fps: 10 });
    expect(result.warnings.map(({ code }) => code)).toEqual(['video-long']);
    expect(await numbersOf(result)).toEqual(range(8, 3));
  });

  it('resamples a variable rate: each frame shows what was there at its time', async () => {
    process.env.V2R_FFMPEG = program;
    // Frame k at k/30 s up to 0.2 s, then every 0.1 s: gaps are filled with the frame before.
    const times = range(24).map((k) => (k <= 6 ? k / 30 : 0.2 + (k - 6) / 10));
    const file = path.join(work, 'variable.mp4');
    await retimed(plain, file, times);
    const numbers = await numbersOf(await decode(file, { end: 0.6, fps: 30 }));
    expect(numbers.slice(0, 7)).toEqual(range(7));
    // At k/30 = 0.3, 0.4, 0.5 s frames 7, 8, 9 have just been shown.
    expect([numbers[9], numbers[12], numbers[15]]).toEqual([7, 8, 9]);
    expect(numbers.every((n, k) => k === 0 || n >= numbers[k - 1])).toBe(true);
    expect(numbers).toHaveLength(18);
  });

  it('turns the picture upright once', async () => {
    process.env.V2R_FFMPEG = program;
    const file = path.join(work, 'turned.mp4');
    await turnedClockwise(plain, file);
    const { info, frames } = await decode(file);
    expect([info.widthPx, info.heightPx, info.source.rotationDeg]).toEqual([64, 96, 90]);
    // The red corner was top left; a clockwise quarter turn brings it to the top right.
    expect(meanColour(await frames.read(0), 0.8, 0.02, 0.98, 0.2)[0]).toBeGreaterThan(200);
  });

  it('scales down while decoding, to even sizes', async () => {
    process.env.V2R_FFMPEG = program;
    const { info } = await decode(plain, { maxSize: 75 });
    expect([info.widthPx, info.heightPx]).toEqual([76, 50]);
  });

  it.each(['smpte2084', 'arib-std-b67'])(
    'brings HDR (%s) down to sRGB and keeps ordinary light as it is',
    async (transfer) => {
      process.env.V2R_FFMPEG = program;
      const file = path.join(work, `${transfer}.mov`);
      // Grey 128 is 0.216 of white in linear light, below the knee of the tone curve; white is 203 nits (ITU-R BT.2408).
      const grey = path.join(work, 'grey.mp4');
      const encoder = await VideoEncoder.open(grey, { widthPx: 96, heightPx: 64, fps: 30 });
      for (let k = 0; k < 2; k++) await encoder.write(new Uint8Array(96 * 64 * 3).fill(128));
      await encoder.close();
      const toHdr = [
        'zscale=tin=iec61966-2-1:pin=709:min=709:rin=limited:t=linear:npl=203,format=gbrpf32le',
        `zscale=p=2020:t=${transfer}:m=2020_ncl:r=limited:npl=203,format=yuv422p10le`,
      ].join(',');
      // ProRes, which phones record HDR in too: the libx265 of 2018 in the packaged ffmpeg once wrote a film without
      // a picture that could be decoded.
      const tags = ['-color_primaries', 'bt2020', '-color_trc', transfer, '-colorspace', 'bt2020nc'];
      const args = ['-v', 'error', '-y', '-i', grey, '-vf', toHdr, '-c:v', 'prores_ks', ...tags];
      await spawnFfmpeg(program, [...args, '-movflags', 'write_colr', file], { signal: AbortSignal.timeout(20_000) })
        .done;
      const { info, frames } = await decode(file);
      expect(info.source.transfer).toBe(transfer === 'smpte2084' ? 'pq' : 'hlg');
      for (const level of meanColour(await frames.read(0))) expect(Math.abs(level - 128)).toBeLessThan(4);
    },
  );

  it.skipIf(!hasVideos)('honours edit lists: 111 frames of the scissors, not 150', async () => {
    process.env.V2R_FFMPEG = program;
    const { info } = await decode(path.join(VIDEOS, 'open_scissors_editlist.mp4'), { maxSize: 128 });
    expect(info.numFrames).toBe(111);
  });

  it.skipIf(!hasVideos)('brings the rotated HEVC video of a phone out upright', async () => {
    process.env.V2R_FFMPEG = program;
    const { info, frames } = await decode(path.join(VIDEOS, 'turn_faucet_hevc_rot90.mov'), { maxSize: 320 });
    expect(info).toMatchObject({ widthPx: 320, heightPx: 180, numFrames: 130, fps: 30 });
    expect(info.source).toMatchObject({ codec: 'hevc', container: 'mov', widthPx: 960, heightPx: 540 });
    // The black tap stands in the middle of a light table.
    const tap = meanColour(await frames.read(0), 0.43, 0.45, 0.5, 0.7);
    const table = meanColour(await frames.read(0), 0.75, 0.85, 0.95, 0.98);
    expect(tap[0] + 40).toBeLessThan(table[0]);
  });

  it.skipIf(!hasVideos)('takes 60 frames per second at 30', async () => {
    process.env.V2R_FFMPEG = program;
    const { info } = await decode(path.join(VIDEOS, 'attach_usb_unplug_60fps.mp4'), { maxSize: 128 });
    expect([info.fps, info.numFrames]).toEqual([30, 46]);
  });
});

describe('decodeVideo', () => {
  it('writes video.json that its schema accepts', async () => {
    const { out } = await decode(plain);
    const info = await readJson(path.join(out, 'video.json'), VideoInfoSchema);
    expect(info.source.name).toBe('plain.mp4');
    expect(info.source.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await readdir(path.join(out, 'frames'))).toHaveLength(24);
  });

  it('gives the same bytes again', async () => {
    const [one, two] = [await decode(plain), await decode(plain)];
    for (const name of ['video.json', 'frames/000000.jpg', 'frames/000023.jpg']) {
      expect(await readFile(path.join(one.out, name))).toEqual(await readFile(path.join(two.out, name)));
    }
  });

  it('reports progress up to the last frame', async () => {
    const seen: number[] = [];
    const ctx = createContext('video', {
      onEvent: (event) => event.kind === 'progress' && seen.push(event.done / event.total),
    });
    await decodeVideo(plain, path.join(work, 'progress'), resolveOptions(videoOptions), ctx);
    expect(seen.at(-1)).toBe(1);
  });

  it('stops when cancelled', async () => {
    const controller = new AbortController();
    const ctx = createContext('video', { signal: controller.signal });
    const running = decodeVideo(plain, path.join(work, 'cancelled'), resolveOptions(videoOptions), ctx);
    controller.abort();
    await expect(running).rejects.toThrow(CancelledError);
  });

  it('decodes what is there of a damaged file, with a warning', async () => {
    const bytes = await readFile(plain);
    const damaged = path.join(work, 'damaged.mp4');
    // The index is at the front, so cutting the end loses frames, not the file.
    await writeFile(damaged, bytes.subarray(0, Math.floor(bytes.length * 0.7)));
    const { info, warnings } = await decode(damaged);
    expect(info.numFrames).toBeGreaterThan(0);
    expect(info.numFrames).toBeLessThan(24);
    expect(warnings.map(({ code }) => code)).toEqual(['video-damaged']);
  });

  it.each([
    [{ start: 5 }, /--start 5: plain\.mp4 is only 0\.80 s long/],
    [{ start: 0.5, end: 0.4 }, /--end 0\.4 is not after --start 0\.5/],
  ])('refuses %o', async (given, words) => {
    await expect(decode(plain, given)).rejects.toThrow(words);
    await expect(decode(plain, given)).rejects.toBeInstanceOf(UserError);
  });
});

describe('planDecode', () => {
  const facts: VideoFacts = {
    container: 'mp4',
    codec: 'h264',
    widthPx: 3840,
    heightPx: 2160,
    rotationDeg: 0,
    fps: 60,
    isVariableRate: false,
    durationSec: 10,
    transfer: 'sdr',
    colourMatrix: 'bt709',
    focal35mm: null,
    cameraMake: null,
    cameraModel: null,
  };
  const plan = (changes: Partial<VideoFacts>, given: Record<string, unknown> = {}) =>
    planDecode('clip.mp4', { ...facts, ...changes }, resolveOptions(videoOptions, given));

  it('takes 4K at 640 px and 30 per second', () => {
    expect(plan({})).toMatchObject({ widthPx: 640, heightPx: 360, fps: 30, lengthSec: 10, warnings: [] });
  });

  it('never enlarges, and keeps the rate of slow videos', () => {
    expect(plan({ widthPx: 321, heightPx: 241, fps: 10 })).toMatchObject({ widthPx: 322, heightPx: 242, fps: 10 });
  });

  it('refuses pictures too small or too narrow to see anything', () => {
    expect(() => plan({ widthPx: 16, heightPx: 16 })).toThrow(/only 16x16 pixels/);
    expect(() => plan({ widthPx: 8000, heightPx: 100 })).toThrow(/becomes 640x8/);
  });

  it('keeps a long video within the limit by whole divisions of the rate', () => {
    const long = plan({ durationSec: 60, fps: 30 });
    expect(long.fps).toBe(15);
    expect(long.warnings[0].message).toMatch(/60\.0 s at 30 frames per second are more than 900 frames/);
  });
});
