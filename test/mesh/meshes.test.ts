import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Document, NodeIO } from '@gltf-transform/core';
import { afterAll, describe, expect, it } from 'vitest';
import type { Vec3 } from '../../src/math/vec3.js';
import type { ColouredMesh } from '../../src/mesh/coloured-mesh.js';
import { loadMesh } from '../../src/mesh/load-mesh.js';
import { primitiveMesh } from '../../src/robot/build/primitives.js';

const folder = mkdtempSync(path.join(tmpdir(), 'v2r-meshes-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A tetrahedron of 10 cm legs at the origin. */
const CORNERS = [0, 0, 0, 0.1, 0, 0, 0, 0.1, 0, 0, 0, 0.1];
/** Weights of a triangle's middle. */
const MIDDLE: Vec3 = [1 / 3, 1 / 3, 1 / 3];
const FACES = [0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3];

function put(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

function binaryStl(): Uint8Array {
  const bytes = new Uint8Array(84 + 4 * 50);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('solid but binary'));
  view.setUint32(80, 4, true);
  FACES.forEach((corner, k) => {
    const at = 84 + Math.floor(k / 3) * 50 + 12 + (k % 3) * 12;
    for (let c = 0; c < 3; c++) view.setFloat32(at + 4 * c, CORNERS[3 * corner + c], true);
  });
  return bytes;
}

const textStl = (): string =>
  `solid s\n${[0, 3, 6, 9]
    .map((f) => {
      const lines = [0, 1, 2].map((k) => `vertex ${CORNERS.slice(3 * FACES[f + k], 3 * FACES[f + k] + 3).join(' ')}`);
      return `facet normal 0 0 0\nouter loop\n${lines.join('\n')}\nendloop\nendfacet`;
    })
    .join('\n')}\nendsolid s\n`;

const collada = (positions = CORNERS.join(' ')): string => `<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1"><asset><unit meter="0.1"/></asset>
<library_effects><effect id="e"><profile_COMMON><technique sid="t"><phong><diffuse><color>1 0.5 0 1</color></diffuse></phong></technique></profile_COMMON></effect></library_effects>
<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>
<library_geometries><geometry id="g"><mesh>
<source id="p"><float_array id="pa" count="12">${positions}</float_array><technique_common><accessor source="#pa" stride="3"/></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<polylist material="orange" count="4"><input semantic="VERTEX" source="#v" offset="0"/><input semantic="NORMAL" source="#p" offset="1"/><vcount>3 3 3 3</vcount><p>${FACES.flatMap((k) => [k, 0]).join(' ')}</p></polylist>
</mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="s"><node><translate>0 0 2</translate><scale>10 10 10</scale>
<instance_geometry url="#g"><bind_material><technique_common><instance_material symbol="orange" target="#m"/></technique_common></bind_material></instance_geometry></node></visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#s"/></scene></COLLADA>`;

async function glb(): Promise<Uint8Array> {
  const document = new Document();
  const buffer = document.createBuffer();
  const positions = document.createAccessor().setType('VEC3').setArray(Float32Array.from(CORNERS)).setBuffer(buffer);
  const indices = document.createAccessor().setType('SCALAR').setArray(Uint16Array.from(FACES)).setBuffer(buffer);
  const material = document.createMaterial().setBaseColorFactor([0.214, 0, 1, 1]);
  const primitive = document.createPrimitive().setAttribute('POSITION', positions).setIndices(indices);
  const mesh = document.createMesh().addPrimitive(primitive.setMaterial(material));
  const node = document.createNode().setMesh(mesh).setTranslation([0, 0, 0.2]);
  document.createScene().addChild(node);
  return new NodeIO().writeBinary(document);
}

/** Six times the signed volume: tells size and winding at once. */
function sixVolumes({ vertices: v, triangles: t }: ColouredMesh): number {
  let sum = 0;
  for (let f = 0; f < t.length; f += 3) {
    const [a, b, c] = [3 * t[f], 3 * t[f + 1], 3 * t[f + 2]];
    sum += v[a] * (v[b + 1] * v[c + 2] - v[b + 2] * v[c + 1]);
    sum += v[a + 1] * (v[b + 2] * v[c] - v[b] * v[c + 2]);
    sum += v[a + 2] * (v[b] * v[c + 1] - v[b + 1] * v[c]);
  }
  return sum;
}

const lowest = ({ vertices }: ColouredMesh): number => Math.min(...vertices.filter((_, k) => k % 3 === 2));

describe('loadMesh', () => {
  const objText = `mtllib t.mtl\n${[0, 3, 6, 9].map((k) => `v ${CORNERS.slice(k, k + 3).join(' ')}`).join('\n')}\nusemtl green\n${[
    0, 3, 6, 9,
  ]
    .map(
      (f) =>
        `f ${FACES.slice(f, f + 3)
          .map((k) => `${k + 1}//1`)
          .join(' ')}`,
    )
    .join('\n')}\n`;
  put('t.mtl', 'newmtl green\nKd 0 0.8 0.2\n');

  it.each([
    ['binary STL', () => put('b.stl', binaryStl()), null, 0],
    ['text STL', () => put('t.stl', textStl()), null, 0],
    ['OBJ with MTL', () => put('t.obj', objText), [0, 0.8, 0.2], 0],
    ['COLLADA with unit, nodes and materials', () => put('t.dae', collada()), [1, 0.5, 0], 0.2],
  ] as const)('reads %s', async (_, make, rgb, height) => {
    const mesh = await loadMesh(make());
    expect(mesh.triangles.length).toBe(12);
    expect(sixVolumes(mesh)).toBeCloseTo(0.001, 9);
    expect(lowest(mesh)).toBeCloseTo(height, 6);
    if (rgb === null) expect(mesh.colourAt).toBeNull();
    else for (const [c, value] of rgb.entries()) expect(mesh.colourAt!(0, MIDDLE)[c]).toBeCloseTo(value, 6);
  });

  it('reads GLB with its nodes; linear colours become sRGB', async () => {
    const mesh = await loadMesh(put('t.glb', await glb()));
    expect(sixVolumes(mesh)).toBeCloseTo(0.001, 9);
    expect(lowest(mesh)).toBeCloseTo(0.2, 6);
    expect(mesh.colourAt!(0, MIDDLE)[0]).toBeCloseTo(0.5, 2);
    expect(mesh.colourAt!(0, MIDDLE)[2]).toBeCloseTo(1, 6);
  });

  it.each([
    ['a missing file', () => path.join(folder, 'none.stl'), /cannot read/],
    ['an STL cut short', () => put('cut.stl', binaryStl().subarray(0, 150)), /cut short: 4 triangles announced/],
    ['something else', () => put('x.stl', 'hello'), /not an STL/],
    ['NaN', () => put('nan.obj', 'v 0 0 nan\nv 1 0 0\nv 0 1 0\nf 1 2 3\n'), /vertex 0 is not finite/],
    [
      'a face without vertices',
      () => put('far.obj', 'v 0 0 0\nf 1 2 9\n'),
      /line 2: a face names a vertex that is not there/,
    ],
    ['broken XML', () => put('bad.dae', collada().slice(0, 700)), /not valid XML/],
    ['NaN in COLLADA', () => put('nan.dae', collada('0 0 x')), /finite numbers, found "0 0 x"/],
    ['a broken GLB', () => put('bad.glb', 'glTF????'), /not a readable glTF/],
    ['another kind', () => put('m.step', 'x'), /\.step are not supported/],
  ] as const)('refuses %s in one line that names the file', async (_, make, message) => {
    const file = make();
    await expect(loadMesh(file)).rejects.toThrow(message);
    await expect(loadMesh(file)).rejects.toThrow(path.basename(file));
  });
});

describe('primitiveMesh', () => {
  it('has the right volumes, outside out', () => {
    expect(sixVolumes(primitiveMesh({ kind: 'box', size: [0.1, 0.2, 0.3] })) / 6).toBeCloseTo(0.006, 9);
    const ball = sixVolumes(primitiveMesh({ kind: 'ellipsoid', radii: [0.1, 0.1, 0.2] })) / 6;
    expect(ball / ((4 / 3) * Math.PI * 0.002)).toBeCloseTo(1, 1);
    const rod = sixVolumes(primitiveMesh({ kind: 'cylinder', radiusM: 0.1, lengthM: 0.5 })) / 6;
    expect(rod / (Math.PI * 0.005)).toBeCloseTo(1, 1);
    const capsule = sixVolumes(primitiveMesh({ kind: 'capsule', radiusM: 0.1, lengthM: 0.5 })) / 6;
    expect(capsule / (Math.PI * 0.005 + (4 / 3) * Math.PI * 0.001)).toBeCloseTo(1, 1);
  });
});
