/** Decoding: from whatever a phone films to upright JPEG frames of one size at a constant rate, streamed by ffmpeg straight to disk. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { StageContext } from '../base/context.js';
import { UserError } from '../base/errors.js';
import { diskError, writeJson } from '../base/files.js';
import { defineOptions, type OptionsOf } from '../base/options.js';
import { readRgb } from '../image/image-io.js';
import { type Ffmpeg, FfmpegError, lastLine, locateFfmpeg, spawnFfmpeg } from './ffmpeg.js';
import { frameFileName } from './open-frames.js';
import { notVideo, probeVideo, type VideoFacts } from './probe.js';
import type { VideoInfo } from './video-info.js';

export const videoOptions = defineOptions({
  fps: {
    kind: 'optional-number',
    min: 1,
    max: 240,
    help: 'Frames per second to work with. Default: the rate of the video, at most 30.',
  },
  start: { kind: 'number', default: 0, min: 0, help: 'Where to start in the video, seconds.' },
  end: { kind: 'optional-number', min: 0, help: 'Where to end in the video, seconds. Default: its end.' },
  maxSize: {
    kind: 'number',
    default: 640,
    min: 64,
    max: 4096,
    integer: true,
    help: 'Longest side of the frames to work with, pixels. Larger videos are scaled down while decoding.',
  },
  maxFrames: {
    kind: 'number',
    default: 900,
    min: 2,
    max: 100_000,
    integer: true,
    help: 'Most frames to work with. A longer video is taken at a lower rate; use --start and --end instead where you can.',
  },
});
export type VideoOptions = OptionsOf<typeof videoOptions>;

const DEFAULT_MAX_FPS = 30;
/** Below this a hand or an object cannot be made out. */
const MIN_SIDE_PX = 32;
/** A frame more or less comes from rounding at the ends; more missing than this share means damaged data. */
const MISSING_SHARE_TO_WARN = 0.05;
/** The convention for files without a colour tag: HD pictures are BT.709, smaller ones BT.601. */
const HD_HEIGHT_PX = 720;

/** Graphics white of HDR pictures (ITU-R BT.2408), and the brightest highlight expected, 1000 nits, relative to it. */
const HDR_WHITE_NITS = 203;
const HDR_PEAK = (1000 / HDR_WHITE_NITS).toFixed(2);

interface DecodePlan {
  fps: number;
  startSec: number;
  lengthSec: number;
  widthPx: number;
  heightPx: number;
  warnings: { code: string; message: string }[];
}

/**
 * Decodes the wanted part of `file` into `outFolder/frames/000000.jpg ...` and `outFolder/video.json`.
 * Memory stays bounded: frames never pass through this process.
 */
export async function decodeVideo(
  file: string,
  outFolder: string,
  options: VideoOptions,
  ctx: StageContext,
): Promise<VideoInfo> {
  const facts = await probeVideo(file, ctx.signal);
  const plan = planDecode(file, facts, options);
  const ffmpeg = await locateFfmpeg();
  const filters = filterChain(facts, plan, ffmpeg);
  const framesFolder = path.join(outFolder, 'frames');
  await rm(framesFolder, { recursive: true, force: true });
  await mkdir(framesFolder, { recursive: true }).catch((error) => {
    throw diskError(framesFolder, error);
  });
  const complaint = await runDecoder(ffmpeg, file, framesFolder, filters, plan, ctx);
  const numFrames = (await readdir(framesFolder)).length;
  if (numFrames === 0) throw notVideo(file, `no frame of it can be decoded${complaint && ` (${complaint})`}`);
  const expected = plan.lengthSec * plan.fps;
  if (numFrames < expected * (1 - MISSING_SHARE_TO_WARN) - 1) {
    plan.warnings.push({
      code: 'video-damaged',
      message: `${path.basename(file)} should hold ${Math.round(expected)} frames here, but only ${numFrames} could be decoded: it is damaged or cut off`,
    });
  }
  for (const { code, message } of plan.warnings) ctx.warn(code, message);
  const first = await readRgb(path.join(framesFolder, frameFileName(0)));
  const { colourMatrix: _, ...source } = facts;
  const info: VideoInfo = {
    kind: 'v2r/video',
    version: 1,
    source: { name: path.basename(file), sha256: await sha256OfFile(file), ...source },
    fps: plan.fps,
    numFrames,
    widthPx: first.widthPx,
    heightPx: first.heightPx,
    startSec: plan.startSec,
    warnings: plan.warnings.map((warning) => warning.message),
  };
  await writeJson(path.join(outFolder, 'video.json'), info);
  return info;
}

/** What to take out of the video, from its facts and the options alone. Exported for tests. */
export function planDecode(file: string, facts: VideoFacts, options: VideoOptions): DecodePlan {
  const warnings: DecodePlan['warnings'] = [];
  const endSec = Math.min(options.end ?? facts.durationSec, facts.durationSec);
  if (options.start >= facts.durationSec) {
    throw new UserError(
      `--start ${options.start}: ${path.basename(file)} is only ${facts.durationSec.toFixed(2)} s long`,
      undefined,
      2,
    );
  }
  if (endSec <= options.start) {
    throw new UserError(`--end ${options.end} is not after --start ${options.start}`, undefined, 2);
  }
  if (Math.min(facts.widthPx, facts.heightPx) < MIN_SIDE_PX) {
    throw new UserError(
      `${path.basename(file)} is only ${facts.widthPx}x${facts.heightPx} pixels`,
      `at least ${MIN_SIDE_PX} on each side are needed`,
    );
  }
  const scale = Math.min(1, options.maxSize / Math.max(facts.widthPx, facts.heightPx));
  const widthPx = evenSize(facts.widthPx * scale);
  const heightPx = evenSize(facts.heightPx * scale);
  if (Math.min(widthPx, heightPx) < MIN_SIDE_PX) {
    throw new UserError(
      `${path.basename(file)} (${facts.widthPx}x${facts.heightPx}) becomes ${widthPx}x${heightPx} with --max-size ${options.maxSize}`,
      'use a larger --max-size or another video',
    );
  }
  const lengthSec = endSec - options.start;
  const wantedFps = options.fps ?? Math.min(facts.fps, DEFAULT_MAX_FPS);
  const skip = Math.ceil((lengthSec * wantedFps - 0.5) / options.maxFrames);
  const fps = skip > 1 ? wantedFps / skip : wantedFps;
  if (skip > 1) {
    warnings.push({
      code: 'video-long',
      message: `${lengthSec.toFixed(1)} s at ${format(wantedFps)} frames per second are more than ${options.maxFrames} frames: taken at ${format(fps)} per second (--start, --end or --max-frames change that)`,
    });
  }
  return { fps, startSec: options.start, lengthSec, widthPx, heightPx, warnings };
}

function evenSize(sizePx: number): number {
  return Math.max(2, 2 * Math.round(sizePx / 2));
}

function format(value: number): string {
  return `${Number(value.toFixed(3))}`;
}

/**
 * The filter graph after ffmpeg's own upright turn: constant rate from time 0, size, colours to full-range BT.601, which is
 * what JPEG means. HDR goes through linear light, a tone curve and sRGB. The curve (Mobius) keeps
 * what lies below 30 % of white as it is and rolls off above; Hable's darkens the whole picture (measured: mean 47 grey
 * levels on an SDR scene carried in PQ).
 */
function filterChain(facts: VideoFacts, plan: DecodePlan, ffmpeg: Ffmpeg): string {
  const { widthPx: w, heightPx: h } = plan;
  // Each output frame shows what was nearest to its time. ffmpeg's own "near" takes the last frame of each period instead;
  // rounding up after a shift by half a period does not, and is as robust against jitter.
  const halfPeriod = 0.5 / Math.max(facts.fps, plan.fps);
  const rate = `setpts=PTS-${halfPeriod.toFixed(9)}/TB,fps=fps=${plan.fps}:start_time=0:round=up`;
  const isHdr = facts.transfer !== 'sdr';
  const canToneMap = ffmpeg.filters.has('zscale') && ffmpeg.filters.has('tonemap');
  const resample = 'flags=bicubic+accurate_rnd+full_chroma_inp+full_chroma_int';
  const toJpeg = `scale=${w}:${h}:out_color_matrix=bt601:out_range=pc:${resample},setsar=1,format=yuvj444p`;
  if (isHdr && canToneMap) {
    const input = `tin=${facts.transfer === 'pq' ? 'smpte2084' : 'arib-std-b67'}:min=2020_ncl:pin=2020`;
    return [
      rate,
      `zscale=w=${w}:h=${h}:${input}:t=linear:npl=${HDR_WHITE_NITS}`,
      `format=gbrpf32le,zscale=p=709,tonemap=tonemap=mobius:param=0.3:desat=0:peak=${HDR_PEAK}`,
      'zscale=t=iec61966-2-1:m=709:r=full,format=gbrp',
      toJpeg,
    ].join(',');
  }
  if (isHdr) {
    plan.warnings.push({
      code: 'hdr-plain',
      message: `the video is HDR, and this ffmpeg (${ffmpeg.version}) has no tone mapping (zscale): colours will look flat`,
    });
  }
  const untaggedHd = facts.colourMatrix === null && Math.min(facts.widthPx, facts.heightPx) >= HD_HEIGHT_PX;
  return untaggedHd
    ? `${rate},${toJpeg.replace(':out_color', ':in_color_matrix=bt709:out_color')}`
    : `${rate},${toJpeg}`;
}

/** Returns what ffmpeg complained about last; empty when it did not. */
async function runDecoder(
  ffmpeg: Ffmpeg,
  file: string,
  framesFolder: string,
  filters: string,
  plan: DecodePlan,
  ctx: StageContext,
): Promise<string> {
  const total = Math.max(1, Math.round(plan.lengthSec * plan.fps));
  const seek = plan.startSec > 0 ? ['-ss', plan.startSec.toFixed(6)] : [];
  const length = Math.max(plan.lengthSec, 1 / plan.fps).toFixed(6);
  const args = [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-progress', 'pipe:1'],
    ...[...seek, '-t', length, '-i', file],
    ...['-map', '0:v:0', '-an', '-sn', '-dn', '-vf', filters],
    // Quantiser 2 in 4:4:4 keeps the JPEG's own error under one grey level or so (measured in the tests).
    ...['-c:v', 'mjpeg', '-q:v', '2', '-qmin', '1', '-f', 'image2', '-start_number', '0'],
    path.join(framesFolder, '%06d.jpg'),
  ];
  const onStdout = (chunk: string): void => {
    const frame = [...chunk.matchAll(/^frame=\s*(\d+)/gm)].at(-1);
    if (frame) ctx.progress(Math.min(Number(frame[1]), total), total, 'frames decoded');
  };
  let complaints = '';
  try {
    complaints = await spawnFfmpeg(ffmpeg.path, args, { signal: ctx.signal, onStdout }).done;
  } catch (error) {
    if (!(error instanceof FfmpegError)) throw error;
    if (/No space left/i.test(error.stderrTail)) throw diskError(framesFolder, { code: 'ENOSPC' });
    // A file with a damaged end still gives the frames before it; none at all is judged by the caller.
    const anyFrame = (await readdir(framesFolder)).length > 0;
    if (!anyFrame) throw notVideo(file, error.message);
    complaints = error.stderrTail;
  }
  ctx.progress(total, total, 'frames decoded');
  return lastLine(complaints);
}

async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
