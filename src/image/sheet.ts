/** Contact sheets: several images in a grid, each scaled to one width. */
import { createRgb, type RgbImage } from './image.js';
import { resizeRgb } from './image-io.js';

export interface SheetOptions {
  columns: number;
  cellWidthPx: number;
  /** Dark gap between the images. */
  gapPx?: number;
}

/** All images take the height that the first one gets at `cellWidthPx`. */
export async function contactSheet(images: readonly RgbImage[], options: SheetOptions): Promise<RgbImage> {
  const { columns, cellWidthPx, gapPx = 4 } = options;
  if (images.length === 0) throw new Error('contact sheet: no images');
  const cellHeightPx = Math.max(1, Math.round((cellWidthPx * images[0].heightPx) / images[0].widthPx));
  const usedColumns = Math.min(columns, images.length);
  const rows = Math.ceil(images.length / usedColumns);
  const sheet = createRgb(usedColumns * (cellWidthPx + gapPx) - gapPx, rows * (cellHeightPx + gapPx) - gapPx);
  sheet.data.fill(24);
  for (const [index, image] of images.entries()) {
    const cell = await resizeRgb(image, cellWidthPx, cellHeightPx);
    const x0 = (index % usedColumns) * (cellWidthPx + gapPx);
    const y0 = Math.floor(index / usedColumns) * (cellHeightPx + gapPx);
    for (let y = 0; y < cellHeightPx; y++) {
      const row = cell.data.subarray(y * cellWidthPx * 3, (y + 1) * cellWidthPx * 3);
      sheet.data.set(row, ((y0 + y) * sheet.widthPx + x0) * 3);
    }
  }
  return sheet;
}

/** `count` indices spread evenly over 0..length-1, both ends included, without repeats. */
export function evenlySpaced(length: number, count: number): number[] {
  if (length <= count) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - 1)) / (count - 1)));
}
