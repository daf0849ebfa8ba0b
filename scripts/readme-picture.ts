/**
 * Makes docs/images/overview.jpg from a run: three frames of the video above frames of two episodes.
 * Usage: npx tsx scripts/readme-picture.ts runs/place
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeFileAtomic } from '../src/base/files.js';
import { episodeFolder, readEpisodes } from '../src/episode/episode-record.js';
import type { RgbImage } from '../src/image/image.js';
import { encodeJpeg } from '../src/image/image-io.js';
import { contactSheet } from '../src/image/sheet.js';
import { openFrames } from '../src/video/open-frames.js';
import { sampleFrames } from '../src/video/sample.js';

/** Where in a film the frames are taken: before, carrying, about to let go, after. */
const MOMENTS = [0.05, 0.42, 0.62, 0.95];
const NUM_EPISODES = 2;

const run = process.argv[2];
if (!run) throw new Error('usage: npx tsx scripts/readme-picture.ts RUN');
const frames = await openFrames(path.join(run, 'video'));
const images: RgbImage[] = [];
for (const moment of MOMENTS) images.push(await frames.read(Math.round(moment * (frames.numFrames - 1))));
const made = await readEpisodes(path.join(run, 'episodes'));
for (const { number, numFrames } of made.episodes.filter((episode) => episode.accepted).slice(0, NUM_EPISODES)) {
  const film = path.join(episodeFolder(path.join(run, 'episodes'), number), `${made.camera.name}.mp4`);
  images.push(
    ...(await sampleFrames(
      film,
      MOMENTS.map((moment) => Math.round(moment * (numFrames - 1))),
    )),
  );
}
const sheet = await contactSheet(images, { columns: MOMENTS.length, cellWidthPx: 300 });
const output = fileURLToPath(new URL('../docs/images/overview.jpg', import.meta.url));
await writeFileAtomic(output, await encodeJpeg(sheet, 82));
