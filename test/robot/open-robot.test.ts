import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { robotFingerprint } from '../../src/robot/open-robot.js';

describe('robotFingerprint', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'v2r-robot-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('changes with what is in the files, at any depth, and not with where the folder is', async () => {
    const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')];
    for (const own of [a, b]) {
      await mkdir(path.join(own, 'links'), { recursive: true });
      await writeFile(path.join(own, 'robot.json'), '{}');
      await writeFile(path.join(own, 'links', '0.ply'), 'ply');
    }
    const before = await robotFingerprint(a);
    expect(before).toEqual(await robotFingerprint(b));
    await writeFile(path.join(a, 'links', '0.ply'), 'ply2');
    expect(await robotFingerprint(a)).not.toEqual(before);
    await writeFile(path.join(b, 'links', '1.ply'), 'ply');
    expect(await robotFingerprint(b)).not.toEqual(before);
  });

  it('is the same for the built-in arm wherever the program runs', async () => {
    expect(await robotFingerprint('franka')).toBeNull();
  });
});
