/** Pictures of a whole set: cameras from a file or around it, and turntables. */
import { z } from 'zod';
import { createRgb, type RgbImage } from '../image/image.js';
import { type Intrinsics, IntrinsicsSchema } from '../math/camera.js';
import { fromAxes, inverse, type Mat4 } from '../math/se3.js';
import { add, cross, normalize, scale, sub, type Vec3 } from '../math/vec3.js';
import type { GaussianSet } from './gaussians.js';
import type { Instance, SplatRenderer } from './renderer.js';

/** A camera file for `v2r render`: intrinsics and where the camera stands. */
export const ViewSchema = IntrinsicsSchema.extend({
  /** 4x4 row-major; maps points of the splat file into the camera (x right, y down, z forward). */
  cameraFromWorld: z.array(z.number()).length(16),
});
export type View = z.infer<typeof ViewSchema>;

/** Where a set is and how large: robust against the stray Gaussians far away that captures have. */
export interface Extent {
  readonly centre: Vec3;
  /** Radius of the ball about the centre that holds 95 % of the opacity, metres. */
  readonly radiusM: number;
}

/** Share of the positions at either end of an axis that do not count for the centre. */
const OUTERMOST_SHARE = 0.01;
/** Share of the opacity inside `Extent.radiusM`. */
const EXTENT_SHARE = 0.95;

/** Centre: middle of the box that holds all but the outermost hundredths. An empty set is a unit ball about the origin. */
export function extentOf(set: GaussianSet): Extent {
  if (set.count === 0) return { centre: [0, 0, 0], radiusM: 1 };
  const middle = (c: number): number => {
    const values = set.position.filter((_, i) => i % 3 === c).sort();
    const outermost = Math.floor(OUTERMOST_SHARE * values.length);
    return (values[outermost] + values[values.length - 1 - outermost]) / 2;
  };
  const centre: Vec3 = [middle(0), middle(1), middle(2)];
  const distances = Array.from({ length: set.count }, (_, i) => {
    const distance = Math.hypot(...[0, 1, 2].map((c) => set.position[3 * i + c] - centre[c]));
    return { distance, weight: 1 / (1 + Math.exp(-set.opacityLogit[i])) };
  }).sort((a, b) => a.distance - b.distance);
  let left = EXTENT_SHARE * distances.reduce((sum, { weight }) => sum + weight, 0);
  const reached = distances.find(({ weight }) => (left -= weight) <= 0);
  return { centre, radiusM: Math.max(reached?.distance ?? 0, 1e-6) };
}

/** Camera at `eye` that looks at `target` with `up` upward in the picture; returns cameraFromWorld. */
export function lookAt(eye: Vec3, target: Vec3, up: Vec3): Mat4 {
  const forward = normalize(sub(target, eye));
  const right = normalize(cross(forward, up));
  const down = cross(forward, right);
  return inverse(fromAxes(right, down, forward, eye));
}

export interface TurntableOptions {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly numFrames: number;
  /** Angle of the camera above the set's horizon, radians. */
  readonly elevationRad: number;
  /** Vertical field of view, radians. */
  readonly fieldOfViewRad: number;
  /** Upward direction in the set's frame. Ours: +z. Most captures on the web: -y. */
  readonly up: Vec3;
  /** Distance of the camera in units of the distance at which the extent just fits. */
  readonly distanceFactor: number;
}

export const TURNTABLE_DEFAULTS: TurntableOptions = {
  widthPx: 640,
  heightPx: 480,
  numFrames: 90,
  elevationRad: 0.35,
  fieldOfViewRad: 0.8,
  up: [0, 0, 1],
  distanceFactor: 1.1,
};

/** Views of one full turn about the set's middle, evenly spaced. */
export function turntableViews(set: GaussianSet, options: TurntableOptions = TURNTABLE_DEFAULTS): View[] {
  const { widthPx, heightPx, numFrames, elevationRad, fieldOfViewRad, distanceFactor } = options;
  const { centre, radiusM } = extentOf(set);
  const up = normalize(options.up);
  const side = normalize(cross(up, Math.abs(up[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]));
  const front = cross(side, up);
  const focal = heightPx / 2 / Math.tan(fieldOfViewRad / 2);
  const halfAngle = Math.atan(Math.min(widthPx, heightPx) / 2 / focal);
  const distance = (radiusM / Math.sin(halfAngle)) * distanceFactor;
  return Array.from({ length: numFrames }, (_, k) => {
    const angle = (2 * Math.PI * k) / numFrames;
    const level = add(scale(front, Math.cos(angle)), scale(side, Math.sin(angle)));
    const direction = add(scale(level, Math.cos(elevationRad)), scale(up, Math.sin(elevationRad)));
    const eye = add(centre, scale(direction, distance));
    const cameraFromWorld = lookAt(eye, centre, up);
    return { widthPx, heightPx, fx: focal, fy: focal, cx: widthPx / 2, cy: heightPx / 2, cameraFromWorld };
  });
}

/** One picture of instances over a plain background colour (sRGB 0..1). */
export function renderView(
  renderer: SplatRenderer,
  camera: Intrinsics,
  instances: readonly Instance[],
  options: { background?: Vec3; antialias?: boolean } = {},
): RgbImage {
  const { background = [0, 0, 0], antialias = false } = options;
  const numPixels = camera.widthPx * camera.heightPx;
  const rgb = new Uint8Array(numPixels * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = Math.round(255 * background[i % 3]);
  const layer = { rgb, depthM: new Float32Array(numPixels) };
  const frame = renderer.renderBytes(camera, instances, { layer, antialias, depth: false });
  return createRgb(camera.widthPx, camera.heightPx, frame.rgb);
}

/** The pictures of a turntable, one after the other. */
export function* renderTurntable(
  renderer: SplatRenderer,
  set: GaussianSet,
  options: Partial<TurntableOptions> & { background?: Vec3; antialias?: boolean } = {},
): Generator<RgbImage> {
  const prepared = renderer.prepare(set);
  try {
    for (const view of turntableViews(set, { ...TURNTABLE_DEFAULTS, ...options })) {
      yield renderView(renderer, view, [{ set: prepared, cameraFromSet: view.cameraFromWorld, label: 1 }], options);
    }
  } finally {
    prepared.dispose();
  }
}
