/**
 * How badly a drawn model explains a picture when its mask may have lost a part: pixels of the mask must be covered, what is drawn
 * outside of it is held against the colours that are really there, and an outline runs where the picture has an edge.
 */
import { maskWhere } from '../../image/morphology.js';
import type { Mat4 } from '../../math/se3.js';
import type { TrackedObject } from '../../pose/objective.js';
import type { Observation } from '../../pose/observation.js';
import type { Frame } from '../../splat/renderer.js';
import { colourLine } from './match-colours.js';
import { standingOut } from './standing-out.js';

/** Cost of a pixel drawn outside of the mask in the very colours that are seen there; up to 1 where they differ by COLOUR_UNIT. */
const OUTSIDE_FLOOR = 0.3;
/** Cost of wrong colours on the mask: light and shadow account for some of it. */
const INSIDE_COST = 0.3;
/** Mean difference of a channel (0..1) at which a colour is certainly another one. */
const COLOUR_UNIT = 0.12;
/** What an outline without any edge in the picture costs, and the colour step across it (0..1) of a clear one. */
const EDGE_COST = 0.3;
const CLEAR_STEP = 0.08;
/** Half the way across the outline, frame pixels: films are blurred by about one. */
const ACROSS_PX = 1.5;
/** What print is worth that is seen where it is drawn, for one that stands out by PRINT_UNIT (0..1) in the root mean square. */
const PRINT_WORTH = 0.5;
const PRINT_UNIT = 0.08;
/** Half width of the surroundings from which print stands out, per square root of the drawn pixels. */
const NEIGHBOURHOOD = 0.15;
/** With fewer pixels the light cannot be told. */
const MIN_PIXELS = 30;
/** Colours of what cannot be seen at all. */
const NOTHING_DRAWN = 2;

/** About 0 (all explained; less with clear print) to 1.6; mean over the views. */
export function unexplainedShare(
  { renderer, set, scale }: TrackedObject,
  pose: Mat4,
  views: readonly Observation[],
): number {
  let sum = 0;
  for (const view of views) {
    const drawn = renderer.render(view.crop.camera, [{ set, cameraFromSet: pose, scale, label: 1 }], { depth: false });
    sum += areaCost(drawn, view) + EDGE_COST * edgeCost(drawn, view) - PRINT_WORTH * printSeen(drawn, view);
  }
  return views.length > 0 ? sum / views.length : NOTHING_DRAWN;
}

/** 1 - IoU, but for what is drawn outside of the mask in the right colours. */
function areaCost(drawn: Frame, { mask, rgb }: Observation): number {
  const { inside, care } = mask;
  const light = lightOf(drawn, inside, care, rgb);
  let [cost, union] = [0, 0];
  for (let i = 0; i < inside.length; i++) {
    if (care[i] === 0) continue;
    const a = drawn.alpha[i];
    const m = inside[i];
    union += Math.max(a, m);
    cost += Math.max(0, m - a);
    if (a < 0.02) continue;
    let difference = 0;
    for (let c = 0; c < 3; c++) {
      const [gain, offset] = light[c];
      difference += Math.abs((gain * drawn.rgb[3 * i + c]) / a + offset - rgb[3 * i + c]) / 3;
    }
    const wrong = Math.min(1, difference / COLOUR_UNIT) ** 2;
    cost += Math.max(0, a - m) * (OUTSIDE_FLOOR + (1 - OUTSIDE_FLOOR) * wrong) + Math.min(a, m) * INSIDE_COST * wrong;
  }
  return union > 0 ? cost / union : NOTHING_DRAWN;
}

/** Per channel, from where mask and drawing agree. */
function lightOf(
  drawn: Frame,
  inside: Float32Array,
  care: Float32Array,
  rgb: Float32Array,
): readonly (readonly [gain: number, offset: number])[] {
  const pixels: number[] = [];
  for (let i = 0; i < inside.length; i++) if (care[i] > 0 && inside[i] > 0.9 && drawn.alpha[i] > 0.95) pixels.push(i);
  return [0, 1, 2].map((c) =>
    pixels.length < MIN_PIXELS
      ? [1, 0]
      : colourLine(
          pixels.map((i) => drawn.rgb[3 * i + c] / drawn.alpha[i]),
          pixels.map((i) => rgb[3 * i + c]),
        ),
  );
}

/** 0: there is a clear edge all along the drawn outline; 1: nowhere. */
function edgeCost(drawn: Frame, { mask, rgb, crop }: Observation): number {
  const { widthPx, heightPx } = crop.camera;
  const { alpha } = drawn;
  const reach = Math.max(1, ACROSS_PX * crop.scale);
  let [sum, count] = [0, 0];
  for (let y = 1; y < heightPx - 1; y++) {
    for (let x = 1; x < widthPx - 1; x++) {
      const i = y * widthPx + x;
      if (alpha[i] < 0.5 || mask.care[i] === 0) continue;
      if (Math.min(alpha[i - 1], alpha[i + 1], alpha[i - widthPx], alpha[i + widthPx]) >= 0.5) continue;
      const [gx, gy] = [alpha[i + 1] - alpha[i - 1], alpha[i + widthPx] - alpha[i - widthPx]];
      const length = Math.hypot(gx, gy);
      if (length === 0) continue;
      const at = (sign: number): number => {
        const u = Math.min(widthPx - 1, Math.max(0, Math.round(x + (sign * reach * gx) / length)));
        const v = Math.min(heightPx - 1, Math.max(0, Math.round(y + (sign * reach * gy) / length)));
        return 3 * (v * widthPx + u);
      };
      const [p, q] = [at(1), at(-1)];
      let step = 0;
      for (let c = 0; c < 3; c++) step += Math.abs(rgb[p + c] - rgb[q + c]) / 3;
      sum += 1 - Math.min(1, step / CLEAR_STEP);
      count++;
    }
  }
  return count > 0 ? sum / count : 1;
}

/** 0..1: correlation of drawing and picture, both less their surroundings, over all that is drawn, times how much the drawing stands out. */
function printSeen(drawn: Frame, { mask, rgb, crop }: Observation): number {
  const valid = maskWhere(drawn.alpha, (a, i) => a > 0.9 && mask.care[i] > 0);
  const pixels = Int32Array.from(valid.keys()).filter((i) => valid[i] > 0);
  if (pixels.length < MIN_PIXELS) return 0;
  const radius = Math.max(2, Math.round(NEIGHBOURHOOD * Math.sqrt(pixels.length)));
  let [both, own, seen] = [0, 0, 0];
  for (let c = 0; c < 3; c++) {
    const channel = (image: Float32Array): Float64Array => {
      const out = new Float64Array(valid.length);
      for (const i of pixels) out[i] = image[3 * i + c];
      return standingOut(out, valid, pixels, crop.camera.widthPx, radius);
    };
    const a = channel(drawn.rgb);
    const b = channel(rgb);
    for (let n = 0; n < pixels.length; n++) {
      both += a[n] * b[n];
      own += a[n] * a[n];
      seen += b[n] * b[n];
    }
  }
  if (own === 0 || seen === 0) return 0;
  const contrast = Math.min(1, Math.sqrt(own / (3 * pixels.length)) / PRINT_UNIT);
  return contrast * Math.max(0, both / Math.sqrt(own * seen));
}
