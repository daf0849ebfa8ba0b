/** A film of what perception found: masks, tracks, table grid, hand, and how sure it is of each object in each frame. */
import { rm } from 'node:fs/promises';
import { createRgb, type RgbImage } from '../image/image.js';
import { drawLine, drawText, fillRect, textHeight, textWidth } from '../image/text.js';
import { HAND_BONES } from '../models/networks/hand-landmarks.js';
import { stabilisedFrames } from '../perceive/clip.js';
import { type Hands, readHands } from '../perceive/hands/hand-store.js';
import { drawPerceptionOverlay, overlayColours } from '../perceive/overlay.js';
import type { Perception, Tracks } from '../perceive/perception.js';
import { readMask, readPerception, readTracks } from '../perceive/store.js';
import { VideoEncoder } from '../video/encode.js';
import { openFrames } from '../video/open-frames.js';

/** A track is drawn as the way its point came over these frames. */
const TAIL_FRAMES = 10;
/** More points hide the picture. */
const MAX_TRACKS_PER_OBJECT = 60;
const INK = [255, 255, 255] as const;
const BONE = [255, 90, 60] as const;
const SHADE = [16, 16, 16] as const;

/** Writes the film and gives its name. `videoFolder` and `perceiveFolder` are artifacts of a run. */
export async function writePerceptionFilm(videoFolder: string, perceiveFolder: string, file: string): Promise<string> {
  const perception = await readPerception(perceiveFolder);
  const tracks = await readTracks(perceiveFolder);
  const hands = await readHands(perceiveFolder);
  const frames = stabilisedFrames(await openFrames(videoFolder), perception.frameFromReference);
  const even = (px: number): number => px - (px % 2);
  const [widthPx, heightPx] = [even(frames.widthPx), even(frames.heightPx)];
  const encoder = await VideoEncoder.open(file, { widthPx, heightPx, fps: Math.max(1, Math.round(frames.fps)) });
  try {
    for (let k = 0; k < frames.numFrames; k++) {
      const picture = drawPerceptionOverlay(await frames.read(k), await readMask(perceiveFolder, k), perception);
      drawTracks(picture, tracks, k, perception);
      if (hands) drawHands(picture, hands, k);
      drawLegend(picture, perception, k);
      await encoder.write(cropped(picture, widthPx, heightPx).data);
    }
    await encoder.close();
    return file;
  } catch (error) {
    await encoder.abort();
    await rm(file, { force: true });
    throw error;
  }
}

function cropped(image: RgbImage, widthPx: number, heightPx: number): RgbImage {
  if (image.widthPx === widthPx && image.heightPx === heightPx) return image;
  const out = createRgb(widthPx, heightPx);
  for (let y = 0; y < heightPx; y++) {
    const from = 3 * y * image.widthPx;
    out.data.set(image.data.subarray(from, from + 3 * widthPx), 3 * y * widthPx);
  }
  return out;
}

export function drawTracks(picture: RgbImage, tracks: Tracks, k: number, perception: Perception): void {
  const colours = overlayColours(perception);
  const drawn = new Map<number, number>();
  for (let n = 0; n < tracks.numTracks; n++) {
    const at = (frame: number): [number, number] => {
      const i = 2 * (frame * tracks.numTracks + n);
      return [tracks.xyPx[i], tracks.xyPx[i + 1]];
    };
    const id = tracks.objectIds[n];
    const count = drawn.get(id) ?? 0;
    const colour = colours.get(id) ?? INK;
    const [x, y] = at(k);
    if (Number.isNaN(x) || count >= MAX_TRACKS_PER_OBJECT) continue;
    drawn.set(id, count + 1);
    for (let frame = Math.max(1, k - TAIL_FRAMES); frame <= k; frame++) {
      const [x0, y0] = at(frame - 1);
      const [x1, y1] = at(frame);
      if (!Number.isNaN(x0) && !Number.isNaN(x1)) drawLine(picture, x0, y0, x1, y1, colour);
    }
    fillRect(picture, Math.floor(x) - 1, Math.floor(y) - 1, 3, 3, colour);
  }
}

function drawHands(picture: RgbImage, hands: Hands, k: number): void {
  for (const { xyzPx } of hands.frames[k] ?? []) {
    for (const [a, b] of HAND_BONES) {
      drawLine(picture, xyzPx[3 * a], xyzPx[3 * a + 1], xyzPx[3 * b], xyzPx[3 * b + 1], BONE);
    }
  }
}

/** Frame, time, and a bar of confidence per object, in the object's colour. */
function drawLegend(picture: RgbImage, perception: Perception, k: number): void {
  const scale = Math.max(2, Math.round(picture.heightPx / 240));
  const step = textHeight(scale) + 2 * scale;
  const colours = overlayColours(perception);
  const { providers, table } = perception;
  const lines: { text: string; colour: readonly [number, number, number]; share: number | null }[] = [
    {
      text: `frame ${k}/${perception.numFrames - 1}  ${(k / perception.fps).toFixed(1)} s  ${providers?.segment ?? ''}`,
      colour: INK,
      share: null,
    },
    ...perception.objects.map((object) => ({
      text: `${object.id} ${object.name} - ${object.role}`,
      colour: colours.get(object.id) ?? INK,
      share: object.frameConfidence?.[k] ?? object.confidence,
    })),
    {
      text: `grid 10 cm +-${Math.round(100 * table.scaleLogSd)}%, table +-${table.normalSdDeg.toFixed(0)} deg`,
      colour: INK,
      share: null,
    },
  ];
  const barWidth = 20 * scale;
  const width = Math.max(...lines.map(({ text }) => textWidth(text, scale))) + barWidth + 3 * scale;
  fillRect(picture, 0, 0, width, lines.length * step + scale, SHADE);
  lines.forEach(({ text, colour, share }, row) => {
    const y = scale + row * step;
    if (share === null) {
      drawText(picture, text, scale, y, scale, colour);
      return;
    }
    fillRect(picture, scale, y, Math.max(1, Math.round(share * barWidth)), textHeight(scale), colour);
    drawText(picture, text, barWidth + 3 * scale, y, scale, colour);
  });
}
