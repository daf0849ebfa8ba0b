/** Triangle meshes as Wavefront OBJ (vertices and faces; other lines are passed over; polygons are cut into fans). */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../base/errors.js';
import { writeFileAtomic } from '../base/files.js';
import { makeMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';

/** Micrometres are plenty for things on a table. */
const DECIMALS = 6;

export function encodeObj(mesh: TriangleMesh): string {
  const lines: string[] = ['# metres, z up'];
  const { vertices: v, triangles: t } = mesh;
  for (let i = 0; i < v.length; i += 3)
    lines.push(`v ${v[i].toFixed(DECIMALS)} ${v[i + 1].toFixed(DECIMALS)} ${v[i + 2].toFixed(DECIMALS)}`);
  for (let f = 0; f < t.length; f += 3) lines.push(`f ${t[f] + 1} ${t[f + 1] + 1} ${t[f + 2] + 1}`);
  return `${lines.join('\n')}\n`;
}

export function decodeObj(text: string, name = 'mesh'): TriangleMesh {
  const vertices: number[] = [];
  const triangles: number[] = [];
  text.split('\n').forEach((line, i) => {
    const [word, ...rest] = line.trim().split(/\s+/);
    const fail = (what: string): never => {
      throw new UserError(`${name}, line ${i + 1}: ${what}: ${line.trim()}`);
    };
    if (word === 'v') {
      const xyz = rest.slice(0, 3).map(Number);
      if (xyz.length < 3 || !xyz.every(Number.isFinite)) fail('expected three numbers');
      vertices.push(...xyz);
    } else if (word === 'f') {
      const numVertices = vertices.length / 3;
      const corners = rest.map((corner) => {
        const index = Number.parseInt(corner, 10);
        const vertex = index < 0 ? numVertices + index : index - 1;
        return vertex >= 0 && vertex < numVertices ? vertex : fail('a face names a vertex that is not there');
      });
      if (corners.length < 3) fail('a face needs three corners');
      for (let k = 1; k + 1 < corners.length; k++) triangles.push(corners[0], corners[k], corners[k + 1]);
    }
  });
  if (triangles.length === 0)
    throw new UserError(`${name} has no faces`, 'give a mesh with vertices (v) and faces (f)');
  return makeMesh(vertices, triangles);
}

export async function readObj(file: string): Promise<TriangleMesh> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  return decodeObj(text, file);
}

export async function writeObj(file: string, mesh: TriangleMesh): Promise<void> {
  await writeFileAtomic(file, encodeObj(mesh));
}
