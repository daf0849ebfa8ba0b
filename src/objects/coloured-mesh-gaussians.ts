/** The coloured meshes of a data set as Gaussians, for tracking by rendering. */
import type { Random } from '../base/random.js';
import { cross, dot, norm, sub, type Vec3 } from '../math/vec3.js';
import { gaussiansFromMesh } from '../splat/from-mesh.js';
import type { GaussianSet } from '../splat/gaussians.js';
import type { ColouredMesh } from './ply-mesh.js';

/** Discs per object, fine enough for print at the size of a phone's film; tracking merges them to fewer. */
const DISCS = 10000;
/** Of meshes without vertex colours (textured or plain ones). */
const GREY: Vec3 = [0.5, 0.5, 0.5];

/** In the model frame, metres. `areaM2` decides the spacing. */
export function gaussiansOfModel(mesh: ColouredMesh, areaM2: number, random: Random): GaussianSet {
  const { vertices, triangles, colours } = mesh;
  const corner = (triangleIdx: number, k: number): Vec3 => vecAt(vertices, triangles[3 * triangleIdx + k]);
  const colourAt = (point: Vec3, _normal: Vec3, triangleIdx: number): Vec3 => {
    if (colours === null) return GREY;
    const [a, b, c] = [corner(triangleIdx, 0), corner(triangleIdx, 1), corner(triangleIdx, 2)];
    const weights = barycentric(point, a, b, c);
    const rgb: Vec3 = [0, 0, 0];
    weights.forEach((weight, k) => {
      const colour = vecAt(colours, triangles[3 * triangleIdx + k]);
      for (let j = 0; j < 3; j++) rgb[j] += weight * colour[j];
    });
    return rgb;
  };
  return gaussiansFromMesh(vertices, triangles, colourAt, Math.sqrt(areaM2 / DISCS), random);
}

const vecAt = (array: ArrayLike<number>, i: number): Vec3 => [array[3 * i], array[3 * i + 1], array[3 * i + 2]];

/** Weights of the three corners at a point of the triangle. */
function barycentric(p: Vec3, a: Vec3, b: Vec3, c: Vec3): Vec3 {
  const normal = cross(sub(b, a), sub(c, a));
  const double = norm(normal) ** 2;
  const atA = dot(cross(sub(c, b), sub(p, b)), normal) / double;
  const atB = dot(cross(sub(a, c), sub(p, c)), normal) / double;
  return [atA, atB, 1 - atA - atB];
}
