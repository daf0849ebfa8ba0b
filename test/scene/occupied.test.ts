import { describe, expect, it } from 'vitest';
import { createRgb } from '../../src/image/image.js';
import { rayOf } from '../../src/math/camera.js';
import {
  compose,
  fromAxisAngle,
  fromTranslation,
  inverse,
  transformDirection,
  translationOf,
} from '../../src/math/se3.js';
import { occupiedPlaces } from '../../src/scene/occupied.js';
import type { Point2 } from '../../src/scene/polygon.js';

const CAMERA = { widthPx: 320, heightPx: 240, fx: 300, fy: 300, cx: 160, cy: 120 };
/** Looking down by 50 degrees from 0.7 m away. */
const CAMERA_FROM_WORLD = compose(fromTranslation([0, 0, 0.7]), fromAxisAngle([1, 0, 0], (140 * Math.PI) / 180));
const WORKSPACE: Point2[] = [
  [-0.2, -0.15],
  [0.2, -0.15],
  [0.2, 0.15],
  [-0.2, 0.15],
];

/** The table's picture: light that falls off, grain, and `at` for what lies on it. */
function picture(at: (x: number, y: number) => [number, number, number] | null) {
  const image = createRgb(CAMERA.widthPx, CAMERA.heightPx);
  const worldFromCamera = inverse(CAMERA_FROM_WORLD);
  const [cx, cy, cz] = translationOf(worldFromCamera);
  for (let i = 0; i < CAMERA.widthPx * CAMERA.heightPx; i++) {
    const ray = rayOf(CAMERA, (i % CAMERA.widthPx) + 0.5, Math.floor(i / CAMERA.widthPx) + 0.5);
    const [dx, dy, dz] = transformDirection(worldFromCamera, ray);
    const [x, y] = [cx - (dx * cz) / dz, cy - (dy * cz) / dz];
    const grain = 8 * Math.sin(200 * x) + ((i * 7919) % 13) - 6;
    const light = 150 + 200 * x + grain;
    image.data.set(at(x, y) ?? [light, 0.8 * light, 0.6 * light], 3 * i);
  }
  return image;
}

const find = (at: Parameters<typeof picture>[0], cleared: Parameters<typeof occupiedPlaces>[4] = []) =>
  occupiedPlaces(picture(at), CAMERA, CAMERA_FROM_WORLD, WORKSPACE, cleared);

describe('occupiedPlaces', () => {
  it('are none on a bare table with grain and uneven light', () => {
    expect(find(() => null)).toEqual([]);
  });

  it('cover what stands out, and only that', () => {
    const places = find((x, y) => (Math.hypot(x - 0.1, y - 0.05) < 0.04 ? [40, 120, 60] : null));
    expect(places.length).toBeGreaterThan(30);
    for (const [x, y] of places) expect(Math.hypot(x - 0.1, y - 0.05)).toBeLessThan(0.055);
    for (const [dx, dy] of [
      [0, 0],
      [0.03, 0],
      [0, -0.03],
    ]) {
      expect(places.some(([x, y, r]) => Math.hypot(x - 0.1 - dx, y - 0.05 - dy) < r + 0.005)).toBe(true);
    }
  });

  it('leave out what was taken away, small marks, and a cloth that covers much of the table', () => {
    const spot = (x: number, y: number): [number, number, number] | null =>
      Math.hypot(x - 0.1, y - 0.05) < 0.04 ? [40, 120, 60] : null;
    expect(find(spot, [{ centre: [0.1, 0.05], radiusM: 0.06 }])).toEqual([]);
    expect(find((x, y) => (Math.hypot(x, y) < 0.008 ? [20, 20, 20] : null))).toEqual([]);
    expect(find((x) => (x > 0.05 ? [30, 60, 160] : null))).toEqual([]);
  });
});
