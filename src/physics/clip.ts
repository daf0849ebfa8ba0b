/** Cutting a surface into cells by planes. */
import type { Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';

/** A convex polygon in space. */
export type Polygon = readonly Vec3[];

/** Points p with normal . p <= offset are kept. */
export interface HalfSpace {
  readonly normal: Vec3;
  readonly offsetM: number;
}

export function polygonsOf(mesh: TriangleMesh): Polygon[] {
  const { vertices: v, triangles: t } = mesh;
  const at = (i: number): Vec3 => [v[3 * i], v[3 * i + 1], v[3 * i + 2]];
  return Array.from({ length: t.length / 3 }, (_, f) => [at(t[3 * f]), at(t[3 * f + 1]), at(t[3 * f + 2])]);
}

/** The parts of convex polygons that lie in a half space. Source: Sutherland & Hodgman 1974. */
export function clipPolygons(polygons: readonly Polygon[], { normal, offsetM }: HalfSpace): Polygon[] {
  const out: Polygon[] = [];
  for (const polygon of polygons) {
    const sides = polygon.map((p) => normal[0] * p[0] + normal[1] * p[1] + normal[2] * p[2] - offsetM);
    if (sides.every((side) => side <= 0)) {
      out.push(polygon);
      continue;
    }
    if (sides.every((side) => side > 0)) continue;
    const kept: Vec3[] = [];
    polygon.forEach((p, i) => {
      const j = (i + 1) % polygon.length;
      if (sides[i] <= 0) kept.push(p);
      if (sides[i] <= 0 === sides[j] <= 0) return;
      const s = sides[i] / (sides[i] - sides[j]);
      const q = polygon[j];
      kept.push([p[0] + s * (q[0] - p[0]), p[1] + s * (q[1] - p[1]), p[2] + s * (q[2] - p[2])]);
    });
    if (kept.length >= 3) out.push(kept);
  }
  return out;
}
