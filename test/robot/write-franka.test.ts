import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeFranka } from '../../src/robot/build/write-franka.js';
import { BUILT_IN_ROBOT, openRobot } from '../../src/robot/open-robot.js';

describe('writeFranka', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'v2r-franka-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  await writeFranka(folder);
  const [builtIn, written] = [await openRobot(BUILT_IN_ROBOT), await openRobot(folder)];

  it('keeps the arm as it is: joints, limits, capsules, gripper', () => {
    // JSON knows no -0.
    expect(written.model).toEqual(JSON.parse(JSON.stringify(builtIn.model)));
  });

  it.each([640, 320])('keeps its Gaussians for images %i px wide, under 60,000', async (widthPx) => {
    const [expected, found] = [await builtIn.gaussians(widthPx), await written.gaussians(widthPx)];
    expect(found.count).toBe(expected.count);
    expect(found.count).toBeLessThan(60_000);
    for (const part of ['links', 'fingers'] as const) {
      expect(found[part].map(({ position }) => position)).toEqual(expected[part].map(({ position }) => position));
      expect(found[part].map(({ sh }) => sh)).toEqual(expected[part].map(({ sh }) => sh));
    }
  });

  it('writes one file per link, hand and finger, and a picture', async () => {
    expect((await readdir(path.join(folder, 'level0'))).sort()).toEqual([
      'finger-0.ply',
      'finger-1.ply',
      ...Array.from({ length: 9 }, (_, k) => `link-0${k}.ply`),
    ]);
    expect(await readdir(folder)).toContain('preview.png');
  });
});
