/** What the user gives in place of what was parsed: a corrected skill, a grasp. Both are checked against the run they are for. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { readJson, sha256 } from '../base/files.js';
import { compose, identity, inverse, type Mat4 } from '../math/se3.js';
import { GivenGraspSchema, type Skill, SkillSchema } from './skill.js';

const GraspFileSchema = z.object({
  kind: z.literal('v2r/grasps'),
  version: z.literal(1),
  grasps: z.array(GivenGraspSchema).min(1),
});
export type GivenGrasps = z.infer<typeof GraspFileSchema>['grasps'];

/** Rotations farther than this from orthonormal were typed wrongly. */
const ROTATION_TOLERANCE = 1e-3;

export async function readEditedSkill(file: string, objectIds: readonly number[], numFrames: number): Promise<Skill> {
  const skill = await readJson(file, SkillSchema);
  const bad = (what: string): never => {
    throw new UserError(`--edit ${file}: ${what}`, 'start from the skill.json of the run (docs/formats/skill.md)');
  };
  const known = `the objects of this run are ${objectIds.join(', ')}`;
  for (const [k, { kind, sourceId, targetId, fromFrame, toFrame }] of skill.segments.entries()) {
    const name = `segments[${k}] (${kind})`;
    if (!objectIds.includes(sourceId)) bad(`${name} has source ${sourceId}; ${known}`);
    if (targetId !== null && !objectIds.includes(targetId)) bad(`${name} has target ${targetId}; ${known}`);
    if (targetId === sourceId) bad(`${name}: object ${sourceId} cannot be its own target`);
    if (fromFrame < 0 || toFrame < fromFrame || toFrame >= numFrames) {
      bad(`${name} covers frames ${fromFrame} to ${toFrame}; the video has 0 to ${numFrames - 1}`);
    }
    const hasMotion = skill.relativeMotions.some(
      (motion) => motion.sourceId === sourceId && motion.targetId === targetId && motion.fromFrame === fromFrame,
    );
    if (kind === 'task' && !hasMotion) bad(`${name} has no entry in relativeMotions that begins in frame ${fromFrame}`);
  }
  for (const [k, { sourceId, targetFromSource, drivenBy }] of skill.relativeMotions.entries()) {
    const name = `relativeMotions[${k}]`;
    for (const id of [sourceId, drivenBy ?? sourceId])
      if (!objectIds.includes(id)) bad(`${name} names object ${id}; ${known}`);
    const wrong = targetFromSource.findIndex((pose) => !isPose(pose));
    if (wrong >= 0) bad(`${name}.targetFromSource[${wrong}] is not a rigid transform`);
  }
  return skill;
}

/** Grasps by hand: docs/formats/skill.md. */
export async function readGrasps(file: string, objectIds: readonly number[]): Promise<GivenGrasps> {
  const { grasps } = await readJson(file, GraspFileSchema);
  for (const [k, { objectId, objectFromTool }] of grasps.entries()) {
    const bad = (what: string): never => {
      throw new UserError(`--grasp ${file}: grasps[${k}] ${what}`, 'see docs/formats/skill.md');
    };
    if (!objectIds.includes(objectId))
      bad(`is of object ${objectId}; the objects of this run are ${objectIds.join(', ')}`);
    if (!isPose(objectFromTool)) bad('has an objectFromTool that is not a rigid transform');
  }
  return grasps;
}

/** The inverse of a rigid transform is made by transposing: only of a rotation is it one. */
const isPose = (m: Mat4): boolean => {
  const unit = identity();
  return (
    m.every(Number.isFinite) &&
    compose(m, inverse(m)).every((value, e) => Math.abs(value - unit[e]) < ROTATION_TOLERANCE)
  );
};

/** Frame number of `--grasp 57`; null for a file name or nothing. */
export const graspFrame = (option: string): number | null => (/^\d+$/.test(option) ? Number(option) : null);

/** Digests of the files that the options name, so that a changed file makes the stage again. */
export async function givenFiles(options: { edit: string; grasp: string }): Promise<string[]> {
  const files = [options.edit, graspFrame(options.grasp) === null ? options.grasp : ''].filter((file) => file !== '');
  return Promise.all(
    files.map(async (file) => {
      const content = await readFile(file).catch(() => null);
      if (!content) throw new UserError(`no such file: ${file}`, 'check --edit and --grasp', 2);
      return sha256(content);
    }),
  );
}
