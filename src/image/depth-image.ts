/** 16-bit depth images. */
import sharp, { type OutputInfo } from 'sharp';
import { messageOf, UserError } from '../base/errors.js';
import { createFloats, type FloatImage } from './image.js';

/** z-depth in metres, 0 = none. `metresPerUnit` is what one step of the stored integers means. */
export async function readDepthImage(file: string, metresPerUnit: number): Promise<FloatImage> {
  let data: Buffer;
  let info: OutputInfo;
  try {
    const input = sharp(file);
    const { depth, channels } = await input.metadata();
    if (depth !== 'ushort' || channels !== 1) {
      throw new UserError(`expected 16-bit grey, found ${channels} channels of type ${depth}`);
    }
    ({ data, info } = await input
      .toColourspace('grey16')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true }));
  } catch (error) {
    throw new UserError(`cannot read depth image ${file}: ${messageOf(error)}`);
  }
  const stored = new Uint16Array(data.buffer, data.byteOffset, info.width * info.height);
  return createFloats(
    info.width,
    info.height,
    Float32Array.from(stored, (value) => value * metresPerUnit),
  );
}
