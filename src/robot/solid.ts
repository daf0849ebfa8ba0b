/**
 * Solids as signed distance functions: tapered, rounded bars and rounded blocks, melted smoothly into one another. The robot's shells
 * are written with these, and turned into evenly spread surface points.
 */
import { norm, normalize, sub, type Vec3 } from '../math/vec3.js';

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

/** Primitives melted together: `blendM` is the width of the seam's fillet. */
export interface Solid {
  readonly parts: readonly Primitive[];
  readonly blendM: number;
}

/** Signed distance at (x, y, z), metres: negative inside, true to scale near the surface. */
export type DistanceFunction = (x: number, y: number, z: number) => number;

/** Source of the formulas: Quilez, "Distance functions". */
function blockDistance({ centre, half, edgeM }: Block): DistanceFunction {
  const [cx, cy, cz] = centre;
  const [hx, hy, hz] = half.map((h) => h - edgeM);
  return (x, y, z) => {
    const qx = Math.abs(x - cx) - hx;
    const qy = Math.abs(y - cy) - hy;
    const qz = Math.abs(z - cz) - hz;
    const [ox, oy, oz] = [Math.max(qx, 0), Math.max(qy, 0), Math.max(qz, 0)];
    return Math.sqrt(ox * ox + oy * oy + oz * oz) + Math.min(Math.max(qx, qy, qz), 0) - edgeM;
  };
}

/** In the half plane (radial, along) a bar is a trapezoid with corners cut round. */
function barDistance({ a, b, radiusAM, radiusBM, edgeM }: Bar): DistanceFunction {
  const length = norm(sub(b, a));
  const [ux, uy, uz] = normalize(sub(b, a));
  const [ax, ay, az] = a;
  const slope = (radiusBM - radiusAM) / length;
  const lean = 1 / Math.sqrt(1 + slope * slope);
  return (x, y, z) => {
    const px = x - ax;
    const py = y - ay;
    const pz = z - az;
    const along = px * ux + py * uy + pz * uz;
    const radial = Math.sqrt(Math.max(0, px * px + py * py + pz * pz - along * along));
    const t = Math.min(length, Math.max(0, along));
    const side = (radial - (radiusAM + slope * t)) * lean + edgeM;
    const cap = Math.max(-along, along - length) + edgeM;
    const sideOut = Math.max(side, 0);
    const capOut = Math.max(cap, 0);
    return Math.sqrt(sideOut * sideOut + capOut * capOut) + Math.min(Math.max(side, cap), 0) - edgeM;
  };
}

/** Smooth union of the parts (quadratic polynomial; Quilez, "Smooth minimum"). */
export function distanceTo(solid: Solid): DistanceFunction {
  const parts = solid.parts.map((part) => (part.kind === 'block' ? blockDistance(part) : barDistance(part)));
  const { blendM } = solid;
  return (x, y, z) => {
    let distance = parts[0](x, y, z);
    for (let k = 1; k < parts.length; k++) {
      const d = parts[k](x, y, z);
      const h = Math.max(blendM - Math.abs(distance - d), 0);
      distance = Math.min(distance, d) - (h * h) / (4 * blendM);
    }
    return distance;
  };
}

/** Outward unit normal from differences to the corners of a small tetrahedron. */
export function normalAt(distance: DistanceFunction, [x, y, z]: Vec3): Vec3 {
  const h = 1e-6;
  const a = distance(x + h, y - h, z - h);
  const b = distance(x - h, y - h, z + h);
  const c = distance(x - h, y + h, z - h);
  const d = distance(x + h, y + h, z + h);
  return normalize([a - b - c + d, -a - b + c + d, -a + b - c + d]);
}

export interface SurfacePoints {
  readonly points: Vec3[];
  readonly normals: Vec3[];
}

/** Fine cells along the side of a coarse cell: coarse cells far from the surface are passed over as a whole. */
const COARSE = 4;

/**
 * One surface point per cell of a grid of `spacingM` that the surface passes through: about 1.5 points per spacing squared, on
 * the surface to a few hundredths of a millimetre.
 */
export function surfacePoints(solid: Solid, spacingM: number): SurfacePoints {
  const distance = distanceTo(solid);
  const [low, high] = boundsOf(solid, spacingM + solid.blendM / 4);
  const out: SurfacePoints = { points: [], normals: [] };
  const count = [0, 1, 2].map((i) => Math.ceil((high[i] - low[i]) / spacingM));
  const centreOf = (x: number, y: number, z: number): Vec3 => [
    low[0] + x * spacingM,
    low[1] + y * spacingM,
    low[2] + z * spacingM,
  ];
  // Half the diagonal of a cell: the surface may pass a cell whose centre is this far away.
  const reach = (Math.sqrt(3) / 2) * spacingM;
  for (let bz = 0; bz < count[2]; bz += COARSE) {
    for (let by = 0; by < count[1]; by += COARSE) {
      for (let bx = 0; bx < count[0]; bx += COARSE) {
        const [mx, my, mz] = centreOf(bx + COARSE / 2, by + COARSE / 2, bz + COARSE / 2);
        if (Math.abs(distance(mx, my, mz)) > reach * COARSE) continue;
        for (let z = bz; z < bz + COARSE; z++) {
          for (let y = by; y < by + COARSE; y++) {
            for (let x = bx; x < bx + COARSE; x++) {
              addPoint(distance, centreOf(x + 0.5, y + 0.5, z + 0.5), spacingM, out);
            }
          }
        }
      }
    }
  }
  return out;
}

/** Walks from a cell's centre straight to the surface; keeps the point when it still lies in the cell. */
function addPoint(distance: DistanceFunction, centre: Vec3, spacingM: number, out: SurfacePoints): void {
  const start = distance(centre[0], centre[1], centre[2]);
  if (Math.abs(start) > (Math.sqrt(3) / 2) * spacingM) return;
  const [nx, ny, nz] = normalAt(distance, centre);
  let along = start;
  let rest = 0;
  for (let k = 0; k < 3; k++) {
    rest = distance(centre[0] - along * nx, centre[1] - along * ny, centre[2] - along * nz);
    if (Math.abs(rest) < 2e-5) break;
    along += rest;
  }
  const half = spacingM / 2;
  // A neighbour's point is the neighbour's.
  if (Math.abs(along * nx) > half || Math.abs(along * ny) > half || Math.abs(along * nz) > half) return;
  if (Math.abs(rest) > 5e-4) return;
  const point: Vec3 = [centre[0] - along * nx, centre[1] - along * ny, centre[2] - along * nz];
  out.points.push(point);
  out.normals.push(normalAt(distance, point));
}

function boundsOf(solid: Solid, marginM: number): [Vec3, Vec3] {
  const low: Vec3 = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high: Vec3 = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const part of solid.parts) {
    for (let i = 0; i < 3; i++) {
      const isBlock = part.kind === 'block';
      const reach = isBlock ? part.half[i] : Math.max(part.radiusAM, part.radiusBM);
      const from = isBlock ? part.centre[i] : Math.min(part.a[i], part.b[i]);
      const to = isBlock ? part.centre[i] : Math.max(part.a[i], part.b[i]);
      low[i] = Math.min(low[i], from - reach - marginM);
      high[i] = Math.max(high[i], to + reach + marginM);
    }
  }
  return [low, high];
}
