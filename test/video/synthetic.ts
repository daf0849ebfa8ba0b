/** Small videos made for tests, whose frames say which they are. */
import { readFile, writeFile } from 'node:fs/promises';
import {
  ALL_FORMATS,
  BufferTarget,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  FilePathSource,
  Input,
  Mp4OutputFormat,
  Output,
} from 'mediabunny';
import { createRgb, type RgbImage } from '../../src/image/image.js';
import { VideoEncoder } from '../../src/video/encode.js';

/** Grey level of frame k: far enough apart that coding noise cannot confuse neighbours. */
export function levelOf(frame: number): number {
  return 30 + 6 * (frame % 32);
}

export function frameOf(level: number): number {
  return Math.round((level - 30) / 6);
}

/** Plain grey, with a red top-left and a blue bottom-right corner so that turns are seen. */
export function numberedPicture(frame: number, widthPx: number, heightPx: number): RgbImage {
  const image = createRgb(widthPx, heightPx);
  image.data.fill(levelOf(frame));
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const at = (y * widthPx + x) * 3;
      if (x < widthPx / 4 && y < heightPx / 4) image.data.set([220, 30, 30], at);
      if (x >= (widthPx * 3) / 4 && y >= (heightPx * 3) / 4) image.data.set([30, 30, 220], at);
    }
  }
  return image;
}

export async function numberedVideo(
  file: string,
  options: { fps: number; numFrames: number; widthPx: number; heightPx: number },
): Promise<void> {
  const { fps, numFrames, widthPx, heightPx } = options;
  const encoder = await VideoEncoder.open(file, { widthPx, heightPx, fps, crf: 10 });
  for (let k = 0; k < numFrames; k++) await encoder.write(numberedPicture(k, widthPx, heightPx).data);
  await encoder.close();
}

/** The same frames at other times (seconds), as a phone with a variable rate writes them. */
export async function retimed(from: string, to: string, times: readonly number[]): Promise<void> {
  const input = new Input({ formats: ALL_FORMATS, source: new FilePathSource(from) });
  const track = (await input.getPrimaryVideoTrack())!;
  const output = new Output({ format: new Mp4OutputFormat(), target: new BufferTarget() });
  const source = new EncodedVideoPacketSource('avc');
  output.addVideoTrack(source);
  await output.start();
  const meta = { decoderConfig: (await track.getDecoderConfig())! };
  let k = 0;
  for await (const packet of new EncodedPacketSink(track).packets()) {
    const duration = (times[k + 1] ?? times[k] + 1 / 30) - times[k];
    await source.add(packet.clone({ timestamp: times[k], duration }), meta);
    k++;
  }
  await output.finalize();
  await writeFile(to, new Uint8Array(output.target.buffer!));
  input.dispose();
}

/** Sets the display matrix to a clockwise quarter turn by rewriting it in place (ISO/IEC 14496-12, 8.3.2). */
export async function turnedClockwise(from: string, to: string): Promise<void> {
  const bytes = await readFile(from);
  const tkhd = bytes.indexOf('tkhd');
  const isWide = bytes[tkhd + 4] === 1;
  const matrix = tkhd + 8 + (isWide ? 32 : 20) + 16;
  const heightPx = bytes.readUInt32BE(matrix + 40);
  [0, 0x10000, 0, -0x10000, 0, 0, heightPx, 0, 0x40000000].forEach((value, i) => {
    bytes.writeInt32BE(value, matrix + 4 * i);
  });
  await writeFile(to, bytes);
}

/** Mean colour of a part of a picture, the part given in shares of its sides. */
export function meanColour(image: RgbImage, x0 = 0, y0 = 0, x1 = 1, y1 = 1): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  let count = 0;
  for (let y = Math.floor(y0 * image.heightPx); y < Math.floor(y1 * image.heightPx); y++) {
    for (let x = Math.floor(x0 * image.widthPx); x < Math.floor(x1 * image.widthPx); x++) {
      for (let c = 0; c < 3; c++) sum[c] += image.data[(y * image.widthPx + x) * 3 + c];
      count++;
    }
  }
  return [sum[0] / count, sum[1] / count, sum[2] / count];
}
