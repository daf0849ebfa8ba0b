/** Pictures that meshes are painted with. */
import sharp from 'sharp';
import { messageOf, UserError } from '../base/errors.js';
import type { Vec3 } from '../math/vec3.js';

/**
 * sRGB 0..1 at a texture coordinate: u to the right, v down from the picture's top, both 0..1; pictures repeat. Compared by identity
 * to tell textures apart.
 */
export type Texture = (u: number, v: number) => Vec3;

/**
 * Larger pictures are shrunk by averaging: a disc of the size that objects are made of then covers few texels, so that one look-up
 * stands for all of it.
 */
const MOST_PX = 512;

/** `source`: a file or the bytes of one; `owner`: the mesh that asks for it, for messages. */
export async function openTexture(source: string | Uint8Array, owner: string): Promise<Texture> {
  const { data, info } = await sharp(source)
    .removeAlpha()
    .toColourspace('srgb')
    .resize(MOST_PX, MOST_PX, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      const name = typeof source === 'string' ? source : 'a picture in it';
      throw new UserError(
        `${owner}: cannot read its texture ${name}: ${messageOf(error)}`,
        'put the picture where the mesh says',
      );
    });
  return bilinear(data, info.width, info.height);
}

/** `data` [H, W, 3] u8. */
function bilinear(data: Uint8Array, widthPx: number, heightPx: number): Texture {
  const wrap = (i: number, size: number): number => ((i % size) + size) % size;
  return (u, v) => {
    const [x, y] = [u * widthPx - 0.5, v * heightPx - 0.5];
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [x - x0, y - y0];
    const rgb: Vec3 = [0, 0, 0];
    for (let k = 0; k < 4; k++) {
      const [right, below] = [k & 1, k >> 1];
      const weight = (right ? fx : 1 - fx) * (below ? fy : 1 - fy);
      const at = 3 * (wrap(y0 + below, heightPx) * widthPx + wrap(x0 + right, widthPx));
      for (let c = 0; c < 3; c++) rgb[c] += (weight * data[at + c]) / 255;
    }
    return rgb;
  };
}
