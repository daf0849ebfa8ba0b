/** Corrections by hand: good ones are used, bad ones are refused with what is wrong and where. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeJson } from '../../src/base/files.js';
import { graspsOf } from '../../src/episode/object-shape.js';
import { fromTranslation, identity } from '../../src/math/se3.js';
import { createFranka } from '../../src/robot/franka.js';
import { givenFiles, graspFrame, readEditedSkill, readGrasps } from '../../src/skill/edit-skill.js';
import type { Skill } from '../../src/skill/skill.js';
import { boxMesh, loweringMotion, syntheticObject, syntheticSkill } from '../episode/synthetic.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'v2r-edit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const skill = syntheticSkill(1, 2, loweringMotion(identity()));
const file = (): string => path.join(folder, 'skill.json');
async function edited(changed: Skill): Promise<Skill> {
  await writeJson(file(), changed);
  return readEditedSkill(file(), [1, 2], 100);
}

describe('--edit', () => {
  it('takes a corrected skill as it is', async () => {
    const better = { ...skill, instruction: 'put the cup down', task: 'stack' };
    expect(await edited(better)).toEqual(better);
  });

  const [grasp, task, release] = skill.segments;
  it.each<[string, Skill]>([
    [
      'segments[1] (task) has source 7; the objects of this run are 1, 2',
      { ...skill, segments: [grasp, { ...task, sourceId: 7 }] },
    ],
    [
      'segments[1] (task): object 1 cannot be its own target',
      { ...skill, segments: [grasp, { ...task, targetId: 1 }] },
    ],
    [
      'segments[2] (release) covers frames 60 to 400; the video has 0 to 99',
      { ...skill, segments: [grasp, task, { ...release, toFrame: 400 }] },
    ],
    [
      'segments[1] (task) has no entry in relativeMotions that begins in frame 31',
      { ...skill, segments: [grasp, { ...task, fromFrame: 31 }] },
    ],
    [
      'relativeMotions[0].targetFromSource[3] is not a rigid transform',
      {
        ...skill,
        relativeMotions: skill.relativeMotions.map((motion) => ({
          ...motion,
          targetFromSource: motion.targetFromSource.with(3, [...identity()].with(0, 2)),
        })),
      },
    ],
  ])('says "%s"', async (message, wrong) => {
    await expect(edited(wrong)).rejects.toThrow(message);
  });

  it('notices that the file has changed, and that it is missing', async () => {
    await edited(skill);
    const before = await givenFiles({ edit: file(), grasp: '57' });
    await edited({ ...skill, task: 'stack' });
    expect(await givenFiles({ edit: file(), grasp: '57' })).not.toEqual(before);
    await expect(givenFiles({ edit: path.join(folder, 'none.json'), grasp: '' })).rejects.toThrow('no such file');
  });
});

describe('--grasp', () => {
  it('tells frames from files', () => {
    expect([graspFrame('57'), graspFrame('57.json'), graspFrame('')]).toEqual([57, null, null]);
  });

  it('takes grasps from a file, and no others are then tried', async () => {
    const given = path.join(folder, 'grasps.json');
    const objectFromTool = fromTranslation([0, 0, 0.01]);
    await writeJson(given, { kind: 'v2r/grasps', version: 1, grasps: [{ objectId: 1, objectFromTool, widthM: 0.03 }] });
    const grasps = await readGrasps(given, [1, 2]);
    const object = { ...syntheticObject(1, 'source', boxMesh(0.03, 0.04, 0.05)), grasps };
    const tried = graspsOf(object, createFranka());
    expect(tried).toHaveLength(2);
    expect(tried[0]).toMatchObject({ objectFromTool, widthM: 0.03 });
    await expect(readGrasps(given, [2, 3])).rejects.toThrow(
      'grasps[0] is of object 1; the objects of this run are 2, 3',
    );
  });
});
