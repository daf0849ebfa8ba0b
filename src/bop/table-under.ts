/** The table's distance once the models say how large things are: perception alone knows it to some 20 %. */
import { axisOf, transformPoint } from '../math/se3.js';
import { dot, type Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import type { Perception } from '../perceive/perception.js';
import { worldFrame } from '../perceive/table.js';
import type { Refined } from '../pose/adam.js';

/** Perception's table moved along the optical axis to under the lowest points of the objects where they were found at rest. */
export function tableUnder(
  { table }: Pick<Perception, 'table'>,
  rests: readonly { readonly mesh: TriangleMesh; readonly found: Refined }[],
): Perception['table'] {
  if (rests.length === 0) return table;
  const up = axisOf(table.cameraFromWorld, 2);
  const heights = rests.map(({ mesh, found }) => {
    let lowest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < mesh.vertices.length; i += 3) {
      const [x, y, z] = mesh.vertices.subarray(i, i + 3);
      const p: Vec3 = transformPoint(found.cameraFromObject, [x, y, z]);
      lowest = Math.min(lowest, dot(up, p));
    }
    return lowest;
  });
  const height = heights.reduce((a, b) => a + b, 0) / heights.length;
  return { ...table, cameraFromWorld: worldFrame(up, height / up[2]), scaleSource: 'models', scaleLogSd: 0.01 };
}
