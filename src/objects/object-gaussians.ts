/** An object's mesh as painted Gaussians: fine discs on the sides that were seen, coarser ones elsewhere. */
import type { Random } from '../base/random.js';
import type { ByteImage, PixelBox } from '../image/image.js';
import { project } from '../math/camera.js';
import { transformDirection, transformPoint } from '../math/se3.js';
import type { Vec3 } from '../math/vec3.js';
import { gaussiansFromMesh } from '../splat/from-mesh.js';
import { type GaussianSet, SH_C0 } from '../splat/gaussians.js';
import { filterSet, mergeSets } from '../splat/ops.js';
import type { SplatRenderer } from '../splat/renderer.js';
import { addBilinear, cropAround, sampleRgb } from './crop.js';
import { meshArea } from './mesh.js';
import type { TriangleMesh } from './object-model.js';
import { type ColourView, type Completion, paintSamples, type Samples, visibleSamples } from './paint.js';

/** Discs on seen sides stand this many pixels of the reference view apart, if the budget allows: finer shows nothing new. */
const SEEN_SPACING_PX = 1.15;
/** Hidden sides are sampled this much coarser. */
const HIDDEN_COARSENESS = 1.35;
const GREY: Vec3 = [0.5, 0.5, 0.5];
/** How much of the remaining colour difference each round of sharpening takes. */
const SHARPEN_STEP = 0.7;
/** Pixels covered less than this say more about the background than about the discs. */
const MIN_COVERAGE = 0.9;
/** Colours stay inside what a frame can show, with a little room for the overlap of neighbours. */
const COLOUR_RANGE = [-0.1, 1.1] as const;

export interface PaintedObject {
  readonly gaussians: GaussianSet;
  /** Share of the samples whose colour was seen. */
  readonly seenShare: number;
  /** By view: whether its colours lie where those of the reference view do; the others were not used. */
  readonly agreeing: readonly boolean[];
}

/** Carving never takes more than this share: a mask that disagrees that much with the shape is not to be trusted over it. */
const MAX_CARVED_SHARE = 0.35;

/**
 * Drops discs that the reference view shows to be outside of the object (corners of a box that the real thing does not have):
 * they project onto certain background. `background` 1 where neither the object nor anything in front of it can be.
 */
function carve(
  set: GaussianSet,
  samples: Samples,
  view: ColourView,
  background: ByteImage,
): { set: GaussianSet; samples: Samples } {
  const { camera, cameraFromObject } = view;
  const keep = (i: number): boolean => {
    const p = transformPoint(cameraFromObject, [
      samples.points[3 * i],
      samples.points[3 * i + 1],
      samples.points[3 * i + 2],
    ]);
    const [x, y] = project(camera, p).map(Math.floor);
    return (
      !(x >= 0 && y >= 0 && x < camera.widthPx && y < camera.heightPx) || background.data[y * camera.widthPx + x] === 0
    );
  };
  const kept = filterSet(set, keep);
  if (kept.count < (1 - MAX_CARVED_SHARE) * set.count) return { set, samples };
  const pick = (values: Float64Array): Float64Array => values.filter((_, k) => keep(Math.floor(k / 3)));
  return { set: kept, samples: { points: pick(samples.points), normals: pick(samples.normals) } };
}

/** `views[0]` is the reference view: sampling density, carving (where `background` is given) and sharpening follow it. */
export function paintObject(
  mesh: TriangleMesh,
  views: readonly ColourView[],
  completion: Completion,
  sizeM: number,
  options: { readonly maxGaussians: number; readonly sharpen: number; readonly background?: ByteImage },
  renderer: SplatRenderer,
  random: Random,
): PaintedObject {
  const reference = views[0];
  const discs = discsForView(mesh, reference, options.maxGaussians, random);
  const { set, samples } = options.background ? carve(discs.set, discs.samples, reference, options.background) : discs;
  const { colours, seen, agreeing } = paintSamples(mesh, samples, views, completion, sizeM);
  for (let i = 0; i < colours.length; i++) set.sh[i] = (colours[i] - 0.5) / SH_C0;
  sharpenColours(set, mesh, samples, reference, options.sharpen, renderer);
  const numSeen = seen.reduce((sum, s) => sum + s, 0);
  return { gaussians: set, seenShare: seen.length > 0 ? numSeen / seen.length : 0, agreeing };
}

function discsForView(
  mesh: TriangleMesh,
  view: ColourView,
  maxCount: number,
  random: Random,
): { set: GaussianSet; samples: Samples } {
  const depth = view.cameraFromObject[11];
  const area = meshArea(mesh);
  // About half of the surface is seen; the budget covers it finely and the rest coarsely.
  const perSpacing2 = area * 0.5 * (1 + 1 / HIDDEN_COARSENESS ** 2);
  const fine = Math.max((SEEN_SPACING_PX * depth) / view.camera.fx, Math.sqrt(perSpacing2 / maxCount));
  const parts = [fine, fine * HIDDEN_COARSENESS].map((spacing, k) => {
    const normals: number[] = [];
    const collect = (_: Vec3, normal: Vec3): Vec3 => {
      normals.push(...normal);
      return GREY;
    };
    const set = gaussiansFromMesh(mesh.vertices, mesh.triangles, collect, spacing, random);
    const samples = { points: Float64Array.from(set.position), normals: Float64Array.from(normals) };
    const { facing } = visibleSamples(mesh, samples, view);
    const keep = (i: number): boolean => facing[i] > 0 === (k === 0);
    return { set: filterSet(set, keep), normals: normals.filter((_, i) => keep(Math.floor(i / 3))) };
  });
  const set = mergeSets(parts.map((part) => part.set));
  const normals = Float64Array.from(parts.flatMap((part) => part.normals));
  return { set, samples: { points: Float64Array.from(set.position), normals } };
}

/** Corrects the colours of seen discs by what their overlap blurs: render, compare at each disc's pixel, add part of the difference. */
function sharpenColours(
  set: GaussianSet,
  mesh: TriangleMesh,
  samples: Samples,
  view: ColourView,
  rounds: number,
  renderer: SplatRenderer,
): void {
  const { xyPx, facing } = visibleSamples(mesh, samples, view);
  const box = boundsOf(xyPx);
  if (rounds === 0 || box === null) return;
  const crop = cropAround(view.camera, box, 0.05, Math.max(box.x1 - box.x0, box.y1 - box.y0) * 1.2);
  const target = sampleRgb(view.rgb, crop);
  const { widthPx, heightPx } = crop.camera;
  const difference = new Float64Array(3);
  for (let round = 0; round < rounds; round++) {
    const prepared = renderer.prepare(set);
    const instance = { set: prepared, cameraFromSet: view.cameraFromObject, label: 1 };
    const drawn = renderer.render(crop.camera, [instance], { depth: false });
    prepared.dispose();
    const error = target.map((value, i) => (drawn.alpha[Math.floor(i / 3)] > MIN_COVERAGE ? value - drawn.rgb[i] : 0));
    const errorImage = { widthPx, heightPx, data: error };
    for (let g = 0; g < set.count; g++) {
      if (facing[g] === 0) continue;
      const x = (xyPx[2 * g] - crop.x0Px) * crop.scale;
      const y = (xyPx[2 * g + 1] - crop.y0Px) * crop.scale;
      difference.fill(0);
      addBilinear(errorImage, x, y, 1, difference, 0);
      for (let c = 0; c < 3; c++) {
        const colour = 0.5 + SH_C0 * set.sh[3 * g + c] + SHARPEN_STEP * difference[c];
        set.sh[3 * g + c] = (Math.min(COLOUR_RANGE[1], Math.max(COLOUR_RANGE[0], colour)) - 0.5) / SH_C0;
      }
    }
  }
}

function boundsOf(xyPx: Float64Array): PixelBox | null {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (let i = 0; i < xyPx.length; i += 2) {
    if (Number.isNaN(xyPx[i])) continue;
    box.x0 = Math.min(box.x0, Math.floor(xyPx[i]));
    box.x1 = Math.max(box.x1, Math.ceil(xyPx[i]));
    box.y0 = Math.min(box.y0, Math.floor(xyPx[i + 1]));
    box.y1 = Math.max(box.y1, Math.ceil(xyPx[i + 1]));
  }
  return box.x1 > box.x0 ? box : null;
}

/** Horizontal unit direction of the camera's view in the object frame: the normal of the plane that hides the far side. */
export function viewNormal(objectFromCamera: number[]): [number, number] {
  const d = transformDirection(objectFromCamera, [0, 0, 1]);
  const length = Math.hypot(d[0], d[1]);
  return length > 1e-6 ? [d[0] / length, d[1] / length] : [0, 1];
}
