/** Colours of a mesh by points on it, as samplers of surfaces ask for them. */
import { cross, dot, norm, sub, type Vec3 } from '../math/vec3.js';
import type { ColouredMesh } from './coloured-mesh.js';

/** sRGB 0..1 of a point on a triangle; `plain` where the mesh has no colours. */
export function pointColour(
  { vertices, triangles, colourAt }: ColouredMesh,
  plain: Vec3,
): (point: Vec3, normal: Vec3, triangleIdx: number) => Vec3 {
  if (colourAt === null) return () => plain;
  const corner = (f: number, k: number): Vec3 => {
    const at = 3 * triangles[3 * f + k];
    return [vertices[at], vertices[at + 1], vertices[at + 2]];
  };
  return (point, _normal, f) => colourAt(f, barycentric(point, corner(f, 0), corner(f, 1), corner(f, 2)));
}

/** Weights of the three corners at a point of the triangle. */
function barycentric(p: Vec3, a: Vec3, b: Vec3, c: Vec3): Vec3 {
  const normal = cross(sub(b, a), sub(c, a));
  const double = norm(normal) ** 2;
  const atA = dot(cross(sub(c, b), sub(p, b)), normal) / double;
  const atB = dot(cross(sub(a, c), sub(p, c)), normal) / double;
  return [atA, atB, 1 - atA - atB];
}
