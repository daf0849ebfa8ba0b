/** DeepLab v3 on MobileNet: pixels of persons. Source: Chen et al. 2017, "Rethinking Atrous Convolution". */
import { createFloats, type FloatImage, type RgbImage } from '../../image/image.js';
import { cropTensor, MINUS_ONE_TO_ONE, stretched } from '../crop.js';
import { openModel, type Session } from '../runtime.js';

const SIZE_PX = 257;
const NUM_CLASSES = 21;
const PERSON = 15;
/**
 * The network's 33 x 33 map was enlarged with aligned corners in training (step 1/8) but without in this file (step
 * 33/257): what belongs at place p stands at p * (1/8) / (33/257).
 */
const READ_AT = 257 / 264;

export class PersonMask {
  private constructor(private readonly session: Session) {}

  static async open(folder?: string): Promise<PersonMask> {
    const [session] = await openModel('person-mask', folder);
    return new PersonMask(session);
  }

  /** [height, width] probability that a pixel shows a person, for the whole picture at the size asked for. */
  async look(image: RgbImage, widthPx: number, heightPx: number): Promise<FloatImage> {
    const input = cropTensor(image, stretched(image, SIZE_PX, SIZE_PX), SIZE_PX, SIZE_PX, {
      ...MINUS_ONE_TO_ONE,
      layout: 'nhwc',
    });
    const result = await this.session.run({ sub_7: input });
    return resampled(personProbability(result.ResizeBilinear_3.data), widthPx, heightPx);
  }
}

/** Softmax over the classes of [257, 257, 21] logits, the person's share. */
export function personProbability(logits: Float32Array): Float32Array {
  const out = new Float32Array(logits.length / NUM_CLASSES);
  for (let i = 0, o = 0; i < out.length; i++, o += NUM_CLASSES) {
    let sum = 0;
    for (let c = 0; c < NUM_CLASSES; c++) sum += Math.exp(logits[o + c] - logits[o + PERSON]);
    out[i] = 1 / sum;
  }
  return out;
}

function resampled(map: Float32Array, widthPx: number, heightPx: number): FloatImage {
  const out = createFloats(widthPx, heightPx);
  const place = (k: number, size: number): number =>
    Math.max(0, Math.min(SIZE_PX - 1, (((k + 0.5) * SIZE_PX) / size - 0.5) * READ_AT));
  for (let y = 0, o = 0; y < heightPx; y++) {
    const v = place(y, heightPx);
    const y0 = Math.floor(v);
    const y1 = Math.min(SIZE_PX - 1, y0 + 1);
    for (let x = 0; x < widthPx; x++, o++) {
      const u = place(x, widthPx);
      const x0 = Math.floor(u);
      const x1 = Math.min(SIZE_PX - 1, x0 + 1);
      const upper = map[y0 * SIZE_PX + x0] * (1 - u + x0) + map[y0 * SIZE_PX + x1] * (u - x0);
      const lower = map[y1 * SIZE_PX + x0] * (1 - u + x0) + map[y1 * SIZE_PX + x1] * (u - x0);
      out.data[o] = upper * (1 - v + y0) + lower * (v - y0);
    }
  }
  return out;
}
