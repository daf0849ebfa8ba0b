import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createBytes } from '../../src/image/image.js';
import { encodePng } from '../../src/image/image-io.js';
import { decodeIndexPng } from '../../src/image/index-png.js';

/** A PNG out of rows that carry their filter byte; checksums are left 0. */
function png(widthPx: number, heightPx: number, bits: number, colour: number, rows: number[]): Uint8Array {
  const chunk = (kind: string, data: Uint8Array): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(data.length, 0);
    head.write(kind, 4, 'latin1');
    return Buffer.concat([head, data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  header.set([bits, colour, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255])),
    chunk('IDAT', deflateSync(Buffer.from(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('PNG of ids', () => {
  it('gives palette indices, not colours', () => {
    const image = decodeIndexPng(png(3, 2, 8, 3, [0, 0, 1, 2, 0, 2, 1, 0]));
    expect([...image.data]).toEqual([0, 1, 2, 2, 1, 0]);
  });

  it('unpacks two bits per pixel', () => {
    expect([...decodeIndexPng(png(5, 1, 2, 3, [0, 0b00011011, 0b01000000])).data]).toEqual([0, 1, 2, 3, 1]);
  });

  it('undoes every row filter', () => {
    const rows = [
      ...[1, 10, 5, 5], // left: 10 15 20
      ...[2, 1, 1, 1], // up: 11 16 21
      ...[3, 5, 1, 1], // mean of left and up: 10 14 18
      ...[4, 1, 2, 3], // Paeth: 11 16 21
    ];
    expect([...decodeIndexPng(png(3, 4, 8, 0, rows)).data]).toEqual([10, 15, 20, 11, 16, 21, 10, 14, 18, 11, 16, 21]);
  });

  it('reads what we and others write', async () => {
    const ids = createBytes(37, 19);
    for (let i = 0; i < ids.data.length; i++) ids.data[i] = (i * i) % 7 === 0 ? 255 : i % 5;
    expect(decodeIndexPng(await encodePng(ids)).data).toEqual(ids.data);
    const grey = await sharp(ids.data, { raw: { width: 37, height: 19, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    expect(decodeIndexPng(grey).data).toEqual(ids.data);
  });

  it('refuses colour pictures, naming what was expected', async () => {
    const colour = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(() => decodeIndexPng(colour)).toThrow(/expected grey or palette.*found colour type 2/);
  });
});
