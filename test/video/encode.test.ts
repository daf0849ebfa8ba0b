import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CancelledError } from '../../src/base/errors.js';
import { createRgb } from '../../src/image/image.js';
import { VideoEncoder } from '../../src/video/encode.js';
import { Mp4Joiner } from '../../src/video/mp4-joiner.js';
import { readMp4Track } from '../../src/video/mp4-track.js';
import { temporaryFolder } from '../dataset/make-dataset.js';
import { ffmpegPrograms } from './each-ffmpeg.js';
import { numberedVideo } from './synthetic.js';

const programs = await ffmpegPrograms();
const previous = process.env.V2R_FFMPEG;
const SIZE = { widthPx: 64, heightPx: 48 };
let work: string;

beforeAll(async () => {
  work = await temporaryFolder('encode');
});
afterAll(() => rm(work, { recursive: true, force: true }));
afterEach(() => {
  if (previous === undefined) delete process.env.V2R_FFMPEG;
  else process.env.V2R_FFMPEG = previous;
});

/** Mean colour of the first frame by the definition of limited-range BT.709, without any library's conversion. */
function meanOfFirstFrame(program: string, file: string, widthPx: number, heightPx: number): number[] {
  const args = ['-v', 'error', '-i', file, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-'];
  const bytes = execFileSync(program, args);
  const pixels = widthPx * heightPx;
  const mean = (from: number, to: number): number =>
    bytes.subarray(from, to).reduce((sum, value) => sum + value, 0) / (to - from);
  const y = (mean(0, pixels) - 16) / 219;
  const cb = (mean(pixels, (pixels * 5) / 4) - 128) / 224;
  const cr = (mean((pixels * 5) / 4, (pixels * 3) / 2) - 128) / 224;
  // BT.709: Kr 0.2126, Kb 0.0722.
  return [y + 1.5748 * cr, y - 0.1873 * cb - 0.4681 * cr, y + 1.8556 * cb].map((value) => value * 255);
}

describe.each(programs)('VideoEncoder with $name', ({ path: program }) => {
  it('puts frame k at exactly k / fps, with a key frame every second frame and no edit list', async () => {
    process.env.V2R_FFMPEG = program;
    for (const fps of [30, 24, 7]) {
      const file = path.join(work, `times-${fps}.mp4`);
      await numberedVideo(file, { fps, numFrames: 9, ...SIZE });
      const track = await readMp4Track(file);
      expect(track.timescale).toBe(fps * 512);
      expect([...track.presentation]).toEqual(Array.from({ length: 9 }, (_, k) => k * 512));
      expect([...track.isKey]).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1]);
      expect(track.edits).toEqual([]);
      expect(track.numTracks).toBe(1);
    }
  });

  it('gives the same bytes for the same frames, without version or date', async () => {
    process.env.V2R_FFMPEG = program;
    const files = ['one.mp4', 'two.mp4'].map((name) => path.join(work, name));
    for (const file of files) await numberedVideo(file, { fps: 20, numFrames: 11, ...SIZE });
    const [one, two] = await Promise.all(files.map((file) => readFile(file)));
    expect(one.equals(two)).toBe(true);
    expect(one.toString('latin1')).not.toMatch(/x264 - core|Lavf\d|Lavc\d/);
  });

  it.each([
    ['grey', [128, 128, 128]],
    ['black', [0, 0, 0]],
    ['white', [255, 255, 255]],
    ['red', [200, 40, 40]],
    ['green', [30, 180, 60]],
    ['blue', [20, 60, 200]],
  ])('keeps %s', async (name, colour) => {
    process.env.V2R_FFMPEG = program;
    const file = path.join(work, `${name}.mp4`);
    const image = createRgb(SIZE.widthPx, SIZE.heightPx);
    for (let i = 0; i < image.data.length; i++) image.data[i] = colour[i % 3];
    const encoder = await VideoEncoder.open(file, { ...SIZE, fps: 20 });
    await encoder.write(image.data);
    await encoder.close();
    const mean = meanOfFirstFrame(program, file, SIZE.widthPx, SIZE.heightPx);
    // 8-bit Y'CbCr steps are worth up to 2 levels of red and blue; the codec adds a little.
    for (let c = 0; c < 3; c++) expect(Math.abs(mean[c] - colour[c])).toBeLessThan(3);
  });
});

describe('VideoEncoder', () => {
  it('refuses odd sizes, fractional rates and frames of another size', async () => {
    const file = path.join(work, 'bad.mp4');
    await expect(VideoEncoder.open(file, { widthPx: 63, heightPx: 48, fps: 30 })).rejects.toThrow(/not an even size/);
    await expect(VideoEncoder.open(file, { ...SIZE, fps: 29.97 })).rejects.toThrow(/not a whole number/);
    const encoder = await VideoEncoder.open(file, { ...SIZE, fps: 30 });
    await expect(encoder.write(new Uint8Array(10))).rejects.toThrow(/frame of 10 bytes, expected 64x48x3/);
    await encoder.abort();
    expect(existsSync(file)).toBe(false);
  });

  it('reports why ffmpeg ended', async () => {
    const encoder = await VideoEncoder.open(path.join(work, 'no/such/folder/x.mp4'), { ...SIZE, fps: 30 });
    const feed = async (): Promise<void> => {
      for (let k = 0; k < 500; k++) await encoder.write(new Uint8Array(64 * 48 * 3));
      await encoder.close();
    };
    await expect(feed()).rejects.toThrow(/No such file or directory/);
  });

  it('stops when cancelled', async () => {
    const controller = new AbortController();
    const encoder = await VideoEncoder.open(path.join(work, 'stop.mp4'), { ...SIZE, fps: 30 }, controller.signal);
    await encoder.write(new Uint8Array(64 * 48 * 3));
    controller.abort();
    await expect(encoder.close()).rejects.toThrow(CancelledError);
  });
});

describe('Mp4Joiner', () => {
  const partOf = async (name: string, numFrames: number, fps = 30): Promise<string> => {
    const file = path.join(work, name);
    await numberedVideo(file, { fps, numFrames, ...SIZE });
    return file;
  };

  it('joins without a gap, frame by frame the same pictures', async () => {
    const parts = [await partOf('a.mp4', 5), await partOf('b.mp4', 40), await partOf('c.mp4', 1)];
    const file = path.join(work, 'joined.mp4');
    const joiner = new Mp4Joiner(file, 30);
    expect([await joiner.append(parts[0]), await joiner.append(parts[1]), await joiner.append(parts[2])]).toEqual([
      5, 40, 1,
    ]);
    const bytes = await joiner.finish();
    expect(bytes).toBe((await readFile(file)).length);
    expect(existsSync(`${file}.frames`)).toBe(false);
    const track = await readMp4Track(file);
    expect([...track.presentation]).toEqual(Array.from({ length: 46 }, (_, k) => k * 512));
    expect([track.isKey[0], track.isKey[5], track.isKey[45]]).toEqual([1, 1, 1]);
    expect([track.widthPx, track.heightPx]).toEqual([64, 48]);
    const hashes = (input: string): string[] =>
      execFileSync(programs[0].path, ['-v', 'error', '-i', input, '-f', 'framemd5', '-'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => /^0,/.test(line))
        .map((line) => line.split(',')[5].trim());
    expect(hashes(file)).toEqual(parts.flatMap(hashes));
  });

  it('gives the same bytes again', async () => {
    const part = await partOf('d.mp4', 3);
    const written = await Promise.all(
      ['j1.mp4', 'j2.mp4'].map(async (name) => {
        const joiner = new Mp4Joiner(path.join(work, name), 30);
        await joiner.append(part);
        await joiner.append(part);
        await joiner.finish();
        return readFile(path.join(work, name));
      }),
    );
    expect(written[0].equals(written[1])).toBe(true);
  });

  it('refuses parts that do not fit', async () => {
    const joiner = new Mp4Joiner(path.join(work, 'never.mp4'), 30);
    await joiner.append(await partOf('e.mp4', 3));
    await expect(joiner.append(await partOf('slow.mp4', 3, 25))).rejects.toThrow(
      /frame 1 is shown at 0\.04 s instead of 0\.0333/,
    );
    const other = path.join(work, 'other.mp4');
    await numberedVideo(other, { fps: 30, numFrames: 2, widthPx: 96, heightPx: 64 });
    await expect(joiner.append(other)).rejects.toThrow(/encoded with other settings/);
    await expect(joiner.append(path.join(work, 'missing.mp4'))).rejects.toThrow(/missing\.mp4/);
    await joiner.discard();
    expect(existsSync(path.join(work, 'never.mp4.frames'))).toBe(false);
    await expect(new Mp4Joiner(path.join(work, 'none.mp4'), 30).finish()).rejects.toThrow(/nothing to join/);
  });
});
