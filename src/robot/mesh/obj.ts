/** Wavefront OBJ with colours from its MTL files (`Kd`) or from its vertices (`v x y z r g b`). Polygons are cut into fans. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors.js';
import { type Vec3, vec3At } from '../../math/vec3.js';
import { type ColouredMesh, MeshBuilder } from './coloured-mesh.js';

export function readObj(text: string, file: string): ColouredMesh {
  const builder = new MeshBuilder(file);
  const vertexColours: (Vec3 | null)[] = [];
  const materials = new Map<string, Vec3>();
  let colour: Vec3 | null = null;
  let lineNumber = 0;
  for (const line of text.split('\n')) {
    lineNumber++;
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'v') {
      const [x, y, z, ...rgb] = rest.map(Number);
      builder.vertex(x, y, z);
      vertexColours.push(rgb.length === 3 && rgb.every(Number.isFinite) ? vec3At(rgb) : null);
    } else if (word === 'f') {
      const corners = rest.map((corner) => {
        const index = Number.parseInt(corner, 10);
        if (!Number.isInteger(index) || index === 0) {
          throw new UserError(`${file}, line ${lineNumber}: a face names no vertex: ${corner}`);
        }
        return index < 0 ? builder.numVertices + index : index - 1;
      });
      for (let k = 1; k + 1 < corners.length; k++) {
        builder.triangle(corners[0], corners[k], corners[k + 1], colour ?? vertexColours[corners[0]] ?? null);
      }
    } else if (word === 'usemtl') {
      colour = materials.get(rest.join(' ')) ?? null;
    } else if (word === 'mtllib') {
      for (const [name, rgb] of readMtl(path.resolve(path.dirname(file), rest.join(' ')))) materials.set(name, rgb);
    }
  }
  return builder.done();
}

/** Diffuse colours by material name; none when the file is missing: many OBJ files name an MTL that was never shipped. */
function readMtl(file: string): Map<string, Vec3> {
  const colours = new Map<string, Vec3>();
  if (!existsSync(file)) return colours;
  let name = '';
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'newmtl') name = rest.join(' ');
    const rgb = rest.slice(0, 3).map(Number);
    if (word === 'Kd' && rgb.length === 3 && rgb.every(Number.isFinite)) colours.set(name, vec3At(rgb));
  }
  return colours;
}
