/**
 * Wavefront OBJ with colours from its MTL files (`map_Kd`, else `Kd`) or from its vertices (`v x y z r g b`). Polygons are cut into
 * fans.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../base/errors.js';
import { type Vec3, vec3At } from '../math/vec3.js';
import { type ColouredMesh, MeshBuilder } from './coloured-mesh.js';
import { openTexture, type Texture } from './texture.js';

interface Material {
  readonly rgb: Vec3 | null;
  readonly texture: Texture | null;
}

interface Corner {
  readonly vertex: number;
  readonly uv: readonly [number, number] | null;
}

export async function readObj(text: string, file: string): Promise<ColouredMesh> {
  const lines = text.split('\n');
  const materials = await materialsOf(lines, file);
  const builder = new MeshBuilder(file);
  const vertexColours: (Vec3 | null)[] = [];
  const uvs: [number, number][] = [];
  let material: Material | null = null;
  lines.forEach((line, i) => {
    const [word, ...rest] = line.trim().split(/\s+/);
    const fail = (what: string): never => {
      throw new UserError(`${file}, line ${i + 1}: ${what}: ${line.trim()}`);
    };
    if (word === 'v') {
      const [x, y, z, ...rgb] = rest.map(Number);
      if (rest.length < 3) fail('expected three numbers');
      builder.vertex(x, y, z);
      vertexColours.push(rgb.length === 3 && rgb.every(Number.isFinite) ? vec3At(rgb) : null);
    } else if (word === 'vt') {
      // The picture's v runs upwards here.
      uvs.push([Number(rest[0]), 1 - Number(rest[1])]);
    } else if (word === 'f') {
      if (rest.length < 3) fail('a face needs three corners');
      const corners = rest.map((corner): Corner => {
        const [vertex, uv] = corner.split('/');
        const at = indexOf(vertex, builder.numVertices) ?? fail('a face names a vertex that is not there');
        const atUv = uv ? indexOf(uv, uvs.length) : null;
        return { vertex: at, uv: atUv === null ? null : uvs[atUv] };
      });
      for (let k = 1; k + 1 < corners.length; k++) {
        addTriangle(builder, corners[0], corners[k], corners[k + 1], material, vertexColours[corners[0].vertex]);
      }
    } else if (word === 'usemtl') {
      material = materials.get(rest.join(' ')) ?? null;
    }
  });
  return builder.done();
}

function addTriangle(
  builder: MeshBuilder,
  a: Corner,
  b: Corner,
  c: Corner,
  material: Material | null,
  vertexColour: Vec3 | null,
): void {
  if (material?.texture && a.uv && b.uv && c.uv) {
    builder.texturedTriangle(a.vertex, b.vertex, c.vertex, material.texture, [a.uv, b.uv, c.uv]);
  } else {
    builder.triangle(a.vertex, b.vertex, c.vertex, material?.rgb ?? vertexColour);
  }
}

/** From 1, or backwards from the end with a minus; null when there is none. */
function indexOf(text: string, count: number): number | null {
  const number = Number.parseInt(text, 10);
  const index = number < 0 ? count + number : number - 1;
  return Number.isInteger(index) && index >= 0 && index < count ? index : null;
}

/** By name. Missing MTL files and pictures leave their colours out: many OBJ files name some that were never shipped. */
async function materialsOf(lines: readonly string[], file: string): Promise<Map<string, Material>> {
  const materials = new Map<string, Material>();
  for (const line of lines) {
    const library = /^\s*mtllib\s+(.+?)\s*$/.exec(line);
    if (!library) continue;
    const mtl = path.resolve(path.dirname(file), library[1]);
    if (!existsSync(mtl)) continue;
    for (const [name, material] of await readMtl(await readFile(mtl, 'utf8'), mtl)) materials.set(name, material);
  }
  return materials;
}

async function readMtl(text: string, file: string): Promise<Map<string, Material>> {
  const materials = new Map<string, Material>();
  let name = '';
  const add = (some: Partial<Material>): void => {
    materials.set(name, { rgb: null, texture: null, ...materials.get(name), ...some });
  };
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'newmtl') name = rest.join(' ');
    const rgb = rest.slice(0, 3).map(Number);
    if (word === 'Kd' && rgb.length === 3 && rgb.every(Number.isFinite)) add({ rgb: vec3At(rgb) });
    if (word === 'map_Kd' && rest.length > 0) {
      // Options come before the name.
      const picture = path.resolve(path.dirname(file), rest[rest.length - 1].replaceAll('\\', '/'));
      if (existsSync(picture)) add({ texture: await openTexture(picture, file) });
    }
  }
  return materials;
}
