/** The ffmpeg programs to test with: the one on PATH if there is one, and the packaged one. */
import { locateFfmpeg } from '../../src/video/ffmpeg.js';

/** Runs `work` as if no ffmpeg were on PATH. */
export async function withoutPath<T>(work: () => Promise<T>): Promise<T> {
  const { PATH, V2R_FFMPEG } = process.env;
  process.env.PATH = '/nowhere';
  delete process.env.V2R_FFMPEG;
  try {
    return await work();
  } finally {
    process.env.PATH = PATH;
    if (V2R_FFMPEG !== undefined) process.env.V2R_FFMPEG = V2R_FFMPEG;
  }
}

export async function ffmpegPrograms(): Promise<{ name: string; path: string }[]> {
  const packaged = await withoutPath(() => locateFfmpeg());
  const usual = await locateFfmpeg();
  const programs = [{ name: `packaged ${packaged.version}`, path: packaged.path }];
  if (usual.origin !== 'packaged') programs.unshift({ name: `${usual.origin} ${usual.version}`, path: usual.path });
  else console.log('no ffmpeg on PATH: only the packaged one is tested');
  return programs;
}
