/** GLB and glTF: triangles of the scene with base colours (factor times texture). */
import { type Texture as GltfTexture, NodeIO, type Primitive } from '@gltf-transform/core';
import { messageOf, UserError } from '../base/errors.js';
import { type Mat4, transformPoint } from '../math/se3.js';
import { type Vec3, vec3, vec3At } from '../math/vec3.js';
import { type ColouredMesh, MeshBuilder } from './coloured-mesh.js';
import { openTexture, type Texture } from './texture.js';

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
  const pictures = new Map<GltfTexture, Texture>();
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
    const stored = primitive.getMaterial()?.getBaseColorTexture();
    let picture = (stored && pictures.get(stored)) ?? null;
    if (stored && picture === null) {
      const bytes = stored.getImage();
      if (!bytes) throw new UserError(`${file}: a texture without a picture`, 'save it as .glb, pictures included');
      picture = await openTexture(bytes, file);
      pictures.set(stored, picture);
    }
    addPrimitive(builder, primitive, matrix, picture);
  }
  return builder.done();
}

/** From linear light, as factors are given, to sRGB. */
const encode = (x: number): number => (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055);
const decodeSrgb = (x: number): number => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);

function addPrimitive(builder: MeshBuilder, primitive: Primitive, matrix: Mat4, picture: Texture | null): void {
  const positions = primitive.getAttribute('POSITION');
  if (!positions) return;
  const first = builder.numVertices;
  const element: number[] = [];
  for (let i = 0; i < positions.getCount(); i++) {
    builder.vertex(...transformPoint(matrix, vec3At(positions.getElement(i, element))));
  }
  const factor = primitive.getMaterial()?.getBaseColorFactor();
  const light = vec3((c) => factor?.[c] ?? 0.7);
  const plain = vec3((c) => encode(light[c]));
  const isWhite = light.every((value) => value === 1);
  // The factor is of linear light; one closure per primitive, so that its triangles share a texture.
  const texture: Texture | null = picture && !isWhite ? (u, v) => tinted(picture(u, v), light) : picture;
  const uvs = primitive.getAttribute('TEXCOORD_0');
  const indices = primitive.getIndices();
  const numCorners = indices?.getCount() ?? positions.getCount();
  const uvOf = (corner: number): [number, number] => {
    const [u, v] = uvs?.getElement(corner, element) ?? [0, 0];
    return [u, v];
  };
  for (let k = 0; k + 2 < numCorners; k += 3) {
    const [a, b, c] = [0, 1, 2].map((corner) => indices?.getScalar(k + corner) ?? k + corner);
    if (texture && uvs) {
      builder.texturedTriangle(first + a, first + b, first + c, texture, [uvOf(a), uvOf(b), uvOf(c)]);
    } else {
      builder.triangle(first + a, first + b, first + c, plain);
    }
  }
}

const tinted = (rgb: Vec3, light: Vec3): Vec3 => vec3((c) => encode(light[c] * decodeSrgb(rgb[c])));
