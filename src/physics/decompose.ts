/**
 * Convex pieces of an object, because physics engines collide convex shapes: bodies are cut in two where that helps most until no
 * piece bridges a hollow; open vessels are first cut into wedges about their axis. How hollow a piece is, is measured by how far
 * outside of the object the chords between its surface points run (the idea of Mamou & Ghorbel 2009, "A simple and efficient
 * approach for 3D mesh approximate convex decomposition", with chords in place of hull distances).
 */
import { Random } from '../base/random.js';
import type { Vec3 } from '../math/vec3.js';
import type { TriangleMesh } from '../objects/object-model.js';
import { ShapeField } from '../skill/shape-field.js';
import { clipPolygons, type HalfSpace, type Polygon, polygonsOf } from './clip.js';

/** Corners of a convex piece, object frame, metres: the piece is their hull. */
export type ConvexPiece = readonly Vec3[];

/** A chord that runs farther outside than this share of the object's least extent bridges a hollow; between these bounds, metres. */
const HOLLOW_SHARE = 0.08;
const [LEAST_HOLLOW_M, MOST_HOLLOW_M] = [0.0015, 0.005];
const MAX_PIECES = 40;
const CHORDS = 120;
const WEDGES = 12;
/** Places at which a piece may be cut, as shares of its extent. */
const CUTS = [0.25, 0.4, 0.5, 0.6, 0.75];
/** Pieces flatter than this are left out: the ones beside them reach as far, metres. */
const THINNEST_M = 2e-4;

interface Cell {
  readonly polygons: readonly Polygon[];
  readonly corners: readonly Vec3[];
  /** Worst chord, metres outside of the object. */
  readonly hollowM: number;
}

/** `hollow`: open at the top, z up. Deterministic. */
export function convexPieces(mesh: TriangleMesh, hollow: boolean): ConvexPiece[] {
  const random = new Random(3);
  const field = new ShapeField(mesh, random);
  const cellOf = (polygons: readonly Polygon[]): Cell => {
    const corners = distinct(polygons.flat());
    return { polygons, corners, hollowM: worstChord(corners, field, new Random(4)) };
  };
  const least = Math.min(...[0, 1, 2].map((i) => field.high[i] - field.low[i]));
  const toleranceM = Math.min(MOST_HOLLOW_M, Math.max(LEAST_HOLLOW_M, HOLLOW_SHARE * least));
  const whole = polygonsOf(mesh);
  const cells = (hollow ? wedges(whole) : [whole]).map(cellOf).filter(({ corners }) => isSolid(corners));
  while (cells.length < MAX_PIECES) {
    const worst = cells.reduce((best, cell, i) => (cell.hollowM > cells[best].hollowM ? i : best), 0);
    if (cells[worst].hollowM <= toleranceM) break;
    const halves = bestCut(cells[worst], cellOf);
    if (!halves) break;
    cells.splice(worst, 1, ...halves);
  }
  return cells.map(({ corners }) => corners);
}

function wedges(polygons: readonly Polygon[]): Polygon[][] {
  return Array.from({ length: WEDGES }, (_, k) => {
    const from = (2 * Math.PI * k) / WEDGES;
    const to = (2 * Math.PI * (k + 1)) / WEDGES;
    const after: HalfSpace = { normal: [Math.sin(from), -Math.cos(from), 0], offsetM: 0 };
    const before: HalfSpace = { normal: [-Math.sin(to), Math.cos(to), 0], offsetM: 0 };
    return clipPolygons(clipPolygons(polygons, after), before);
  });
}

/** The cut across an axis whose two halves are least hollow; null when none helps. */
function bestCut(cell: Cell, cellOf: (polygons: readonly Polygon[]) => Cell): Cell[] | null {
  let best: Cell[] | null = null;
  let least = cell.hollowM * 2;
  for (const axis of [0, 1, 2]) {
    const values = cell.corners.map((p) => p[axis]);
    const low = values.reduce((a, b) => Math.min(a, b));
    const high = values.reduce((a, b) => Math.max(a, b));
    for (const share of CUTS) {
      const at = low + share * (high - low);
      const normal: Vec3 = [0, 0, 0];
      normal[axis] = 1;
      const minus: Vec3 = [-normal[0], -normal[1], -normal[2]];
      const below = cellOf(clipPolygons(cell.polygons, { normal, offsetM: at }));
      const above = cellOf(clipPolygons(cell.polygons, { normal: minus, offsetM: -at }));
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
