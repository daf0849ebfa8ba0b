/** Random access to the frames that `decodeVideo` wrote. */
import { access } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../base/errors.js';
import { readJson } from '../base/files.js';
import type { RgbImage } from '../image/image.js';
import { readRgb } from '../image/image-io.js';
import type { FrameSource } from './frames.js';
import { VideoInfoSchema } from './video-info.js';

/** Neighbouring frames are read together by trackers; eight 640x480 frames are 7 MB. */
const CACHED_FRAMES = 8;

/** File name of frame k inside the `frames` folder. */
export function frameFileName(frameIdx: number): string {
  return `${String(frameIdx).padStart(6, '0')}.jpg`;
}

/**
 * Opens a `video` artifact folder. Callers must not write into the images they get: they are shared through a cache of eight frames.
 */
export async function openFrames(folder: string): Promise<FrameSource> {
  const info = await readJson(path.join(folder, 'video.json'), VideoInfoSchema);
  const fileOf = (frameIdx: number): string => path.join(folder, 'frames', frameFileName(frameIdx));
  await access(fileOf(info.numFrames - 1)).catch(() => {
    throw new UserError(
      `${folder} should hold ${info.numFrames} frames, but ${fileOf(info.numFrames - 1)} is missing`,
      'decode the video again: v2r run VIDEO --from video',
    );
  });
  const cache = new Map<number, Promise<RgbImage>>();
  const load = async (frameIdx: number): Promise<RgbImage> => {
    const image = await readRgb(fileOf(frameIdx));
    if (image.widthPx !== info.widthPx || image.heightPx !== info.heightPx) {
      throw new UserError(
        `${fileOf(frameIdx)} is ${image.widthPx}x${image.heightPx}, the video is ${info.widthPx}x${info.heightPx}`,
      );
    }
    return image;
  };
  return {
    numFrames: info.numFrames,
    fps: info.fps,
    widthPx: info.widthPx,
    heightPx: info.heightPx,
    folder,
    async read(frameIdx) {
      if (!Number.isInteger(frameIdx) || frameIdx < 0 || frameIdx >= info.numFrames) {
        throw new RangeError(`frame ${frameIdx} of ${info.numFrames}`);
      }
      const image = cache.get(frameIdx) ?? load(frameIdx);
      // Put last: a Map keeps insertion order, so the first key is the one not used for longest.
      cache.delete(frameIdx);
      cache.set(frameIdx, image);
      if (cache.size > CACHED_FRAMES) cache.delete(cache.keys().next().value!);
      try {
        return await image;
      } catch (error) {
        cache.delete(frameIdx);
        throw error;
      }
    },
  };
}
