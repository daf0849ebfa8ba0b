/**
 * Facts about a video file, read from its container without ffprobe: mediabunny for MP4, MOV, WebM, MKV and MPEG-TS,
 * the stream list that `ffmpeg -i` prints for the rest.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ALL_FORMATS, FilePathSource, Input, type InputVideoTrack, Logging, LogLevel } from 'mediabunny';
import { messageOf, UserError } from '../base/errors.js';
import { FfmpegError, locateFfmpeg, spawnFfmpeg } from './ffmpeg.js';
import { readMoov, readQuickTimeTags } from './mp4-boxes.js';

export interface VideoFacts {
  /** 'mp4', 'mov', 'webm', 'avi', ... */
  readonly container: string;
  /** 'h264', 'hevc', 'av1', 'vp9', ... as ffmpeg names them. */
  readonly codec: string;
  /** As shown: pixel aspect ratio and rotation applied. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Clockwise turn from stored to shown picture. */
  readonly rotationDeg: number;
  readonly fps: number;
  readonly isVariableRate: boolean;
  /** Shown length, edit list honoured. */
  readonly durationSec: number;
  /** Transfer function: pq and hlg are HDR. */
  readonly transfer: 'sdr' | 'pq' | 'hlg';
  /** Colour matrix as tagged; null when the file does not say. */
  readonly colourMatrix: string | null;
  /** Focal length as on 35 mm film, from the phone's metadata. */
  readonly focal35mm: number | null;
  readonly cameraMake: string | null;
  readonly cameraModel: string | null;
}

const READABLE = 'give a phone video: .mp4, .mov, .webm, .mkv or .avi';
/** Still pictures and text that ffmpeg would happily play as a one-frame video. */
const NOT_VIDEO_FORMAT = /(_pipe|image2|tty|^ass|^srt|webvtt|^concat)/;

// Its warnings are about edit lists and the like; what matters of them is reported by the caller.
Logging.level = LogLevel.Silent;

/** Throws `UserError` naming the file when it is missing, empty, a folder, or has no video that can be read. */
export async function probeVideo(file: string, signal?: AbortSignal): Promise<VideoFacts> {
  await checkIsFile(file);
  const facts = (await probeWithMediabunny(file)) ?? (await probeWithFfmpeg(file, signal));
  if (!(facts.widthPx > 0 && facts.heightPx > 0)) throw notVideo(file, 'it gives no picture size');
  return facts;
}

async function checkIsFile(file: string): Promise<void> {
  const info = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') {
      throw new UserError(`no such file: ${file}`, 'check the path');
    }
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  });
  if (info.isDirectory()) throw new UserError(`${file} is a folder, not a video`, READABLE);
  if (!info.isFile()) throw new UserError(`${file} is not a regular file`, READABLE);
  if (info.size === 0) throw new UserError(`${file} is empty (0 bytes)`, 'copy it from the camera again');
}

export function notVideo(file: string, why: string): UserError {
  return new UserError(`${file} is not a video that can be read: ${why}`, READABLE);
}

/** null when mediabunny does not know the container or finds it damaged; ffmpeg then has the last word. */
async function probeWithMediabunny(file: string): Promise<VideoFacts | null> {
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(file) });
  try {
    const track = await input.getPrimaryVideoTrack();
    if (!track) {
      const tracks = await input.getTracks();
      if (tracks.length > 0) throw notVideo(file, 'it has sound but no picture');
      throw new UserError(
        `${file} is cut off: the index that belongs to it is missing`,
        'copy it from the camera again',
      );
    }
    return await factsOf(file, input, track);
  } catch (error) {
    if (error instanceof UserError) throw error;
    return null;
  } finally {
    input.dispose();
  }
}

async function factsOf(file: string, input: Input, track: InputVideoTrack): Promise<VideoFacts | null> {
  const rate = await track.computeFrameRateMetrics();
  const fps = rate.underlyingFrameRate ?? rate.bestGuessFrameRate;
  const durationSec = await track.computeDuration();
  if (!(fps > 0) || !(durationSec > 0)) return null;
  const colour = await track.getColorSpace();
  const extension = path.extname(file).slice(1).toLowerCase();
  const mime = await input.getMimeType();
  return {
    container: /quicktime/.test(mime) ? 'mov' : (/^\w+\/(?:x-)?(\w+)/.exec(mime)?.[1] ?? extension),
    codec: codecName(await track.getCodec(), await track.getInternalCodecId()),
    widthPx: await track.getDisplayWidth(),
    heightPx: await track.getDisplayHeight(),
    rotationDeg: await track.getRotation(),
    fps,
    isVariableRate: rate.underlyingFrameRate === null,
    durationSec,
    transfer: transferOf(`${colour.transfer ?? ''}`),
    colourMatrix: colour.matrix ?? null,
    ...(await cameraTags(file)),
  };
}

function codecName(codec: string | null, internalId: unknown): string {
  if (codec === 'avc') return 'h264';
  return codec ?? (typeof internalId === 'string' ? internalId : 'unknown');
}

function transferOf(name: string): VideoFacts['transfer'] {
  if (/^pq$|smpte2084|smpte-st-2084/.test(name)) return 'pq';
  return /^hlg$|arib-std-b67/.test(name) ? 'hlg' : 'sdr';
}

type CameraTags = Pick<VideoFacts, 'focal35mm' | 'cameraMake' | 'cameraModel'>;

/** Apple writes com.apple.quicktime.*, Android com.android.*. Lenses between fisheye and long tele are believed. */
async function cameraTags(file: string): Promise<CameraTags> {
  const moov = await readMoov(file);
  const tags = moov ? readQuickTimeTags(moov) : new Map<string, string | number>();
  const text = (pattern: RegExp): string | null => {
    const value = [...tags].find(([name]) => pattern.test(name))?.[1];
    return value === undefined || `${value}`.trim() === '' ? null : `${value}`.trim();
  };
  const focal = Number(text(/focal_length\.35mm_equivalent$/) ?? Number.NaN);
  return {
    focal35mm: focal >= 8 && focal <= 400 ? focal : null,
    cameraMake: text(/^com\.(apple\.quicktime\.make|android\.manufacturer)$/),
    cameraModel: text(/^com\.(apple\.quicktime|android)\.model$/),
  };
}

async function probeWithFfmpeg(file: string, signal?: AbortSignal): Promise<VideoFacts> {
  const ffmpeg = await locateFfmpeg();
  let report = '';
  try {
    // Without an output it always ends with an error, after listing the streams.
    report = await spawnFfmpeg(ffmpeg.path, ['-hide_banner', '-nostdin', '-i', file], { signal }).done;
  } catch (error) {
    if (!(error instanceof FfmpegError)) throw error;
    report = error.stderrTail;
  }
  return parseFfmpegReport(file, report);
}

/** Reads the stream list that ffmpeg prints; throws `UserError` when it shows no video. */
export function parseFfmpegReport(file: string, report: string): VideoFacts {
  const format = /^Input #0, (\S+), from/m.exec(report)?.[1];
  if (!format) {
    const last = report
      .trim()
      .split(/\r?\n/)
      .at(-1)
      ?.replace(/^.*?:\s(?=\S)/, '');
    throw notVideo(file, last ? last.toLowerCase() : 'unknown format');
  }
  if (NOT_VIDEO_FORMAT.test(format)) throw notVideo(file, `it is a picture or a text (${format.replace('_pipe', '')})`);
  const stream = /^\s*Stream #0.*?: Video: .*$/m.exec(report)?.[0];
  if (!stream || /attached pic/.test(stream)) throw notVideo(file, 'it has no picture track');
  const codec = /Video: (\w+)/.exec(stream)?.[1] ?? 'unknown';
  const size = /[ ,](\d{1,5})x(\d{1,5})(?:[ ,]|$)/.exec(stream);
  const fps = Number(/([\d.]+) fps/.exec(stream)?.[1] ?? /([\d.]+) tbr/.exec(stream)?.[1] ?? 0);
  const clock = /Duration: (\d+):(\d+):([\d.]+)/.exec(report);
  if (!size || !(fps > 0) || !clock) throw notVideo(file, 'its size, rate or length is not known');
  const sar = /SAR (\d+):(\d+)/.exec(stream);
  const stored = { width: Number(size[1]), height: Number(size[2]) };
  if (sar && Number(sar[1]) > 0) stored.width = Math.round((stored.width * Number(sar[1])) / Number(sar[2]));
  const counterClockwise = Number(/rotation of (-?[\d.]+) degrees/.exec(report)?.[1] ?? 0);
  const rotationDeg = (((Math.round(-counterClockwise / 90) * 90) % 360) + 360) % 360;
  const isTurned = rotationDeg % 180 !== 0;
  return {
    container: format.split(',')[0],
    codec,
    widthPx: isTurned ? stored.height : stored.width,
    heightPx: isTurned ? stored.width : stored.height,
    rotationDeg,
    fps,
    isVariableRate: false,
    durationSec: Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3]),
    transfer: transferOf(/smpte2084|arib-std-b67/.exec(stream)?.[0] ?? ''),
    colourMatrix: /\((?:tv|pc), (bt709|bt470bg|smpte170m|bt2020nc)/.exec(stream)?.[1] ?? null,
    focal35mm: null,
    cameraMake: null,
    cameraModel: null,
  };
}
