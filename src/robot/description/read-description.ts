/** Reads a robot description of either format. */
import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../../base/errors.js';
import type { RobotDescription } from './description.js';
import { readMjcf } from './mjcf.js';
import { readUrdf } from './urdf.js';

/** The format is told by what the file begins with, not by its name: both are XML. */
export async function readDescription(file: string): Promise<RobotDescription> {
  let source: string;
  try {
    source = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${file}: ${messageOf(error)}`);
  }
  return /<mujoco[\s>]/.test(source) ? readMjcf(source, file) : readUrdf(source, file);
}
