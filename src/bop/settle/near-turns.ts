/**
 * Turns of an object by which it looks almost the same: a drum whose print repeats each quarter turn but for its stains. Which of them
 * is right shows in the small differences alone, so these are looked for by themselves, at the pictures' own resolution.
 */
import { distanceTo, maskWhere } from '../../image/morphology.js';
import type { Intrinsics } from '../../math/camera.js';
import { compose, fromAxisAngle, type Mat4 } from '../../math/se3.js';
import type { Vec3 } from '../../math/vec3.js';
import type { ColouredMesh } from '../../mesh/coloured-mesh.js';
import { cropAround, sampleRgb } from '../../objects/crop.js';
import { projectedBox } from '../../pose/follow.js';
import type { TrackedObject } from '../../pose/objective.js';
import type { FrameEvidence } from '../../pose/observation.js';
import { renderColours } from '../draw/render-colours.js';
import { standingOut } from './standing-out.js';

/** Turns by whole parts of a circle are tried up to this many parts. */
const MAX_PARTS = 8;
const AXES: readonly Vec3[] = [
  [0, 0, 1],
  [1, 0, 0],
  [0, 1, 0],
];
/** Two drawings are nearly alike below these mean differences of coverage and colour (0..1) over the drawn area. */
const SAME_OUTLINE = 0.04;
const SAME_COLOUR = 0.04;
const COMPARED_PX = 96;
/** Window in which small print is compared, at most so many pixels per frame pixel. */
const PRINT_PX = 256;
/** Stains this large (radius, frame pixels) stand out from their surroundings; light changes more slowly. */
const STAIN_PX = 4;
/** Colour step from pixel to pixel (0..1) that makes an edge: beside it a pose wrong by a pixel shows more than any stain. */
const EDGE_STEP = 0.03;
/** So near to an edge nothing is compared, frame pixels. */
const EDGE_REACH_PX = 2;
const MIN_PIXELS = 200;

/** `pose` and the poses that look almost like it from there, `pose` first. */
export function nearTurns(object: TrackedObject, pose: Mat4, camera: Intrinsics): Mat4[] {
  const box = projectedBox(object, pose, camera);
  if (box === null) return [pose];
  const crop = cropAround(camera, box, 0.05, COMPARED_PX);
  const { renderer, set, scale } = object;
  const draw = (cameraFromSet: Mat4) =>
    renderer.render(crop.camera, [{ set, cameraFromSet, scale, label: 1 }], { depth: false });
  const own = draw(pose);
  const area = own.alpha.reduce((sum, a) => sum + a, 0);
  const isAlike = (turned: Mat4): boolean => {
    const other = draw(turned);
    let [outline, colour] = [0, 0];
    for (let i = 0; i < own.alpha.length; i++) outline += Math.abs(own.alpha[i] - other.alpha[i]);
    for (let i = 0; i < own.rgb.length; i++) colour += Math.abs(own.rgb[i] - other.rgb[i]) / 3;
    return outline < SAME_OUTLINE * area && colour < SAME_COLOUR * area;
  };
  const found = [pose];
  for (const axis of AXES) {
    for (const angle of partsOfCircle()) {
      const turned = compose(pose, fromAxisAngle(axis, angle));
      if (isAlike(turned)) found.push(turned);
    }
  }
  return found;
}

/** 1/2, 1/3, 2/3, 1/4, 3/4, ... of a circle, each once, radians. */
function partsOfCircle(): number[] {
  const parts = new Set<number>();
  for (let n = 2; n <= MAX_PARTS; n++) for (let k = 1; k < n; k++) parts.add(k / n);
  return [...parts].map((part) => 2 * Math.PI * part);
}

/**
 * The index of the pose whose own small print is in the pictures most: the correlation of what stands out in them with what sets each
 * pose's drawing apart from the mean of all. 0 when there is too little to compare. `frames`: in which the object stands there.
 */
export function tellByPrint(
  looks: ColouredMesh,
  object: TrackedObject,
  poses: readonly Mat4[],
  frames: readonly FrameEvidence[],
  camera: Intrinsics,
): number {
  const box = projectedBox(object, poses[0], camera);
  if (poses.length < 2 || looks.colourAt === null || box === null) return 0;
  const crop = cropAround(camera, box, 0.05, PRINT_PX);
  const { widthPx, heightPx } = crop.camera;
  const count = widthPx * heightPx;
  const mean = new Float32Array(3 * count);
  const weight = new Float32Array(count);
  for (const { rgb, idMap } of frames) {
    const seen = sampleRgb(rgb, crop);
    for (let y = 0, i = 0; y < heightPx; y++) {
      for (let x = 0; x < widthPx; x++, i++) {
        const u = Math.floor(crop.x0Px + (x + 0.5) / crop.scale);
        const v = Math.floor(crop.y0Px + (y + 0.5) / crop.scale);
        const isIn = u >= 0 && v >= 0 && u < idMap.widthPx && v < idMap.heightPx;
        if (!isIn || idMap.data[v * idMap.widthPx + u] !== object.id) continue;
        weight[i]++;
        for (let c = 0; c < 3; c++) mean[3 * i + c] += seen[3 * i + c];
      }
    }
  }
  const drawn = poses.map((pose) => renderColours(looks, pose, crop.camera));
  const isCovered = maskWhere(weight, (w, i) => w > 0 && drawn.every(({ alpha }) => alpha[i] > 0.99));
  const edges = maskWhere(isCovered, (inside, i) =>
    inside === 0 ? true : drawn.some(({ rgb }) => stepAt(rgb, i, widthPx, isCovered) * crop.scale > EDGE_STEP),
  );
  const reach = distanceTo(edges, widthPx, heightPx);
  const valid = maskWhere(reach, (d) => d > EDGE_REACH_PX * crop.scale);
  const pixels = Int32Array.from(valid.keys()).filter((i) => valid[i] > 0);
  if (pixels.length < MIN_PIXELS) return 0;
  const radius = Math.max(1, Math.round(STAIN_PX * crop.scale));
  const scores = new Float64Array(poses.length);
  const own = new Float64Array(poses.length);
  for (let c = 0; c < 3; c++) {
    const channel = (rgb: Float32Array, divisor: (i: number) => number): Float64Array => {
      const out = new Float64Array(count);
      for (const i of pixels) out[i] = rgb[3 * i + c] / divisor(i);
      return standingOut(out, valid, pixels, widthPx, radius);
    };
    const seen = channel(mean, (i) => weight[i]);
    const prints = drawn.map(({ rgb }) => channel(rgb, () => 1));
    for (let n = 0; n < pixels.length; n++) {
      const common = prints.reduce((sum, print) => sum + print[n], 0) / prints.length;
      prints.forEach((print, k) => {
        scores[k] += seen[n] * (print[n] - common);
        own[k] += (print[n] - common) ** 2;
      });
    }
  }
  const relative = scores.map((score, k) => (own[k] > 0 ? score / Math.sqrt(own[k]) : 0));
  return relative.reduce((best, score, k) => (score > relative[best] ? k : best), 0);
}

/** Mean absolute colour step to the pixels on the right and below; 0 beside what is not covered. */
function stepAt(rgb: Float32Array, i: number, widthPx: number, isCovered: Uint8Array): number {
  if (!isCovered[i + 1] || !isCovered[i + widthPx]) return 0;
  let sum = 0;
  for (let c = 3 * i; c < 3 * i + 3; c++) {
    sum += Math.abs(rgb[c + 3] - rgb[c]) + Math.abs(rgb[c + 3 * widthPx] - rgb[c]);
  }
  return sum / 6;
}
