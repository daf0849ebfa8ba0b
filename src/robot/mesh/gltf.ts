/** GLB and glTF: triangles of the scene with base colours (factor and texture, looked up at the middle of each triangle). */
import { NodeIO, type Primitive, type Texture } from '@gltf-transform/core';
import sharp from 'sharp';
import { messageOf, UserError } from '../../base/errors.js';
import { type Mat4, transformPoint } from '../../math/se3.js';
import { type Vec3, vec3, vec3At } from '../../math/vec3.js';
import { type ColouredMesh, MeshBuilder } from './coloured-mesh.js';

/** Primitive modes of the format: only triangles have an area. */
const TRIANGLES = 4;

export async function readGltf(file: string): Promise<ColouredMesh> {
  const document = await new NodeIO().read(file).catch((error: unknown) => {
    throw new UserError(
      `${file} is not a readable glTF: ${messageOf(error).split('\n')[0]}`,
      'save it without compression extensions',
    );
  });
  const builder = new MeshBuilder(file);
  const pictures = new Map<Texture, Picture>();
  const scene = document.getRoot().getDefaultScene() ?? document.getRoot().listScenes()[0];
  const parts: { primitive: Primitive; matrix: Mat4 }[] = [];
  scene?.traverse((node) => {
    const mesh = node.getMesh();
    // glTF stores columns one after the other.
    const c = node.getWorldMatrix();
    const matrix = Array.from({ length: 16 }, (_, k) => c[(k % 4) * 4 + Math.floor(k / 4)]);
    for (const primitive of mesh?.listPrimitives() ?? []) parts.push({ primitive, matrix });
  });
  for (const { primitive, matrix } of parts) {
    if (primitive.getMode() !== TRIANGLES) continue;
    const texture = primitive.getMaterial()?.getBaseColorTexture();
    if (texture && !pictures.has(texture)) pictures.set(texture, await decode(texture, file));
    addPrimitive(builder, primitive, matrix, (texture && pictures.get(texture)) ?? null);
  }
  return builder.done();
}

interface Picture {
  readonly widthPx: number;
  readonly heightPx: number;
  /** [H, W, 3] u8 sRGB. */
  readonly data: Uint8Array;
}

async function decode(texture: Texture, file: string): Promise<Picture> {
  const bytes = texture.getImage();
  if (!bytes) throw new UserError(`${file}: a texture without a picture`);
  const { data, info } = await sharp(bytes)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { widthPx: info.width, heightPx: info.height, data };
}

/** From linear light, as factors are given, to sRGB. */
const encode = (x: number): number => (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);
const decodeSrgb = (x: number): number => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);

function addPrimitive(builder: MeshBuilder, primitive: Primitive, matrix: Mat4, picture: Picture | null): void {
  const positions = primitive.getAttribute('POSITION');
  if (!positions) return;
  const first = builder.numVertices;
  const element: number[] = [];
  for (let i = 0; i < positions.getCount(); i++) {
    builder.vertex(...transformPoint(matrix, vec3At(positions.getElement(i, element))));
  }
  const factor = (primitive.getMaterial()?.getBaseColorFactor() ?? [0.7, 0.7, 0.7, 1]).slice(0, 3);
  const uvs = primitive.getAttribute('TEXCOORD_0');
  const indices = primitive.getIndices();
  const numCorners = indices?.getCount() ?? positions.getCount();
  for (let k = 0; k + 2 < numCorners; k += 3) {
    const corners = [0, 1, 2].map((c) => indices?.getScalar(k + c) ?? k + c);
    let light = factor;
    if (picture && uvs) {
      const uv = corners.map((corner) => [...uvs.getElement(corner, element)]);
      const seen = lookUp(picture, (uv[0][0] + uv[1][0] + uv[2][0]) / 3, (uv[0][1] + uv[1][1] + uv[2][1]) / 3);
      light = factor.map((value, c) => value * decodeSrgb(seen[c]));
    }
    builder.triangle(
      first + corners[0],
      first + corners[1],
      first + corners[2],
      vec3((c) => encode(light[c])),
    );
  }
}

/** Nearest texel, sRGB 0..1; pictures repeat. */
function lookUp({ widthPx, heightPx, data }: Picture, u: number, v: number): Vec3 {
  const wrap = (x: number, size: number): number => Math.min(size - 1, Math.floor((x - Math.floor(x)) * size));
  const at = (wrap(v, heightPx) * widthPx + wrap(u, widthPx)) * 3;
  return [data[at] / 255, data[at + 1] / 255, data[at + 2] / 255];
}
