/**
 * Solids as signed distance functions: tapered, rounded cylinders and rounded boxes, blended smoothly into one another. The robot's
 * shells are written with these, and turned into evenly spread surface points.
 */
import { add, dot, norm, normalize, scale, sub, type Vec3 } from '../math/vec3.js';

/** A round bar from a to b, metres: radii at both ends, edges of both caps rounded by `edgeM` (at most either radius). */
export interface Bar {
  readonly kind: 'bar';
  readonly a: Vec3;
  readonly b: Vec3;
  readonly radiusAM: number;
  readonly radiusBM: number;
  readonly edgeM: number;
}

/** A box along the frame's axes, metres: half extents with edges rounded by `edgeM`. */
export interface Block {
  readonly kind: 'block';
  readonly centre: Vec3;
  readonly half: Vec3;
  readonly edgeM: number;
}

export type Primitive = Bar | Block;

/** Signed distance of a point to a primitive: negative inside, exact near the surface. Source: Quilez, "Distance functions". */
export function primitiveDistance(p: Vec3, shape: Primitive): number {
  if (shape.kind === 'block') {
    const q = [0, 1, 2].map((i) => Math.abs(p[i] - shape.centre[i]) - shape.half[i] + shape.edgeM);
    const outside = Math.hypot(Math.max(q[0], 0), Math.max(q[1], 0), Math.max(q[2], 0));
    return outside + Math.min(Math.max(q[0], q[1], q[2]), 0) - shape.edgeM;
  }
  const ba = sub(shape.b, shape.a);
  const length = norm(ba);
  const pa = sub(p, shape.a);
  const along = dot(pa, ba) / length;
  const radial = Math.sqrt(Math.max(0, dot(pa, pa) - along * along));
  // In the half plane (radial, along): a trapezoid with corners cut round.
  const { radiusAM, radiusBM, edgeM } = shape;
  const t = Math.min(1, Math.max(0, along / length));
  const slope = (radiusBM - radiusAM) / length;
  const lean = 1 / Math.sqrt(1 + slope * slope);
  const side = (radial - (radiusAM + (radiusBM - radiusAM) * t)) * lean + edgeM;
  const cap = Math.max(-along, along - length) + edgeM;
  return Math.hypot(Math.max(side, 0), Math.max(cap, 0)) + Math.min(Math.max(side, cap), 0) - edgeM;
}

/** Primitives melted together: `blendM` is the width of the seam's fillet. */
export interface Solid {
  readonly parts: readonly Primitive[];
  readonly blendM: number;
}

/** Smooth union of the parts (quadratic polynomial; Quilez, "Smooth minimum"). */
export function solidDistance(p: Vec3, solid: Solid): number {
  let distance = Number.POSITIVE_INFINITY;
  for (const part of solid.parts) {
    const d = primitiveDistance(p, part);
    if (!Number.isFinite(distance)) {
      distance = d;
      continue;
    }
    const h = Math.max(solid.blendM - Math.abs(distance - d), 0);
    distance = Math.min(distance, d) - (h * h) / (4 * solid.blendM);
  }
  return distance;
}

/** Outward unit normal, by central differences. */
export function solidNormal(p: Vec3, solid: Solid): Vec3 {
  const h = 1e-4;
  const along = (axis: Vec3): number =>
    solidDistance(add(p, scale(axis, h)), solid) - solidDistance(sub(p, scale(axis, h)), solid);
  return normalize([along([1, 0, 0]), along([0, 1, 0]), along([0, 0, 1])]);
}

export interface SurfacePoints {
  readonly points: Vec3[];
  readonly normals: Vec3[];
}

/** Coarse cells per fine cell side: far coarse cells are skipped as a whole. */
const COARSE = 4;

/**
 * One surface point per cell of a grid of `spacingM` that the surface passes through: about 1.5 points per spacing squared, on
 * the surface to a few hundredths of a millimetre.
 */
export function surfacePoints(solid: Solid, spacingM: number): SurfacePoints {
  const [low, high] = boundsOf(solid, spacingM);
  const points: Vec3[] = [];
  const normals: Vec3[] = [];
  const count = [0, 1, 2].map((i) => Math.ceil((high[i] - low[i]) / spacingM));
  // Half the diagonal of a cell: the surface may pass a cell whose centre is this far away.
  const reach = (Math.sqrt(3) / 2) * spacingM;
  for (let bz = 0; bz < count[2]; bz += COARSE) {
    for (let by = 0; by < count[1]; by += COARSE) {
      for (let bx = 0; bx < count[0]; bx += COARSE) {
        const middle = [bx, by, bz].map((b, i) => low[i] + (b + COARSE / 2) * spacingM) as Vec3;
        if (Math.abs(solidDistance(middle, solid)) > reach * COARSE + solid.blendM) continue;
        for (let z = bz; z < Math.min(bz + COARSE, count[2]); z++) {
          for (let y = by; y < Math.min(by + COARSE, count[1]); y++) {
            for (let x = bx; x < Math.min(bx + COARSE, count[0]); x++) {
              const centre = [x, y, z].map((k, i) => low[i] + (k + 0.5) * spacingM) as Vec3;
              const point = onSurface(centre, solid, reach);
              // A neighbour's point is the neighbour's.
              const own = point?.every((value, i) => Math.abs(value - centre[i]) <= spacingM / 2);
              if (!point || !own) continue;
              points.push(point);
              normals.push(solidNormal(point, solid));
            }
          }
        }
      }
    }
  }
  return { points, normals };
}

/** Nearest surface point by Newton steps along the gradient, or null when the surface is farther than `reachM`. */
function onSurface(start: Vec3, solid: Solid, reachM: number): Vec3 | null {
  let point = start;
  let distance = solidDistance(point, solid);
  if (Math.abs(distance) > reachM) return null;
  for (let k = 0; k < 3; k++) {
    point = sub(point, scale(solidNormal(point, solid), distance));
    distance = solidDistance(point, solid);
    if (Math.abs(distance) < 2e-5) return point;
  }
  return Math.abs(distance) < 5e-4 ? point : null;
}

function boundsOf(solid: Solid, marginM: number): [Vec3, Vec3] {
  const low: Vec3 = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high: Vec3 = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const part of solid.parts) {
    for (let i = 0; i < 3; i++) {
      const [from, to] =
        part.kind === 'block'
          ? [part.centre[i] - part.half[i], part.centre[i] + part.half[i]]
          : [
              Math.min(part.a[i], part.b[i]) - Math.max(part.radiusAM, part.radiusBM),
              Math.max(part.a[i], part.b[i]) + Math.max(part.radiusAM, part.radiusBM),
            ];
      low[i] = Math.min(low[i], from - marginM);
      high[i] = Math.max(high[i], to + marginM);
    }
  }
  return [low, high];
}
