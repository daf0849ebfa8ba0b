/** A few frames out of an encoded video, for pictures of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { RgbImage } from '../image/image.js';
import { readRgb } from '../image/image-io.js';
import { locateFfmpeg, spawnFfmpeg } from './ffmpeg.js';

/** Frames by their index in decoding order, in the order of `frameIdxs` (ascending). Missing ones are left out. */
export async function sampleFrames(
  file: string,
  frameIdxs: readonly number[],
  signal?: AbortSignal,
): Promise<RgbImage[]> {
  if (frameIdxs.length === 0) return [];
  const ffmpeg = await locateFfmpeg();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'v2r-frames-'));
  try {
    const chosen = frameIdxs.map((frame) => `eq(n\\,${frame})`).join('+');
    const output = path.join(folder, '%d.png');
    const args = ['-v', 'error', '-i', file, '-vf', `select=${chosen}`, '-vsync', '0', output];
    await spawnFfmpeg(ffmpeg.path, args, { signal }).done;
    const images: RgbImage[] = [];
    for (let i = 1; i <= frameIdxs.length; i++) {
      const image = await readRgb(path.join(folder, `${i}.png`)).catch(() => null);
      if (image) images.push(image);
    }
    return images;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
