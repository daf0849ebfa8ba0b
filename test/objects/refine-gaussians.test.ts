import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { fromAxisAngle } from '../../src/math/se3.js';
import {
  normalsOf,
  type Refinement,
  type RefineView,
  refineLoss,
  startOf,
} from '../../src/objects/refine-gaussians.js';
import { createTwinRenderer } from '../../src/splat/twin/twin-renderer.js';
import { randomSet } from '../splat/scenes.js';

/** A small picture inside every ellipse: no border crosses it, so the loss has no jumps. */
const camera = { widthPx: 14, heightPx: 12, fx: 40, fy: 38, cx: 6.6, cy: 6.1 };
const set = randomSet(3, 6, 0.05, 0.2);
const normals = normalsOf(set);
const random = new Random(8);
const numPixels = camera.widthPx * camera.heightPx;
const view = (k: number): RefineView => ({
  camera,
  cameraFromObject: fromAxisAngle([0.6, 0.8, 0], 0.7 * k, [0.01, -0.02, 0.5]),
  rgb: Float32Array.from({ length: 3 * numPixels }, () => random.uniform01()),
  mask: {
    inside: Float32Array.from({ length: numPixels }, (_, i) => (i % 14 < 9 ? 1 : 0.3)),
    care: Float32Array.from({ length: numPixels }, (_, i) => (i % 11 === 0 ? 0 : 1)),
  },
  weight: 1 / (k + 1),
  isPinned: true,
});
const views = [view(0), view(1)];
const renderer = createTwinRenderer();

describe('refineLoss', () => {
  it('its derivatives by colours, offsets and opacities are the difference quotients', () => {
    const start = startOf(set);
    const at = startOf(set);
    for (let i = 0; i < set.count; i++) {
      at.offsetsM[i] = random.normal(0, 0.002);
      at.opacityLogits[i] += random.normal(0, 0.2);
      at.colours[3 * i] = 0.2 + 0.6 * random.uniform01();
    }
    const lossAt = (point: Refinement) => refineLoss(set, normals, point, start, views, 0.1, renderer);
    const { gradient } = lossAt(at);
    const check = (field: keyof Refinement, h: number): void => {
      const largest = gradient[field].reduce((a, g) => Math.max(a, Math.abs(g)), 0);
      expect(largest).toBeGreaterThan(0);
      for (let k = 0; k < at[field].length; k++) {
        const moved = (sign: number): Refinement => ({
          ...at,
          [field]: at[field].map((v, i) => (i === k ? v + sign * h : v)),
        });
        const quotient = (lossAt(moved(1)).value - lossAt(moved(-1)).value) / (2 * h);
        // Gaussians are stored in single precision, which carries about 1e-3 of the largest derivative into the quotient.
        expect(Math.abs(gradient[field][k] - quotient)).toBeLessThan(0.01 * largest);
      }
    };
    check('colours', 2e-3);
    check('offsetsM', 5e-4);
    check('opacityLogits', 2e-2);
  });
});
