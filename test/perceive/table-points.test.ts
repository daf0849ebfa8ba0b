import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { createFloats } from '../../src/image/image.js';
import { dot, type Vec3 } from '../../src/math/vec3.js';
import type { Clip } from '../../src/perceive/clip.js';
import { estimatePlane, worldFrame } from '../../src/perceive/geometry/table.js';
import { leastTilt, type TablePoints, tablePoints } from '../../src/perceive/geometry/table-points.js';
import { tiltOf, upOf } from '../../src/perceive/geometry/tilt.js';
import { tableDepth } from '../../src/perceive/providers/depth-align.js';
import { planeFromDepth } from '../../src/perceive/providers/depth-plane.js';
import type { CameraFinding } from '../../src/perceive/providers/provider.js';

const size = { widthPx: 64, heightPx: 48 };
const clip = { ...size, frameWidthPx: 640, frameHeightPx: 480 } as Clip;
const camera = {
  widthPx: 640,
  heightPx: 480,
  fx: 500,
  fy: 500,
  cx: 320,
  cy: 240,
  source: 'option' as const,
  focalLogSd: 0.01,
};

describe('pixels of bare table', () => {
  const points = (xyPx: [number, number][]): TablePoints => tablePoints(clip, xyPx)!;

  it('are none without points, else hold what lies between them', () => {
    expect(tablePoints(clip, [])).toBeNull();
    const { region } = points([
      [100, 100],
      [500, 100],
      [100, 400],
    ]);
    expect(region[20 * 64 + 20]).toBe(1);
    expect(region[38 * 64 + 48]).toBe(0);
  });

  it('bound the tilt: the farthest is at most four times as far as the nearest', () => {
    // Slopes -0.4 and 0.4 about the axis: (sin t + 0.4 cos t) / (sin t - 0.4 cos t) = 4 at tan t = 2 / 3, 33.7 degrees.
    const bound = leastTilt(
      camera,
      points([
        [100, 40],
        [500, 40],
        [300, 440],
      ]),
      0,
    );
    expect(bound).toBeGreaterThanOrEqual(33.6);
    expect(bound).toBeLessThanOrEqual(34.2);
    const prior = estimatePlane(null, [], { tableTilt: null });
    const raised = estimatePlane(null, [], { tableTilt: null }, () => 55);
    expect(tiltOf(prior.up)).toBeCloseTo(40, 6);
    expect(tiltOf(raised.up)).toBeCloseTo(55, 6);
    expect(raised.sdDeg).toBeGreaterThanOrEqual(prior.sdDeg);
    expect(raised.source).toContain('raised from 40 degrees');
  });

  it('are where metric depth sets the plane', () => {
    const finding = (up: Vec3, distanceM: number): CameraFinding => ({
      camera,
      up,
      normalSdDeg: 12,
      normalSource: 'prior',
      distance: { value: distanceM, sd: 0.3, source: 'prior' },
      cameraFromWorld: worldFrame(up, distanceM),
    });
    // The table at the left, a tray on it, tilted and nearer, around the object at the right.
    const table = tableDepth(finding(upOf(50), 0.8), 64, 48);
    const tray = tableDepth(finding(upOf(35), 0.6), 64, 48);
    const map = createFloats(64, 48);
    map.data.forEach((_, i) => {
      map.data[i] = i % 64 < 32 ? table.data[i] : tray.data[i];
    });
    const ids = { ...size, data: new Uint8Array(64 * 48) };
    for (let y = 20; y < 28; y++) ids.data.fill(1, y * 64 + 46, y * 64 + 54);
    const shown = points([
      [20, 20],
      [280, 20],
      [280, 460],
      [20, 460],
    ]);
    const byDepth = (given: TablePoints | null): CameraFinding | null => {
      const inputs = { clip, found: finding(upOf(40), 1), ids: new Map([[0, ids]]), table: given };
      return planeFromDepth(map, inputs, ids, new Random(3));
    };
    const found = byDepth(shown)!;
    expect(dot(found.up, upOf(50))).toBeGreaterThan(Math.cos(0.5 / 57));
    expect(found.distance.value).toBeCloseTo(0.8, 2);
    expect(found.normalSource).toContain('that was shown');
    // Without the hint the surroundings of the object are taken.
    expect(byDepth(null)?.distance.value).not.toBeCloseTo(0.8, 1);
  });
});
