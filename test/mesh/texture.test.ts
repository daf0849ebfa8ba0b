import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Document, NodeIO } from '@gltf-transform/core';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import type { Vec3 } from '../../src/math/vec3.js';
import { loadMesh } from '../../src/mesh/load-mesh.js';

const folder = mkdtempSync(path.join(tmpdir(), 'v2r-textures-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RED = [200, 30, 20];
const GREEN = [10, 180, 40];
const BLUE = [20, 40, 220];
const WHITE = [250, 250, 250];
/** Red and green on top, blue and white below. */
const picture = await sharp(
  Uint8Array.from({ length: 3 * 64 }, (_, k) => {
    const [x, y] = [Math.floor(k / 3) % 8, Math.floor(k / 24)];
    return (y < 4 ? (x < 4 ? RED : GREEN) : x < 4 ? BLUE : WHITE)[k % 3];
  }),
  { raw: { width: 8, height: 8, channels: 3 } },
)
  .png()
  .toBuffer();

function put(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}
put('paint.png', picture);

/** A square of two triangles whose corners (0,0) (1,0) (1,1) (0,1) are those of the picture, seen as it hangs on a wall. */
const SQUARE = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
const plyText = (texture: string, perCorner: boolean): string =>
  [
    'ply',
    'format ascii 1.0',
    `comment TextureFile ${texture}`,
    'element vertex 4',
    ...['x', 'y', 'z'].map((c) => `property float ${c}`),
    ...(perCorner ? [] : ['property float texture_u', 'property float texture_v']),
    'element face 1',
    'property list uchar int vertex_indices',
    ...(perCorner ? ['property list uchar float texcoord'] : []),
    'end_header',
    ...SQUARE.map(([x, y]) => (perCorner ? `${x} ${y} 0` : `${x} ${y} 0 ${x} ${y}`)),
    perCorner ? `4 0 1 2 3 8 ${SQUARE.flat().join(' ')}` : '4 0 1 2 3',
    '',
  ].join('\n');

const objText = `mtllib paint.mtl\n${SQUARE.map(([x, y]) => `v ${x} ${y} 0\nvt ${x} ${y}`).join('\n')}\nusemtl m\nf 1/1 2/2 3/3 4/4\n`;

async function glb(): Promise<Uint8Array> {
  const document = new Document();
  const buffer = document.createBuffer();
  const of = (type: 'VEC3' | 'VEC2', values: number[]) =>
    document.createAccessor().setType(type).setArray(Float32Array.from(values)).setBuffer(buffer);
  const indices = document
    .createAccessor()
    .setType('SCALAR')
    .setArray(Uint16Array.of(0, 1, 2, 0, 2, 3))
    .setBuffer(buffer);
  const texture = document.createTexture().setImage(picture).setMimeType('image/png');
  const primitive = document
    .createPrimitive()
    .setAttribute(
      'POSITION',
      of(
        'VEC3',
        SQUARE.flatMap(([x, y]) => [x, y, 0]),
      ),
    )
    // Here v runs down.
    .setAttribute(
      'TEXCOORD_0',
      of(
        'VEC2',
        SQUARE.flatMap(([x, y]) => [x, 1 - y]),
      ),
    )
    .setIndices(indices)
    .setMaterial(document.createMaterial().setBaseColorTexture(texture));
  document.createScene().addChild(document.createNode().setMesh(document.createMesh().addPrimitive(primitive)));
  return new NodeIO().writeBinary(document);
}

describe('textures', () => {
  put('paint.mtl', 'newmtl m\nKd 1 1 1\nmap_Kd -s 1 1 1 paint.png\n');

  it.each([
    ['PLY with coordinates of vertices', () => put('a.ply', plyText('paint.png', false))],
    ['PLY with coordinates of corners', () => put('b.ply', plyText('paint.png', true))],
    ['OBJ', () => put('c.obj', objText)],
    ['GLB', async () => put('d.glb', await glb())],
  ])('are looked up the right way up: %s', async (_, make) => {
    const { colourAt } = await loadMesh(await make());
    /** At a point of the square, 0..255. */
    const at = (x: number, y: number): number[] => {
      // The first triangle is (0,0) (1,0) (1,1), the second (0,0) (1,1) (0,1).
      const [f, weights]: [number, Vec3] = y <= x ? [0, [1 - x, x - y, y]] : [1, [1 - y, x, y - x]];
      return colourAt!(f, weights).map((c) => Math.round(255 * c));
    };
    expect(at(0.2, 0.8)).toEqual(RED);
    expect(at(0.8, 0.75)).toEqual(GREEN);
    expect(at(0.25, 0.2)).toEqual(BLUE);
    expect(at(0.8, 0.2)).toEqual(WHITE);
  });

  it('halfway between two texels it is their mean', async () => {
    const { colourAt } = await loadMesh(put('mean.ply', plyText('paint.png', false)));
    const [red] = colourAt!(1, [0.2, 0.5, 0.3]);
    expect(255 * red).toBeCloseTo((RED[0] + GREEN[0]) / 2, 3);
  });

  it('a PLY whose picture is missing or broken is refused by name; an OBJ falls back to its plain colour', async () => {
    await expect(loadMesh(put('none.ply', plyText('none.png', false)))).rejects.toThrow(/none\.ply.*none\.png/);
    put('bad.png', 'no picture');
    await expect(loadMesh(put('bad.ply', plyText('bad.png', false)))).rejects.toThrow(/bad\.ply.*bad\.png/);
    put('gone.mtl', 'newmtl m\nKd 0.5 0.25 1\nmap_Kd gone.png\n');
    const { colourAt } = await loadMesh(put('gone.obj', objText.replace('paint.mtl', 'gone.mtl')));
    expect(colourAt!(0, [1, 0, 0])).toEqual([0.5, 0.25, 1]);
  });
});
