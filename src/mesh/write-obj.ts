/** Triangle meshes as Wavefront OBJ: vertices and faces. */
import { writeFileAtomic } from '../base/files.js';
import type { ColouredMesh } from './coloured-mesh.js';

type Shape = Pick<ColouredMesh, 'vertices' | 'triangles'>;

/** Micrometres are plenty for things on a table. */
const DECIMALS = 6;

export function encodeObj(mesh: Shape): string {
  const lines: string[] = ['# metres, z up'];
  const { vertices: v, triangles: t } = mesh;
  for (let i = 0; i < v.length; i += 3)
    lines.push(`v ${v[i].toFixed(DECIMALS)} ${v[i + 1].toFixed(DECIMALS)} ${v[i + 2].toFixed(DECIMALS)}`);
  for (let f = 0; f < t.length; f += 3) lines.push(`f ${t[f] + 1} ${t[f + 1] + 1} ${t[f + 2] + 1}`);
  return `${lines.join('\n')}\n`;
}

export async function writeObj(file: string, mesh: Shape): Promise<void> {
  await writeFileAtomic(file, encodeObj(mesh));
}
