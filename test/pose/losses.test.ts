import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { createBytes, createRgb } from '../../src/image/image.js';
import { compose, expTwist, fromAxisAngle, identity, type Mat4, type Twist } from '../../src/math/se3.js';
import { boxMesh, transformMesh } from '../../src/objects/mesh.js';
import { refinePose } from '../../src/pose/adam.js';
import { calibrateScale, windowFor, withoutWidening } from '../../src/pose/calibrate.js';
import { createGradientBuffers, imageLoss } from '../../src/pose/image-loss.js';
import { depthPrior, evaluatePose, type TrackedObject } from '../../src/pose/objective.js';
import { boxOfId, observe } from '../../src/pose/observation.js';
import { contactLoss, extremePoints, trackLoss } from '../../src/pose/point-loss.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { gaussiansFromMesh } from '../../src/splat/from-mesh.js';

const camera = { widthPx: 64, heightPx: 64, fx: 300, fy: 300, cx: 32, cy: 32 };
const pose = (): Mat4 => fromAxisAngle([0.36, 0.48, 0.8], 0.7, [0.004, -0.003, 0.5]);
const axis = (k: number, step: number): Twist => [0, 1, 2, 3, 4, 5].map((i) => (i === k ? step : 0)) as Twist;

function numeric(loss: (m: Mat4) => number, at: Mat4, step: number): number[] {
  return [0, 1, 2, 3, 4, 5].map(
    (k) => (loss(compose(expTwist(axis(k, step)), at)) - loss(compose(expTwist(axis(k, -step)), at))) / (2 * step),
  );
}

describe('losses on points', () => {
  const random = new Random(5);
  const points = Float64Array.from({ length: 30 }, () => random.uniform(-0.03, 0.03));
  const xyPx = Float64Array.from({ length: 20 }, () => random.uniform(20, 44));

  it('track loss: the gradient agrees with central differences', () => {
    const gradient = new Float64Array(6);
    trackLoss({ points, xyPx }, pose(), camera, 0.7, gradient);
    const expected = numeric((m) => trackLoss({ points, xyPx }, m, camera, 0.7, new Float64Array(6)), pose(), 1e-6);
    expected.forEach((g, k) => {
      expect(Math.abs(gradient[k] - g)).toBeLessThan(1e-5 * (1 + Math.abs(g)));
    });
  });

  it('track loss: zero where every point lies on its track, and bounded far away', () => {
    const gradient = new Float64Array(6);
    const one = { points: Float64Array.of(0, 0, 0), xyPx: Float64Array.of(32 + 2.4, 32 - 1.8) };
    expect(trackLoss(one, pose(), camera, 1, gradient)).toBeCloseTo(0, 12);
    const far = { points: one.points, xyPx: Float64Array.of(1e6, 0) };
    expect(trackLoss(far, pose(), camera, 1, gradient)).toBeLessThanOrEqual(1);
    expect(trackLoss({ points: new Float64Array(0), xyPx: new Float64Array(0) }, pose(), camera, 1, gradient)).toBe(0);
  });

  it('depth prior: nothing for what is seen whole, gradient by central differences for what is half hidden', () => {
    const expected = compose(expTwist([0.004, -0.002, 0.01, 0.02, 0.03, -0.01]), pose());
    expect(depthPrior(pose(), expected, 0, new Float64Array(6))).toBe(0);
    expect(depthPrior(expected, expected, 1, new Float64Array(6))).toBe(0);
    const gradient = new Float64Array(6);
    expect(depthPrior(pose(), expected, 0.5, gradient)).toBeGreaterThan(0);
    const slopes = numeric((m) => depthPrior(m, expected, 0.5, new Float64Array(6)), pose(), 1e-6);
    slopes.forEach((g, k) => {
      expect(Math.abs(gradient[k] - g)).toBeLessThan(1e-5 * (1 + Math.abs(g)));
    });
  });

  it('contact: nothing above the table, squared centimetres below, gradient by central differences', () => {
    // World z is camera -y here, the table 2 cm below the optical axis.
    const worldFromCamera = [1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0.02, 0, 0, 0, 1];
    const own = Float64Array.of(0, 0.01, 0, 0, -0.01, 0);
    const at = (y: number): Mat4 => [1, 0, 0, 0, 0, 1, 0, y, 0, 0, 1, 0.5, 0, 0, 0, 1];
    expect(contactLoss(own, at(0), worldFromCamera, 1, new Float64Array(6))).toBe(0);
    expect(contactLoss(own, at(0.02), worldFromCamera, 1, new Float64Array(6))).toBeCloseTo(1, 9);
    const gradient = new Float64Array(6);
    contactLoss(own, at(0.02), worldFromCamera, 1, gradient);
    const expected = numeric((m) => contactLoss(own, m, worldFromCamera, 1, new Float64Array(6)), at(0.02), 1e-6);
    expected.forEach((g, k) => {
      expect(Math.abs(gradient[k] - g)).toBeLessThan(1e-3 * (1 + Math.abs(g)));
    });
  });

  it('extreme points of a box are its corners', () => {
    const { vertices } = boxMesh(0.02, 0.03, 0.04);
    const extremes = extremePoints(vertices, vertices.length / 3);
    expect(extremes.length).toBe(8 * 3);
  });
});

describe('render-and-compare', () => {
  let object: TrackedObject;
  const frame = createRgb(64, 64);
  const idMap = createBytes(64, 64);
  const view = () => ({
    observation: observe({ rgb: frame, idMap }, 1, camera, { x0: 14, y0: 14, x1: 50, y1: 50 }, 64),
    tracks: null,
  });

  beforeAll(async () => {
    const renderer = await createRenderer();
    const mesh = transformMesh(boxMesh(0.04, 0.05, 0.03), [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, -0.015, 0, 0, 0, 1]);
    const paint = ([x, y, z]: [number, number, number]): [number, number, number] => [
      0.5 + 12 * x,
      0.5 + 10 * y,
      0.5 + 15 * z,
    ];
    const gaussians = gaussiansFromMesh(mesh.vertices, mesh.triangles, paint, 0.003, new Random(2));
    object = {
      id: 1,
      renderer,
      gaussians,
      set: renderer.prepare(gaussians),
      scale: 1,
      extremes: extremePoints(gaussians.position, gaussians.count),
      radiusM: 0.036,
      worldFromCamera: identity(),
      weights: { mask: 1, rgb: 1.5, depth: 0, track: 0, contact: 0 },
    };
    const drawn = renderer.render(camera, [{ set: object.set, cameraFromSet: pose(), label: 1 }]);
    for (let i = 0; i < 64 * 64; i++) {
      idMap.data[i] = drawn.alpha[i] > 0.5 ? 1 : 0;
      for (let c = 0; c < 3; c++) frame.data[3 * i + c] = Math.min(255, Math.max(0, 255 * drawn.rgb[3 * i + c]));
    }
  });

  it('outside of a mask that lost a part, colours are held against what is seen there, with the right gradient', () => {
    const whole = view().observation;
    // The left half of the mask is gone.
    const half = whole.mask.inside.map((value, i) => (i % 64 < 32 ? 0 : value));
    const observation = { ...whole, mask: { ...whole.mask, inside: half }, outsideWeight: 0.1, colourOutside: true };
    const colourOnly = { ...object, weights: { ...object.weights, mask: 0 } };
    const lossOf = (m: Mat4): number => evaluatePose(colourOnly, m, [{ observation, tracks: null }], false).value;
    const believed = { ...observation, colourOutside: false };
    const ifBelieved = evaluatePose(colourOnly, pose(), [{ observation: believed, tracks: null }], false).value;
    expect(lossOf(pose())).toBeLessThan(0.1 * ifBelieved);
    // By coverage, at a drawn pixel outside of what is left of the mask.
    const { renderer, set } = object;
    const drawn = renderer.render(camera, [{ set, cameraFromSet: pose(), label: 1 }]);
    const weights = { ...object.weights, mask: 0 };
    const buffers = createGradientBuffers(64 * 64);
    const analytic = imageLoss(drawn, observation, weights, buffers).gradient!.alpha!;
    const outside = half.findIndex((inside, i) => inside === 0 && drawn.alpha[i] > 0.6 && drawn.alpha[i] < 0.9);
    const lossAt = (alpha: number): number => {
      const changed = { ...drawn, alpha: drawn.alpha.with(outside, alpha) };
      return imageLoss(changed, observation, weights, null).value;
    };
    const own = drawn.alpha[outside];
    const slope = (lossAt(own + 0.01) - lossAt(own - 0.01)) / 0.02;
    expect(Math.abs(slope)).toBeGreaterThan(0);
    expect(analytic[outside] / slope).toBeCloseTo(1, 1);
  });

  it('the gradient through the renderer agrees with central differences', () => {
    // f32 drawing and order changes leave a few percent on the scale of the largest entries.
    const off = compose(expTwist([0.002, -0.001, 0.006, 0.05, -0.04, 0.06]), pose());
    const { gradient } = evaluatePose(object, off, [view()], true);
    const expected = numeric((m) => evaluatePose(object, m, [view()], false).value, off, 2e-4);
    const scales = [0, 1].map((part) => Math.max(...expected.slice(3 * part, 3 * part + 3).map(Math.abs)));
    expected.forEach((g, k) => {
      expect(Math.abs(gradient[k] - g) / scales[Math.floor(k / 3)]).toBeLessThan(0.08);
    });
  });

  it('depth: expected depth enters with the right sign and size', () => {
    const base = view().observation;
    const drawn = object.renderer.render(base.crop.camera, [{ set: object.set, cameraFromSet: pose(), label: 1 }]);
    const farther = drawn.depthM.map((z) => (z > 0 ? z + 0.02 : 0));
    const weights = { mask: 0, rgb: 0, depth: 1, track: 0, contact: 0 };
    const loss = imageLoss(drawn, { ...base, depthM: farther }, weights, createGradientBuffers(farther.length));
    // Charbonnier of 2 cm with 3 mm softness in units of 3 cm.
    expect(loss.value).toBeCloseTo((Math.hypot(0.02, 0.003) - 0.003) / 0.03, 2);
    const deep: TrackedObject = { ...object, weights };
    const at = (m: Mat4) => evaluatePose(deep, m, [{ observation: { ...base, depthM: farther }, tracks: null }], true);
    expect(at(pose()).gradient[2]).toBeLessThan(0);
    expect(at(compose(expTwist(axis(2, 0.02)), pose())).value).toBeLessThan(0.1 * at(pose()).value + 0.03);
  });

  it('Adam comes back from 3 px and 4 degrees to under half a pixel (0.8 mm here)', () => {
    const turned = compose(pose(), fromAxisAngle([0.6, -0.8, 0], 0.07));
    const off = compose(expTwist([0.004, -0.003, 0.008, 0, 0, 0]), turned);
    const calibrated = calibrateScale(object, pose(), [view()]);
    expect(calibrated.scale).toBeGreaterThan(0.9);
    expect(calibrated.scale).toBeLessThan(1.02);
    const found = refinePose(calibrated, off, [view()], { steps: 60, freedom: 'free' });
    expect(found.iou).toBeGreaterThan(0.94);
    const [p, q] = [found.cameraFromObject, pose()];
    expect(Math.hypot(p[3] - q[3], p[7] - q[7])).toBeLessThan(0.0008);
    expect(Math.abs(p[11] - q[11])).toBeLessThan(0.008);
  });

  it('pixels of a hand say nothing: covering half of the object changes the agreement only a little', () => {
    const covered = createBytes(64, 64, new Uint8Array(idMap.data));
    for (let y = 0; y < 64; y++) covered.data.fill(255, y * 64 + 34, y * 64 + 64);
    const observation = observe({ rgb: frame, idMap: covered }, 1, camera, { x0: 14, y0: 14, x1: 50, y1: 50 }, 64);
    const whole = evaluatePose(object, pose(), [view()], false);
    const half = evaluatePose(object, pose(), [{ observation, tracks: null }], false);
    expect(Math.abs(half.iou - whole.iou)).toBeLessThan(0.05);
    expect(half.visibleFraction).toBeLessThan(0.65);
    expect(whole.visibleFraction).toBeGreaterThan(0.9);
  });
});

describe('withoutWidening', () => {
  it('brings a thin stick to its mask, which a scale alone cannot: what is too thick is not too long', async () => {
    const renderer = await createRenderer();
    // 18 cm by 1.6 cm at 0.6 m: 180 by 16 pixels of the frame, 80 by 7 of the window.
    const mesh = boxMesh(0.18, 0.016, 0.003);
    const gaussians = gaussiansFromMesh(mesh.vertices, mesh.triangles, () => [0.8, 0.7, 0.2], 0.003, new Random(2));
    const wide = { widthPx: 300, heightPx: 160, fx: 600, fy: 600, cx: 150, cy: 80 };
    const facing: Mat4 = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0.6, 0, 0, 0, 1];
    const seen = createBytes(300, 160);
    for (let y = 72; y < 88; y++) seen.data.fill(1, y * 300 + 60, y * 300 + 240);
    const stick: TrackedObject = {
      ...{ id: 1, renderer, gaussians, set: renderer.prepare(gaussians), scale: 1, radiusM: 0.09 },
      extremes: extremePoints(gaussians.position, gaussians.count),
      worldFromCamera: identity(),
      weights: { mask: 1, rgb: 0, depth: 0, track: 0, contact: 0 },
    };
    const plain = createRgb(300, 160);
    const observation = observe({ rgb: plain, idMap: seen }, 1, wide, boxOfId(seen, 1)!, 128);

    const views = [{ observation, tracks: null }];
    const alone = calibrateScale(stick, facing, views);
    const both = calibrateScale(withoutWidening(stick, facing, observation), facing, views);
    const lossOf = (object: TrackedObject): number => evaluatePose(object, facing, views, false).value;
    expect(lossOf(both)).toBeLessThan(0.5 * lossOf(alone));
  });
});

describe('windowFor', () => {
  it('keeps the usual window for a block and doubles it at most for a stick', () => {
    const ids = createBytes(200, 100);
    for (let y = 20; y < 60; y++) ids.data.fill(1, y * 200 + 20, y * 200 + 60);
    for (let y = 80; y < 84; y++) ids.data.fill(2, y * 200 + 10, y * 200 + 190);
    expect(windowFor(ids, 1, 72)).toBe(72);
    expect(windowFor(ids, 2, 72)).toBe(144);
    expect(windowFor(ids, 3, 72)).toBe(72);
  });
});
