/**
 * How far the table goes: from the middle of the work area outwards in many directions, to where the picture's colour
 * changes for good. Lines, marks and grain are passed over; an edge, a wall or a thing that stands there ends the table.
 */
import type { RgbImage } from '../image/image.js';
import { type Intrinsics, project } from '../math/camera.js';
import { type Mat4, transformPoint } from '../math/se3.js';
import type { HalfPlane, Point2 } from './polygon.js';

const NUM_DIRECTIONS = 32;
const STEP_M = 0.005;
/** A change must last this long to end the table; marks and gaps between boards are shorter, metres. */
const LASTING_M = 0.04;
/** The colour so far is taken over this length, metres. */
const MEMORY_M = 0.08;
/** Smallest change of colour (Euclidean, sRGB levels) that ends a plain table, and the multiple of its own variation. */
const MIN_CHANGE = 28;
const VARIATION_FACTOR = 3.5;
/** Objects stay this far inside of the edge, metres. */
const EDGE_CLEARANCE_M = 0.025;
/** Colours are means over patches: half their width as a share of the picture's. */
const PATCH_SHARE = 1 / 320;

/** Mean sRGB levels. */
export type Colour = [number, number, number];

/** One half-plane per direction in which an edge was found within `maxM`; the centre lies inside of all of them. */
export function tableEdges(
  picture: RgbImage,
  camera: Intrinsics,
  cameraFromWorld: Mat4,
  centre: Point2,
  maxM: number,
): HalfPlane[] {
  const edges: HalfPlane[] = [];
  for (let k = 0; k < NUM_DIRECTIONS; k++) {
    const angle = (2 * Math.PI * k) / NUM_DIRECTIONS;
    const direction: Point2 = [Math.cos(angle), Math.sin(angle)];
    const colours = coloursAlong(picture, camera, cameraFromWorld, centre, direction, maxM + LASTING_M);
    const end = firstLastingChange(colours);
    if (end === null) continue;
    const reach = end * STEP_M - EDGE_CLEARANCE_M;
    const [a, b] = direction;
    edges.push({ a: -a, b: -b, c: Math.max(0, reach) + a * centre[0] + b * centre[1] });
  }
  return edges;
}

/** Mean colours of small patches at equal steps over the table, up to the border of the picture. */
function coloursAlong(
  picture: RgbImage,
  camera: Intrinsics,
  cameraFromWorld: Mat4,
  from: Point2,
  direction: Point2,
  lengthM: number,
): Colour[] {
  const colours: Colour[] = [];
  for (let s = 0; s * STEP_M <= lengthM; s++) {
    const r = s * STEP_M;
    const p = transformPoint(cameraFromWorld, [from[0] + r * direction[0], from[1] + r * direction[1], 0]);
    const [u, v] = project(camera, p);
    const colour = patchColour(picture, Math.floor(u), Math.floor(v));
    if (colour === null) break;
    colours.push(colour);
  }
  return colours;
}

/** Mean over the patch about a pixel; null where it is not wholly in the picture. */
export function patchColour({ widthPx, heightPx, data }: RgbImage, x: number, y: number): Colour | null {
  const r = Math.max(1, Math.round(PATCH_SHARE * widthPx));
  if (!(x >= r && y >= r && x < widthPx - r && y < heightPx - r)) return null;
  const sum: Colour = [0, 0, 0];
  for (let v = y - r; v <= y + r; v++) {
    for (let u = x - r; u <= x + r; u++) {
      for (let c = 0; c < 3; c++) sum[c] += data[(v * widthPx + u) * 3 + c];
    }
  }
  const count = (2 * r + 1) ** 2;
  return [sum[0] / count, sum[1] / count, sum[2] / count];
}

/** Index at which the colours ahead stop being like those behind, or null when they never do. */
function firstLastingChange(colours: readonly Colour[]): number | null {
  const ahead = Math.round(LASTING_M / STEP_M);
  const behind = Math.round(MEMORY_M / STEP_M);
  for (let i = ahead; i + ahead <= colours.length; i++) {
    const past = colours.slice(Math.max(0, i - behind), i);
    const mean = meanColour(past);
    const variation = Math.sqrt(past.reduce((sum, c) => sum + difference(c, mean) ** 2, 0) / past.length);
    const limit = Math.max(MIN_CHANGE, VARIATION_FACTOR * variation);
    const next = colours.slice(i, i + ahead);
    if (next.every((c) => difference(c, mean) > limit)) return i;
  }
  return null;
}

function meanColour(colours: readonly Colour[]): Colour {
  const mean = (k: 0 | 1 | 2): number => colours.reduce((sum, c) => sum + c[k], 0) / colours.length;
  return [mean(0), mean(1), mean(2)];
}

export const difference = (a: Colour, b: Colour): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
