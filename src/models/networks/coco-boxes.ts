/** YOLOX nano: boxes of 80 everyday classes. Source: Ge et al. 2021, "YOLOX: Exceeding YOLO Series in 2021". */
import type { RgbImage } from '../../image/image.js';
import { BGR_BYTES, type Box, cropTensor, letterboxed, suppress } from '../crop.js';
import { openModel, type Session } from '../runtime.js';
import { COCO_WORDS } from './coco-words.js';

export interface Detection extends Box {
  readonly word: string;
  readonly score: number;
}

const SIZE_PX = 416;
const STRIDES = [8, 16, 32];
const ROW = 85;
const MAX_IOU = 0.45;
const PADDING = 114;

export class CocoBoxes {
  private constructor(private readonly session: Session) {}

  static async open(folder?: string): Promise<CocoBoxes> {
    const [session] = await openModel('coco-boxes', folder);
    return new CocoBoxes(session);
  }

  /** Boxes in picture pixels, best first. */
  async detect(image: RgbImage, minScore: number): Promise<Detection[]> {
    const map = letterboxed(image, SIZE_PX);
    const outside = [PADDING, PADDING, PADDING] as const;
    const images = cropTensor(image, map, SIZE_PX, SIZE_PX, { ...BGR_BYTES, outside });
    const { output } = await this.session.run({ images });
    return decodeBoxes(output.data, map.scale, minScore);
  }
}

/** `raw` [3549, 85]: rows of x, y, w, h, objectness, 80 class scores, for strides 8, 16, 32, cells row by row. */
export function decodeBoxes(raw: Float32Array, scale: number, minScore: number): Detection[] {
  const found: Detection[] = [];
  let row = 0;
  for (const stride of STRIDES) {
    const cells = SIZE_PX / stride;
    for (let gy = 0; gy < cells; gy++) {
      for (let gx = 0; gx < cells; gx++, row += ROW) {
        let best = 0;
        for (let c = 1; c < COCO_WORDS.length; c++) if (raw[row + 5 + c] > raw[row + 5 + best]) best = c;
        const score = raw[row + 4] * raw[row + 5 + best];
        if (score < minScore) continue;
        const cx = ((raw[row] + gx) * stride) / scale;
        const cy = ((raw[row + 1] + gy) * stride) / scale;
        const w = (Math.exp(raw[row + 2]) * stride) / scale;
        const h = (Math.exp(raw[row + 3]) * stride) / scale;
        found.push({ word: COCO_WORDS[best], score, x0: cx - w / 2, y0: cy - h / 2, x1: cx + w / 2, y1: cy + h / 2 });
      }
    }
  }
  const words = [...new Set(found.map(({ word }) => word))];
  return words
    .flatMap((word) =>
      suppress(
        found.filter((box) => box.word === word),
        MAX_IOU,
      ),
    )
    .sort((p, q) => q.score - p.score);
}
