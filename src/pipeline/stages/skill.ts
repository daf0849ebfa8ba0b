import { readMask as readMaskOf, readPerception } from '../../perceive/store.js';
import { readPoses } from '../../pose/poses-io.js';
import { findHolds } from '../../skill/hold.js';
import { type SkillOptions, skillOptions } from '../../skill/options.js';
import { parseSkill } from '../../skill/parse.js';
import { writeSkill } from '../../skill/skill-io.js';
import type { Stage } from '../stage.js';
import { readShapes } from './read-inputs.js';

export const skillStage: Stage = {
  name: 'skill',
  version: 2,
  inputs: ['perceive', 'objects', 'poses'],
  options: skillOptions,
  run: async (io, options, ctx) => {
    const perception = await readPerception(io.input('perceive'));
    const { objects, meshes } = await readShapes(io);
    const poses = await readPoses(io.input('poses'));
    const parsed = parseSkill({ perception, objects, meshes, poses }, options as SkillOptions, ctx);
    const readMask = (frameIdx: number) => readMaskOf(io.input('perceive'), frameIdx);
    const skill = { ...parsed, holds: await findHolds(parsed, meshes, { perception, poses, readMask }) };
    await writeSkill(io.output, skill);
    return skill.relativeMotions.length === 0 ? { finding: skill.finding } : undefined;
  },
};
