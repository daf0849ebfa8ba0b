import { describe, expect, it } from 'vitest';
import type { Intrinsics } from '../../src/math/camera.js';
import { compose, expTwist, fromAxisAngle, type Mat4, type Twist } from '../../src/math/se3.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { type GaussianSet, SH_C0 } from '../../src/splat/gaussians.js';
import type { GaussianGradient, RenderOptions, SplatRenderer } from '../../src/splat/renderer.js';
import { createTwinRenderer } from '../../src/splat/twin/twin-renderer.js';
import { CAMERA, lossOf, randomLoss, randomSet } from './scenes.js';

const wasm = await createRenderer();
const twin = createTwinRenderer();
const POSE = fromAxisAngle([0.6, 0.8, 0], 0.7, [0.02, -0.03, 0.5]);
/** A small picture inside every ellipse: no Gaussian's 1/255 border crosses it, so the loss has no jumps. */
const SMOOTH_CAMERA: Intrinsics = { widthPx: 24, heightPx: 20, fx: 60, fy: 52, cx: 11.3, cy: 9.1 };
const SMOOTH_SET = randomSet(3, 8, 0.06, 0.2);
const LOSS = randomLoss(5, SMOOTH_CAMERA);

describe.each<[string, RenderOptions]>([
  ['plain', {}],
  ['anti-aliased', { antialias: true }],
])('twin gradients against central differences, %s', (_, options) => {
  const loss = (pose: Mat4, set: GaussianSet, scale = 1): number => {
    const instance = { set: twin.prepare(set), cameraFromSet: pose, scale, label: 1 };
    return lossOf(twin.render(SMOOTH_CAMERA, [instance], options), LOSS);
  };
  /** The frame's f32 carries about 1e-5 of the loss into the quotient. */
  const expectClose = (analytic: number, quotient: number): void =>
    expect(Math.abs(analytic - quotient)).toBeLessThan(2e-3 * Math.abs(quotient) + 2e-2);

  loss(POSE, SMOOTH_SET);
  const pose = twin.poseGradient(LOSS, 0);
  const gaussian = twin.gaussianGradient(LOSS, 0);

  it('all six pose components and the log scale', () => {
    const h = 1e-4;
    for (let k = 0; k < 6; k++) {
      const twist = (sign: number): Twist => [0, 1, 2, 3, 4, 5].map((i) => (i === k ? sign * h : 0)) as Twist;
      const ahead = loss(compose(expTwist(twist(1)), POSE), SMOOTH_SET);
      const behind = loss(compose(expTwist(twist(-1)), POSE), SMOOTH_SET);
      expectClose(pose.twist[k], (ahead - behind) / (2 * h));
    }
    const quotient = (loss(POSE, SMOOTH_SET, Math.exp(h)) - loss(POSE, SMOOTH_SET, Math.exp(-h))) / (2 * h);
    expectClose(pose.logScale, quotient);
  });

  it.each<['position' | 'logScale' | 'rotation' | 'opacityLogit', number]>([
    ['position', 2e-4],
    ['logScale', 2e-3],
    ['rotation', 2e-3],
    ['opacityLogit', 2e-3],
  ])('every component of %s', (field, h) => {
    for (let k = 0; k < SMOOTH_SET[field].length; k++) {
      const moved = (sign: number): GaussianSet => {
        const values = SMOOTH_SET[field].slice();
        values[k] += sign * h;
        return { ...SMOOTH_SET, [field]: values };
      };
      const [ahead, behind] = [moved(1), moved(-1)];
      // The step that f32 storage really took.
      const step = ahead[field][k] - behind[field][k];
      expectClose(gaussian[field][k], (loss(POSE, ahead) - loss(POSE, behind)) / step);
    }
  });

  it('every component of colour', () => {
    for (let k = 0; k < SMOOTH_SET.sh.length; k++) {
      const moved = (sign: number): GaussianSet => {
        const sh = SMOOTH_SET.sh.slice();
        sh[k] += sign * 1e-2;
        return { ...SMOOTH_SET, sh };
      };
      expectClose(gaussian.colour[k] * SH_C0, (loss(POSE, moved(1)) - loss(POSE, moved(-1))) / 2e-2);
    }
  });
});

describe('wasm gradients against the twin, where ellipses end inside the picture', () => {
  const weights = randomLoss(7, CAMERA);
  const numPixels = CAMERA.widthPx * CAMERA.heightPx;
  const layer = { rgb: new Uint8Array(numPixels * 3), depthM: new Float32Array(numPixels).fill(0.52) };

  it.each<[string, RenderOptions]>([
    ['plain', {}],
    ['anti-aliased', { antialias: true }],
    ['over a layer', { layer }],
    ['anti-aliased over a layer', { antialias: true, layer }],
  ])('%s', (_, options) => {
    const run = (renderer: SplatRenderer): { pose: number[][]; gaussian: GaussianGradient } => {
      const first = renderer.prepare(randomSet(3, 60, 0.1, 0.03));
      const second = renderer.prepare(randomSet(4, 50, 0.1, 0.03));
      const beside = fromAxisAngle([0.6, 0, 0.8], 0.4, [0.12, 0.03, 0.55]);
      const instances = [
        { set: first, cameraFromSet: POSE, scale: 1.1, label: 1 },
        { set: second, cameraFromSet: beside, label: 2 },
      ];
      renderer.render(CAMERA, instances, options);
      const pose = [0, 1].map((k) => {
        const { twist, logScale } = renderer.poseGradient(weights, k);
        return [...twist, logScale];
      });
      return { pose, gaussian: renderer.gaussianGradient(weights, 1) };
    };
    const [a, b] = [run(wasm), run(twin)];
    // The exponential's fit moves alpha by up to 2e-4, sums of opposite signs by more than their own share.
    const scaleOf = (values: ArrayLike<number>): number => Math.max(...Array.from(values, Math.abs));
    for (const k of [0, 1]) {
      a.pose[k].forEach((value, i) => {
        expect(Math.abs(value - b.pose[k][i])).toBeLessThan(5e-3 * Math.abs(b.pose[k][i]) + 1e-3 * scaleOf(b.pose[k]));
      });
    }
    for (const field of ['position', 'logScale', 'rotation', 'opacityLogit', 'colour'] as const) {
      const largest = scaleOf(b.gaussian[field]);
      a.gaussian[field].forEach((value, i) => {
        expect(Math.abs(value - b.gaussian[field][i])).toBeLessThan(5e-3 * largest);
      });
    }
  });

  it('refuses gradients of another size or without a frame', async () => {
    const fresh = await createRenderer();
    expect(() => fresh.poseGradient(weights, 0)).toThrow(/render/);
    fresh.render({ ...CAMERA, widthPx: 10 }, [{ set: fresh.prepare(randomSet(1, 3)), cameraFromSet: POSE, label: 1 }]);
    expect(() => fresh.poseGradient(weights, 0)).toThrow(/pixels/);
  });
});
