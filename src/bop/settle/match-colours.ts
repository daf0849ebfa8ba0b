/** Models carry surface colours, films show them lit: per channel a gain and an offset bring the model to the film. */
import type { Intrinsics } from '../../math/camera.js';
import type { Mat4 } from '../../math/se3.js';
import type { TrackedObject } from '../../pose/objective.js';
import { boxOfId, type FrameEvidence, observe } from '../../pose/observation.js';
import { type GaussianSet, SH_C0 } from '../../splat/gaussians.js';

/** Light and exposure change colours by no more than this. */
const GAIN = [0.4, 1.6] as const;
const OFFSET = 0.25;
/** With fewer pixels there is nothing to fit. */
const MIN_PIXELS = 40;
/** Window in which model and film are compared. */
const WINDOW_PX = 64;

/** A copy of `set` (which `object` draws) in the colours of the frame, by least squares where both show the object. */
export function matchColours(
  object: TrackedObject,
  set: GaussianSet,
  cameraFromObject: Mat4,
  evidence: FrameEvidence,
  camera: Intrinsics,
): GaussianSet {
  const box = boxOfId(evidence.idMap, object.id);
  if (box === null) return set;
  const { crop, mask, rgb } = observe(evidence, object.id, camera, box, WINDOW_PX);
  const instance = { set: object.set, cameraFromSet: cameraFromObject, scale: object.scale, label: 1 };
  const drawn = object.renderer.render(crop.camera, [instance], { depth: false });
  const pixels = [...mask.inside.keys()].filter(
    (i) => mask.care[i] > 0 && mask.inside[i] > 0.9 && drawn.alpha[i] > 0.95,
  );
  if (pixels.length < MIN_PIXELS) return set;
  const sh = Float32Array.from(set.sh);
  const perSet = set.sh.length / set.count;
  for (let c = 0; c < 3; c++) {
    const [gain, offset] = colourLine(
      pixels.map((i) => drawn.rgb[3 * i + c]),
      pixels.map((i) => rgb[3 * i + c]),
    );
    for (let g = 0; g < set.count; g++) {
      const at = g * perSet + c;
      sh[at] = (gain * (0.5 + SH_C0 * set.sh[at]) + offset - 0.5) / SH_C0;
    }
  }
  return { ...set, sh };
}

/** Light: y = gain x + offset by least squares, within bounds; a flat x leaves the gain at its nearest and moves the offset. */
export function colourLine(x: ArrayLike<number>, y: ArrayLike<number>): [gain: number, offset: number] {
  const count = x.length;
  let [mx, my, spread, together] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    mx += x[i] / count;
    my += y[i] / count;
  }
  for (let i = 0; i < count; i++) {
    spread += (x[i] - mx) ** 2;
    together += (x[i] - mx) * (y[i] - my);
  }
  // Two gray levels of spread decide between a line and the ratio of the means.
  const free = spread / count > 1e-3 ? together / spread : mx > 0 ? my / mx : 1;
  const gain = Math.min(GAIN[1], Math.max(GAIN[0], free));
  return [gain, Math.min(OFFSET, Math.max(-OFFSET, my - gain * mx))];
}
