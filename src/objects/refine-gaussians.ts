/**
 * The Gaussians of an object fitted to the pictures of it by the renderer's analytic gradients: colours, how far each stands off the
 * surface, and opacities, held to where they began.
 */
import type { Intrinsics } from '../math/camera.js';
import { compose, expTwist, fromQuaternion, type Mat4, type Twist, translationOf } from '../math/se3.js';
import { cross, scale, sub, type Vec3 } from '../math/vec3.js';
import { type GaussianSet, SH_C0 } from '../splat/gaussians.js';
import type { FrameGradient, SplatRenderer } from '../splat/renderer.js';
import type { MaskSample } from './crop.js';

/** One picture of the object at a (nearly) known pose. */
export interface RefineView {
  readonly camera: Intrinsics;
  readonly cameraFromObject: Mat4;
  /** [H, W, 3] f32 0..1. */
  readonly rgb: Float32Array;
  readonly mask: MaskSample;
  readonly weight: number;
  /** Its pose is certain: it is not corrected. */
  readonly isPinned: boolean;
}

/** What is fitted, per Gaussian: 3 colours (0..1), an offset along its normal and a change of its opacity logit. */
export interface Refinement {
  readonly colours: Float64Array;
  /** [N] metres. */
  readonly offsetsM: Float64Array;
  readonly opacityLogits: Float64Array;
}

/** Charbonnier width of colour differences (0..1). */
const RGB_SOFT = 0.03;
const MASK_WEIGHT = 0.5;
/** Standard deviations within which a Gaussian is expected to stay: colour, offset per object size, opacity logit. */
const COLOUR_SD = 0.15;
const OFFSET_SD_SHARE = 0.006;
const OPACITY_SD = 1;
/** Weight of staying, per view's loss. */
const STAY_WEIGHT = 0.002;
/** Adam's step per iteration at first and at last, in the standard deviations above. */
const FIRST_STEP = 0.12;
const LAST_STEP = 0.02;
/** Adam's step of a view's pose: metres per distance, radians. */
const SHIFT_STEP_SHARE = 0.0008;
const TURN_STEP_RAD = 0.004;
/** Gradients below this share of their root mean square move their values less than a full step. */
const NOISE_SHARE = 0.3;
const BETA_1 = 0.8;
const BETA_2 = 0.95;
/** Below 0 a colour is drawn as black; a little above 1 leaves room for the overlap of neighbours. */
const COLOUR_RANGE = [0, 1.1] as const;

export const startOf = (set: GaussianSet): Refinement => ({
  colours: Float64Array.from({ length: 3 * set.count }, (_, k) => 0.5 + SH_C0 * dcOf(set, k)),
  offsetsM: new Float64Array(set.count),
  opacityLogits: Float64Array.from(set.opacityLogit),
});

const dcOf = (set: GaussianSet, k: number): number => set.sh[Math.floor(k / 3) * (set.shDegree + 1) ** 2 * 3 + (k % 3)];

/** [N, 3] unit normals: the third axes. */
export function normalsOf(set: GaussianSet): Float64Array {
  const normals = new Float64Array(3 * set.count);
  for (let i = 0; i < set.count; i++) {
    const [w, x, y, z] = set.rotation.subarray(4 * i, 4 * i + 4);
    const length = Math.hypot(w, x, y, z) || 1;
    const m = fromQuaternion([w / length, x / length, y / length, z / length]);
    normals.set([m[2], m[6], m[10]], 3 * i);
  }
  return normals;
}

/** A copy of `set` with the refinement applied. */
export function refined(set: GaussianSet, normals: Float64Array, to: Refinement): GaussianSet {
  const stride = (set.shDegree + 1) ** 2 * 3;
  const sh = Float32Array.from(set.sh);
  for (let k = 0; k < 3 * set.count; k++) sh[Math.floor(k / 3) * stride + (k % 3)] = (to.colours[k] - 0.5) / SH_C0;
  return {
    ...set,
    sh,
    position: set.position.map((v, k) => v + normals[k] * to.offsetsM[Math.floor(k / 3)]),
    opacityLogit: Float32Array.from(to.opacityLogits),
  };
}

export interface Loss {
  readonly value: number;
  readonly gradient: Refinement;
  /** By each view's pose (left perturbation), in the order of the views. */
  readonly twists: readonly Twist[];
}

/** Mean loss over the views and its derivatives. `sizeM` is the object's size, `start` where the Gaussians are held. */
export function refineLoss(
  set: GaussianSet,
  normals: Float64Array,
  at: Refinement,
  start: Refinement,
  views: readonly RefineView[],
  sizeM: number,
  renderer: SplatRenderer,
): Loss {
  const gradient: Refinement = {
    colours: new Float64Array(3 * set.count),
    offsetsM: new Float64Array(set.count),
    opacityLogits: new Float64Array(set.count),
  };
  const total = views.reduce((sum, { weight }) => sum + weight, 0);
  const prepared = renderer.prepare(refined(set, normals, at));
  let value = 0;
  const twists: Twist[] = [];
  for (const view of views) {
    const instances = [{ set: prepared, cameraFromSet: view.cameraFromObject, label: 1 }];
    const frame = renderer.render(view.camera, instances, { depth: false });
    const share = view.weight / total;
    const { value: own, gradient: byPixels } = viewLoss(frame.rgb, frame.alpha, view, share);
    value += own;
    const by = renderer.gaussianGradient(byPixels, 0, { shape: false });
    for (let i = 0; i < set.count; i++) {
      gradient.opacityLogits[i] += by.opacityLogit[i];
      for (let k = 3 * i; k < 3 * i + 3; k++) {
        gradient.colours[k] += by.colour[k];
        gradient.offsetsM[i] += by.position[k] * normals[k];
      }
    }
    twists.push(view.isPinned ? [0, 0, 0, 0, 0, 0] : renderer.poseGradient(byPixels, 0).twist);
  }
  prepared.dispose();
  const hold = (now: Float64Array, then: Float64Array, sd: number, into: Float64Array): void => {
    const stiffness = STAY_WEIGHT / set.count / (sd * sd);
    for (let k = 0; k < now.length; k++) {
      value += stiffness * (now[k] - then[k]) ** 2;
      into[k] += 2 * stiffness * (now[k] - then[k]);
    }
  };
  hold(at.colours, start.colours, COLOUR_SD, gradient.colours);
  hold(at.offsetsM, start.offsetsM, OFFSET_SD_SHARE * sizeM, gradient.offsetsM);
  hold(at.opacityLogits, start.opacityLogits, OPACITY_SD, gradient.opacityLogits);
  return { value, gradient, twists };
}

/** Colours over the union of both masks and coverage, where the object or nothing is seen; `share` scales value and gradient. */
function viewLoss(
  rgb: Float32Array,
  alpha: Float32Array,
  view: RefineView,
  share: number,
): { value: number; gradient: FrameGradient } {
  const { inside, care } = view.mask;
  const gradient = { rgb: new Float32Array(rgb.length), alpha: new Float32Array(alpha.length) };
  let area = 0;
  for (let i = 0; i < inside.length; i++) area += care[i] * inside[i];
  const unit = share / Math.max(area, 1);
  const gain = gainOf(rgb, alpha, view);
  let value = 0;
  for (let i = 0; i < inside.length; i++) {
    if (care[i] === 0 || (alpha[i] === 0 && inside[i] === 0)) continue;
    const miss = alpha[i] - inside[i];
    value += unit * MASK_WEIGHT * miss * miss;
    gradient.alpha[i] = 2 * unit * MASK_WEIGHT * miss;
    for (let c = 3 * i; c < 3 * i + 3; c++) {
      const difference = gain * rgb[c] - inside[i] * view.rgb[c];
      const soft = Math.sqrt(difference * difference + RGB_SOFT * RGB_SOFT);
      value += (unit / 3) * (soft - RGB_SOFT);
      gradient.rgb[c] = ((unit / 3) * gain * difference) / soft;
    }
  }
  return { value, gradient };
}

/** Brightness of the picture against the drawing where both show the object; taken as fixed in the gradient. Pinned views have none. */
function gainOf(rgb: Float32Array, alpha: Float32Array, { rgb: seen, mask, isPinned }: RefineView): number {
  if (isPinned) return 1;
  let cross = 0;
  let own = 0;
  for (let i = 0; i < alpha.length; i++) {
    if (mask.care[i] === 0 || mask.inside[i] < 0.9 || alpha[i] < 0.9) continue;
    for (let c = 3 * i; c < 3 * i + 3; c++) {
      cross += rgb[c] * seen[c];
      own += rgb[c] * rgb[c];
    }
  }
  return own > 0 ? Math.min(1.5, Math.max(0.67, cross / own)) : 1;
}

/** Adam (Kingma & Ba 2015) over all of it; the poses of views that are not pinned are corrected on the way. */
export function refineGaussians(
  set: GaussianSet,
  views: readonly RefineView[],
  sizeM: number,
  steps: number,
  renderer: SplatRenderer,
): GaussianSet {
  if (steps === 0 || views.length === 0 || set.count === 0) return set;
  const normals = normalsOf(set);
  const start = startOf(set);
  const at = startOf(set);
  const fields = [
    { values: at.colours, unit: COLOUR_SD, of: ({ colours }: Refinement) => colours },
    { values: at.offsetsM, unit: OFFSET_SD_SHARE * sizeM, of: ({ offsetsM }: Refinement) => offsetsM },
    { values: at.opacityLogits, unit: OPACITY_SD, of: ({ opacityLogits }: Refinement) => opacityLogits },
  ].map((field) => ({ ...field, adam: new Adam(field.values.length) }));
  const poseAdams = views.map(() => new Adam(6));
  let posed = [...views];
  for (let step = 0; step < steps; step++) {
    const { gradient, twists } = refineLoss(set, normals, at, start, posed, sizeM, renderer);
    const progress = steps > 1 ? step / (steps - 1) : 1;
    const rate = FIRST_STEP * (LAST_STEP / FIRST_STEP) ** progress;
    for (const { values, unit, of, adam } of fields) {
      const moves = adam.step(of(gradient));
      for (let k = 0; k < values.length; k++) values[k] -= rate * unit * moves[k];
    }
    for (let k = 0; k < at.colours.length; k++)
      at.colours[k] = Math.min(COLOUR_RANGE[1], Math.max(COLOUR_RANGE[0], at.colours[k]));
    posed = posed.map((view, v) => {
      if (view.isPinned) return view;
      return { ...view, cameraFromObject: stepPose(view.cameraFromObject, twists[v], poseAdams[v], rate / FIRST_STEP) };
    });
  }
  return refined(set, normals, at);
}

/** One step of a pose, its turn taken about the object and not about the camera (a left twist with v = -w x centre). */
function stepPose(cameraFromObject: Mat4, [g0, g1, g2, ...byTurn]: Twist, adam: Adam, rate: number): Mat4 {
  const centre = translationOf(cameraFromObject);
  const byShift: Vec3 = [g0, g1, g2];
  const aboutObject = sub([byTurn[0], byTurn[1], byTurn[2]], cross(centre, byShift));
  const moves = adam.step(Float64Array.from([...byShift, ...aboutObject]));
  const turn: Vec3 = scale([moves[3], moves[4], moves[5]], -rate * TURN_STEP_RAD);
  const shift = scale([moves[0], moves[1], moves[2]], -rate * SHIFT_STEP_SHARE * centre[2]);
  return compose(expTwist([...sub(shift, cross(turn, centre)), ...turn]), cameraFromObject);
}

class Adam {
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private count = 0;

  constructor(size: number) {
    this.first = new Float64Array(size);
    this.second = new Float64Array(size);
  }

  /** The next move per value, about -1..1, in the direction of the gradient. */
  step(gradient: Float64Array): Float64Array {
    this.count++;
    // What is hardly drawn has a gradient of noise only: it is not to move like the others.
    const floor = NOISE_SHARE * Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0) / gradient.length);
    const moves = new Float64Array(gradient.length);
    for (let k = 0; k < gradient.length; k++) {
      const g = Number.isFinite(gradient[k]) ? gradient[k] : 0;
      this.first[k] = BETA_1 * this.first[k] + (1 - BETA_1) * g;
      this.second[k] = BETA_2 * this.second[k] + (1 - BETA_2) * g * g;
      const mean = this.first[k] / (1 - BETA_1 ** this.count);
      const spread = Math.sqrt(this.second[k] / (1 - BETA_2 ** this.count));
      moves[k] = mean / (spread + floor + 1e-30);
    }
    return moves;
  }
}
