import path from 'node:path';
import { readJson, writeJson } from '../base/files.js';
import { type Skill, SkillSchema } from './skill.js';

/** Writes `skill.json` into the stage's folder. */
export async function writeSkill(folder: string, skill: Skill): Promise<void> {
  await writeJson(path.join(folder, 'skill.json'), SkillSchema.parse(skill));
}

export async function readSkill(folder: string): Promise<Skill> {
  return readJson(path.join(folder, 'skill.json'), SkillSchema);
}
