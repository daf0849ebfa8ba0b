/** Places a given shape: which side is up, where it stands, how it is turned and how large it is, from silhouette and colours. */
import { nelderMead } from '../math/nelder-mead.js';
import { compose, fromAxisAngle, fromTranslation, fromYaw, type Mat4 } from '../math/se3.js';
import type { GaussianSet } from '../splat/gaussians.js';
import { transformSet } from '../splat/ops.js';
import type { SplatRenderer } from '../splat/renderer.js';
import type { GivenShape } from './given-shape.js';
import { meshBounds, transformMesh } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import { type ShapeFit, standingAt } from './shape-fit.js';
import { type SilhouetteTarget, silhouetteIou } from './silhouette.js';
import type { StandingGuess } from './standing.js';

const QUARTER = Math.PI / 2;
/** Turns that bring each of the six sides of the file's frame up; as it is first. */
const UPS: readonly Mat4[] = [
  fromYaw(0),
  fromAxisAngle([1, 0, 0], QUARTER),
  fromAxisAngle([1, 0, 0], -QUARTER),
  fromAxisAngle([1, 0, 0], Math.PI),
  fromAxisAngle([0, 1, 0], QUARTER),
  fromAxisAngle([0, 1, 0], -QUARTER),
];
const NUM_YAWS = 6;
const FIRST_EVALUATIONS = 36;
const FINAL_EVALUATIONS = 160;
/** Turns whose colours are compared at the best places: the outline of a round thing does not tell its turn. */
const NUM_COLOUR_YAWS = 24;
const FINALISTS = 8;
/** Worth of a mean colour difference of 1 (of 0..1) in silhouette agreement: half as much as the geometry study's weight. */
const COLOUR_WEIGHT = 0.3;
/** A turn may agree this much less with the outline to be compared by its colours. */
const SAME_OUTLINE = 0.03;
/** The middle of the top lies this much lower than the rim in an open vessel. */
const HOLLOW_SHARE = 0.5;

export interface GivenFit extends ShapeFit {
  /** In the mesh's frame. */
  readonly gaussians: GaussianSet;
  /** Mesh frame from the file's frame: rotation and translation after scaling by `metresPerUnit`. */
  readonly meshFromFile: Mat4;
  readonly metresPerUnit: number;
}

interface Candidate {
  readonly up: number;
  /** x, y in widths from the guess, yaw, ln of the size. */
  readonly x: readonly number[];
  readonly iou: number;
}

/** `rgb` [H, W, 3] 0..1 of the target's window. */
export function fitGiven(
  target: SilhouetteTarget,
  guess: StandingGuess,
  given: GivenShape,
  rgb: Float32Array,
  renderer: SplatRenderer,
): GivenFit {
  const standing = UPS.map((up) => standOn(given.mesh, up));
  const unit = guess.widthM;
  const placed = (up: number, p: readonly number[]): { mesh: TriangleMesh; worldFromMesh: Mat4; scale: number } => {
    const scale = (unit * Math.exp(p[3])) / standing[up].widthUnits;
    const { vertices, triangles } = standing[up].mesh;
    return {
      mesh: { vertices: vertices.map((v) => v * scale), triangles },
      worldFromMesh: standingAt(guess.x + p[0] * unit, guess.y + p[1] * unit, p[2]),
      scale,
    };
  };
  const iouOf = (up: number, p: readonly number[]): number => {
    const { mesh, worldFromMesh } = placed(up, p);
    return silhouetteIou(transformMesh(mesh, worldFromMesh), target);
  };
  const search = (up: number, start: readonly number[], size: number, evaluations: number): Candidate => {
    const spans = [0.12, 0.12, 0.4, 0.15].map((span) => span * size);
    const { x, value } = nelderMead((p) => 1 - iouOf(up, p), start, spans, evaluations);
    return { up, x, iou: 1 - value };
  };
  const best = UPS.map((_, up) => {
    const starts = Array.from({ length: NUM_YAWS }, (_, k) =>
      search(up, [0, 0, (2 * Math.PI * k) / NUM_YAWS, 0], 1, FIRST_EVALUATIONS),
    );
    return search(up, starts.reduce((p, q) => (q.iou > p.iou ? q : p)).x, 0.4, FINAL_EVALUATIONS);
  });
  const enough = Math.max(...best.map(({ iou }) => iou)) - SAME_OUTLINE;
  const score = ({ up, x, iou }: Candidate): number => {
    if (!given.hasColours) return iou;
    const { worldFromMesh, scale } = placed(up, x);
    const set = transformSet(given.gaussians, scaledShift(standing[up].standingFromFile, scale), scale);
    return iou - COLOUR_WEIGHT * colourDifference(set, worldFromMesh, target, rgb, renderer);
  };
  /** The best few of some candidates turned by some angles, as far as they keep to the outline. */
  const turned = (from: readonly Candidate[], angles: readonly number[], keep: number): Candidate[] =>
    from
      .flatMap(({ up, x }) => angles.map((angle) => ({ up, x: [x[0], x[1], x[2] + angle, x[3]] })))
      .map(({ up, x }): Candidate => ({ up, x, iou: iouOf(up, x) }))
      .filter(({ iou }) => iou > enough)
      .map((candidate) => ({ candidate, value: score(candidate) }))
      .sort((p, q) => q.value - p.value)
      .slice(0, keep)
      .map(({ candidate }) => candidate);
  const allRound = Array.from({ length: NUM_COLOUR_YAWS }, (_, k) => (2 * Math.PI * k) / NUM_COLOUR_YAWS);
  const near = [-3, -2, -1, 0, 1, 2, 3].map((k) => (k * 2 * Math.PI) / (7 * NUM_COLOUR_YAWS));
  const [candidate] = turned(turned(best, allRound, FINALISTS), near, 1);
  const { mesh, worldFromMesh, scale } = placed(candidate.up, candidate.x);
  const set = transformSet(given.gaussians, scaledShift(standing[candidate.up].standingFromFile, scale), scale);
  return {
    family: 'given',
    mesh,
    worldFromMesh,
    iou: candidate.iou,
    hollow: isHollow(mesh),
    symmetry: 'none',
    gaussians: set,
    meshFromFile: scaledShift(standing[candidate.up].standingFromFile, scale),
    metresPerUnit: scale,
  };
}

/** The mesh turned, its base on z = 0 and centred over the origin, still in the file's unit. */
function standOn(mesh: TriangleMesh, up: Mat4): { mesh: TriangleMesh; standingFromFile: Mat4; widthUnits: number } {
  const turned = transformMesh(mesh, up);
  const { min, max } = meshBounds(turned);
  const down = fromTranslation([-(min[0] + max[0]) / 2, -(min[1] + max[1]) / 2, -min[2]]);
  return {
    mesh: transformMesh(turned, down),
    standingFromFile: compose(down, up),
    widthUnits: Math.max((max[0] - min[0] + max[1] - min[1]) / 2, 1e-9),
  };
}

/** The transform for coordinates that were multiplied by `scale` first. */
function scaledShift(transform: Mat4, scale: number): Mat4 {
  return transform.map((v, k) => (k === 3 || k === 7 || k === 11 ? v * scale : v));
}

/** Mean difference of colour where the drawing and the mask overlap, after the best common brightness; 1 without overlap. */
function colourDifference(
  set: GaussianSet,
  worldFromMesh: Mat4,
  target: SilhouetteTarget,
  rgb: Float32Array,
  renderer: SplatRenderer,
): number {
  const prepared = renderer.prepare(set);
  const instance = { set: prepared, cameraFromSet: compose(target.cameraFromWorld, worldFromMesh), label: 1 };
  const drawn = renderer.render(target.crop.camera, [instance], { depth: false });
  prepared.dispose();
  const { inside, care } = target.mask;
  let cross = 0;
  let own = 0;
  const pixels: number[] = [];
  for (let i = 0; i < inside.length; i++) {
    if (care[i] === 0 || inside[i] < 0.9 || drawn.alpha[i] < 0.9) continue;
    pixels.push(i);
    for (let c = 3 * i; c < 3 * i + 3; c++) {
      cross += drawn.rgb[c] * rgb[c];
      own += drawn.rgb[c] ** 2;
    }
  }
  if (pixels.length === 0) return 1;
  const gain = own > 0 ? cross / own : 1;
  let sum = 0;
  for (const i of pixels) for (let c = 3 * i; c < 3 * i + 3; c++) sum += Math.abs(gain * drawn.rgb[c] - rgb[c]);
  return sum / (3 * pixels.length);
}

/** Open at the top: over the middle of the footprint the surface lies much lower than the highest point. */
function isHollow(mesh: TriangleMesh): boolean {
  const { vertices: v, triangles: t } = mesh;
  const { max } = meshBounds(mesh);
  let top = 0;
  for (let f = 0; f < t.length; f += 3) {
    const [a, b, c] = [3 * t[f], 3 * t[f + 1], 3 * t[f + 2]];
    const area = (v[b] - v[a]) * (v[c + 1] - v[a + 1]) - (v[b + 1] - v[a + 1]) * (v[c] - v[a]);
    const wb = (-v[a] * (v[c + 1] - v[a + 1]) + v[a + 1] * (v[c] - v[a])) / area;
    const wc = (v[a] * (v[b + 1] - v[a + 1]) - v[a + 1] * (v[b] - v[a])) / area;
    if (wb >= 0 && wc >= 0 && wb + wc <= 1) {
      top = Math.max(top, v[a + 2] + wb * (v[b + 2] - v[a + 2]) + wc * (v[c + 2] - v[a + 2]));
    }
  }
  return top < HOLLOW_SHARE * max[2];
}
