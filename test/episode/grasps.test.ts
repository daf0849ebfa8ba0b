import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { findGrasps, type Grasp } from '../../src/episode/grasps.js';
import { castRay, centroidOf, extentsOf, surfacePoints } from '../../src/episode/mesh-query.js';
import { compose, fromAxes, inverse, transformPoint } from '../../src/math/se3.js';
import type { Vec3 } from '../../src/math/vec3.js';
import { createFranka } from '../../src/robot/franka.js';
import { bowlMesh, boxMesh } from './synthetic.js';

const robot = createFranka();

describe('mesh queries', () => {
  const box = boxMesh(0.1, 0.06, 0.04);

  it('rays hit the near side from outside and the far side from inside', () => {
    expect(castRay(box, [-1, 0.01, 0.005], [1, 0, 0], 0)).toMatchObject({ normal: [-1, 0, 0] });
    expect(castRay(box, [-1, 0.01, 0.005], [1, 0, 0], 0)!.distanceM).toBeCloseTo(0.95, 12);
    expect(castRay(box, [0, 0.01, 0.005], [1, 0, 0], 0)!.distanceM).toBeCloseTo(0.05, 12);
    expect(castRay(box, [-1, 0.1, 0], [1, 0, 0], 0)).toBeNull();
  });

  it('samples lie on the surface, in proportion to area', () => {
    const samples = surfacePoints(box, 2000, new Random(3));
    const onTop = samples.filter(({ normal }) => normal[2] > 0.99);
    for (const { point } of onTop) expect(point[2]).toBeCloseTo(0.02, 12);
    const area = 2 * (0.1 * 0.06 + 0.1 * 0.04 + 0.06 * 0.04);
    expect(onTop.length / samples.length).toBeCloseTo((0.1 * 0.06) / area, 1);
  });

  it('centroid and extents of a box', () => {
    for (const value of centroidOf(box)) expect(value).toBeCloseTo(0, 12);
    expect(extentsOf(box)).toMatchObject({ low: [-0.05, -0.03, -0.02], high: [0.05, 0.03, 0.02] });
    expect(extentsOf(box).radiusM).toBeCloseTo(Math.hypot(0.05, 0.03), 12);
  });
});

describe('findGrasps', () => {
  it('takes a box across its narrow side, near its middle, steeply', () => {
    const [best] = findGrasps(boxMesh(0.16, 0.05, 0.06), robot);
    const m = best.objectFromTool;
    expect(best.widthM).toBeCloseTo(0.05, 9);
    expect(Math.abs(m[5])).toBeCloseTo(1, 6);
    expect(m[10]).toBeLessThan(-0.95);
    expect(Math.hypot(m[3], m[7])).toBeLessThan(0.04);
    expect(best.openWidthM).toBeGreaterThan(best.widthM);
    expect(best.openWidthM).toBeLessThanOrEqual(0.08);
  });

  it('keeps fingers above the table however flat the thing is', () => {
    for (const { objectFromTool: m } of findGrasps(boxMesh(0.05, 0.03, 0.012), robot)) {
      const tipZ = m[11] + robot.gripper.tipBeyondToolM * m[10];
      expect(tipZ).toBeGreaterThan(-0.006);
    }
  });

  it('prefers the side whose size is sure where the other may be wider than the gripper opens', () => {
    const box = boxMesh(0.072, 0.072, 0.06);
    const closesAlongX = (sizeSdM: Vec3 | null): number =>
      findGrasps(box, robot, { hold: null, sizeSdM })
        .slice(0, 10)
        .filter(({ objectFromTool: m }) => Math.abs(m[1]) > 0.99).length;
    expect(closesAlongX(null)).toBeLessThan(10);
    expect(closesAlongX([0.001, 0.015, 0.01])).toBe(10);
    expect(closesAlongX([0.015, 0.001, 0.01])).toBe(0);
  });

  it('keeps room between the open fingers and the inside of a narrow cup, however the hand leans', () => {
    const cup = bowlMesh(0.04, 0.1, 0.003);
    const { fingerWidthM, fingerThicknessM, fingerReachM, tipBeyondToolM } = robot.gripper;
    const wall = surfacePoints(cup, 30_000, new Random(5));
    const grasps = findGrasps(cup, robot);
    expect(grasps.some(({ objectFromTool: m }) => m[10] > -0.9)).toBe(true);
    for (const { objectFromTool, openWidthM } of grasps) {
      const toolFromObject = inverse(objectFromTool);
      const room = 0.002;
      const touching = wall.filter(({ point }) => {
        const [x, y, z] = transformPoint(toolFromObject, point);
        const outside = Math.abs(y) - openWidthM / 2;
        const isBeside = Math.abs(x) < fingerWidthM / 2 + room && z > -fingerReachM && z < tipBeyondToolM + room;
        return isBeside && outside > -room && outside < fingerThicknessM + room;
      });
      // A corner may slip between the points that the search looks at.
      expect(touching.length).toBeLessThan(5);
    }
  });

  it('finds nothing on a box that is too wide, and the rim of a bowl', () => {
    expect(findGrasps(boxMesh(0.09, 0.1, 0.12), robot)).toEqual([]);
    const rim = findGrasps(bowlMesh(0.07, 0.06, 0.006), robot);
    expect(rim.length).toBeGreaterThan(0);
    for (const { objectFromTool: m, widthM } of rim) {
      expect(widthM).toBeLessThan(0.02);
      expect(Math.hypot(m[3], m[7])).toBeGreaterThan(0.035);
    }
  });

  it('offers each hold with the hand turned either way', () => {
    const [a, b] = findGrasps(boxMesh(0.05, 0.04, 0.06), robot);
    const column = (m: number[], c: number): number[] => [m[c], m[4 + c], m[8 + c]];
    expect(column(b.objectFromTool, 1)).toEqual(column(a.objectFromTool, 1).map((value) => -value));
    expect(column(b.objectFromTool, 3)).toEqual(column(a.objectFromTool, 3));
    expect(column(b.objectFromTool, 2)).toEqual(column(a.objectFromTool, 2));
  });

  it('keeps a jaw that turns off the upper edge of what it comes down on', () => {
    const { gripper } = robot;
    const [finger] = gripper.fingers;
    // One jaw is fixed; the other turns about an axis 10 cm above the tool point, along the tool's -x.
    const toolFromHinge = fromAxes([0, 1, 0], [0, 0, -1], [-1, 0, 0], [0, 0, -0.1]);
    const handFromJoint = compose(inverse(gripper.toolFromHand), toolFromHinge);
    const turning = { ...finger, motion: 'turn' as const, handFromJoint, jointFromFinger: inverse(handFromJoint) };
    const jaws = { ...gripper, oneSided: true, maxWidthM: 0.065, fingerReachM: 0.04, tipBeyondToolM: 0.045 };
    const graspsWith = (fingers: (typeof finger)[]) =>
      findGrasps(boxMesh(0.05, 0.05, 0.1), { ...robot, gripper: { ...jaws, fingers } });
    const straightDown = ({ objectFromTool }: Grasp): boolean => objectFromTool[10] < -0.99;
    const deepest = (grasps: readonly Grasp[]): number =>
      Math.min(...grasps.filter(straightDown).map(({ objectFromTool }) => objectFromTool[11]));
    const sliding = graspsWith([finger]);
    const turned = graspsWith([{ ...turning, valueAtWidth: [0, Math.asin(0.65)] }]);
    expect(turned.some(straightDown)).toBe(true);
    // Closed on 5 cm it is turned by 32 degrees, so its face is 5 cm from the other's 2 cm above the tool point; the box ends 5 cm high.
    expect(deepest(sliding)).toBeLessThan(0.02);
    expect(deepest(turned)).toBeGreaterThan(0.028);
  });
});
