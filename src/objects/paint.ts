/** Colours for surface samples: from the frames that saw them; the unseen from the mirrored side, else the nearest seen. */
import type { ByteImage, RgbImage } from '../image/image.js';
import { erode } from '../image/morphology.js';
import type { Intrinsics } from '../math/camera.js';
import type { Mat4 } from '../math/se3.js';
import { type Vec3, vec3 } from '../math/vec3.js';
import { addBilinear } from './crop.js';
import type { TriangleMesh } from './object-model.js';
import { createDepthBuffer, rasterizeMesh } from './rasterize.js';

/** Surfaces seen more obliquely than this (cosine) give smeared colours. */
const MIN_FACING = 0.12;
/** A sample farther behind the nearest surface than this share of its distance is hidden. */
const DEPTH_TOLERANCE = 0.012;
/** How much a normal pointing elsewhere counts in the search for a similar sample, per object size. */
const NORMAL_WEIGHT = 0.35;
/** Colours (0..1) of two views that differ by more than this in a channel are not of the same thing. */
const SAME_COLOUR = 0.16;
/** A view of which less than this share looks like the first view, where both see the same places, lies wrong and is left out. */
const MIN_AGREEING = 0.75;
/** A round side seen more obliquely than this (cosine) is taken from where it is seen better: next to the outline background leaks in. */
const ROUND_FACING = 0.3;
/** Brightness of views is compared where both look this squarely, at this many samples at least, and trusted within this factor. */
const SQUARE_FACING = 0.4;
const MIN_SHARED = 40;
const MAX_GAIN = 1.5;
/** Sectors about the axis of a round thing. */
const SECTORS = 60;

/** One frame in which the object was seen at a known pose. */
export interface ColourView {
  readonly rgb: RgbImage;
  /** 0 / 1: pixels that show the object. */
  readonly mask: ByteImage;
  readonly camera: Intrinsics;
  readonly cameraFromObject: Mat4;
  /** Weight of its colours, 0..1. */
  readonly trust: number;
}

/** [N, 3] points and unit normals in the object frame. */
export interface Samples {
  readonly points: Float64Array;
  readonly normals: Float64Array;
}

/** Which samples a view sees, and their pixels. `xyPx` [N, 2], NaN where hidden; `facing` [N] cosine to the view ray, 0 hidden. */
export function visibleSamples(
  mesh: TriangleMesh,
  samples: Samples,
  view: ColourView,
): { xyPx: Float64Array; facing: Float64Array } {
  const { camera, cameraFromObject: m, mask } = view;
  const count = samples.points.length / 3;
  const buffer = createDepthBuffer(camera.widthPx, camera.heightPx);
  rasterizeMesh(mesh, m, camera, buffer);
  const solid = erode(mask.data, mask.widthPx, mask.heightPx, 1);
  const xyPx = new Float64Array(2 * count).fill(Number.NaN);
  const facing = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const [x, y, z] = samples.points.subarray(3 * i, 3 * i + 3);
    const [nx, ny, nz] = samples.normals.subarray(3 * i, 3 * i + 3);
    const cx = m[0] * x + m[1] * y + m[2] * z + m[3];
    const cy = m[4] * x + m[5] * y + m[6] * z + m[7];
    const cz = m[8] * x + m[9] * y + m[10] * z + m[11];
    const toCamera =
      -(
        cx * (m[0] * nx + m[1] * ny + m[2] * nz) +
        cy * (m[4] * nx + m[5] * ny + m[6] * nz) +
        cz * (m[8] * nx + m[9] * ny + m[10] * nz)
      ) / Math.hypot(cx, cy, cz);
    if (toCamera < MIN_FACING || cz <= 0) continue;
    const px = (camera.fx * cx) / cz + camera.cx;
    const py = (camera.fy * cy) / cz + camera.cy;
    const [ix, iy] = [Math.floor(px), Math.floor(py)];
    if (ix < 0 || iy < 0 || ix >= camera.widthPx || iy >= camera.heightPx) continue;
    const k = iy * camera.widthPx + ix;
    if (solid[k] === 0 || buffer.depthM[k] === 0 || cz > buffer.depthM[k] * (1 + DEPTH_TOLERANCE)) continue;
    xyPx[2 * i] = px;
    xyPx[2 * i + 1] = py;
    facing[i] = toCamera;
  }
  return { xyPx, facing };
}

/** How an object's hidden side relates to its seen one, in the object frame. */
export type Completion =
  /** Mirror at the upright plane through the origin with this horizontal unit normal. */
  | { readonly kind: 'mirror'; readonly normal: readonly [number, number] }
  /** Half a turn about z. */
  | { readonly kind: 'half-turn' }
  /** About z everything looks alike but for its print: what was seen is folded round, height by height. */
  | { readonly kind: 'round' };

/**
 * [N, 3] sRGB 0..1 for every sample. Each sample takes a mean over the views that saw it, weighted by how squarely and by their
 * trust; views that differ much from the one that saw it best (a shadow, a finger, a slipped pose) do not count. The others copy the
 * seen sample nearest (in place and normal) to their image under the completion. All grey if nothing was seen. `agreeing` [V]: views
 * that lie as the first one does, the only ones used.
 */
export function paintSamples(
  mesh: TriangleMesh,
  samples: Samples,
  views: readonly ColourView[],
  completion: Completion,
  sizeM: number,
): { colours: Float64Array; seen: Uint8Array; agreeing: boolean[] } {
  const count = samples.points.length / 3;
  const all = views.map((view) => {
    const { xyPx, facing } = visibleSamples(mesh, samples, view);
    const colours = new Float64Array(3 * count);
    for (let i = 0; i < count; i++) {
      if (facing[i] > 0) addBilinear(view.rgb, xyPx[2 * i], xyPx[2 * i + 1], 1 / 255, colours, 3 * i);
    }
    // What an oblique look smears, a squarer one shows: the square of the cosine.
    return { colours, weights: facing.map((cosine) => view.trust * cosine * cosine), facing };
  });
  const matches = all.map((look) => compareTo(all[0], look));
  const agreeing = matches.map(({ share }, v) => v === 0 || share >= MIN_AGREEING);
  const looks = all.filter((_, v) => agreeing[v]);
  const gains = matches.filter((_, v) => agreeing[v]).map(({ gain }) => gain);
  const colours = new Float64Array(3 * count);
  const seen = new Uint8Array(count);
  const isOblique = completion.kind === 'round' ? ROUND_FACING : 0;
  for (let i = 0; i < count; i++) {
    let best = 0;
    for (let v = 1; v < looks.length; v++) if (looks[v].weights[i] > looks[best].weights[i]) best = v;
    if (!(looks[best].facing[i] > isOblique)) continue;
    seen[i] = 1;
    let total = 0;
    looks.forEach((look, v) => {
      const weight = look.weights[i];
      if (weight === 0) return;
      const colour = [0, 1, 2].map((c) => look.colours[3 * i + c] * gains[v][c]);
      const differs = colour.some(
        (x, c) => Math.abs(x - looks[best].colours[3 * i + c] * gains[best][c]) > SAME_COLOUR,
      );
      if (v !== best && differs) return;
      total += weight;
      for (let c = 0; c < 3; c++) colours[3 * i + c] += weight * colour[c];
    });
    for (let c = 0; c < 3; c++) colours[3 * i + c] /= total;
  }
  completeColours(samples, seen, colours, completion, sizeM);
  return { colours, seen, agreeing };
}

type Look = { readonly colours: Float64Array; readonly facing: Float64Array };

/**
 * What brings a view's colours to those of the first view, by the samples that both saw well, and the share of them that then look
 * the same: with a wrong pose a print lies elsewhere. With too few shared samples nothing is known: gain 1, share 1.
 */
function compareTo(first: Look, other: Look): { gain: Vec3; share: number } {
  const shared: number[] = [];
  for (let i = 0; i < first.facing.length; i++) {
    if (Math.min(first.facing[i], other.facing[i]) >= SQUARE_FACING) shared.push(i);
  }
  if (shared.length < MIN_SHARED) return { gain: [1, 1, 1], share: 1 };
  const sum = ({ colours }: Look, c: number): number => shared.reduce((total, i) => total + colours[3 * i + c], 0);
  const gain = vec3((c) => {
    const ratio = sum(first, c) / Math.max(sum(other, c), 1e-6);
    return Math.min(MAX_GAIN, Math.max(1 / MAX_GAIN, ratio));
  });
  const isSame = (i: number): boolean =>
    gain.every((g, c) => Math.abs(g * other.colours[3 * i + c] - first.colours[3 * i + c]) <= SAME_COLOUR);
  return { gain, share: shared.filter(isSame).length / shared.length };
}

function completeColours(
  samples: Samples,
  seen: Uint8Array,
  colours: Float64Array,
  completion: Completion,
  sizeM: number,
): void {
  const known = Array.from(seen.keys()).filter((i) => seen[i] === 1);
  if (known.length === 0) {
    colours.fill(0.5);
    return;
  }
  const { points, normals } = samples;
  const imageOf = completion.kind === 'round' ? foldRound(samples, seen) : flipOf(completion);
  const weight = NORMAL_WEIGHT * sizeM;
  for (let i = 0; i < seen.length; i++) {
    if (seen[i]) continue;
    const image = imageOf(points[3 * i], points[3 * i + 1]);
    const [px, py] = image(points[3 * i], points[3 * i + 1]);
    const [nx, ny] = image(normals[3 * i], normals[3 * i + 1]);
    const [pz, nz] = [points[3 * i + 2], normals[3 * i + 2]];
    let best = known[0];
    let bestCost = Number.POSITIVE_INFINITY;
    for (const j of known) {
      const k = 3 * j;
      const dp = (points[k] - px) ** 2 + (points[k + 1] - py) ** 2 + (points[k + 2] - pz) ** 2;
      const dn = (normals[k] - nx) ** 2 + (normals[k + 1] - ny) ** 2 + (normals[k + 2] - nz) ** 2;
      const cost = dp + weight * weight * dn;
      if (cost < bestCost) {
        bestCost = cost;
        best = j;
      }
    }
    for (let c = 0; c < 3; c++) colours[3 * i + c] = colours[3 * best + c];
  }
}

/** For a place (x, y) of the surface the level map that brings it, and its normal, to where its colour is taken from. */
type ImageOf = (x: number, y: number) => (x: number, y: number) => [number, number];

function flipOf(completion: Exclude<Completion, { kind: 'round' }>): ImageOf {
  if (completion.kind === 'half-turn') return () => (x, y) => [-x, -y];
  const [nx, ny] = completion.normal;
  const mirrored = (x: number, y: number): [number, number] => {
    const d = 2 * (x * nx + y * ny);
    return [x - d * nx, y - d * ny];
  };
  return () => mirrored;
}

/**
 * Sectors about z of which the side was seen; a place in any other is turned to where it would lie if the print were reflected at the
 * nearer edge of what was seen.
 */
function foldRound({ points, normals }: Samples, seen: Uint8Array): ImageOf {
  const own = new Float64Array(SECTORS);
  const all = new Float64Array(SECTORS);
  for (let i = 0; i < seen.length; i++) {
    // Outward sides only: the inside of a vessel is seen on the far side.
    const [x, y] = [points[3 * i], points[3 * i + 1]];
    if (normals[3 * i] * x + normals[3 * i + 1] * y < 0.5 * Math.hypot(x, y)) continue;
    const k = sectorOf(x, y);
    all[k]++;
    own[k] += seen[i];
  }
  const isSeen = all.map((total, k) => (total > 0 && own[k] > 0.5 * total ? 1 : 0));
  const sourceOf = Array.from({ length: SECTORS }, (_, k) => {
    if (isSeen[k]) return k;
    for (let d = 1; d <= SECTORS / 2; d++) {
      for (const sign of [1, -1]) {
        if (!isSeen[wrapped(k + sign * d)]) continue;
        const reflected = wrapped(k + sign * (2 * d - 1));
        return isSeen[reflected] ? reflected : wrapped(k + sign * d);
      }
    }
    return k;
  });
  return (x, y) => {
    const k = sectorOf(x, y);
    const source = sourceOf[k];
    if (source === k) return (u, v) => [u, v];
    // Reflected within its sector as well, so that the print has no steps.
    const within =
      (Math.atan2(y, x) / (2 * Math.PI)) * SECTORS - Math.floor((Math.atan2(y, x) / (2 * Math.PI)) * SECTORS);
    const turn = ((source + (1 - within) - (k + within)) / SECTORS) * 2 * Math.PI;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    return (u, v) => [cos * u - sin * v, sin * u + cos * v];
  };
}

const wrapped = (k: number): number => ((k % SECTORS) + SECTORS) % SECTORS;
const sectorOf = (x: number, y: number): number => wrapped(Math.floor((Math.atan2(y, x) / (2 * Math.PI)) * SECTORS));
