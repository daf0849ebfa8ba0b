/** Gaussians of a rigid part: its meshes' surface as far as it can be seen from outside, in shaded colours. */
import { Random } from '../../base/random.js';
import { add, cross, dot, norm, perpendicular, scale, type Vec3, vec3 } from '../../math/vec3.js';
import type { ColouredMesh } from '../../mesh/coloured-mesh.js';
import { pointColour } from '../../mesh/point-colour.js';
import { rotationOf } from '../../splat/covariance.js';
import { gaussiansFromMesh } from '../../splat/from-mesh.js';
import { createGaussians, type GaussianSet, pickGaussians, SH_C0 } from '../../splat/gaussians.js';
import { mergeSets } from '../../splat/ops.js';
import { writeShadedColour } from '../robot-gaussians.js';

/** Files say 1 for white paint; paint reflects a little less. */
const PAINT = 0.95;
/** Of meshes without colours. */
const PLAIN: Vec3 = [0.7 / PAINT, 0.7 / PAINT, 0.7 / PAINT];
/** How much darker a surface gets where it turns away from the viewer, as in the built-in arm. */
const FALLOFF = 0.46;
const NUM_VIEWS = 48;
/** Discs are judged from where they are seen at less than 53 degrees. */
const LEAST_COSINE = 0.6;
const CELLS_PER_SPACING = 3;

/** [0 Gaussians] for no meshes. All in the part's frame. */
export function visibleSkin(meshes: readonly ColouredMesh[], spacingM: number): GaussianSet {
  const sets = meshes.map((mesh, k) => {
    const paint = pointColour(mesh, PLAIN);
    const colourAt = (point: Vec3, normal: Vec3, f: number): Vec3 => scale(paint(point, normal, f), PAINT);
    return gaussiansFromMesh(mesh.vertices, mesh.triangles, colourAt, spacingM, new Random(100 + k));
  });
  if (sets.length === 0) return createGaussians(0, 1);
  const all = mergeSets(sets);
  const outward = outwardDirections(all, meshes, spacingM);
  const seen = outward.flatMap((direction, i) => (norm(direction) > 0 ? [i] : []));
  return shaded(
    pickGaussians(all, seen),
    seen.map((i) => outward[i]),
  );
}

/** The same discs with a lamp beside the camera in degree 1. Normals are turned to the side from which a disc is seen. */
function shaded(set: GaussianSet, outward: readonly Vec3[]): GaussianSet {
  const lit = createGaussians(set.count, 1);
  lit.position.set(set.position);
  lit.logScale.set(set.logScale);
  lit.rotation.set(set.rotation);
  lit.opacityLogit.set(set.opacityLogit);
  for (let i = 0; i < set.count; i++) {
    const normal = normalOf(set, i);
    const isTurned = dot(normal, outward[i]) < 0;
    const facing = isTurned ? scale(normal, -1) : normal;
    if (isTurned) {
      // Half a turn about the disc's own x: its third axis then points outward.
      const [w, x, y, z] = set.rotation.subarray(4 * i, 4 * i + 4);
      lit.rotation.set([-x, w, z, -y], 4 * i);
    }
    const rgb = vec3((c) => 0.5 + SH_C0 * set.sh[3 * i + c]);
    writeShadedColour(lit, i, facing, rgb, FALLOFF);
  }
  return lit;
}

const matrix = new Float64Array(9);

function normalOf(set: GaussianSet, i: number): Vec3 {
  const [w, x, y, z] = set.rotation.subarray(4 * i, 4 * i + 4);
  rotationOf(w, x, y, z, matrix);
  return [matrix[2], matrix[5], matrix[8]];
}

/** Sum of the viewing directions (towards the viewer) from which each disc is in front of everything; 0 for hidden ones. */
function outwardDirections(set: GaussianSet, meshes: readonly ColouredMesh[], spacingM: number): Vec3[] {
  const outward = Array.from({ length: set.count }, (): Vec3 => [0, 0, 0]);
  const cellM = spacingM / CELLS_PER_SPACING;
  const normals = Array.from({ length: set.count }, (_, i) => normalOf(set, i));
  for (let view = 0; view < NUM_VIEWS; view++) {
    const direction = ballPoint(view);
    const right = perpendicular(direction);
    const up = cross(direction, right);
    const buffer = new HeightMap(meshes, right, up, direction, cellM);
    for (let i = 0; i < set.count; i++) {
      const cosine = Math.abs(dot(normals[i], direction));
      if (cosine < LEAST_COSINE) continue;
      const p: Vec3 = [set.position[3 * i], set.position[3 * i + 1], set.position[3 * i + 2]];
      const height = dot(p, direction);
      // Within a cell the surface rises by its slope over half the diagonal; covers lie on shells with less than a millimetre between.
      const slack = cellM * (0.1 + 0.7 * Math.sqrt(1 / (cosine * cosine) - 1));
      if (height >= buffer.at(dot(p, right), dot(p, up)) - slack) outward[i] = add(outward[i], direction);
    }
  }
  return outward;
}

/** Evenly spread directions (golden spiral). */
function ballPoint(k: number): Vec3 {
  const z = 1 - (2 * k + 1) / NUM_VIEWS;
  const r = Math.sqrt(1 - z * z);
  const angle = k * Math.PI * (3 - Math.sqrt(5));
  return [r * Math.cos(angle), r * Math.sin(angle), z];
}

/** Greatest extent along `direction` over a grid across it: an orthographic depth buffer. */
class HeightMap {
  private readonly low: [number, number];
  private readonly size: [number, number];
  private readonly heights: Float32Array;

  constructor(
    meshes: readonly ColouredMesh[],
    right: Vec3,
    up: Vec3,
    direction: Vec3,
    private readonly cellM: number,
  ) {
    const projected = meshes.map(({ vertices }) => {
      const seen = new Float64Array(vertices.length);
      for (let k = 0; k < vertices.length; k += 3) {
        const p: Vec3 = [vertices[k], vertices[k + 1], vertices[k + 2]];
        seen[k] = dot(p, right) / cellM;
        seen[k + 1] = dot(p, up) / cellM;
        seen[k + 2] = dot(p, direction);
      }
      return seen;
    });
    const extent = (c: number): [number, number] => {
      let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const seen of projected) {
        for (let k = c; k < seen.length; k += 3) {
          least = Math.min(least, seen[k]);
          most = Math.max(most, seen[k]);
        }
      }
      return [Math.floor(least), Math.ceil(most) + 1];
    };
    const [u, v] = [extent(0), extent(1)];
    this.low = [u[0], v[0]];
    this.size = [u[1] - u[0], v[1] - v[0]];
    this.heights = new Float32Array(this.size[0] * this.size[1]).fill(Number.NEGATIVE_INFINITY);
    meshes.forEach(({ triangles }, m) => {
      for (let f = 0; f < triangles.length; f += 3) this.draw(projected[m], triangles, f);
    });
  }

  at(x: number, y: number): number {
    const u = Math.floor(x / this.cellM) - this.low[0];
    const v = Math.floor(y / this.cellM) - this.low[1];
    if (u < 0 || v < 0 || u >= this.size[0] || v >= this.size[1]) return Number.NEGATIVE_INFINITY;
    return this.heights[v * this.size[0] + u];
  }

  private draw(p: Float64Array, triangles: Uint32Array, f: number): void {
    const [a, b, c] = [3 * triangles[f], 3 * triangles[f + 1], 3 * triangles[f + 2]];
    const [ax, ay] = [p[a] - this.low[0], p[a + 1] - this.low[1]];
    const [bx, by] = [p[b] - this.low[0], p[b + 1] - this.low[1]];
    const [cx, cy] = [p[c] - this.low[0], p[c + 1] - this.low[1]];
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (Math.abs(area) < 1e-12) return;
    const x0 = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
    const x1 = Math.min(this.size[0] - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
    const y0 = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
    const y1 = Math.min(this.size[1] - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
    for (let y = y0; y <= y1; y++) {
      for (let x = x0; x <= x1; x++) {
        const [dx, dy] = [x + 0.5 - ax, y + 0.5 - ay];
        const wb = (dx * (cy - ay) - dy * (cx - ax)) / area;
        const wc = ((bx - ax) * dy - (by - ay) * dx) / area;
        if (wb < 0 || wc < 0 || wb + wc > 1) continue;
        const height = p[a + 2] + wb * (p[b + 2] - p[a + 2]) + wc * (p[c + 2] - p[a + 2]);
        const at = y * this.size[0] + x;
        if (height > this.heights[at]) this.heights[at] = height;
      }
    }
  }
}
