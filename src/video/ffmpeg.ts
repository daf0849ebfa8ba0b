/**
 * Finding and running ffmpeg. Order: $V2R_FFMPEG, then `ffmpeg` on PATH, then the one packaged with the program.
 * The packaged binary (2018) arrives without its executable bit when npm runs no install scripts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, rename, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { CancelledError, messageOf, UserError } from '../base/errors.js';

export interface Ffmpeg {
  readonly path: string;
  readonly origin: 'V2R_FFMPEG' | 'PATH' | 'packaged';
  /** As it names itself, for example "5.1.9-0+deb12u1". */
  readonly version: string;
  readonly encoders: ReadonlySet<string>;
  readonly filters: ReadonlySet<string>;
}

/** ffmpeg ended with an error: what it said last. Callers turn it into a message about the user's file. */
export class FfmpegError extends Error {
  override readonly name = 'FfmpegError';
  constructor(
    readonly exitCode: number | null,
    /** The last lines on stderr. */
    readonly stderrTail: string,
  ) {
    super(`ffmpeg failed (exit code ${exitCode}): ${lastLine(stderrTail) || 'no message'}`);
  }
}

const PROBE_TIMEOUT_MS = 20_000;
/** Enough for the banner of streams and the last complaints; a broken file can print megabytes. */
const STDERR_TAIL_CHARS = 16_384;

const known = new Map<string, Promise<Ffmpeg>>();

/**
 * The ffmpeg to use, with what it can do. With `encoder`, an ffmpeg that lacks that encoder is passed over if a later one
 * has it (some distributions ship ffmpeg without libx264).
 */
export async function locateFfmpeg(encoder?: string): Promise<Ffmpeg> {
  const key = `${process.env.V2R_FFMPEG ?? ''}|${process.env.PATH ?? ''}|${encoder ?? ''}`;
  let found = known.get(key);
  if (!found) {
    found = search(encoder);
    known.set(key, found);
    found.catch(() => known.delete(key));
  }
  return found;
}

async function search(encoder: string | undefined): Promise<Ffmpeg> {
  const chosen = process.env.V2R_FFMPEG;
  if (chosen) {
    const ffmpeg = await inspect(chosen, 'V2R_FFMPEG').catch((error) => {
      throw new UserError(
        `V2R_FFMPEG=${chosen} does not run: ${messageOf(error)}`,
        'point it at an ffmpeg program or unset it',
      );
    });
    if (encoder && !ffmpeg.encoders.has(encoder)) {
      throw new UserError(
        `V2R_FFMPEG=${chosen} has no encoder ${encoder}`,
        'point it at another ffmpeg or unset it to use the packaged one',
      );
    }
    return ffmpeg;
  }
  const onPath = await inspect('ffmpeg', 'PATH').catch(() => null);
  if (onPath && (!encoder || onPath.encoders.has(encoder))) return onPath;
  try {
    return await inspect(await packagedFfmpeg(), 'packaged');
  } catch (error) {
    throw new UserError(
      `no usable ffmpeg${encoder ? ` with ${encoder}` : ''}: ${onPath ? 'the one on PATH lacks it' : 'none on PATH'}, and the packaged one fails (${messageOf(error)})`,
      'install ffmpeg (apt install ffmpeg, brew install ffmpeg) or set V2R_FFMPEG to its path',
    );
  }
}

async function inspect(file: string, origin: Ffmpeg['origin']): Promise<Ffmpeg> {
  const [version, encoders, filters] = await Promise.all([
    capture(file, ['-version']),
    capture(file, ['-hide_banner', '-encoders']),
    capture(file, ['-hide_banner', '-filters']),
  ]);
  const name = /^ffmpeg version (\S+)/m.exec(version)?.[1];
  if (!name) throw new Error('it is not ffmpeg');
  return {
    path: file,
    origin,
    version: name,
    encoders: new Set([...encoders.matchAll(/^\s[VAS][A-Z.]{5}\s(\S+)/gm)].map((match) => match[1])),
    filters: new Set([...filters.matchAll(/^\s[A-Z.]{2,3}\s+(\S+)\s+\S*->/gm)].map((match) => match[1])),
  };
}

async function capture(file: string, args: string[]): Promise<string> {
  let stdout = '';
  const run = spawnFfmpeg(file, args, {
    signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    onStdout: (chunk) => (stdout += chunk),
  });
  await run.done;
  return stdout;
}

/** Path of the packaged binary, made executable; copied to the user's cache where the package folder is read-only. */
async function packagedFfmpeg(): Promise<string> {
  const fromHere = createRequire(import.meta.url);
  const fromInstaller = createRequire(fromHere.resolve('@ffmpeg-installer/ffmpeg/package.json'));
  const manifest = fromInstaller.resolve(`@ffmpeg-installer/${os.platform()}-${os.arch()}/package.json`);
  const binary = path.join(path.dirname(manifest), os.platform() === 'win32' ? 'ffmpeg.exe' : 'ffmpeg');
  const { mode, size } = await stat(binary);
  const isExecutable = os.platform() === 'win32' || (mode & 0o111) === 0o111;
  if (isExecutable) return binary;
  try {
    await chmod(binary, 0o755);
    return binary;
  } catch {
    return copyToCache(binary, size);
  }
}

async function copyToCache(binary: string, size: number): Promise<string> {
  const folder = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'v2r');
  const copy = path.join(folder, `ffmpeg-${size}`);
  const existing = await stat(copy).catch(() => null);
  if (existing?.size === size) return copy;
  await mkdir(folder, { recursive: true });
  const temporary = `${copy}.tmp-${process.pid}`;
  await copyFile(binary, temporary);
  await chmod(temporary, 0o755);
  await rename(temporary, copy);
  return copy;
}

export interface FfmpegRun {
  readonly child: ChildProcess;
  /** Resolves with the tail of stderr; rejects with `FfmpegError`, or `CancelledError` when the signal killed it. */
  readonly done: Promise<string>;
}

export interface SpawnOptions {
  signal?: AbortSignal;
  onStdout?: (chunk: string) => void;
  /** 'pipe' leaves `child.stdin` open for the caller to feed. */
  stdin?: 'ignore' | 'pipe';
}

/** Starts ffmpeg without a shell, so file names need no quoting. */
export function spawnFfmpeg(file: string, args: readonly string[], options: SpawnOptions = {}): FfmpegRun {
  const { signal, onStdout, stdin = 'ignore' } = options;
  if (signal?.aborted) throw new CancelledError();
  const child = spawn(file, args, { stdio: [stdin, onStdout ? 'pipe' : 'ignore', 'pipe'], windowsHide: true });
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    tail = (tail + chunk).slice(-STDERR_TAIL_CHARS);
  });
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => onStdout?.(chunk));
  // SIGKILL: an ffmpeg that is asked politely still finishes its file, which nobody wants after a cancellation.
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  const done = new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (signal?.aborted) reject(new CancelledError());
      else if (code === 0) resolve(tail);
      else reject(new FfmpegError(code, tail));
    });
  }).finally(() => signal?.removeEventListener('abort', kill));
  return { child, done };
}

export function lastLine(text: string): string {
  return text.trim().split(/\r?\n/).at(-1)?.trim() ?? '';
}
