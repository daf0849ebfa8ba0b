/** SlimSAM: the mask of the thing at given points. Source: Chen et al. 2024, "SlimSAM"; Kirillov et al. 2023, "Segment Anything". */
import { type ByteImage, createBytes, type RgbImage } from '../../image/image.js';
import { cropTensor, IMAGENET, letterboxed } from '../crop.js';
import { openModel, type Session, type Tensor } from '../runtime.js';

const SIZE_PX = 1024;
const MASK_PX = 256;

export interface PromptPoint {
  readonly x: number;
  readonly y: number;
  /** True: the point lies on the thing; false: it lies beside it. */
  readonly inside: boolean;
}

export interface PromptedMask {
  /** [H, W] 0 or 1, picture size. */
  readonly mask: ByteImage;
  /** The network's own guess of its IoU with the truth. */
  readonly score: number;
}

export class SlimSam {
  private constructor(
    private readonly encoder: Session,
    private readonly decoder: Session,
  ) {}

  static async open(folder?: string): Promise<SlimSam> {
    const [encoder, decoder] = await openModel('slimsam', folder);
    return new SlimSam(encoder, decoder);
  }

  /** Looks at a picture once; the result answers any number of prompts. */
  async encode(image: RgbImage): Promise<(points: readonly PromptPoint[]) => Promise<PromptedMask>> {
    const map = letterboxed(image, SIZE_PX);
    const outside = IMAGENET.mean;
    const pixels = cropTensor(image, map, SIZE_PX, SIZE_PX, { ...IMAGENET, outside });
    const embedded = await this.encoder.run({ pixel_values: pixels });
    return (points) => this.decode(image, map.scale, embedded, points);
  }

  private async decode(
    { widthPx, heightPx }: RgbImage,
    scale: number,
    embedded: Readonly<Record<string, Tensor>>,
    points: readonly PromptPoint[],
  ): Promise<PromptedMask> {
    const n = points.length;
    const { pred_masks, iou_scores } = await this.decoder.run({
      image_embeddings: embedded.image_embeddings,
      image_positional_embeddings: embedded.image_positional_embeddings,
      input_points: {
        shape: [1, 1, n, 2],
        data: Float32Array.from(points.flatMap(({ x, y }) => [x * scale, y * scale])),
      },
      input_labels: { shape: [1, 1, n], data: BigInt64Array.from(points, ({ inside }) => (inside ? 1n : 0n)) },
    });
    let best = 0;
    for (let k = 1; k < iou_scores.data.length; k++) if (iou_scores.data[k] > iou_scores.data[best]) best = k;
    const size = MASK_PX * MASK_PX;
    const logits = pred_masks.data.subarray(best * size, (best + 1) * size);
    return { mask: enlarged(logits, widthPx, heightPx, (scale * MASK_PX) / SIZE_PX), score: iou_scores.data[best] };
  }
}

/** Logits [256, 256] of the padded square, bilinear at picture size, > 0. */
function enlarged(logits: Float32Array, widthPx: number, heightPx: number, scale: number): ByteImage {
  const out = createBytes(widthPx, heightPx);
  const place = (k: number): number => Math.max(0, Math.min(MASK_PX - 1, (k + 0.5) * scale - 0.5));
  for (let y = 0, o = 0; y < heightPx; y++) {
    const v = place(y);
    const y0 = Math.floor(v);
    const y1 = Math.min(MASK_PX - 1, y0 + 1);
    for (let x = 0; x < widthPx; x++, o++) {
      const u = place(x);
      const x0 = Math.floor(u);
      const x1 = Math.min(MASK_PX - 1, x0 + 1);
      const upper = logits[y0 * MASK_PX + x0] * (1 - u + x0) + logits[y0 * MASK_PX + x1] * (u - x0);
      const lower = logits[y1 * MASK_PX + x0] * (1 - u + x0) + logits[y1 * MASK_PX + x1] * (u - x0);
      out.data[o] = upper * (1 - v + y0) + lower * (v - y0) > 0 ? 1 : 0;
    }
  }
  return out;
}
