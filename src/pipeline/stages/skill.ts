import { UserError } from '../../base/errors.js';
import { readHands } from '../../perceive/hands/hand-store.js';
import { readPoses } from '../../pose/poses-io.js';
import { givenFiles, graspFrame, readEditedSkill, readGrasps } from '../../skill/edit-skill.js';
import { findHolds, tipsOf } from '../../skill/hold.js';
import { type SkillOptions, skillOptions } from '../../skill/options.js';
import { parseSkill } from '../../skill/parse.js';
import { restShifts } from '../../skill/rest-shift.js';
import { writeSkill } from '../../skill/skill-io.js';
import type { Stage } from '../stage.js';
import { readSeen, readShapes } from './read-inputs.js';

export const skillStage: Stage = {
  name: 'skill',
  version: 11,
  inputs: ['video', 'perceive', 'objects', 'poses'],
  options: skillOptions,
  fingerprint: (options) => givenFiles(options as SkillOptions),
  run: async (io, options, ctx) => {
    const { edit, grasp, ...rest } = options as SkillOptions;
    const folder = io.input('perceive');
    const { perception, frames, readMask } = await readSeen(io);
    const { objects, meshes } = await readShapes(io);
    const poses = await readPoses(io.input('poses'));
    const ids = objects.map(({ id }) => id);
    const frame = graspFrame(grasp);
    if (frame !== null && frame >= poses.numFrames) {
      throw new UserError(`--grasp ${frame}: the video has frames 0 to ${poses.numFrames - 1}`);
    }
    const parsed = edit
      ? await readEditedSkill(edit, ids, poses.numFrames)
      : parseSkill(
          { perception, objects, meshes, poses, restShifts: await restShifts({ perception, poses, frames, readMask }) },
          { ...rest, edit, grasp },
          ctx,
        );
    const hands = await readHands(folder);
    const seen = {
      perception,
      poses,
      readMask,
      ...(hands ? { tipsAt: (frameIdx: number) => tipsOf(hands, frameIdx) } : {}),
    };
    const skill = {
      ...parsed,
      holds: parsed.holds && frame === null ? parsed.holds : await findHolds(parsed, meshes, seen, frame),
      ...(grasp !== '' && frame === null ? { grasps: await readGrasps(grasp, ids) } : {}),
    };
    await writeSkill(io.output, skill);
    return skill.relativeMotions.length === 0 ? { finding: skill.finding } : undefined;
  },
};
