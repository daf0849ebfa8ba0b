/** Small block letters for pictures that people look at: 3 x 5 pixels, enlarged. Needs no font on the machine. */
import type { RgbImage } from './image.js';

/** Five rows of three bits, top to bottom, left bit first. */
const GLYPHS: Readonly<Record<string, string>> = {
  A: '25755',
  B: '65656',
  C: '34443',
  D: '65556',
  E: '74647',
  F: '74644',
  G: '34553',
  H: '55755',
  I: '72227',
  J: '11152',
  K: '55655',
  L: '44447',
  M: '57755',
  N: '65555',
  O: '25552',
  P: '65644',
  Q: '25563',
  R: '65655',
  S: '34216',
  T: '72222',
  U: '55557',
  V: '55552',
  W: '55775',
  X: '55255',
  Y: '55222',
  Z: '71247',
  0: '75557',
  1: '26227',
  2: '61247',
  3: '61216',
  4: '55711',
  5: '74616',
  6: '34652',
  7: '71222',
  8: '25252',
  9: '25316',
  '.': '00002',
  ':': '02020',
  '-': '00700',
  '%': '51245',
  '/': '11244',
  '+': '02720',
  ',': '00024',
};
const GLYPH_WIDTH = 3;
const GLYPH_HEIGHT = 5;

/** Width of a text in pixels at an enlargement. */
export const textWidth = (text: string, scale: number): number => text.length * (GLYPH_WIDTH + 1) * scale;
export const textHeight = (scale: number): number => GLYPH_HEIGHT * scale;

/** Writes into the picture; what does not fit is cut. Letters become capitals, unknown signs gaps. */
export function drawText(
  image: RgbImage,
  text: string,
  xPx: number,
  yPx: number,
  scale: number,
  colour: readonly [number, number, number],
): void {
  [...text.toUpperCase()].forEach((sign, n) => {
    const glyph = GLYPHS[sign];
    if (!glyph) return;
    const left = xPx + n * (GLYPH_WIDTH + 1) * scale;
    for (let row = 0; row < GLYPH_HEIGHT; row++) {
      const bits = Number(glyph[row]);
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        if ((bits >> (GLYPH_WIDTH - 1 - column)) & 1) {
          fillRect(image, left + column * scale, yPx + row * scale, scale, scale, colour);
        }
      }
    }
  });
}

export function fillRect(
  { widthPx, heightPx, data }: RgbImage,
  xPx: number,
  yPx: number,
  width: number,
  height: number,
  colour: readonly [number, number, number],
): void {
  const x1 = Math.min(widthPx, xPx + width);
  for (let y = Math.max(0, yPx); y < Math.min(heightPx, yPx + height); y++) {
    for (let x = Math.max(0, xPx); x < x1; x++) data.set(colour, 3 * (y * widthPx + x));
  }
}

/** One pixel wide. */
export function drawLine(
  { widthPx, heightPx, data }: RgbImage,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  colour: readonly [number, number, number],
): void {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
  for (let s = 0; s <= steps; s++) {
    const x = Math.floor(x0 + (s / steps) * (x1 - x0));
    const y = Math.floor(y0 + (s / steps) * (y1 - y0));
    if (x >= 0 && y >= 0 && x < widthPx && y < heightPx) data.set(colour, 3 * (y * widthPx + x));
  }
}
