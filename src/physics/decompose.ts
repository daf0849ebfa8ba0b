/**
 * Convex pieces of an object, because physics engines collide convex shapes: bodies are cut in two where that helps most until no
 * piece bridges a hollow; open vessels are first cut into wedges about their axis. How hollow a piece is, is measured by how far
 * outside of the object the chords between its surface points run (the idea of Mamou & Ghorbel 2009, "A simple and efficient
 * approach for 3D mesh approximate convex decomposition", with chords in place of hull distances).
 */
import { Random } from '../base/random.js';
import { cross, dot, norm, scale, sub, type Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { ShapeField } from '../skill/shape-field.js';
import { clipPolygons, type HalfSpace, type Polygon, polygonsOf } from './clip.js';

/** Corners of a convex piece, object frame, metres: the piece is their hull. */
export type ConvexPiece = readonly Vec3[];

/** A chord that runs farther outside than this share of the object's least extent bridges a hollow; between these bounds, metres. */
const HOLLOW_SHARE = 0.04;
const [LEAST_HOLLOW_M, MOST_HOLLOW_M] = [0.0015, 0.003];
const MAX_PIECES = 72;
const CHORDS = 120;
const WEDGES = 12;
/** Chords never leave the bounding box, so the field need not reach far beyond it, metres. */
const FIELD_MARGIN_M = 0.005;
const AXES: readonly Vec3[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
/** Places at which a piece may be cut, as shares of its extent. */
const CUTS = [0.25, 0.4, 0.5, 0.6, 0.75];
/** Corners this little before a face leave a body convex, metres. */
const CONVEX_M = 5e-4;
/** No cut leaves less than this on either side: slices of a wall are pushed out sideways by what presses on it, metres. */
const LEAST_WIDTH_M = 0.004;
/** Pieces flatter than this are left out: the ones beside them reach as far, metres. */
const THINNEST_M = 2e-4;

interface Cell {
  /** Unit normals of the planes it may be cut by. */
  readonly normals: readonly Vec3[];
  readonly polygons: readonly Polygon[];
  readonly corners: readonly Vec3[];
  /** Worst chord, metres outside of the object. */
  readonly hollowM: number;
}

/** `hollow`: open at the top, z up. Deterministic. What was put together from convex parts (an open box: floor and walls) is those. */
export function convexPieces(mesh: TriangleMesh, hollow: boolean): ConvexPiece[] {
  const parts = connectedParts(mesh);
  if (parts.every(isConvex)) return parts.map((part) => distinct(polygonsOf(part).flat()));
  const random = new Random(3);
  const field = new ShapeField(mesh, random, FIELD_MARGIN_M);
  const cellOf = (polygons: readonly Polygon[], normals: readonly Vec3[]): Cell => {
    const corners = distinct(polygons.flat());
    return { normals, polygons, corners, hollowM: worstChord(corners, field, new Random(4)) };
  };
  const least = Math.min(...[0, 1, 2].map((i) => field.high[i] - field.low[i]));
  const toleranceM = Math.min(MOST_HOLLOW_M, Math.max(LEAST_HOLLOW_M, HOLLOW_SHARE * least));
  const whole = polygonsOf(mesh);
  const cells = (hollow ? wedges(whole) : [{ polygons: whole, normals: AXES }])
    .map(({ polygons, normals }) => cellOf(polygons, normals))
    .filter(({ corners }) => isSolid(corners));
  while (cells.length < MAX_PIECES) {
    const worst = cells.reduce((best, cell, i) => (cell.hollowM > cells[best].hollowM ? i : best), 0);
    if (cells[worst].hollowM <= toleranceM) break;
    const halves = bestCut(cells[worst], cellOf);
    if (!halves) break;
    cells.splice(worst, 1, ...halves);
  }
  return cells.map(({ corners }) => corners);
}

/** Sectors about z; the wall of each is cut across, at right angles to its own middle and level. */
function wedges(polygons: readonly Polygon[]): { polygons: Polygon[]; normals: Vec3[] }[] {
  return Array.from({ length: WEDGES }, (_, k) => {
    const from = (2 * Math.PI * k) / WEDGES;
    const to = (2 * Math.PI * (k + 1)) / WEDGES;
    const middle = (from + to) / 2;
    const after: HalfSpace = { normal: [Math.sin(from), -Math.cos(from), 0], offsetM: 0 };
    const before: HalfSpace = { normal: [-Math.sin(to), Math.cos(to), 0], offsetM: 0 };
    return {
      polygons: clipPolygons(clipPolygons(polygons, after), before),
      normals: [
        [Math.cos(middle), Math.sin(middle), 0],
        [0, 0, 1],
      ],
    };
  });
}

/** The cut whose two halves are least hollow; null when none helps. */
function bestCut(cell: Cell, cellOf: (polygons: readonly Polygon[], normals: readonly Vec3[]) => Cell): Cell[] | null {
  let best: Cell[] | null = null;
  let least = cell.hollowM * 2;
  for (const normal of cell.normals) {
    const values = cell.corners.map((p) => dot(p, normal));
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    for (const share of CUTS) {
      const at = low + share * (high - low);
      if (Math.min(at - low, high - at) < LEAST_WIDTH_M) continue;
      const below = cellOf(clipPolygons(cell.polygons, { normal, offsetM: at }), cell.normals);
      const above = cellOf(clipPolygons(cell.polygons, { normal: scale(normal, -1), offsetM: -at }), cell.normals);
      const cost = below.hollowM + above.hollowM;
      if (cost >= least) continue;
      least = cost;
      best = [below, above].filter(({ corners }) => isSolid(corners));
    }
  }
  return best;
}

function worstChord(corners: readonly Vec3[], field: ShapeField, random: Random): number {
  let worst = 0;
  if (corners.length < 2) return 0;
  const draw = (): Vec3 => corners[Math.floor(random.uniform01() * corners.length)];
  for (let k = 0; k < CHORDS; k++) {
    const a = draw();
    const b = draw();
    for (const s of [0.35, 0.65]) {
      const p: Vec3 = [a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1]), a[2] + s * (b[2] - a[2])];
      worst = Math.max(worst, field.distanceAt(p));
    }
  }
  return worst;
}

/** No corner lies before any face by more than rounding: then the field's own roughness need not be asked. */
/** Meshes of the triangles that share corners. */
function connectedParts({ vertices, triangles }: TriangleMesh): TriangleMesh[] {
  const parent = Array.from({ length: vertices.length / 3 }, (_, i) => i);
  const rootOf = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root];
    parent[i] = root;
    return root;
  };
  for (let f = 0; f < triangles.length; f += 3) {
    for (const c of [1, 2]) parent[rootOf(triangles[f + c])] = rootOf(triangles[f]);
  }
  const parts = new Map<number, number[]>();
  for (let f = 0; f < triangles.length; f += 3) {
    const part = parts.get(rootOf(triangles[f])) ?? [];
    parts.set(rootOf(triangles[f]), part);
    part.push(triangles[f], triangles[f + 1], triangles[f + 2]);
  }
  return [...parts.values()].map((own) => ({ vertices, triangles: Uint32Array.from(own) }));
}

function isConvex(mesh: TriangleMesh): boolean {
  const corners = distinct(polygonsOf(mesh).flat());
  return polygonsOf(mesh).every(([a, b, c]) => {
    const normal = cross(sub(b, a), sub(c, a));
    const area = norm(normal);
    if (!(area > 0)) return true;
    const unit = scale(normal, 1 / area);
    return corners.every((p) => dot(unit, sub(p, a)) < CONVEX_M);
  });
}

/** Corners that are not the same to a tenth of a millimetre. */
function distinct(points: readonly Vec3[]): Vec3[] {
  const known = new Map<string, Vec3>();
  for (const p of points) known.set(p.map((x) => Math.round(x * 1e4)).join(), p);
  return [...known.values()];
}

/** Does the hull of the corners enclose a volume? */
function isSolid(corners: readonly Vec3[]): boolean {
  if (corners.length < 4) return false;
  return [0, 1, 2].every((axis) => {
    const values = corners.map((p) => p[axis]);
    return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b)) > THINNEST_M;
  });
}
