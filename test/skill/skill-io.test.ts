import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/random.js';
import { readSkill, writeSkill } from '../../src/skill/skill-io.js';
import { boxMesh, model, noisyPoses, parse, throughKeyframes } from './synthetic.js';

describe('skill.json', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'v2r-skill-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('comes back from disk as it was', async () => {
    const bodies = [
      {
        model: model(1, 'box', [0.05, 0.05, 0.05]),
        mesh: boxMesh([0.05, 0.05, 0.05]),
        worldFromObject: throughKeyframes(60, [
          { frame: 10, at: [0, 0, 0.025] },
          { frame: 25, at: [0.1, 0, 0.12] },
          { frame: 40, at: [0.2, 0, 0.025] },
        ]),
      },
    ];
    const { skill } = parse(bodies, noisyPoses(bodies, { sdM: 0.001, sdRad: 0.005 }, new Random(1)));
    await writeSkill(folder, skill);
    expect(await readSkill(folder)).toEqual(skill);
  });

  it('names the field that is wrong', async () => {
    await writeFile(path.join(folder, 'skill.json'), '{"kind": "v2r/skill", "version": 2}');
    await expect(readSkill(folder)).rejects.toThrow(/version/);
  });
});
