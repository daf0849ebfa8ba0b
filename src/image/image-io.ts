/** PNG and JPEG through sharp; every image leaves here as 8-bit sRGB without alpha. */
import sharp from 'sharp';
import { messageOf, UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { type ByteImage, createBytes, createRgb, type RgbImage } from './image.js';

export async function readRgb(file: string): Promise<RgbImage> {
  try {
    const { data, info } = await sharp(file)
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return createRgb(info.width, info.height, new Uint8Array(data.buffer, data.byteOffset, data.length));
  } catch (error) {
    throw new UserError(`cannot read image ${file}: ${messageOf(error)}`);
  }
}

/** Reads one 8-bit channel as it is stored (id maps, masks). */
export async function readBytes(file: string): Promise<ByteImage> {
  try {
    const { data, info } = await sharp(file).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
    return createBytes(info.width, info.height, new Uint8Array(data.buffer, data.byteOffset, data.length));
  } catch (error) {
    throw new UserError(`cannot read image ${file}: ${messageOf(error)}`);
  }
}

function rawInput(image: RgbImage | ByteImage): ReturnType<typeof sharp> {
  const channels = image.data.length === image.widthPx * image.heightPx ? 1 : 3;
  return sharp(image.data, { raw: { width: image.widthPx, height: image.heightPx, channels } });
}

/** PNG bytes of an RGB image, or of a byte image as 8-bit grey. */
export async function encodePng(image: RgbImage | ByteImage): Promise<Uint8Array> {
  const grey = image.data.length === image.widthPx * image.heightPx;
  const input = grey ? rawInput(image).toColourspace('b-w') : rawInput(image);
  return input.png({ compressionLevel: 6 }).toBuffer();
}

export async function encodeJpeg(image: RgbImage, quality = 90): Promise<Uint8Array> {
  return rawInput(image).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer();
}

export async function writePng(file: string, image: RgbImage | ByteImage): Promise<void> {
  await writeFileAtomic(file, await encodePng(image));
}

/** Resize with area averaging when shrinking (Lanczos otherwise). */
export async function resizeRgb(image: RgbImage, widthPx: number, heightPx: number): Promise<RgbImage> {
  const data = await rawInput(image).resize(widthPx, heightPx, { fit: 'fill' }).raw().toBuffer();
  return createRgb(widthPx, heightPx, new Uint8Array(data.buffer, data.byteOffset, data.length));
}
