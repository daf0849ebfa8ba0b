/** Where the hand held something, and that grasps go there. */
import { describe, expect, it } from 'vitest';
import { findGrasps } from '../../src/episode/grasps.js';
import { createBytes } from '../../src/image/image.js';
import { fromAxes } from '../../src/math/se3.js';
import { HAND_ID } from '../../src/perceive/perception.js';
import type { Poses } from '../../src/pose/poses.js';
import { createFranka } from '../../src/robot/franka.js';
import { findHold } from '../../src/skill/hold.js';
import { boxMesh } from '../episode/synthetic.js';

const WIDTH = 200;
/** A camera one metre in front of an upright stick of 20 cm: 1 mm is 1 px, up in the picture is up. */
const camera = { widthPx: WIDTH, heightPx: 300, fx: 1000, fy: 1000, cx: 100, cy: 150 };
const cameraFromObject = fromAxes([1, 0, 0], [0, 0, 1], [0, -1, 0], [0, 0, 1]);
const surface = new Float64Array(Array.from({ length: 200 }, (_, i) => [0, 0, -0.1 + 0.001 * i]).flat());

const poses = {
  fps: 30,
  objects: [
    {
      id: 1,
      frames: Array.from({ length: 40 }, () => ({
        cameraFromObject,
        state: 'resting',
        visibleFraction: 1,
        loss: 0,
        sdM: 0,
        sdRad: 0,
      })),
    },
  ],
} as unknown as Poses;

/** The hand covers the rows of the picture from `from` to `to`. */
const handRows = (from: number, to: number) => async () => {
  const mask = createBytes(WIDTH, camera.heightPx, new Uint8Array(WIDTH * camera.heightPx));
  mask.data.fill(HAND_ID, from * WIDTH, to * WIDTH);
  return mask;
};

describe('findHold', () => {
  it('is where the hand covers the object from the grasp on', async () => {
    const inputs = { perception: { camera: { ...camera, source: 'file', focalLogSd: 0 } }, poses };
    const hold = await findHold(1, surface, 10, { ...inputs, readMask: handRows(60, 90) } as never);
    const covered = hold!.points.filter(([, , , share]) => share > 0.5).map(([, , z]) => z);
    expect(Math.min(...covered)).toBeCloseTo(0.06, 2);
    expect(Math.max(...covered)).toBeCloseTo(0.09, 2);
    expect(hold!.evidence).toContain('15 %');
  });

  it('is at the fingertips where a network saw them, whatever the mask says', async () => {
    const inputs = { perception: { camera: { ...camera, source: 'file', focalLogSd: 0 } }, poses };
    const tipsAt = () => [[100, 200] as const];
    const hold = await findHold(1, surface, 10, { ...inputs, tipsAt, readMask: handRows(60, 90) } as never);
    const best = hold!.points.reduce((a, b) => (b[3] > a[3] ? b : a));
    expect(best[2]).toBeCloseTo(-0.05, 2);
    expect(hold!.evidence).toContain('fingertips');
  });

  it('is not made up when no hand is seen', async () => {
    const inputs = { perception: { camera: { ...camera, source: 'file', focalLogSd: 0 } }, poses };
    expect(await findHold(1, surface, 10, { ...inputs, readMask: handRows(0, 5) } as never)).toBeNull();
  });
});

describe('grasps', () => {
  it('go where the hand was, not to the centre of mass', () => {
    const mesh = boxMesh(0.2, 0.02, 0.02);

    const franka = createFranka();
    const hold = Array.from({ length: 41 }, (_, i) => [-0.1 + 0.005 * i, 0, 0, i > 30 ? 1 : 0]);
    const [plain] = findGrasps(mesh, franka);
    const all = findGrasps(mesh, franka, { hold, sizeSdM: null });
    const [informed] = all;
    expect(Math.abs(plain.objectFromTool[3])).toBeLessThan(0.03);
    expect(informed.objectFromTool[3]).toBeGreaterThan(0.04);
    expect(all.some(({ isAsHeld }) => isAsHeld)).toBe(true);
    for (const { isAsHeld, objectFromTool } of all) {
      if (isAsHeld) expect(objectFromTool[3]).toBeGreaterThan(0.02);
      else expect(objectFromTool[3]).toBeLessThan(0.06);
    }
  });
});
