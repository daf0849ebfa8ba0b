/**
 * Relative depth from one picture: PyDNet (Aleotti et al. 2021, larger = farther) or Depth Anything V2 (Yang et al. 2024, larger
 * = nearer). Scale and shift are unknown; `alignDepth` in src/perceive fits them.
 */
import { createFloats, type FloatImage, type RgbImage } from '../../image/image.js';
import { cropTensor, IMAGENET, stretched, ZERO_TO_ONE } from '../crop.js';
import { openModel, type Session } from '../runtime.js';

export interface RelativeDepth {
  readonly map: FloatImage;
  /** What is linear in the map's values: the depth itself or its inverse. */
  readonly linearIn: 'depth' | 'inverse depth';
  /** Rows and columns at the border of the map that are worth nothing, in its own pixels. */
  readonly borderPx: number;
}

export interface DepthNetwork {
  readonly id: 'pydnet' | 'depth-anything';
  look(image: RgbImage): Promise<RelativeDepth>;
}

const PYDNET_WIDTH = 384;
const PYDNET_HEIGHT = 256;
/** Long side that Depth Anything was trained at; both sides must be multiples of 14. */
const ANYTHING_LONG_PX = 518;
const ANYTHING_STEP_PX = 14;

export async function openPydnet(folder?: string): Promise<DepthNetwork> {
  const [session] = await openModel('pydnet', folder);
  return {
    id: 'pydnet',
    look: async (image) => ({
      map: await run(session, image, PYDNET_WIDTH, PYDNET_HEIGHT, 'image', 'relative_depth', ZERO_TO_ONE),
      linearIn: 'depth',
      borderPx: 8,
    }),
  };
}

export async function openDepthAnything(folder?: string): Promise<DepthNetwork> {
  const [session] = await openModel('depth-anything', folder);
  return {
    id: 'depth-anything',
    look: async (image) => {
      const scale = ANYTHING_LONG_PX / Math.max(image.widthPx, image.heightPx);
      const side = (px: number): number => ANYTHING_STEP_PX * Math.max(1, Math.round((px * scale) / ANYTHING_STEP_PX));
      const [w, h] = [side(image.widthPx), side(image.heightPx)];
      const map = await run(session, image, w, h, 'pixel_values', 'predicted_depth', IMAGENET);
      return { map, linearIn: 'inverse depth', borderPx: 0 };
    },
  };
}

async function run(
  session: Session,
  image: RgbImage,
  w: number,
  h: number,
  input: string,
  output: string,
  norm: typeof ZERO_TO_ONE,
): Promise<FloatImage> {
  const result = await session.run({ [input]: cropTensor(image, stretched(image, w, h), w, h, norm) });
  const { shape, data } = result[output];
  const [height, width] = shape.slice(-2);
  if (data.length !== width * height) throw new Error(`depth map of shape [${shape.join(', ')}]`);
  return createFloats(width, height, data);
}
