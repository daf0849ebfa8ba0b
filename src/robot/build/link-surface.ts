/** Points on the surface of rigid parts. */
import { Random } from '../../base/random.js';
import type { Vec3 } from '../../math/vec3.js';
import type { ColouredMesh } from '../../mesh/coloured-mesh.js';
import { sampleMesh } from '../../splat/sample-mesh.js';
import type { Geometry } from '../description/description.js';
import type { MeshLibrary } from './mesh-library.js';

export async function meshesOf(shapes: readonly Geometry[], library: MeshLibrary): Promise<ColouredMesh[]> {
  const meshes: ColouredMesh[] = [];
  for (const shape of shapes) meshes.push(await library.meshOf(shape));
  return meshes;
}

/** Even samples about `spacingM` apart and, of meshes that are not too fine, the corners. */
export function surfacePointsOf(meshes: readonly ColouredMesh[], spacingM: number): Vec3[] {
  return meshes.flatMap((mesh) => {
    const { points } = sampleMesh(mesh.vertices, mesh.triangles, spacingM, new Random(4));
    const corners = mesh.vertices.length < MOST_CORNERS * 3 ? [...mesh.vertices] : [];
    const all = [...points, ...corners];
    return Array.from({ length: all.length / 3 }, (_, i): Vec3 => [all[3 * i], all[3 * i + 1], all[3 * i + 2]]);
  });
}

const MOST_CORNERS = 2000;
