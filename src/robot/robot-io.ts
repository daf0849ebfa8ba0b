/**
 * The `robot` artifact: an imported arm.
 *
 *   robot.json                    this type
 *   level0/, level1/              Gaussians for large and for small images
 *     link-00.ply ...             one per frame: base, links, hand, in the link's frame
 *     finger-0.ply ...            one per finger, in the finger's frame
 *   preview.png                   the arm from all sides at several configurations
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { readJson, writeJson } from '../base/files.js';
import { createGaussians, type GaussianSet } from '../splat/gaussians.js';
import { readPly, writePly } from '../splat/ply.js';
import type { RobotGaussians } from './robot-gaussians.js';
import type { RobotModel } from './robot-model.js';

const mat4 = z.array(z.number()).length(16);
const vec3 = z.tuple([z.number(), z.number(), z.number()]);
const capsule = z.object({ a: vec3, b: vec3, radiusM: z.number().positive() });
const pair = z.tuple([z.number(), z.number()]);
const positive = z.number().positive();

const RobotModelSchema = z.object({
  name: z.string(),
  joints: z
    .array(
      z.object({
        name: z.string(),
        link: z.string(),
        parentFromJoint: mat4,
        jointFromLink: mat4,
        lowerRad: z.number(),
        upperRad: z.number(),
        maxVelocity: positive,
        maxAcceleration: positive,
        maxJerk: positive,
      }),
    )
    .min(1),
  lastFromTool: mat4,
  home: z.array(z.number()),
  gripper: z.object({
    maxWidthM: z.number().min(0),
    widthSpeed: positive,
    oneSided: z.boolean(),
    toolFromHand: mat4,
    fingers: z.array(
      z.object({
        name: z.string(),
        motion: z.enum(['slide', 'turn']),
        handFromJoint: mat4,
        jointFromFinger: mat4,
        valueAtWidth: z.array(z.number()).min(1),
        capsules: z.array(capsule),
      }),
    ),
    tipBeyondToolM: z.number(),
    fingerWidthM: z.number(),
    fingerThicknessM: z.number(),
    fingerReachM: z.number(),
    palmHalfM: pair,
  }),
  capsules: z.array(capsule.extend({ frame: z.int().min(0) })),
  selfPairs: z.array(pair),
  mount: z.object({ forwardRad: z.number(), heightM: z.number(), footRadiusM: z.number() }),
  tolerance: z.object({ rotationWeightM: positive, positionM: positive, rotationRad: positive }),
});

export const RobotFileSchema = z.object({
  kind: z.literal('v2r/robot'),
  version: z.literal(1),
  /** Name of the description it was made from. */
  source: z.string(),
  model: RobotModelSchema,
  /** Finest first. */
  levels: z.array(z.object({ folder: z.string(), spacingM: z.number(), count: z.int() })),
  /** What had to be assumed, in sentences. */
  notes: z.array(z.string()),
});
type Parsed = z.infer<typeof RobotFileSchema>;
export interface RobotFile extends Readonly<Omit<Parsed, 'model' | 'notes'>> {
  readonly model: RobotModel;
  readonly notes: readonly string[];
}

/** Images narrower than this take the coarse level. */
const SMALL_IMAGE_PX = 480;

const linkFile = (folder: string, k: number): string => path.join(folder, `link-${String(k).padStart(2, '0')}.ply`);
const fingerFile = (folder: string, k: number): string => path.join(folder, `finger-${k}.ply`);

export async function writeRobot(
  folder: string,
  robot: Omit<RobotFile, 'kind' | 'version' | 'levels'>,
  levels: readonly { readonly spacingM: number; readonly gaussians: RobotGaussians }[],
): Promise<RobotFile> {
  const described: Parsed['levels'] = [];
  for (const [k, { spacingM, gaussians }] of levels.entries()) {
    const name = `level${k}`;
    const write = async (file: string, set: GaussianSet): Promise<void> => {
      if (set.count > 0) await writePly(file, set);
    };
    for (const [i, set] of gaussians.links.entries()) await write(linkFile(path.join(folder, name), i), set);
    for (const [i, set] of gaussians.fingers.entries()) await write(fingerFile(path.join(folder, name), i), set);
    described.push({ folder: name, spacingM, count: gaussians.count });
  }
  const file: RobotFile = { kind: 'v2r/robot', version: 1, ...robot, levels: described };
  await writeJson(path.join(folder, 'robot.json'), file);
  return file;
}

export async function readRobot(folder: string): Promise<RobotFile> {
  const file = path.join(folder, 'robot.json');
  if (!existsSync(file)) {
    throw new UserError(
      `${folder} holds no imported robot (robot.json)`,
      'make one: v2r robot import FILE.urdf -o FOLDER',
    );
  }
  const robot = await readJson(file, RobotFileSchema);
  if (robot.model.home.length !== robot.model.joints.length) {
    throw new UserError(`${file}: home has ${robot.model.home.length} values for ${robot.model.joints.length} joints`);
  }
  return robot;
}

/** The level that fits images of this width. Parts without a shape are empty sets. */
export async function readRobotGaussians(folder: string, robot: RobotFile, widthPx: number): Promise<RobotGaussians> {
  const level = robot.levels[widthPx < SMALL_IMAGE_PX ? robot.levels.length - 1 : 0];
  const read = async (file: string): Promise<GaussianSet> =>
    existsSync(file) ? (await readPly(file)).set : createGaussians(0, 1);
  const own = path.join(folder, level.folder);
  const { model } = robot;
  const links: GaussianSet[] = [];
  for (let k = 0; k < model.joints.length + 2; k++) links.push(await read(linkFile(own, k)));
  const fingers: GaussianSet[] = [];
  for (let k = 0; k < model.gripper.fingers.length; k++) fingers.push(await read(fingerFile(own, k)));
  return { links, fingers, count: level.count };
}
