import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { project } from '../../src/math/camera.js';
import { inverse, transformPoint, translationOf } from '../../src/math/se3.js';
import { createFranka } from '../../src/robot/franka.js';
import { placeBase } from '../../src/scene/base-placement.js';
import { area, circlePolygon, clip, contains, type Point2 } from '../../src/scene/polygon.js';
import { tableDepth } from '../../src/scene/table-depth.js';
import type { WorkArea } from '../../src/scene/work-area.js';
import { findWorkspace, reachShareIn, samplePolygon } from '../../src/scene/workspace.js';
import { CAMERA_FROM_WORLD } from '../skill/synthetic.js';

const CAMERA = { widthPx: 64, heightPx: 48, fx: 60, fy: 60, cx: 32, cy: 24 };
const CAMERA_IN_WORLD = translationOf(inverse(CAMERA_FROM_WORLD));
const SQUARE: Point2[] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

describe('polygons', () => {
  it('cuts a square in half, in two thirds of its corner, and away', () => {
    expect(area(SQUARE)).toBe(1);
    expect(area(clip(SQUARE, { a: 1, b: 0, c: -0.5 }))).toBeCloseTo(0.5, 12);
    // x + y <= 0.5 cuts off a triangle of 1/8.
    expect(area(clip(SQUARE, { a: -1, b: -1, c: 0.5 }))).toBeCloseTo(0.125, 12);
    expect(clip(SQUARE, { a: 1, b: 0, c: -2 })).toEqual([]);
  });

  it('knows inside from outside', () => {
    expect(contains(SQUARE, [0.5, 0.5])).toBe(true);
    expect(contains(SQUARE, [1, 0.5])).toBe(true);
    expect(contains(SQUARE, [1.01, 0.5])).toBe(false);
    expect(contains([], [0, 0])).toBe(false);
  });
});

describe('tableDepth', () => {
  it('agrees with the z of table points seen through the camera, and is 0 beyond its limit', () => {
    const depth = tableDepth(CAMERA, CAMERA_FROM_WORLD, 3);
    for (const [x, y] of [
      [0, 0],
      [0.2, -0.1],
      [-0.25, 0.3],
    ]) {
      const p = transformPoint(CAMERA_FROM_WORLD, [x, y, 0]);
      const [u, v] = project(CAMERA, p);
      const at = depth.data[Math.floor(v) * 64 + Math.floor(u)];
      // Within a pixel the plane changes by at most 2.2 cm of depth at this distance and focal length.
      expect(Math.abs(at - p[2])).toBeLessThan(0.022);
    }
    const near = tableDepth(CAMERA, CAMERA_FROM_WORLD, 1.1);
    expect(near.data[0]).toBe(0);
    expect(depth.data[0]).toBeGreaterThan(1.1);
  });

  it('has no table above the horizon', () => {
    // A camera 0.5 m above the table that looks level: world z is -y of the camera.
    const level = [1, 0, 0, 0, 0, 0, -1, 0.5, 0, 1, 0, 0, 0, 0, 0, 1];
    const depth = tableDepth(CAMERA, level, 100);
    expect(depth.data.slice(0, 24 * 64).every((z) => z === 0)).toBe(true);
    // Row 47: v - cy = 23.5 px, so z = 0.5 * 60 / 23.5.
    expect(depth.data[47 * 64 + 10]).toBeCloseTo((0.5 * 60) / 23.5, 5);
  });
});

describe('robot placement', () => {
  const robot = createFranka();
  const work: WorkArea = {
    places: [
      [-0.12, 0],
      [0.12, 0.05],
    ],
    centre: [0, 0.025],
    radiusM: 0.12,
    taskObjects: [{ name: 'bowl', centre: [0.12, 0.05], radiusM: 0.08, heightM: 0.06 }],
    passive: [{ name: 'vase', centre: [0, 0.45], radiusM: 0.1, heightM: 0.3 }],
    cameraInWorld: CAMERA_IN_WORLD,
  };
  const candidates = placeBase(robot, work, CAMERA, CAMERA_FROM_WORLD, { distanceM: null, azimuthRad: null });
  const best = candidates[0];
  const workspace = findWorkspace(robot, best.worldFromBase, work, CAMERA, CAMERA_FROM_WORLD, {
    workRadiusM: 0.15,
    tableDepthM: 3,
    tableEdges: [],
  });

  it('stands on the table, faces the work, reaches it, hides nothing and hits nothing', () => {
    const [x, y, z] = translationOf(best.worldFromBase);
    expect(z).toBe(0);
    const facing = [best.worldFromBase[0], best.worldFromBase[4]];
    const toWork = [work.centre[0] - x, work.centre[1] - y];
    expect((facing[0] * toWork[0] + facing[1] * toWork[1]) / Math.hypot(...toWork)).toBeCloseTo(1, 9);
    expect(best.reachShare).toBeGreaterThan(0.95);
    expect(best.blockedShare).toBe(0);
    for (const o of [...work.passive, ...work.taskObjects]) {
      expect(Math.hypot(x - o.centre[0], y - o.centre[1])).toBeGreaterThan(o.radiusM + 0.15);
    }
  });

  it('ranks candidates and none of them stands in an obstacle', () => {
    const scores = candidates.map((c) => c.score);
    expect([...scores].sort((a, b) => b - a)).toEqual(scores);
    expect(candidates.every((c) => Math.hypot(c.worldFromBase[3], c.worldFromBase[7] - 0.45) > 0.25)).toBe(true);
  });

  it('obeys wishes for distance and direction', () => {
    const [only] = placeBase(robot, work, CAMERA, CAMERA_FROM_WORLD, { distanceM: 0.5, azimuthRad: Math.PI });
    expect(only.worldFromBase[3]).toBeCloseTo(-0.5, 9);
    expect(only.worldFromBase[7]).toBeCloseTo(0.025, 9);
  });

  it('finds a workspace in view, clear of what stays, that holds the places of work', () => {
    const { polygon } = workspace;
    expect(area(polygon)).toBeGreaterThan(0.03);
    for (const place of work.places) expect(contains(polygon, place)).toBe(true);
    for (const [x, y] of polygon) {
      const [u, v] = project(CAMERA, transformPoint(CAMERA_FROM_WORLD, [x, y, 0]));
      // 5 % of the picture on every side, up to rounding.
      expect(Math.min(u - 3.2, 64 - 3.2 - u, v - 2.4, 48 - 2.4 - v)).toBeGreaterThan(-1e-6);
      expect(Math.hypot(x, y - 0.45)).toBeGreaterThan(0.1 + 0.05 - 1e-9);
    }
  });

  it('reports the share of the workspace that is really reached', () => {
    expect(reachShareIn(robot, best.worldFromBase, workspace.polygon, 40, new Random(1))).toBeGreaterThan(0.95);
    const far = circlePolygon([3, 3], 0.2, 8);
    expect(reachShareIn(robot, best.worldFromBase, far, 10, new Random(1))).toBe(0);
    expect(samplePolygon(workspace.polygon, 25, new Random(2)).every((p) => contains(workspace.polygon, p))).toBe(true);
  });
});
