/**
 * Encoding: raw RGB frames piped into ffmpeg, H.264 yuv420p out, as LeRobot wants it. The same frames give the same bytes
 * on the same machine: one thread, no clock times, no version strings.
 */
import { rm, stat } from 'node:fs/promises';
import { FfmpegError, type FfmpegRun, locateFfmpeg, spawnFfmpeg } from './ffmpeg.js';

export interface EncodeOptions {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Whole frames per second: the time base is 1 / (512 fps), so frame k sits at exactly k / fps. */
  readonly fps: number;
  /** Constant rate factor of x264: smaller is better and larger; 0 would be lossless. Default 20. */
  readonly crf?: number;
  /** Frames from one key frame to the next. 2 is what LeRobot uses: training reads frames in random order. */
  readonly gop?: number;
  /** x264 preset. Default veryfast. */
  readonly preset?: string;
}

export const ENCODE_DEFAULTS = { crf: 20, gop: 2, preset: 'veryfast' } as const;
/** Ticks per frame of the mp4 time base; 512 is what ffmpeg itself and LeRobot's files use. */
export const TICKS_PER_FRAME = 512;

/** Writes one mp4. `write` waits while ffmpeg is busy, so no more than a frame or two queue up in memory. */
export class VideoEncoder {
  private numFrames = 0;
  private failure: unknown = null;

  private constructor(
    readonly file: string,
    private readonly options: EncodeOptions,
    private readonly run: FfmpegRun,
  ) {
    run.done.catch((error) => (this.failure = error));
    // A pipe that breaks is reported through `done`, which knows why ffmpeg ended.
    run.child.stdin?.on('error', () => {});
  }

  static async open(file: string, options: EncodeOptions, signal?: AbortSignal): Promise<VideoEncoder> {
    const { widthPx, heightPx, fps } = options;
    if (widthPx % 2 !== 0 || heightPx % 2 !== 0 || widthPx < 2 || heightPx < 2) {
      throw new Error(`video encoder: ${widthPx}x${heightPx} is not an even size`);
    }
    if (!Number.isInteger(fps) || fps < 1) throw new Error(`video encoder: fps ${fps} is not a whole number`);
    const ffmpeg = await locateFfmpeg('libx264');
    const run = spawnFfmpeg(ffmpeg.path, encoderArguments(file, options), { signal, stdin: 'pipe' });
    return new VideoEncoder(file, options, run);
  }

  /** rgb: [H, W, 3] u8 sRGB. The buffer may be reused after the promise resolves. */
  async write(rgb: Uint8Array): Promise<void> {
    const { widthPx, heightPx } = this.options;
    if (rgb.length !== widthPx * heightPx * 3) {
      throw new Error(`video encoder: frame of ${rgb.length} bytes, expected ${widthPx}x${heightPx}x3`);
    }
    if (this.failure) throw this.failure;
    const stdin = this.run.child.stdin!;
    await new Promise<void>((resolve, reject) => {
      stdin.write(rgb, (error) => {
        if (!error) resolve();
        else this.run.done.then(() => reject(error), reject);
      });
    });
    this.numFrames++;
  }

  /** Finishes the file. */
  async close(): Promise<{ numFrames: number; bytes: number }> {
    this.run.child.stdin?.end();
    await this.run.done;
    if (this.numFrames === 0) throw new Error('video encoder: closed without a frame');
    return { numFrames: this.numFrames, bytes: (await stat(this.file)).size };
  }

  /** Stops at once and removes the unfinished file. */
  async abort(): Promise<void> {
    this.run.child.kill('SIGKILL');
    await this.run.done.catch((error) => {
      if (!(error instanceof FfmpegError)) throw error;
    });
    await rm(this.file, { force: true });
  }
}

function encoderArguments(file: string, options: EncodeOptions): string[] {
  const { widthPx, heightPx, fps } = options;
  const { crf, gop, preset } = { ...ENCODE_DEFAULTS, ...options };
  const toYuv = 'scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_inp+bitexact';
  return [
    ...['-hide_banner', '-loglevel', 'error', '-y'],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${widthPx}x${heightPx}`, '-framerate', `${fps}`, '-i', 'pipe:0'],
    ...['-vf', `${toYuv},format=yuv420p`],
    ...['-c:v', 'libx264', '-preset', preset, '-crf', `${crf}`],
    // No B-frames: presentation order is file order, so episodes can be joined and cut without edit lists.
    ...['-g', `${gop}`, '-keyint_min', '1', '-sc_threshold', '0', '-bf', '0', '-threads', '1'],
    ...['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
    // x264 writes its version and settings as a user-data message (NAL type 6); it would tie bytes to the build.
    ...['-bsf:v', 'filter_units=remove_types=6', '-flags:v', '+bitexact', '-fflags', '+bitexact'],
    ...['-map_metadata', '-1', '-movflags', '+faststart', '-use_editlist', '0'],
    ...['-video_track_timescale', `${fps * TICKS_PER_FRAME}`, '-f', 'mp4', file],
  ];
}
