/** The built-in arm or an imported one, by what `--robot` says. */
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../base/errors.js';
import { sha256 } from '../base/files.js';
import { createFranka } from './franka.js';
import { FRANKA_SHAPES } from './franka-shapes.js';
import { type RobotGaussians, robotGaussians, spacingFor } from './robot-gaussians.js';
import { readRobot, readRobotGaussians } from './robot-io.js';
import type { RobotModel } from './robot-model.js';

export const BUILT_IN_ROBOT = 'franka';

export interface OpenRobot {
  readonly model: RobotModel;
  /** At the level of detail for images of this width. */
  gaussians(widthPx: number): Promise<RobotGaussians>;
}

/** `franka`, or a folder made by `v2r robot import`. */
export async function openRobot(nameOrFolder: string): Promise<OpenRobot> {
  if (nameOrFolder === BUILT_IN_ROBOT) {
    const model = createFranka();
    return {
      model,
      gaussians: async (widthPx) => robotGaussians(FRANKA_SHAPES, model.joints.length + 2, spacingFor(widthPx)),
    };
  }
  if (!existsSync(nameOrFolder)) {
    throw new UserError(
      `--robot ${nameOrFolder}: neither ${BUILT_IN_ROBOT} nor a folder`,
      'import an arm first: v2r robot import FILE.urdf -o FOLDER',
    );
  }
  const file = await readRobot(nameOrFolder);
  return { model: file.model, gaussians: (widthPx) => readRobotGaussians(nameOrFolder, file, widthPx) };
}

/** What the robot consists of, so that a folder that was written anew counts as another robot: its files' digests; null when built in. */
export async function robotFingerprint(nameOrFolder: string): Promise<Record<string, string> | null> {
  if (nameOrFolder === BUILT_IN_ROBOT || !existsSync(nameOrFolder)) return null;
  const digests: Record<string, string> = {};
  for (const name of (await readdir(nameOrFolder, { recursive: true })).sort()) {
    const file = path.join(nameOrFolder, name);
    if ((await stat(file)).isFile()) digests[name] = sha256(await readFile(file));
  }
  return digests;
}

const COPY = 'robot';

/** Keeps an imported robot with the run, so that the run does not depend on a folder elsewhere. */
export async function keepRobot(nameOrFolder: string, folder: string): Promise<void> {
  if (nameOrFolder !== BUILT_IN_ROBOT) await cp(nameOrFolder, path.join(folder, COPY), { recursive: true });
}

/** The robot that `keepRobot` left in a folder, else the built-in one. */
export async function keptRobot(folder: string): Promise<OpenRobot> {
  const own = path.join(folder, COPY);
  return openRobot(existsSync(own) ? own : BUILT_IN_ROBOT);
}
