import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/base/errors.js';
import { writePng } from '../../src/image/image-io.js';
import { locateFfmpeg, spawnFfmpeg } from '../../src/video/ffmpeg.js';
import { findBox, readQuickTimeTags } from '../../src/video/mp4-boxes.js';
import { parseFfmpegReport, probeVideo } from '../../src/video/probe.js';
import { temporaryFolder } from '../dataset/make-dataset.js';
import { withoutPath } from './each-ffmpeg.js';
import { numberedPicture, numberedVideo } from './synthetic.js';

const VIDEOS = fileURLToPath(new URL('../../../shared/data/videos', import.meta.url));
const hasVideos = existsSync(VIDEOS);
if (!hasVideos) console.log(`facts of real phone videos are skipped: no folder ${VIDEOS}`);

let work: string;
let good: string;

beforeAll(async () => {
  work = await temporaryFolder('probe');
  good = path.join(work, 'good.mp4');
  await numberedVideo(good, { fps: 25, numFrames: 5, widthPx: 96, heightPx: 64 });
});
afterAll(() => rm(work, { recursive: true, force: true }));

describe('locateFfmpeg', () => {
  it('falls back to the packaged one, which can encode H.264 and tone-map', async () => {
    const ffmpeg = await withoutPath(() => locateFfmpeg('libx264'));
    expect(ffmpeg.origin).toBe('packaged');
    expect(ffmpeg.encoders.has('libx264')).toBe(true);
    for (const filter of ['scale', 'fps', 'zscale', 'tonemap']) expect(ffmpeg.filters.has(filter)).toBe(true);
    expect(ffmpeg.version).not.toBe('');
  });

  it('says what is wrong with V2R_FFMPEG', async () => {
    const before = process.env.V2R_FFMPEG;
    try {
      process.env.V2R_FFMPEG = path.join(work, 'nothing');
      await expect(locateFfmpeg()).rejects.toThrow(/V2R_FFMPEG=.*nothing does not run/);
      process.env.V2R_FFMPEG = process.execPath;
      await expect(locateFfmpeg()).rejects.toThrow(/does not run/);
      await expect(locateFfmpeg()).rejects.toBeInstanceOf(UserError);
    } finally {
      if (before === undefined) delete process.env.V2R_FFMPEG;
      else process.env.V2R_FFMPEG = before;
    }
  });

  it('passes over an ffmpeg on PATH that lacks the encoder', async () => {
    const folder = path.join(work, 'poor');
    await mkdir(folder);
    const script = '#!/bin/sh\necho "ffmpeg version poor Copyright"\n';
    await writeFile(path.join(folder, 'ffmpeg'), script);
    await chmod(path.join(folder, 'ffmpeg'), 0o755);
    const before = process.env.PATH;
    const chosen = process.env.V2R_FFMPEG;
    delete process.env.V2R_FFMPEG;
    process.env.PATH = `${folder}${path.delimiter}/bin${path.delimiter}/usr/bin`;
    try {
      expect((await locateFfmpeg()).version).toBe('poor');
      expect((await locateFfmpeg('libx264')).origin).toBe('packaged');
    } finally {
      process.env.PATH = before;
      if (chosen !== undefined) process.env.V2R_FFMPEG = chosen;
    }
  });

  it('reports the last thing ffmpeg said', async () => {
    const ffmpeg = await locateFfmpeg();
    const run = spawnFfmpeg(ffmpeg.path, ['-hide_banner', '-i', path.join(work, 'missing.mp4')]);
    await expect(run.done).rejects.toThrow(/missing\.mp4: No such file/);
  });
});

describe('probeVideo', () => {
  it('reads the facts of an MP4', async () => {
    expect(await probeVideo(good)).toEqual({
      container: 'mp4',
      codec: 'h264',
      widthPx: 96,
      heightPx: 64,
      rotationDeg: 0,
      fps: 25,
      isVariableRate: false,
      durationSec: 0.2,
      transfer: 'sdr',
      colourMatrix: 'bt709',
      focal35mm: null,
      cameraMake: null,
      cameraModel: null,
    });
  });

  it('reads an AVI, which only ffmpeg understands', async () => {
    const file = path.join(work, 'clip.avi');
    const ffmpeg = await locateFfmpeg();
    await spawnFfmpeg(ffmpeg.path, ['-v', 'error', '-i', good, '-c:v', 'mpeg4', file]).done;
    expect(await probeVideo(file)).toMatchObject({
      container: 'avi',
      codec: 'mpeg4',
      widthPx: 96,
      heightPx: 64,
      fps: 25,
    });
  });

  it('follows links and copes with odd names', async () => {
    const link = path.join(work, "it's -a: %05d [clip].mp4");
    await symlink(good, link);
    expect((await probeVideo(link)).fps).toBe(25);
  });

  const bad: [string, () => Promise<string>, RegExp][] = [
    ['a missing file', async () => path.join(work, 'none.mp4'), /no such file: .*none\.mp4/],
    ['a folder', async () => work, /is a folder, not a video/],
    ['an empty file', () => put('empty.mp4', ''), /empty\.mp4 is empty \(0 bytes\)/],
    ['text with the name of a video', () => put('text.mp4', 'hello\n'.repeat(500)), /text\.mp4 is not a video/],
    ['a text file', () => put('notes.txt', 'hello\n'.repeat(500)), /notes\.txt is not a video/],
    ['a picture', () => picture('photo.png'), /photo\.png is not a video.*picture/],
    ['a picture with the name of a video', () => picture('photo.mp4'), /photo\.mp4 is not a video.*picture/],
    ['a video cut off before its index', () => tail('tail.mp4'), /tail\.mp4 is not a video/],
    ['a video without its index', () => headOnly('head.mp4'), /head\.mp4 is (cut off|not a video)/],
    [
      'random bytes',
      () =>
        put(
          'noise.mp4',
          Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251),
        ),
      /noise\.mp4/,
    ],
  ];
  it.each(bad)('refuses %s in one line', async (_what, make, words) => {
    const file = await make();
    const error = await probeVideo(file).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(words);
    expect((error as UserError).message).not.toContain('\n');
    expect((error as UserError).remedy).toBeTruthy();
  });

  async function put(name: string, content: string | Uint8Array): Promise<string> {
    const file = path.join(work, name);
    await writeFile(file, content);
    return file;
  }

  async function picture(name: string): Promise<string> {
    const file = path.join(work, name);
    await writePng(file, numberedPicture(0, 64, 64));
    return file;
  }

  async function tail(name: string): Promise<string> {
    const bytes = await readFile(good);
    return put(name, bytes.subarray(bytes.length >> 1));
  }

  async function headOnly(name: string): Promise<string> {
    const bytes = await readFile(good);
    return put(name, bytes.subarray(0, 60));
  }

  it.skipIf(!hasVideos)('knows rotation, edit list and rate of real videos', async () => {
    expect(await probeVideo(path.join(VIDEOS, 'turn_faucet_hevc_rot90.mov'))).toMatchObject({
      codec: 'hevc',
      widthPx: 960,
      heightPx: 540,
      rotationDeg: 270,
    });
    const scissors = await probeVideo(path.join(VIDEOS, 'open_scissors_editlist.mp4'));
    expect(scissors.durationSec).toBeCloseTo(3.7, 1);
    expect((await probeVideo(path.join(VIDEOS, 'move_letter_blocks_overhead.mp4'))).fps).toBeCloseTo(29.97, 3);
  });
});

describe('parseFfmpegReport', () => {
  const report = (stream: string): string =>
    `Input #0, mov,mp4,m4a, from 'x.mov':\n  Duration: 00:01:02.50, start: 0.000000, bitrate: 900 kb/s\n${stream}`;

  it('reads size, rate, length and rotation', () => {
    const text = report(
      '    Stream #0:0(und): Video: hevc (Main 10) (hvc1 / 0x31637668), yuv420p10le(tv, bt2020nc/bt2020/arib-std-b67), 1920x1080 [SAR 1:1 DAR 16:9], 900 kb/s, 59.94 fps, 60 tbr\n      displaymatrix: rotation of -90.00 degrees',
    );
    expect(parseFfmpegReport('x.mov', text)).toMatchObject({
      codec: 'hevc',
      widthPx: 1080,
      heightPx: 1920,
      rotationDeg: 90,
      fps: 59.94,
      durationSec: 62.5,
      transfer: 'hlg',
      colourMatrix: 'bt2020nc',
    });
  });

  it('widens pixels that are not square', () => {
    const text = report('  Stream #0:0: Video: mpeg4, yuv420p, 720x576 [SAR 16:15 DAR 4:3], 25 fps');
    expect(parseFfmpegReport('x.avi', text)).toMatchObject({ widthPx: 768, heightPx: 576 });
  });

  it('refuses sound, cover pictures and unknown formats', () => {
    expect(() => parseFfmpegReport('x.m4a', report('  Stream #0:0: Audio: aac'))).toThrow(/no picture track/);
    const cover = report('  Stream #0:1: Video: png, rgb24, 640x480, 90k tbr (attached pic)');
    expect(() => parseFfmpegReport('x.m4a', cover)).toThrow(/no picture track/);
    expect(() => parseFfmpegReport('x', 'x: Invalid data found')).toThrow(/x is not a video.*invalid data found/);
  });
});

describe('QuickTime tags', () => {
  const box = (type: string, ...parts: Uint8Array[]): Uint8Array => {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(body.length + 8);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, body]);
  };
  const u32 = (...values: number[]): Uint8Array => {
    const bytes = Buffer.alloc(values.length * 4);
    for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
    return bytes;
  };
  const numbered = (index: number, data: Uint8Array): Uint8Array => {
    const item = Buffer.from(box('????', data));
    item.writeUInt32BE(index, 4);
    return item;
  };
  const key = (name: string): Uint8Array => box('mdta', Buffer.from(name));

  it('finds make, model and focal length, of the track before the movie', () => {
    const movie = box(
      'meta',
      box('keys', u32(0, 2), key('com.apple.quicktime.make'), key('com.apple.quicktime.model')),
      box(
        'ilst',
        numbered(1, box('data', u32(1, 0), Buffer.from('Apple'))),
        numbered(2, box('data', u32(1, 0), Buffer.from('iPhone 15'))),
      ),
    );
    const track = box(
      'meta',
      // The ISO flavour: version and flags before the boxes.
      u32(0),
      box('keys', u32(0, 1), key('com.apple.quicktime.camera.focal_length.35mm_equivalent')),
      box('ilst', numbered(1, box('data', u32(67, 0), u32(26)))),
    );
    const moov = Buffer.concat([movie, box('trak', track)]);
    const tags = readQuickTimeTags(moov);
    expect(tags.get('com.apple.quicktime.make')).toBe('Apple');
    expect(tags.get('com.apple.quicktime.model')).toBe('iPhone 15');
    expect(tags.get('com.apple.quicktime.camera.focal_length.35mm_equivalent')).toBe(26);
  });

  it('survives boxes whose sizes lie', () => {
    const broken = Buffer.concat([u32(4), Buffer.from('meta'), u32(0xffffffff), Buffer.from('keys')]);
    expect(readQuickTimeTags(broken).size).toBe(0);
    expect(findBox(broken, 'meta/keys')).toBeNull();
    expect(findBox(new Uint8Array(3), 'moov')).toBeNull();
  });
});
