/**
 * Places on the table where the empty picture shows something else than table: things that stay there and that nobody moved. Nothing
 * may be put on them, and nothing behind them, for the picture would be drawn over what stands in front.
 */
import { connectedComponents } from '../image/components.js';
import type { RgbImage } from '../image/image.js';
import { type Intrinsics, project } from '../math/camera.js';
import { fitPlane } from '../math/plane-fit.js';
import { type Mat4, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { contains, type Point2 } from './polygon.js';
import { type Colour, difference, patchColour } from './table-edge.js';
import type { Obstacle } from './work-area.js';

/** A disc on the table, world x, y and radius in metres. */
export type OccupiedPlace = [xM: number, yM: number, radiusM: number];

/** Side of the cells in which the table is looked at, metres. */
const CELL_M = 0.01;
/** Things outside of the workspace that reach into it matter too, metres. */
const MARGIN_M = 0.06;
/** Smallest change of colour (Euclidean, sRGB levels) against the table, and the multiple of the table's own variation. */
const MIN_CHANGE = 30;
const VARIATION_FACTOR = 4;
/** Smaller spots are marks on the table. */
const MIN_CELLS = 5;
/** Things that cover more of the table than this are a cloth, a board or another light: they can be stood on. */
const MAX_SHARE = 0.2;
/** With fewer cells of table nothing can be said. */
const MIN_TABLE_CELLS = 20;
/** Rounds in which the table's colour is fitted to the cells that look like table. */
const ROUNDS = 4;

export function occupiedPlaces(
  picture: RgbImage,
  camera: Intrinsics,
  cameraFromWorld: Mat4,
  workspace: readonly Point2[],
  /** Where things stood that were taken out of the picture: there is table, whatever is left of them. */
  cleared: readonly Pick<Obstacle, 'centre' | 'radiusM'>[],
): OccupiedPlace[] {
  if (workspace.length < 3) return [];
  const xs = workspace.map(([x]) => x);
  const ys = workspace.map(([, y]) => y);
  const [x0, y0] = [Math.min(...xs) - MARGIN_M, Math.min(...ys) - MARGIN_M];
  const columns = Math.ceil((Math.max(...xs) + MARGIN_M - x0) / CELL_M);
  const rows = Math.ceil((Math.max(...ys) + MARGIN_M - y0) / CELL_M);
  const placeOf = (i: number): Point2 => [
    x0 + ((i % columns) + 0.5) * CELL_M,
    y0 + (Math.floor(i / columns) + 0.5) * CELL_M,
  ];
  const colours = Array.from({ length: columns * rows }, (_, i): Colour | null => {
    const [x, y] = placeOf(i);
    if (cleared.some(({ centre, radiusM }) => Math.hypot(centre[0] - x, centre[1] - y) < radiusM)) return null;
    const [u, v] = project(camera, transformPoint(cameraFromWorld, [x, y, 0]));
    return patchColour(picture, Math.floor(u), Math.floor(v));
  });
  const within = colours.map((_, i) => contains(workspace, placeOf(i)));
  const differs = unlikeTable(colours, within, columns);
  const { labels, components } = connectedComponents(differs, columns, rows);
  const numWithin = within.filter(Boolean).length;
  const kept = new Set(
    components.filter(({ area }) => area >= MIN_CELLS && area <= MAX_SHARE * numWithin).map(({ label }) => label),
  );
  const places: OccupiedPlace[] = [];
  for (let i = 0; i < labels.length; i++) {
    if (!kept.has(labels[i])) continue;
    const [x, y] = placeOf(i);
    places.push([x, y, CELL_M / Math.SQRT2]);
  }
  return places;
}

/** [cells] 1 where the colour is not the table's, which may change evenly over it (light falls off). */
function unlikeTable(colours: readonly (Colour | null)[], within: readonly boolean[], columns: number): Uint8Array {
  let isTable = colours.map((colour, i) => colour !== null && within[i]);
  const out = new Uint8Array(colours.length);
  for (let round = 0; round < ROUNDS; round++) {
    const fits = [0, 1, 2].map((c) => planeFit(colours, isTable, columns, c));
    if (fits.some((fit) => fit === null)) return new Uint8Array(colours.length);
    const away = colours.map((colour, i) => {
      if (colour === null) return 0;
      const expected = fits.map((fit) => fit![0] * (i % columns) + fit![1] * Math.floor(i / columns) + fit![2]);
      return difference(colour, expected as Colour);
    });
    const usual = away.filter((_, i) => isTable[i]).sort((a, b) => a - b);
    const limit = Math.max(MIN_CHANGE, VARIATION_FACTOR * usual[usual.length >> 1]);
    for (let i = 0; i < out.length; i++) out[i] = away[i] > limit ? 1 : 0;
    isTable = colours.map((colour, i) => colour !== null && within[i] && out[i] === 0);
  }
  return out;
}

/** A channel's level as a column + b row + c over the picked cells; null where they are too few. */
function planeFit(
  colours: readonly (Colour | null)[],
  picked: readonly boolean[],
  columns: number,
  channel: number,
): [number, number, number] | null {
  const points = colours.flatMap((colour, i): Vec3[] =>
    colour !== null && picked[i] ? [[i % columns, Math.floor(i / columns), colour[channel]]] : [],
  );
  return points.length < MIN_TABLE_CELLS ? null : fitPlane(points);
}
