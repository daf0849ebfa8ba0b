import { describe, expect, it } from 'vitest';
import type { Intrinsics } from '../../src/math/camera.js';
import { compose, fromAxisAngle, identity, inverse } from '../../src/math/se3.js';
import { createRenderer } from '../../src/splat/create-renderer.js';
import { mergeSets, transformSet } from '../../src/splat/ops.js';
import { createFrame, type Frame, type RenderOptions, type SplatRenderer } from '../../src/splat/renderer.js';
import { createTwinRenderer } from '../../src/splat/twin/twin-renderer.js';
import { CAMERA, psnr, randomSet, singleSet } from './scenes.js';

const wasm = await createRenderer();
const twin = createTwinRenderer();
const BACKENDS: [string, SplatRenderer][] = [
  ['wasm', wasm],
  ['twin', twin],
];
const POSE = fromAxisAngle([0.6, 0.8, 0], 0.7, [0.02, -0.03, 0.5]);

describe.each(BACKENDS)('%s: hand-computed values', (_name, renderer) => {
  // fx = fy = 100, z = 1, sd 0.02 m: 2 px on the screen, variance 4 + 0.3 px^2. Mean at (16.5, 12.5): the centre of pixel (16, 12).
  const camera: Intrinsics = { widthPx: 33, heightPx: 25, fx: 100, fy: 100, cx: 16.5, cy: 12.5 };
  const set = renderer.prepare(singleSet(0.02, 0.8, [0.9, 0.5, 0.1]));
  const frame = renderer.render(camera, [{ set, cameraFromSet: fromAxisAngle([1, 0, 0], 0, [0, 0, 1]), label: 7 }]);
  const at = (x: number, y: number): number => y * 33 + x;

  it('is brightest at its mean, with alpha = opacity', () => {
    expect(frame.alpha[at(16, 12)]).toBeCloseTo(0.8, 3);
    expect(frame.rgb[3 * at(16, 12)]).toBeCloseTo(0.8 * 0.9, 3);
    expect(frame.rgb[3 * at(16, 12) + 1]).toBeCloseTo(0.8 * 0.5, 3);
    expect(frame.rgb[3 * at(16, 12) + 2]).toBeCloseTo(0.8 * 0.1, 3);
  });
  it('falls off as exp(-d^2 / (2 * 4.3)): pixel centres at +0.5', () => {
    for (const [x, y] of [
      [17, 12],
      [15, 12],
      [16, 14],
      [19, 9],
    ]) {
      const square = (x - 16) ** 2 + (y - 12) ** 2;
      expect(frame.alpha[at(x, y)]).toBeCloseTo(0.8 * Math.exp(-square / 8.6), 3);
    }
  });
  it('ends where alpha falls below 1/255', () => {
    // 0.8 exp(-d^2 / 8.6) = 1/255 at d = 6.76.
    expect(frame.alpha[at(22, 12)]).toBeGreaterThan(0);
    expect(frame.alpha[at(23, 12)]).toBe(0);
  });
  it('gives depth, median depth and label where it covers more than half', () => {
    expect(frame.depthM[at(16, 12)]).toBeCloseTo(1, 5);
    expect(frame.medianDepthM[at(16, 12)]).toBeCloseTo(1, 5);
    expect(frame.label[at(16, 12)]).toBe(7);
    expect(frame.label[at(20, 12)]).toBe(0);
    expect(frame.depthM[at(20, 12)]).toBeCloseTo(1, 5);
    expect(frame.depthM[at(30, 2)]).toBe(0);
  });
  it('compensates the opacity in anti-aliased mode by sqrt(det / det with low-pass) = 4 / 4.3', () => {
    const options = { antialias: true };
    const smooth = renderer.render(
      camera,
      [{ set, cameraFromSet: fromAxisAngle([1, 0, 0], 0, [0, 0, 1]), label: 7 }],
      options,
    );
    expect(smooth.alpha[at(16, 12)]).toBeCloseTo((0.8 * 4) / 4.3, 3);
  });
  it('keeps fx, fy and an off-centre principal point apart', () => {
    const odd: Intrinsics = { widthPx: 40, heightPx: 30, fx: 100, fy: 50, cx: 10.5, cy: 20.5 };
    const moved = renderer.render(odd, [{ set, cameraFromSet: fromAxisAngle([1, 0, 0], 0, [0.1, -0.2, 1]), label: 1 }]);
    // Mean at (20.5, 10.5). J = [100, 0, -10; 0, 50, 10] px/m: variances 4.04 + 0.3 and 1.04 + 0.3, covariance -0.04 px^2.
    const det = 4.34 * 1.34 - 0.04 ** 2;
    expect(moved.alpha[10 * 40 + 20]).toBeCloseTo(0.8, 3);
    expect(moved.alpha[10 * 40 + 22]).toBeCloseTo(0.8 * Math.exp((-2 * 1.34) / det), 3);
    expect(moved.alpha[12 * 40 + 20]).toBeCloseTo(0.8 * Math.exp((-2 * 4.34) / det), 3);
  });
  it('scales about the set origin before the pose', () => {
    const big = renderer.render(camera, [
      { set, cameraFromSet: fromAxisAngle([1, 0, 0], 0, [0, 0, 1]), scale: 2, label: 1 },
    ]);
    expect(big.alpha[at(18, 12)]).toBeCloseTo(0.8 * Math.exp(-4 / (2 * 16.3)), 3);
  });
});

describe('wasm against the f64 twin', () => {
  const both = (options: RenderOptions, camera = CAMERA): [Frame, Frame] => {
    const draw = (renderer: SplatRenderer): Frame => {
      const first = renderer.prepare(randomSet(3, 80, 0.1, 0.02));
      const second = renderer.prepare(randomSet(4, 60, 0.1, 0.01));
      const frame = renderer.render(
        camera,
        [
          { set: first, cameraFromSet: POSE, label: 3 },
          {
            set: second,
            cameraFromSet: compose(POSE, fromAxisAngle([0, 0, 1], 1, [0.05, 0, 0])),
            label: 200,
            scale: 1.3,
          },
        ],
        options,
      );
      first.dispose();
      second.dispose();
      return frame;
    };
    return [draw(wasm), draw(twin)];
  };
  it.each([1, 2, 3])(
    'view-dependent colour of degree %i, scaled, a number of Gaussians that fills no vector',
    (degree) => {
      const set = randomSet(9, 37, 0.1, 0.02, degree);
      const draw = (renderer: SplatRenderer): Frame =>
        renderer.render(CAMERA, [{ set: renderer.prepare(set), cameraFromSet: POSE, scale: 1.4, label: 1 }]);
      expect(psnr(draw(wasm).rgb, draw(twin).rgb)).toBeGreaterThan(65);
    },
  );

  const layer = {
    rgb: Uint8Array.from({ length: CAMERA.widthPx * CAMERA.heightPx * 3 }, (_, i) => (i * 37) % 256),
    depthM: Float32Array.from({ length: CAMERA.widthPx * CAMERA.heightPx }, (_, i) => [0.5, 0.45, Infinity, 0][i % 4]),
  };

  it.each<[string, RenderOptions]>([
    ['plain', {}],
    ['anti-aliased', { antialias: true }],
    ['over a layer', { layer }],
    ['without depth', { depth: false }],
  ])('%s: colour within 45 dB, alpha, depth and labels agree', (_, options) => {
    const [a, b] = both(options);
    // 45 dB is the promise; about 80 dB is what the exponential's fit (2e-4) gives.
    expect(psnr(a.rgb, b.rgb)).toBeGreaterThan(65);
    expect(psnr(a.alpha, b.alpha)).toBeGreaterThan(65);
    let different = 0;
    for (let i = 0; i < a.alpha.length; i++) {
      // A pixel whose coverage is one half to 1e-3 may fall on either side.
      if (Math.abs(b.alpha[i] - 0.5) < 1e-3) continue;
      if (a.label[i] !== b.label[i]) different++;
      if (b.alpha[i] > 0.02) expect(Math.abs(a.depthM[i] - b.depthM[i])).toBeLessThan(2e-3);
    }
    // Labels flip where the transmittance passes one half exactly between two Gaussians.
    expect(different).toBeLessThanOrEqual(2);
  });

  it('agrees on odd sizes, where tiles and blocks are cut', () => {
    for (const [widthPx, heightPx] of [
      [1, 1],
      [5, 3],
      [33, 17],
      [97, 31],
    ]) {
      const [a, b] = both({}, { ...CAMERA, widthPx, heightPx, cx: widthPx / 2, cy: heightPx / 2 });
      expect(psnr(a.rgb, b.rgb)).toBeGreaterThan(60);
    }
  });

  it.each([0.004, 0.015, 0.05])('agrees where tiles hold many chunks of entries, Gaussians of %f m', (sdM) => {
    const camera: Intrinsics = { widthPx: 97, heightPx: 65, fx: 150, fy: 160, cx: 45, cy: 30 };
    const draw = (renderer: SplatRenderer): Frame => {
      const set = randomSet(21, 3000, 0.15, sdM);
      // Thin ones let pixels take many Gaussians, flat ones make needles.
      for (let i = 0; i < set.count; i++) {
        set.opacityLogit[i] -= i % 3;
        set.logScale[3 * i] -= i % 4;
      }
      return renderer.render(camera, [{ set: renderer.prepare(set), cameraFromSet: POSE, label: 1 }]);
    };
    const [a, b] = [draw(wasm), draw(twin)];
    expect(psnr(a.rgb, b.rgb)).toBeGreaterThan(65);
    expect(psnr(a.alpha, b.alpha)).toBeGreaterThan(65);
    expect(a.alpha.reduce((sum, value) => sum + value, 0) / a.alpha.length).toBeGreaterThan(0.2);
  });

  it('gives the same bytes every time, whatever was drawn in between', () => {
    const [a] = both({});
    both({ layer });
    both({}, { ...CAMERA, widthPx: 64, heightPx: 64 });
    const [b] = both({});
    expect(Buffer.compare(Buffer.from(a.rgb.buffer), Buffer.from(b.rgb.buffer))).toBe(0);
    expect(Buffer.compare(Buffer.from(a.depthM.buffer), Buffer.from(b.depthM.buffer))).toBe(0);
  });

  it('draws view-dependent colour of degree 3 alike', () => {
    const draw = (renderer: SplatRenderer): Frame => {
      const set = renderer.prepare(randomSet(9, 50, 0.1, 0.02, 3));
      return renderer.render(CAMERA, [{ set, cameraFromSet: POSE, label: 1 }]);
    };
    expect(psnr(draw(wasm).rgb, draw(twin).rgb)).toBeGreaterThan(65);
  });
});

describe('wasm limits', () => {
  it('refuses pictures and crowds beyond its memory with a plain message', async () => {
    const renderer = await createRenderer();
    const set = renderer.prepare(randomSet(1, 3000, 0.1, 3));
    const wide: Intrinsics = { widthPx: 32767, heightPx: 2000, fx: 30_000, fy: 30_000, cx: 16_000, cy: 1000 };
    const instances = [{ set, cameraFromSet: POSE, label: 1 }];
    const none = createFrame(wide.widthPx, 0);
    expect(() => renderer.render(wide, instances, {}, { ...none, heightPx: 2000 })).toThrow(/times over/);
    expect(() =>
      renderer.render({ ...wide, widthPx: 40_000 }, instances, {}, { ...none, widthPx: 40_000, heightPx: 2000 }),
    ).toThrow(/32767/);
    // And goes on working afterwards.
    expect(renderer.render(CAMERA, instances).alpha[0]).toBeGreaterThan(0);
  });

  it('refuses to draw a set that was disposed', () => {
    const set = wasm.prepare(randomSet(1, 3));
    set.dispose();
    set.dispose();
    expect(() => wasm.render(CAMERA, [{ set, cameraFromSet: POSE, label: 1 }])).toThrow(/disposed/);
  });
});

describe.each(BACKENDS)('%s: laws', (_name, renderer) => {
  const draw = (instances: Parameters<SplatRenderer['render']>[1], options?: RenderOptions): Frame =>
    renderer.render(CAMERA, instances, options);

  it('instances draw the same as one merged set', () => {
    const first = randomSet(3, 40);
    const second = randomSet(4, 40);
    const offset = fromAxisAngle([0, 1, 0], 0.4, [0.03, 0, 0.02]);
    const apart = draw([
      { set: renderer.prepare(first), cameraFromSet: POSE, label: 1 },
      { set: renderer.prepare(second), cameraFromSet: compose(POSE, offset), label: 1 },
    ]);
    const merged = mergeSets([first, transformSet(second, offset)]);
    const together = draw([{ set: renderer.prepare(merged), cameraFromSet: POSE, label: 1 }]);
    // f32 positions of the moved copy differ in the last bit.
    expect(psnr(apart.rgb, together.rgb)).toBeGreaterThan(80);
  });

  it('moving the camera or the set is the same, view-dependent colour included', () => {
    const set = randomSet(5, 40, 0.1, 0.02, 3);
    const move = fromAxisAngle([0.6, 0, 0.8], 1.1, [0.01, 0.02, 0.03]);
    const before = draw([{ set: renderer.prepare(set), cameraFromSet: POSE, label: 1 }]);
    const after = draw([
      { set: renderer.prepare(transformSet(set, move)), cameraFromSet: compose(POSE, inverse(move)), label: 1 },
    ]);
    expect(psnr(before.rgb, after.rgb)).toBeGreaterThan(80);
  });

  it('over a cached render of what lies behind gives the pixels of rendering everything together', () => {
    // A wall of large opaque Gaussians behind a moving group: the layer is the wall's own picture and median depth.
    const wall = randomSet(11, 300, 0.6, 0.12);
    wall.opacityLogit.fill(6);
    for (let i = 0; i < wall.count; i++) wall.position[3 * i + 2] *= 0.02;
    const wallSet = renderer.prepare(wall);
    const group = renderer.prepare(randomSet(12, 60, 0.08, 0.02));
    const wallPose = fromAxisAngle([1, 0, 0], 0, [0, 0, 1]);
    const groupPose = fromAxisAngle([1, 0, 0], 0.3, [0, 0, 0.55]);
    const behind = draw([{ set: wallSet, cameraFromSet: wallPose, label: 1 }]);
    const layer = {
      rgb: Uint8Array.from(behind.rgb, (v) => Math.round(255 * Math.min(v, 1))),
      depthM: behind.medianDepthM,
    };
    const layered = draw([{ set: group, cameraFromSet: groupPose, label: 2 }], { layer });
    const together = draw([
      { set: wallSet, cameraFromSet: wallPose, label: 1 },
      { set: group, cameraFromSet: groupPose, label: 2 },
    ]);
    // The layer is rounded to 8 bits (53 dB and better) and its pixels are opaque where the wall is.
    expect(psnr(layered.rgb, together.rgb)).toBeGreaterThan(50);
    const labelled = layered.label.map((label, i) => Number((label === 2) === (together.label[i] === 2)));
    expect(labelled.reduce((sum, same) => sum + same, 0) / labelled.length).toBeGreaterThan(0.998);
  });

  it('hides what lies behind the layer and leaves the layer alone there', () => {
    const numPixels = CAMERA.widthPx * CAMERA.heightPx;
    const layer = { rgb: new Uint8Array(numPixels * 3).fill(51), depthM: new Float32Array(numPixels).fill(0.1) };
    const frame = draw([{ set: renderer.prepare(randomSet(1, 50)), cameraFromSet: POSE, label: 1 }], { layer });
    expect(Math.max(...frame.alpha)).toBe(0);
    expect(Math.max(...frame.label)).toBe(0);
    expect(frame.rgb.every((value) => Math.abs(value - 0.2) < 1e-6)).toBe(true);
    expect(frame.depthM[0]).toBeCloseTo(0.1, 6);
  });

  it('bytes are the rounded floats, and frames can be drawn into', () => {
    const set = renderer.prepare(randomSet(1, 50));
    const instances = [{ set, cameraFromSet: POSE, label: 4 }];
    const into = createFrame(CAMERA.widthPx, CAMERA.heightPx);
    into.rgb.fill(9);
    into.label.fill(9);
    expect(renderer.render(CAMERA, instances, {}, into)).toBe(into);
    const bytes = renderer.renderBytes(CAMERA, instances);
    const worst = bytes.rgb.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - 255 * Math.min(into.rgb[i], 1))),
      0,
    );
    expect(worst).toBeLessThanOrEqual(0.5001);
    expect(bytes.label).toEqual(into.label);
    expect(bytes.medianDepthM).toEqual(into.medianDepthM);
    expect(() => renderer.render({ ...CAMERA, widthPx: 3 }, instances, {}, into)).toThrow(/48x40.*3x40/);
  });

  it('draws nothing, and does not fail, for empty, invisible and poisoned sets', () => {
    const poisoned = randomSet(2, 6);
    poisoned.position[0] = Number.NaN;
    poisoned.logScale[4] = Number.POSITIVE_INFINITY;
    poisoned.rotation.fill(0, 8, 12);
    poisoned.opacityLogit[3] = Number.NaN;
    poisoned.sh[13] = Number.NEGATIVE_INFINITY;
    poisoned.logScale[16] = 400;
    const behind = fromAxisAngle([1, 0, 0], 0, [0, 0, -1]);
    for (const frame of [
      draw([]),
      draw([{ set: renderer.prepare(randomSet(1, 0)), cameraFromSet: POSE, label: 1 }]),
      draw([{ set: renderer.prepare(poisoned), cameraFromSet: POSE, label: 1 }]),
      draw([{ set: renderer.prepare(randomSet(1, 30)), cameraFromSet: behind, label: 1 }]),
      draw([{ set: renderer.prepare(randomSet(1, 30)), cameraFromSet: identity().fill(Number.NaN), label: 1 }]),
    ]) {
      expect(frame.rgb.every((value) => value === 0)).toBe(true);
      expect(frame.alpha.every((value) => value === 0)).toBe(true);
    }
  });
});
